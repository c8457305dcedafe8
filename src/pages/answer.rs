//! What is answered to a request.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::header::{
    ALLOW, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HOST, IF_NONE_MATCH, VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use serde::Serialize;
use sha2::{Digest, Sha256};
use skywave_wire::PROTOCOL;

use super::compression::{self, Compressed};
use super::files::{File, Files, content_type};
use super::headers::{self, Holds};
use super::relay_url::{BadHost, RelayUrl, RelayUrls};
use crate::metrics::Metrics;
use crate::tls::Certificates;

/// The address that other sites put into a script tag: it never changes, so its
/// content has no hash in its name.
const EMBED: &str = "embed/skywave-player.js";

/// All that answers are made of.
pub(super) struct Shown {
    pub(super) files: Files,
    pub(super) compressed: Compressed,
    pub(super) relay_urls: RelayUrls,
    /// Where browsers are to trust the certificate by its hash.
    pub(super) development: Option<Arc<Certificates>>,
    /// What `auth` of `/api/relay` says.
    pub(super) auth: &'static str,
    pub(super) metrics: Metrics,
}

/// Answers, and counts it. The body of a request is never read.
pub(super) async fn answer(shown: &Shown, request: &Request<Incoming>) -> Response<Body> {
    let mut response = match *request.method() {
        Method::GET | Method::HEAD => found(shown, request).await,
        _ => not_allowed(),
    };
    response
        .headers_mut()
        .insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    shown.metrics.pages_requests(response.status()).increment(1);
    response
}

async fn found(shown: &Shown, request: &Request<Incoming>) -> Response<Body> {
    let asked = request.headers();
    match request.uri().path() {
        "/" => page(shown, "index.html", asked).await,
        "/studio" => page(shown, "studio.html", asked).await,
        "/admin" => page(shown, "admin.html", asked).await,
        "/api/relay" => relay(shown, asked),
        path if path.starts_with("/api/") => not_in_the_api(),
        path => file(shown, path.trim_start_matches('/'), asked).await,
    }
}

async fn page(shown: &Shown, name: &str, asked: &HeaderMap) -> Response<Body> {
    let relay_url = match relay_url(shown, asked) {
        Ok(relay_url) => relay_url,
        Err(error) => return words(StatusCode::BAD_REQUEST, "Bad request", &bad_host(error)),
    };
    let policy = headers::policy(&relay_url.source);
    let Ok(policy_value) = HeaderValue::from_str(&policy) else {
        return words(StatusCode::BAD_REQUEST, "Bad request", &bad_host(BadHost));
    };
    let Some(file) = shown.files.read(name).await else {
        return not_built(&shown.files);
    };
    // A browser keeps the old policy where it is told that a page has not changed.
    let digest = digest(&[&file.sha256, policy.as_bytes()]);
    let mut response = content(shown, name, file, &digest, asked).await;
    headers::cached(response.headers_mut(), Holds::Asked);
    headers::page(response.headers_mut(), policy_value);
    response
}

async fn file(shown: &Shown, name: &str, asked: &HeaderMap) -> Response<Body> {
    // Pages have addresses without an ending, and headers of their own.
    let file = match name.ends_with(".html") {
        true => None,
        false => shown.files.read(name).await,
    };
    let Some(file) = file else {
        return match name {
            EMBED => not_built(&shown.files),
            _ => not_found(),
        };
    };
    let is_shared = name.starts_with("assets/") || name.starts_with("embed/");
    let holds = match name {
        EMBED => Holds::Minutes,
        _ if is_shared => Holds::Forever,
        _ => Holds::Asked,
    };
    let digest = digest(&[&file.sha256]);
    let mut response = content(shown, name, file, &digest, asked).await;
    headers::cached(response.headers_mut(), holds);
    if is_shared {
        headers::shared(response.headers_mut());
    }
    response
}

/// The file, or that the copy of who asks still holds (RFC 9110, section 13.1.2).
async fn content(
    shown: &Shown,
    name: &str,
    file: File,
    digest: &str,
    asked: &HeaderMap,
) -> Response<Body> {
    let content_type = content_type(name);
    let varies = compression::is_worth_it(content_type, &file.content);
    let zipped = varies && compression::is_accepted(asked);
    // Each form has its own tag (RFC 9110, section 8.8.3.3).
    let tag = format!("\"{digest}{}\"", if zipped { "-gzip" } else { "" });
    let mut response = if has(asked, &tag) {
        status(StatusCode::NOT_MODIFIED, Body::empty())
    } else {
        let gzip = match zipped {
            true => shown.compressed.gzip(&file).await,
            false => None,
        };
        let is_gzip = gzip.is_some();
        let mut response = typed(StatusCode::OK, content_type, gzip.unwrap_or(file.content));
        if is_gzip {
            let value = HeaderValue::from_static("gzip");
            response.headers_mut().insert(CONTENT_ENCODING, value);
        }
        response
    };
    let headers = response.headers_mut();
    if varies {
        headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    }
    if let Ok(tag) = HeaderValue::try_from(tag) {
        headers.insert(ETAG, tag);
    }
    response
}

