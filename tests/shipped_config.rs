//! The shipped config.toml states the defaults, all of them.

use std::fs;
use std::path::{Path, PathBuf};

use skywave::config::{Config, describe};
use toml::{Table, Value};

fn shipped() -> String {
    let file: PathBuf = [env!("CARGO_MANIFEST_DIR"), "config.toml"].iter().collect();
    fs::read_to_string(file).expect("config.toml is shipped")
}

#[test]
fn it_equals_the_built_in_defaults() {
    let parsed = Config::parse(&shipped(), Path::new("")).expect("a good config");
    assert_eq!(format!("{parsed:#?}"), format!("{:#?}", Config::default()));
}

/// The key that the relay names for an unknown one lists all that it knows.
fn known_keys(section: &str) -> Vec<String> {
    let text = format!("[{section}]\nzzzzzzzzzzzz = 0\n");
    let errors = Config::parse(&text, Path::new("")).expect_err("an unknown key");
    let message = errors.to_string();
    let (_, known) = message.split_once("known here: ").expect("a list of keys");
    known.split(", ").map(str::to_owned).collect()
}

#[test]
fn it_states_every_key() {
    let text = shipped();
    let table: Table = text.parse().expect("TOML");
    assert_eq!(table.len(), 8);
    for (section, values) in &table {
        let Value::Table(values) = values else {
            panic!("{section} is no table");
        };
        let known = known_keys(section);
        assert!(!known.is_empty());
        for key in known {
            let shown_as_example = text.contains(&format!("#   {key} = ")) || key == "keys";
            assert!(
                values.contains_key(&key) || shown_as_example,
                "{section}.{key} is missing"
            );
        }
    }
    for key in [
        "id",
        "secret_env",
        "public_key_file",
        "private_key_file",
        "jwks_file",
    ] {
        assert!(text.contains(&format!("# {key} = ")), "auth.keys {key}");
    }
}

#[test]
fn what_would_run_is_told() {
    let mut config = Config::development();
    config.server.shards = std::num::NonZeroUsize::new(3).expect("not zero");
    let described = describe(&config);
    for words in [
        "udp 127.0.0.1:4433, udp [::1]:4433",
        "shards       3\n",
        "for development, made and renewed in certs",
        "open: everyone may broadcast and listen",
        "100000 sessions, 4096 an address",
        "pages        http://127.0.0.1:8080, http://[::1]:8080\n",
        "http://127.0.0.1:9464",
    ] {
        assert!(described.contains(words), "{words:?} in {described}");
    }
}
