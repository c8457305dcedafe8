//! The headers that keep a page to itself, and say how long a copy of it holds.

use axum::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName,
    REFERRER_POLICY,
};
use axum::http::{HeaderMap, HeaderValue};

const OPENER: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const EMBEDDER: HeaderName = HeaderName::from_static("cross-origin-embedder-policy");
const RESOURCE: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const PERMISSIONS: HeaderName = HeaderName::from_static("permissions-policy");

/// What every policy of a page says before `connect-src` (CSP Level 3).
/// WebAssembly is for the decoder and the encoder, `blob:` for workers and for
/// the audio element that keeps a phone playing.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; \
    style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self'; \
    worker-src 'self' blob:; manifest-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'; connect-src 'self' ";

/// For words without a script, a style or a picture.
const POLICY_OF_WORDS: &str =
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// How long a copy of a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    /// Until it is asked whether it still does.
    Asked,
    /// For minutes: the file that other sites name, and that an upgrade changes.
    Minutes,
    /// For good: the name has a hash of the content.
    Forever,
}

impl Holds {
    fn directive(self) -> &'static str {
        match self {
            Self::Asked => "no-cache",
            Self::Minutes => "public, max-age=300",
            Self::Forever => "public, max-age=31536000, immutable",
        }
    }
}

pub(super) fn cached(headers: &mut HeaderMap, holds: Holds) {
    set(headers, CACHE_CONTROL, holds.directive());
}

/// The policy of a page whose relay is this source.
pub(super) fn policy(relay: &str) -> String {
    format!("{POLICY}{relay}")
}

/// Of a page. Isolated from other origins, browsers give it finer clocks.
pub(super) fn page(headers: &mut HeaderMap, policy: HeaderValue) {
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    set(headers, OPENER, "same-origin");
    set(headers, EMBEDDER, "require-corp");
    set(headers, PERMISSIONS, "microphone=(self)");
    set(headers, REFERRER_POLICY, "same-origin");
}

/// Of what says in words why there is no page.
pub(super) fn words(headers: &mut HeaderMap) {
    set(headers, CONTENT_SECURITY_POLICY, POLICY_OF_WORDS);
    set(headers, REFERRER_POLICY, "same-origin");
    set(headers, CACHE_CONTROL, "no-store");
}

/// Of what pages of every site may load. A worker of an isolated page has to be
/// isolated itself (HTML, "check a global object's embedder policy").
pub(super) fn shared(headers: &mut HeaderMap) {
    everyone(headers);
    set(headers, RESOURCE, "cross-origin");
    set(headers, EMBEDDER, "require-corp");
}

/// Of what scripts of every site may read.
pub(super) fn everyone(headers: &mut HeaderMap) {
    set(headers, ACCESS_CONTROL_ALLOW_ORIGIN, "*");
}

/// Of what must not be kept.
pub(super) fn not_kept(headers: &mut HeaderMap) {
    set(headers, CACHE_CONTROL, "no-store");
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers.insert(name, HeaderValue::from_static(value));
}