/// Of an entity tag (RFC 9110, section 8.8.3): the same for the same parts.
fn digest(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize()[..16]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn has(asked: &HeaderMap, tag: &str) -> bool {
    asked
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|kept| kept == "*" || kept.trim_start_matches("W/") == tag)
}

/// What a page has to know before it can open a session.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Relay {
    protocol: &'static str,
    server: &'static str,
    url: String,
    certificate_hashes: Vec<String>,
    auth: &'static str,
}

fn relay(shown: &Shown, asked: &HeaderMap) -> Response<Body> {
    let mut response = match relay_url(shown, asked) {
        Ok(relay_url) => json(
            StatusCode::OK,
            &Relay {
                protocol: PROTOCOL,
                server: concat!("skywave/", env!("CARGO_PKG_VERSION")),
                url: relay_url.url,
                certificate_hashes: shown
                    .development
                    .iter()
                    .map(|certificates| certificates.sha256_hex())
                    .collect(),
                auth: shown.auth,
            },
        ),
        Err(error) => json(
            StatusCode::BAD_REQUEST,
            &Problem {
                error: "bad-host",
                message: error.to_string(),
            },
        ),
    };
    headers::everyone(response.headers_mut());
    response
}

fn relay_url(shown: &Shown, asked: &HeaderMap) -> Result<RelayUrl, BadHost> {
    let mut hosts = asked.get_all(HOST).iter();
    let host = hosts.next();
    if hosts.next().is_some() {
        return Err(BadHost);
    }
    shown.relay_urls.for_host(host.map(HeaderValue::as_bytes))
}

/// Why there is no answer, for programs.
#[derive(Serialize)]
struct Problem {
    error: &'static str,
    message: String,
}

fn not_in_the_api() -> Response<Body> {
    let problem = Problem {
        error: "not-found",
        message: "there is only /api/relay".to_owned(),
    };
    let mut response = json(StatusCode::NOT_FOUND, &problem);
    headers::everyone(response.headers_mut());
    response
}

fn not_allowed() -> Response<Body> {
    let words = "Only GET and HEAD are answered here.\n";
    let mut response = typed(
        StatusCode::METHOD_NOT_ALLOWED,
        "text/plain; charset=utf-8",
        Bytes::from_static(words.as_bytes()),
    );
    let headers = response.headers_mut();
    headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    headers::words(headers);
    response
}

fn not_found() -> Response<Body> {
    let way = "There is no page at this address. <a href=\"/\">Listen</a>, or go to the \
               <a href=\"/studio\">studio</a>.";
    words(StatusCode::NOT_FOUND, "Not found", way)
}

fn not_built(files: &Files) -> Response<Body> {
    let way = match files {
        Files::BuiltIn => {
            "The relay runs, but it was built without its pages. In its source, run \
             <code>npm --prefix web ci</code> and <code>npm --prefix web run build</code>, then \
             build the relay again."
        }
        Files::Directory(_) => {
            "The relay runs, but the directory of its setting <code>pages.dir</code> has no such \
             page. It should hold what <code>npm --prefix web run build</code> writes to \
             <code>web/dist</code>."
        }
    };
    words(StatusCode::SERVICE_UNAVAILABLE, "No pages", way)
}

fn bad_host(error: BadHost) -> String {
    format!("This request cannot be answered: {error}.")
}

/// `sentence` is HTML.
fn words(code: StatusCode, title: &str, sentence: &str) -> Response<Body> {
    let text = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{title} - Skywave</title>\n<h1>{title}</h1>\n<p>{sentence}</p>\n</html>\n"
    );
    let mut response = typed(code, content_type(".html"), text.into());
    headers::words(response.headers_mut());
    response
}

fn json(code: StatusCode, value: &impl Serialize) -> Response<Body> {
    // Structs of strings always serialize.
    let text = serde_json::to_vec(value).unwrap_or_default();
    let mut response = typed(code, content_type(".json"), text.into());
    headers::not_kept(response.headers_mut());
    response
}

fn typed(code: StatusCode, media_type: &'static str, content: Bytes) -> Response<Body> {
    let mut response = status(code, content.into());
    let value = HeaderValue::from_static(media_type);
    response.headers_mut().insert(CONTENT_TYPE, value);
    response
}

fn status(code: StatusCode, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = code;
    response
}
