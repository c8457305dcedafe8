//! The built pages: inside the program, or in a directory.
//!
//! Names come from requests; only plain ones are looked up, so that no request
//! leaves the directory.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use axum::body::Bytes;
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

/// Inside a release build; a debug build reads the directory at each request.
#[derive(RustEmbed)]
#[folder = "web/dist"]
#[allow_missing = true]
struct BuiltIn;

/// Where the pages come from.
pub(super) enum Files {
    BuiltIn,
    Directory(PathBuf),
}

/// A file's content.
pub(super) struct File {
    pub(super) content: Bytes,
    pub(super) sha256: [u8; 32],
}

impl Files {
    /// Those of this directory; without one, the built-in ones.
    pub(super) fn new(directory: Option<PathBuf>) -> Self {
        directory.map_or(Self::BuiltIn, Self::Directory)
    }

    /// The file of this name, such as `assets/listen-Xk3f9aB1.js`; `None` where
    /// there is none.
    pub(super) async fn read(&self, name: &str) -> Option<File> {
        if !is_plain(name) {
            return None;
        }
        match self {
            Self::BuiltIn if cfg!(not(debug_assertions)) => built_in(name),
            Self::BuiltIn => {
                let name = name.to_owned();
                blocking(move || built_in(&name)).await
            }
            Self::Directory(directory) => {
                let path = directory.join(name);
                blocking(move || from_disk(&path)).await
            }
        }
    }
}

async fn blocking(read: impl FnOnce() -> Option<File> + Send + 'static) -> Option<File> {
    // It fails only where the runtime is ending.
    tokio::task::spawn_blocking(read).await.ok().flatten()
}

fn built_in(name: &str) -> Option<File> {
    let file = BuiltIn::get(name)?;
    Some(File {
        sha256: file.metadata.sha256_hash(),
        content: match file.data {
            std::borrow::Cow::Borrowed(bytes) => Bytes::from_static(bytes),
            std::borrow::Cow::Owned(bytes) => bytes.into(),
        },
    })
}

fn from_disk(path: &Path) -> Option<File> {
    let content = match fs::read(path) {
        Ok(content) => content,
        Err(error) => {
            let usual = [io::ErrorKind::NotFound, io::ErrorKind::NotADirectory];
            if !usual.contains(&error.kind()) && !path.is_dir() {
                tracing::warn!(path = %path.display(), %error, "a page's file cannot be read");
            }
            return None;
        }
    };
    Some(File {
        sha256: Sha256::digest(&content).into(),
        content: content.into(),
    })
}

/// Of segments of letters, digits, `-`, `_` and `.` that do not begin with a
/// dot: no parent, no root, no hidden file.
fn is_plain(name: &str) -> bool {
    name.split('/').all(|segment| {
        !segment.is_empty()
            && !segment.starts_with('.')
            && segment
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    })
}

/// The media type by the ending of a name.
pub(super) fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json" | "map") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        Some("wasm") => "application/wasm",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("webp") => "image/webp",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("mp3") => "audio/mpeg",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_names_are_taken() {
        for name in [
            "index.html",
            "assets/listen-Xk3f9aB1.js",
            "embed/a_b-1.2.wasm",
        ] {
            assert!(is_plain(name), "{name}");
        }
    }

    #[test]
    fn names_that_could_leave_the_directory_are_not() {
        for name in [
            "",
            "/etc/passwd",
            "..",
            "../config.toml",
            "assets/../../config.toml",
            "assets//a.js",
            "assets/",
            "assets/.env",
            ".git/config",
            "a\\..\\b",
            "a%2e%2e/b",
            "a\0b",
            "c:/windows",
            "naïve",
        ] {
            assert!(!is_plain(name), "{name:?}");
        }
    }
}
