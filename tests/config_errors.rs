//! What is wrong with a config is said at once, with its key, and without
//! the secrets in it.

use std::fs;
use std::path::Path;

use skywave::config::{self, Config, ConfigError};

const SECRET: &str = "a-secret-of-thirty-two-bytes-or-more";

fn mistakes(text: &str) -> Vec<String> {
    mistakes_at(text, Path::new(""))
}

fn mistakes_at(text: &str, base: &Path) -> Vec<String> {
    let errors = Config::parse(text, base).expect_err("mistakes");
    errors.errors().iter().map(ToString::to_string).collect()
}

#[test]
fn every_mistake_is_told_at_once() {
    let text = r#"
[server]
listen = ["nowhere", "127.0.0.1:0"]
shards = -1
idle_timeout = "45"
alowed_origins = []

[tls]
mode = "files"

[auth]
mode = "closed"

[channels]
ring = "1s"
max_lag = "2s"
max = "many"

[limits]
sessions_per_address = 0
hello_timeout = "10ms"
control_per_second = 5000000000

[pages]
listen = []
dir = "nowhere"
webtransport_url = "http://radio.example/"

[operations]
listen = "0.0.0.0:9464"

[log]
format = "xml"
level = "skywave=loud"

[nonsense]
"#;
    let expected = [
        "server.listen[0]: must be an address and port such as 127.0.0.1:4433 or [::1]:4433, got \
         \"nowhere\"",
        "server.shards: must be at least 0, got -1",
        "server.idle_timeout: must be a duration such as 250ms, 10s, 30m, 1h30m or 7d, got \"45\"",
        "server.alowed_origins: unknown key; meant `allowed_origins`?",
        "tls.certificate: is needed with tls.mode = \"files\"",
        "tls.key: is needed with tls.mode = \"files\"",
        "channels.max: must be a whole number, got a string",
        "channels.max_lag: must not be longer than channels.ring, the audio that is kept",
        "limits.sessions_per_address: must be at least 1, got 0",
        "limits.control_per_second: must be at most 1000000, got 5000000000",
        "limits.hello_timeout: must be at least 100ms, got 10ms",
        "operations.listen: 0.0.0.0:9464 shows metrics to the network; listen on loopback, or set \
         operations.open_to_the_network = true",
        "log.format: must be \"text\" or \"json\", got \"xml\"",
        "auth.mode: must be \"open\" or \"tokens\", got \"closed\"",
        "pages.listen: must be \"off\" or name at least one address",
        "pages.dir: nowhere is no directory",
        "pages.webtransport_url: must be a URL such as https://radio.example:4433/, got \
         \"http://radio.example/\"",
        "nonsense: unknown key; known here: server, tls, channels, limits, operations, log, auth, \
         pages",
    ];
    let mut found = mistakes(text);
    let level = found
        .iter()
        .position(|mistake| mistake.starts_with("log.level: \"skywave=loud\" is not a level"))
        .unwrap_or_else(|| panic!("no mistake for log.level in {found:#?}"));
    found.remove(level);
    assert_eq!(found, expected);
}

#[test]
fn a_mistake_knows_its_key() {
    let errors = Config::parse("[limits]\nsessions = 0\n", Path::new("")).expect_err("a mistake");
    let keys: Vec<_> = errors.errors().iter().map(ConfigError::key).collect();
    assert_eq!(keys, [Some("limits.sessions")]);
}

#[test]
fn a_wrong_type_names_both_types() {
    assert_eq!(
        mistakes("server = 3\n[auth]\nkeys = \"none\"\nopen_to_the_network = \"yes\""),
        [
            "server: must be a table, got an integer",
            "auth.open_to_the_network: must be true or false, got a string",
            "auth.keys: must be an array of tables, written [[auth.keys]], got a string",
        ]
    );
    assert_eq!(
        mistakes("[server]\nlisten = \"127.0.0.1:1\"\nallowed_origins = [1]\ndrain = 10"),
        [
            "server.listen: must be an array of strings, got a string",
            "server.drain: must be a duration in quotes such as \"10s\", got an integer",
            "server.allowed_origins[0]: must be a string, got an integer",
        ]
    );
}

