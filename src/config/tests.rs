use std::path::Path;
use std::time::Duration;

use super::duration::write;
use super::resolve::resolve;
use super::{Auth, Config, ConfigErrors, DurationError, parse_duration};

const TOKENS: &str = "[auth]\nmode = \"tokens\"\n[[auth.keys]]\nsecret_env = \"STATION_SECRET\"\n";

fn with_environment(value: Option<&str>) -> Result<Config, ConfigErrors> {
    resolve(TOKENS, Path::new(""), &|name| {
        assert_eq!(name, "STATION_SECRET");
        value.map(str::to_owned)
    })
}

#[test]
fn a_secret_comes_from_the_environment() {
    let config = with_environment(Some("0123456789abcdef0123456789abcdef")).expect("a config");
    let Auth::Keys(keys) = config.auth else {
        panic!("expected keys");
    };
    assert_eq!(keys.len(), 1);
    assert!(keys[0].can_sign());
}

#[test]
fn an_unset_variable_is_named() {
    let errors = with_environment(None).expect_err("the variable is not set");
    assert_eq!(
        errors.to_string(),
        "auth.keys[0].secret_env: the environment variable STATION_SECRET is not set"
    );
}

#[test]
fn the_relays_own_pages_may_always_connect() {
    let mut config = Config::default();
    config.server.allowed_origins = vec!["https://studio.example".to_owned()];
    let allows = |origin, authority| config.allows_origin(Some(origin), authority);
    for (origin, authority) in [
        ("http://localhost:8080", "localhost:4433"),
        ("http://[::1]:8080", "[::1]:4433"),
        ("https://studio.example", "localhost:4433"),
    ] {
        assert!(allows(origin, authority), "{origin} to {authority}");
    }
    for (origin, authority) in [
        ("http://localhost:3000", "localhost:4433"),
        ("http://localhost", "localhost:4433"),
        ("http://radio.example:8080", "localhost:4433"),
        ("null", "localhost:4433"),
        ("http://localhost:8080", ""),
        ("", ""),
    ] {
        assert!(!allows(origin, authority), "{origin} to {authority}");
    }
    assert!(config.allows_origin(None, "localhost:4433"));
}

#[test]
fn durations_are_read_as_people_write_them() {
    for (text, millis) in [
        ("0s", 0),
        ("250ms", 250),
        ("10s", 10_000),
        ("30m", 1_800_000),
        ("1h", 3_600_000),
        ("7d", 604_800_000),
        ("1h30m", 5_400_000),
        (" 2s ", 2_000),
    ] {
        assert_eq!(
            parse_duration(text),
            Ok(Duration::from_millis(millis)),
            "{text:?}"
        );
    }
}

#[test]
fn what_is_no_duration_is_refused() {
    for text in [
        "", "10", "s", "1.5s", "-1s", "10 s", "1m1h", "1s1s", "5y", "१s",
    ] {
        assert!(
            matches!(parse_duration(text), Err(DurationError::Form(_))),
            "{text:?}"
        );
    }
    for text in ["99999999999999999999s", "300000000000d"] {
        assert!(
            matches!(parse_duration(text), Err(DurationError::TooLong(_))),
            "{text:?}"
        );
    }
}

#[test]
fn a_written_duration_reads_back() {
    for text in ["0s", "1ms", "45s", "1m30s", "1d2h3m4s5ms"] {
        let duration = parse_duration(text).expect("a duration");
        assert_eq!(write(duration), text);
    }
}
