//! The `[auth]` section: who may do what, and the keys that say so.

use std::fs;
use std::path::Path;

use super::resolve::{Environment, is_loopback};
use super::section::Section;
use super::{Auth, Server};
use crate::token;

pub(super) fn auth(
    mut section: Section<'_>,
    server: &Server,
    base: &Path,
    environment: Environment<'_>,
) -> Auth {
    let mode = section.string("mode");
    let open_to_the_network = section.boolean("open_to_the_network");
    let keys = section.sections("keys");
    let keys_path = section.key("keys");
    let key_count = keys.len();
    let resolved = key_list(keys, base, environment, &section);
    let auth = match mode.as_deref() {
        None | Some("open") => {
            if key_count > 0 {
                section.mistake("keys", "is read only with auth.mode = \"tokens\"");
            }
            refuse_open_network(&section, server, open_to_the_network);
            Auth::Open
        }
        Some("tokens") => {
            if key_count == 0 {
                section.mistake(
                    "keys",
                    format_args!("needs at least one [[{keys_path}]] with auth.mode = \"tokens\""),
                );
            }
            if open_to_the_network {
                section.mistake(
                    "open_to_the_network",
                    "contradicts auth.mode = \"tokens\"; remove one of them",
                );
            }
            Auth::Keys(resolved)
        }
        Some(other) => {
            section.mistake(
                "mode",
                format_args!("must be \"open\" or \"tokens\", got {other:?}"),
            );
            Auth::Open
        }
    };
    section.finish();
    auth
}

fn refuse_open_network(section: &Section<'_>, server: &Server, allowed: bool) {
    let reachable = server.listen.iter().find(|address| !is_loopback(address));
    if let (Some(address), false) = (reachable, allowed) {
        section.mistake(
            "mode",
            format_args!(
                "\"open\" lets anyone who can reach {address} broadcast and listen; use \
                 \"tokens\", listen on loopback only, or set auth.open_to_the_network = true"
            ),
        );
    }
}

fn key_list(
    sections: Vec<Section<'_>>,
    base: &Path,
    environment: Environment<'_>,
    parent: &Section<'_>,
) -> Vec<token::Key> {
    let mut keys: Vec<token::Key> = Vec::new();
    for mut section in sections {
        let read = key(&mut section, base, environment);
        for key in read {
            if let Some(id) = key.id()
                && keys.iter().any(|other| other.id() == Some(id))
            {
                parent.mistake_at(section.path(), format_args!("the id {id:?} is used twice"));
            }
            keys.push(key);
        }
        section.finish();
    }
    keys
}

const KEY_SOURCES: [&str; 5] = [
    "secret",
    "secret_file",
    "secret_env",
    "public_key_file",
    "jwks_file",
];

fn key(section: &mut Section<'_>, base: &Path, environment: Environment<'_>) -> Vec<token::Key> {
    let id = section.string("id");
    let private = section.string("private_key_file");
    let mut given = Vec::new();
    for source in KEY_SOURCES {
        if let Some(value) = section.string(source) {
            given.push((source, value));
        }
    }
    let path = section.path().to_owned();
    let Ok([(source, value)]) = <[_; 1]>::try_from(given) else {
        let sources = KEY_SOURCES.join(", ");
        section.mistake_at(&path, format_args!("needs exactly one of {sources}"));
        return Vec::new();
    };
    if source == "jwks_file" && id.is_some() {
        section.mistake("id", "is not for a JWKS: its keys have their own");
    }
    if source != "public_key_file" && private.is_some() {
        section.mistake("private_key_file", "is read only with public_key_file");
    }
    let read = match source {
        "secret" => Ok(value.into_bytes()),
        "secret_env" => environment(&value)
            .map(String::into_bytes)
            .ok_or_else(|| format!("the environment variable {value} is not set")),
        "secret_file" => read(&base.join(value)).map(without_newline),
        _ => read(&base.join(value)),
    };
    let keys = read.and_then(|bytes| {
        match source {
            "jwks_file" => token::Key::from_jwks(&bytes),
            "public_key_file" => token::Key::from_public_pem(id, &bytes).map(|key| vec![key]),
            _ => token::Key::from_secret(id, &bytes).map(|key| vec![key]),
        }
        .map_err(|error| error.to_string())
    });
    let keys = match keys {
        Ok(keys) => keys,
        Err(problem) => {
            section.mistake(source, problem);
            return Vec::new();
        }
    };
    match private {
        Some(private) if source == "public_key_file" => {
            with_private(section, keys, &base.join(private))
        }
        _ => keys,
    }
}

fn with_private(section: &Section<'_>, keys: Vec<token::Key>, file: &Path) -> Vec<token::Key> {
    let signing = read(file).and_then(|pem| {
        keys.into_iter()
            .map(|key| {
                key.with_private_pem(&pem)
                    .map_err(|error| error.to_string())
            })
            .collect()
    });
    signing.unwrap_or_else(|problem| {
        section.mistake("private_key_file", problem);
        Vec::new()
    })
}

fn read(file: &Path) -> Result<Vec<u8>, String> {
    fs::read(file).map_err(|error| format!("{} cannot be read: {error}", file.display()))
}

/// Editors end a file with a newline that is no part of the secret.
fn without_newline(mut bytes: Vec<u8>) -> Vec<u8> {
    while let Some(b'\n' | b'\r') = bytes.last() {
        bytes.pop();
    }
    bytes
}