#[test]
fn broken_toml_is_placed_and_not_quoted() {
    let text = format!("[auth]\nmode = \"tokens\"\n[[auth.keys]]\nsecret = \"{SECRET}\n");
    let errors = Config::parse(&text, Path::new("")).expect_err("broken TOML");
    assert!(
        matches!(
            errors.errors(),
            [ConfigError::Syntax {
                line: 4,
                column: 10..,
                ..
            }]
        ),
        "{errors:?}"
    );
    assert!(!format!("{errors} {errors:?}").contains(SECRET));
}

#[test]
fn an_error_names_its_file() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("station.toml");
    let missing = Config::load(Some(&file)).expect_err("there is no file yet");
    assert!(
        missing
            .to_string()
            .starts_with(&format!("{}: cannot be read: ", file.display())),
        "{missing}"
    );
    fs::write(&file, "[limits]\nsessions = 0\nsesions = 1\n").expect("a file");
    let errors = Config::load(Some(&file)).expect_err("two mistakes");
    let name = file.display();
    assert_eq!(
        errors.to_string(),
        format!(
            "{name}: limits.sessions: must be at least 1, got 0\n{name}: limits.sesions: unknown \
             key; meant `sessions`?"
        )
    );
}

#[test]
fn open_access_stays_on_loopback_unless_the_config_says_otherwise() {
    let listen = "[server]\nlisten = [\"127.0.0.1:4433\", \"0.0.0.0:4433\"]\n";
    let refused = mistakes(listen);
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert!(
        refused[0].starts_with("auth.mode: \"open\" lets anyone who can reach 0.0.0.0:4433"),
        "{refused:?}"
    );
    let allowed = format!("{listen}[auth]\nopen_to_the_network = true\n");
    Config::parse(&allowed, Path::new("")).expect("said in plain words");
    let tokens =
        format!("{listen}[auth]\nmode = \"tokens\"\n[[auth.keys]]\nsecret = \"{SECRET}\"\n");
    Config::parse(&tokens, Path::new("")).expect("tokens may listen anywhere");
    let mapped = "[server]\nlisten = [\"[::ffff:127.0.0.1]:0\", \"127.8.8.8:0\", \"[::1]:0\"]\n";
    Config::parse(mapped, Path::new("")).expect("all of it is loopback");
}

#[test]
fn pages_are_shown_over_plain_http_on_loopback_alone() {
    for address in ["0.0.0.0:8080", "192.0.2.7:80", "[::]:8080"] {
        let listen = format!("[pages]\nlisten = [\"127.0.0.1:8080\", \"{address}\"]\n");
        assert_eq!(
            mistakes(&listen),
            [format!(
                "pages.listen: {address} would show the pages over plain HTTP, on which browsers \
                 give no WebTransport beyond loopback; use tls.mode = \"files\", or listen on \
                 loopback"
            )]
        );
    }
    assert_eq!(
        mistakes("[pages]\nlisten = \"of\"\n"),
        ["pages.listen: must be \"off\" or an array of strings, got \"of\""]
    );
    let loopback = "[pages]\nlisten = [\"127.8.8.8:80\", \"[::ffff:127.0.0.1]:0\", \"[::1]:0\"]\n";
    Config::parse(loopback, Path::new("")).expect("all of it is loopback");
}

#[test]
fn with_a_real_certificate_pages_are_where_the_relay_is() {
    let dir = tempfile::tempdir().expect("a directory");
    let made = rcgen::generate_simple_self_signed(["radio.example".to_owned()]).expect("made");
    fs::write(dir.path().join("a.crt"), made.cert.pem()).expect("a file");
    fs::write(dir.path().join("a.key"), made.signing_key.serialize_pem()).expect("a file");
    let relay = "server.listen = [\"0.0.0.0:443\", \"[::]:443\"]\nauth.open_to_the_network = true\n\
                 [tls]\nmode = \"files\"\ncertificate = \"a.crt\"\nkey = \"a.key\"\n";
    let described = |pages: &str| {
        let text = format!("{relay}{pages}");
        let config = Config::parse(&text, dir.path()).expect("a config");
        let described = config::describe(&config);
        let line = described.lines().find(|line| line.starts_with("pages "));
        line.expect("a line on the pages").to_owned()
    };
    assert_eq!(
        described(""),
        "pages        https://0.0.0.0:443, https://[::]:443"
    );
    assert_eq!(
        described(
            "[pages]\nlisten = [\"0.0.0.0:8443\"]\nwebtransport_url = \"https://radio.example\"\n"
        ),
        "pages        https://0.0.0.0:8443, find the relay at https://radio.example/"
    );
    assert_eq!(described("[pages]\nlisten = \"off\"\n"), "pages        off");
}

