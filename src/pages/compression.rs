//! Files in fewer bytes, for browsers that take gzip (RFC 9110, section 8.4.1.3).
//! Each content is compressed once.

use std::collections::HashMap;
use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::http::header::ACCEPT_ENCODING;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::files::File;

/// Smaller files fit in a packet anyway, larger ones are no pages.
const WORTH_BYTES: std::ops::RangeInclusive<usize> = 1_024..=8 << 20;

/// Contents that are kept. More come only where files change while the relay
/// runs: then all are forgotten, and those in use are compressed again.
const MOST_KEPT: usize = 128;

/// Compressed contents by the SHA-256 of what they were.
#[derive(Default)]
pub(super) struct Compressed(Arc<Mutex<HashMap<[u8; 32], Bytes>>>);

impl Compressed {
    /// The file in gzip.
    pub(super) async fn gzip(&self, file: &File) -> Option<Bytes> {
        if let Some(kept) = lock(&self.0).get(&file.sha256) {
            return Some(kept.clone());
        }
        let (sha256, content) = (file.sha256, file.content.clone());
        let kept = Arc::clone(&self.0);
        let work = move || {
            let compressed = gzip(&content)?;
            let mut kept = lock(&kept);
            if kept.len() >= MOST_KEPT {
                kept.clear();
            }
            kept.insert(sha256, compressed.clone());
            Some(compressed)
        };
        // It fails only where the runtime is ending.
        tokio::task::spawn_blocking(work).await.ok().flatten()
    }
}

fn lock(kept: &Mutex<HashMap<[u8; 32], Bytes>>) -> MutexGuard<'_, HashMap<[u8; 32], Bytes>> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

fn gzip(content: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    // Writing to memory does not fail.
    encoder.write_all(content).ok()?;
    Some(encoder.finish().ok()?.into())
}

/// Whether files of this type and size get smaller. Whoever may get either form
/// is told so (`Vary`).
pub(super) fn is_worth_it(content_type: &str, content: &[u8]) -> bool {
    let shrinks = ["text/", "application/json", "application/wasm", "image/svg"]
        .iter()
        .any(|kind| content_type.starts_with(kind));
    shrinks && WORTH_BYTES.contains(&content.len())
}

/// Whether `Accept-Encoding` names gzip (RFC 9110, section 12.5.3). A star is
/// no browser's.
pub(super) fn is_accepted(asked: &HeaderMap) -> bool {
    asked
        .get_all(ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|coding| {
            let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
            let weight = weight.trim().strip_prefix("q=").map(str::parse::<f32>);
            name.trim().eq_ignore_ascii_case("gzip") && weight != Some(Ok(0.0))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn accepts(value: &str) -> bool {
        let mut asked = HeaderMap::new();
        asked.insert(
            ACCEPT_ENCODING,
            HeaderValue::from_str(value).expect("a value"),
        );
        is_accepted(&asked)
    }

    #[test]
    fn gzip_is_sent_to_who_names_it() {
        for value in ["gzip", "gzip, deflate, br, zstd", "br;q=1, GZIP;q=0.5"] {
            assert!(accepts(value), "{value}");
        }
        for value in ["", "br", "identity", "gzip;q=0", "gzip; q=0.0", "xgzip"] {
            assert!(!accepts(value), "{value}");
        }
        assert!(!is_accepted(&HeaderMap::new()));
    }

    #[tokio::test]
    async fn what_is_kept_is_bounded() {
        let compressed = Compressed::default();
        for n in 0..=MOST_KEPT {
            let file = File {
                content: vec![b'a'; 2_000].into(),
                sha256: [n as u8; 32],
            };
            let gzip = compressed.gzip(&file).await.expect("compressed");
            assert!(gzip.len() < 100 && gzip.starts_with(&[0x1f, 0x8b]));
            assert!(lock(&compressed.0).contains_key(&file.sha256));
        }
        assert_eq!(lock(&compressed.0).len(), 1);
    }
}