#[test]
fn contradictions_are_refused() {
    assert_eq!(
        mistakes("[server]\nlisten = []\nidle_timeout = \"2s\"\nsilent_after = \"3s\"\n"),
        [
            "server.listen: must name at least one address",
            "server.silent_after: must not be longer than idle_timeout",
        ]
    );
    assert_eq!(
        mistakes("[server]\nlisten = [\"127.0.0.1:5\", \"127.0.0.1:5\"]\n"),
        ["server.listen: names 127.0.0.1:5 twice"]
    );
    assert_eq!(
        mistakes(&format!("[[auth.keys]]\nsecret = \"{SECRET}\"\n")),
        ["auth.keys: is read only with auth.mode = \"tokens\""]
    );
    assert_eq!(
        mistakes("[auth]\nmode = \"tokens\"\nopen_to_the_network = true\n"),
        [
            "auth.keys: needs at least one [[auth.keys]] with auth.mode = \"tokens\"",
            "auth.open_to_the_network: contradicts auth.mode = \"tokens\"; remove one of them",
        ]
    );
    assert_eq!(
        mistakes("[tls]\ncertificate = \"a.pem\"\n"),
        ["tls.certificate: is read only with tls.mode = \"files\""]
    );
    assert_eq!(
        mistakes("[tls]\nmode = \"files\"\ndir = \"certs\"\n"),
        [
            "tls.dir: is read only with tls.mode = \"development\"",
            "tls.certificate: is needed with tls.mode = \"files\"",
            "tls.key: is needed with tls.mode = \"files\"",
        ]
    );
}

#[test]
fn origins_are_origins() {
    let text =
        "[server]\nallowed_origins = [\"https://Radio.example:443/\", \"http://localhost:8080\"]";
    let config = Config::parse(text, Path::new("")).expect("two origins");
    assert_eq!(
        config.server.allowed_origins,
        ["https://radio.example", "http://localhost:8080"]
    );
    assert!(config.server.allows_origin(Some("https://radio.example")));
    assert!(config.server.allows_origin(None));
    assert!(
        !config
            .server
            .allows_origin(Some("https://radio.example.evil"))
    );
    assert!(!config.server.allows_origin(Some("http://radio.example")));
    assert!(!config.server.allows_origin(Some("null")));
    for wrong in [
        "radio.example",
        "https://radio.example/page",
        "https://me@radio.example",
        "*",
        "ftp://a.example",
    ] {
        let text = format!("[server]\nallowed_origins = [{wrong:?}]");
        let found = mistakes(&text);
        assert_eq!(
            found,
            [format!(
                "server.allowed_origins[0]: must be an origin such as https://radio.example, got \
                 {wrong:?}"
            )]
        );
    }
}

#[test]
fn keys_that_cannot_be_used_are_named_and_never_shown() {
    let dir = tempfile::tempdir().expect("a directory");
    let pair = |algorithm| rcgen::KeyPair::generate_for(algorithm).expect("a key");
    let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).expect("a file");
    let (one, other) = (
        pair(&rcgen::PKCS_ECDSA_P256_SHA256),
        pair(&rcgen::PKCS_ECDSA_P256_SHA256),
    );
    write("one.pem", &one.public_key_pem());
    write("other.key", &other.serialize_pem());
    write(
        "p384.pem",
        &pair(&rcgen::PKCS_ECDSA_P384_SHA384).public_key_pem(),
    );
    write("not.pem", SECRET);
    write("not.json", SECRET);
    write("empty.json", "{\"keys\":[]}");
    let text = format!(
        r#"
[auth]
mode = "tokens"
[[auth.keys]]
secret = "short"
[[auth.keys]]
id = "x"
[[auth.keys]]
secret = "{SECRET}"
secret_file = "s"
[[auth.keys]]
secret_file = "absent"
[[auth.keys]]
public_key_file = "not.pem"
[[auth.keys]]
public_key_file = "p384.pem"
[[auth.keys]]
public_key_file = "other.key"
[[auth.keys]]
public_key_file = "one.pem"
private_key_file = "other.key"
[[auth.keys]]
jwks_file = "not.json"
[[auth.keys]]
jwks_file = "empty.json"
id = "y"
[[auth.keys]]
id = "z"
secret = "{SECRET}"
private_key_file = "other.key"
secrets = "{SECRET}"
[[auth.keys]]
id = "z"
secret = "{SECRET}"
"#
    );
    let sources = "secret, secret_file, secret_env, public_key_file, jwks_file";
    let not_public = "not a PEM public key for ES256 (P-256), EdDSA (Ed25519) or RS256";
    let absent = dir.path().join("absent");
    let expected = [
        "auth.keys[0].secret: the secret must have at least 32 bytes, got 5".to_owned(),
        format!("auth.keys[1]: needs exactly one of {sources}"),
        format!("auth.keys[2]: needs exactly one of {sources}"),
        format!(
            "auth.keys[3].secret_file: {} cannot be read: No such file or directory (os error 2)",
            absent.display()
        ),
        format!("auth.keys[4].public_key_file: {not_public}"),
        "auth.keys[5].public_key_file: the elliptic curve must be P-256".to_owned(),
        format!("auth.keys[6].public_key_file: {not_public}"),
        "auth.keys[7].private_key_file: the private key does not belong to the public key"
            .to_owned(),
        "auth.keys[8].jwks_file: not a JSON Web Key Set: line 1, column 1".to_owned(),
        "auth.keys[9].id: is not for a JWKS: its keys have their own".to_owned(),
        "auth.keys[9].jwks_file: no key of this JSON Web Key Set is for HS256, ES256, EdDSA or \
         RS256"
            .to_owned(),
        "auth.keys[10].private_key_file: is read only with public_key_file".to_owned(),
        "auth.keys[10].secrets: unknown key; meant `secret`?".to_owned(),
        "auth.keys[11]: the id \"z\" is used twice".to_owned(),
    ];
    let found = mistakes_at(&text, dir.path());
    assert_eq!(found, expected);
    assert!(!found.concat().contains(SECRET));
}

#[test]
fn certificate_files_that_cannot_be_used_are_named() {
    let dir = tempfile::tempdir().expect("a directory");
    let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).expect("a file");
    let one = rcgen::generate_simple_self_signed(["radio.example".to_owned()]).expect("one");
    let other = rcgen::generate_simple_self_signed(["radio.example".to_owned()]).expect("other");
    write("one.crt", &one.cert.pem());
    write("one.key", &one.signing_key.serialize_pem());
    write("other.key", &other.signing_key.serialize_pem());
    let files = |certificate: &str, key: &str| {
        format!("[tls]\nmode = \"files\"\ncertificate = \"{certificate}\"\nkey = \"{key}\"\n")
    };
    Config::parse(&files("one.crt", "one.key"), dir.path()).expect("a good pair");
    let path = |name: &str| dir.path().join(name).display().to_string();
    assert_eq!(
        mistakes_at(&files("absent", "one.crt"), dir.path()),
        [
            format!(
                "tls.certificate: certificate {}: cannot be read: No such file or directory (os \
                 error 2)",
                path("absent")
            ),
            format!(
                "tls.key: key {}: has no PEM private key in it",
                path("one.crt")
            ),
        ]
    );
    assert_eq!(
        mistakes_at(&files("one.crt", "other.key"), dir.path()),
        [format!(
            "tls.key: key {}: does not belong to {}",
            path("other.key"),
            path("one.crt")
        )]
    );
}

#[test]
fn secrets_are_masked_wherever_a_config_is_printed() {
    let text = format!(
        "[auth]\nmode = \"tokens\"\n[[auth.keys]]\nid = \"station\"\nsecret = \"{SECRET}\"\n"
    );
    let config = Config::parse(&text, Path::new("")).expect("a config");
    let described = config::describe(&config);
    let debugged = format!("{config:?} {config:#?}");
    for print in [&described, &debugged] {
        assert!(print.contains("HS256 \"station\" (secret ****)"), "{print}");
        assert!(!print.contains(SECRET), "{print}");
    }
    // Debug of bytes is a list of numbers.
    assert!(!debugged.contains(&format!(
        "{}, {}",
        SECRET.as_bytes()[0],
        SECRET.as_bytes()[1]
    )));
}
