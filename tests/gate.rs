//! Who comes in, with what rights, and in which words the others are refused.

use std::fs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rcgen::KeyPair;
use serde_json::{Value, json};
use skywave::config::{Auth, Config};
use skywave::gate::{Gate, Grant, Refusal, Whereabouts};
use skywave::token::{self, Claims, Key, MintError, Pattern, Request, Role};

const SECRET: &[u8] = b"a-secret-of-thirty-two-bytes-or-more";
const NOW: u64 = 1_800_000_000;

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(NOW)
}

fn key() -> Key {
    Key::from_secret(None, SECRET).expect("a good secret")
}

fn gate(keys: impl IntoIterator<Item = Key>) -> Gate {
    Gate::new(&Auth::Keys(keys.into_iter().collect()))
}

fn pattern(text: &str) -> Pattern {
    text.parse().expect("a pattern")
}

fn claims(role: Role, channels: &[&str]) -> Claims {
    Claims {
        sub: "dj".to_owned(),
        role,
        channels: channels.iter().map(|text| pattern(text)).collect(),
        exp: NOW + 60,
        iat: Some(NOW),
        nbf: None,
    }
}

fn admit(gate: &Gate, token: &str) -> Result<Grant, Refusal> {
    gate.admit(
        Some(token),
        Some("a name that does not count"),
        Whereabouts::ThisMachine,
        now(),
    )
}

fn refused(gate: &Gate, token: &str) -> (Refusal, &'static str) {
    let refusal = admit(gate, token).expect_err("a refusal");
    let code = refusal.code();
    (refusal, code)
}

/// A token with any claims, as somebody else's software makes it.
fn foreign(header: &Header, claims: &Value) -> String {
    jsonwebtoken::encode(header, claims, &EncodingKey::from_secret(SECRET)).expect("a token")
}

fn hs256() -> Header {
    Header::new(Algorithm::HS256)
}

#[test]
fn a_good_token_grants_what_it_says() {
    let token = token::mint(&key(), &claims(Role::Owner, &["jazz", "rock-*"])).expect("a token");
    let grant = admit(&gate([key()]), &token).expect("a grant");
    assert_eq!(
        grant,
        Grant {
            subject: "dj".to_owned(),
            role: Role::Owner,
            channels: vec![pattern("jazz"), pattern("rock-*")],
            expires: Some(UNIX_EPOCH + Duration::from_secs(NOW + 60)),
        }
    );
}

#[test]
fn rights_follow_role_and_channels() {
    let gate = gate([key()]);
    // role, then: listen, publish, moderate, admin
    let table = [
        (Role::Listener, [true, false, false, false]),
        (Role::Moderator, [true, false, true, false]),
        (Role::Owner, [true, true, true, false]),
        (Role::Admin, [true, true, true, true]),
    ];
    for (role, rights) in table {
        let token = token::mint(&key(), &claims(role, &["jazz-*"])).expect("a token");
        let grant = admit(&gate, &token).expect("a grant");
        let on = |channel: &str| {
            [
                grant.may_listen(channel),
                grant.may_publish(channel),
                grant.may_moderate(channel),
                grant.is_admin(),
            ]
        };
        assert_eq!(on("jazz-late"), rights, "{role}");
        assert_eq!(
            on("rock"),
            [false, false, false, role == Role::Admin],
            "{role}"
        );
    }
}

#[test]
fn patterns_cover_names_and_prefixes() {
    for (text, covered, other) in [
        ("*", "anything", None),
        ("jazz", "jazz", Some("jazz-late")),
        ("jazz", "jazz", Some("Jazz")),
        ("jazz-*", "jazz-late", Some("jazz")),
        ("jazz-*", "jazz-", Some("a-jazz-late")),
    ] {
        assert!(pattern(text).covers(covered), "{text} covers {covered}");
        if let Some(other) = other {
            assert!(
                !pattern(text).covers(other),
                "{text} does not cover {other}"
            );
        }
    }
    for wrong in ["", "a*b", "**", "*a", &"x".repeat(129)] {
        assert!(wrong.parse::<Pattern>().is_err(), "{wrong:?}");
    }
}

#[test]
fn no_token_is_missing() {
    let gate = gate([key()]);
    for token in [None, Some("")] {
        let refusal = gate
            .admit(token, Some("dj"), Whereabouts::ThisMachine, now())
            .expect_err("no token");
        assert_eq!(refusal, Refusal::Missing);
        assert_eq!(refusal.code(), "token-missing");
    }
}

#[test]
fn an_expired_token_says_when() {
    let token = token::mint(&key(), &claims(Role::Listener, &["*"])).expect("a token");
    let gate = gate([key()]);
    let at = |seconds| {
        let later = now() + Duration::from_secs(seconds);
        gate.admit(Some(&token), None, Whereabouts::Elsewhere, later)
    };
    assert!(at(59).is_ok());
    let refusal = at(60).expect_err("expired");
    assert_eq!(refusal.code(), "token-expired");
    assert_eq!(
        refusal.to_string(),
        "the token expired at 2027-01-15T08:01:00Z"
    );
}

#[test]
fn a_token_holds_from_its_start_with_little_leeway() {
    let from = |nbf: u64| {
        foreign(
            &hs256(),
            &json!({"sub": "a", "role": "listener", "channels": ["*"], "exp": NOW + 60, "nbf": nbf}),
        )
    };
    let gate = gate([key()]);
    assert!(admit(&gate, &from(NOW + 5)).is_ok());
    let (refusal, code) = refused(&gate, &from(NOW + 6));
    assert_eq!(code, "token-invalid");
    assert_eq!(
        refusal.to_string(),
        "the token holds only from 2027-01-15T08:00:06Z"
    );
}

#[test]
fn forged_tokens_are_refused() {
    let gate = gate([key()]);
    let good = token::mint(&key(), &claims(Role::Listener, &["*"])).expect("a token");
    let other_key = Key::from_secret(None, &[7; 32]).expect("a good secret");
    let other = token::mint(&other_key, &claims(Role::Admin, &["*"])).expect("a token");
    assert_eq!(
        refused(&gate, &other),
        (Refusal::Signature, "token-invalid")
    );

    let [good_header, _, good_signature] = parts(&good);
    let [_, admin_claims, _] = parts(&other);
    let swapped = format!("{good_header}.{admin_claims}.{good_signature}");
    assert_eq!(refused(&gate, &swapped).0, Refusal::Signature);
    let unsigned = format!("{good_header}.{admin_claims}.");
    assert_eq!(refused(&gate, &unsigned).0, Refusal::Signature);
}

fn parts(token: &str) -> [&str; 3] {
    let parts: Vec<&str> = token.split('.').collect();
    parts.try_into().expect("three parts")
}

#[test]
fn algorithm_none_is_refused() {
    // {"alg":"none","typ":"JWT"}
    let none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0";
    let good = token::mint(&key(), &claims(Role::Admin, &["*"])).expect("a token");
    let [_, claims, signature] = parts(&good);
    for signature in ["", signature] {
        let token = format!("{none}.{claims}.{signature}");
        assert_eq!(
            refused(&gate([key()]), &token),
            (Refusal::Malformed, "token-invalid")
        );
    }
}

#[test]
fn a_public_key_is_never_taken_for_a_secret() {
    for algorithm in [&rcgen::PKCS_RSA_SHA256, &rcgen::PKCS_ECDSA_P256_SHA256] {
        let public = KeyPair::generate_for(algorithm)
            .expect("a key")
            .public_key_pem();
        let gate = gate([Key::from_public_pem(None, public.as_bytes()).expect("a key")]);
        let confused = jsonwebtoken::encode(
            &hs256(),
            &claims(Role::Admin, &["*"]),
            &EncodingKey::from_secret(public.as_bytes()),
        )
        .expect("a token");
        assert_eq!(
            refused(&gate, &confused),
            (Refusal::Algorithm("HS256".to_owned()), "token-invalid")
        );
    }
}

#[test]
fn another_algorithm_of_the_same_family_is_refused() {
    let token = foreign(&Header::new(Algorithm::HS512), &json!({}));
    let (refusal, code) = refused(&gate([key()]), &token);
    assert_eq!(code, "token-invalid");
    assert_eq!(
        refusal.to_string(),
        "the token is signed with HS512, which none of the keys here is for"
    );
}

#[test]
fn each_kind_of_key_signs_and_verifies() {
    for (algorithm, kind) in [
        (&rcgen::PKCS_ECDSA_P256_SHA256, token::Algorithm::Es256),
        (&rcgen::PKCS_ED25519, token::Algorithm::EdDsa),
        (&rcgen::PKCS_RSA_SHA256, token::Algorithm::Rs256),
    ] {
        let pair = KeyPair::generate_for(algorithm).expect("a key");
        let public =
            Key::from_public_pem(None, pair.public_key_pem().as_bytes()).expect("a public key");
        assert_eq!(public.algorithm(), kind);
        let said = claims(Role::Listener, &["jazz"]);
        assert!(
            matches!(token::mint(&public, &said), Err(MintError::NoSigningKey)),
            "{kind}"
        );
        let signing = public
            .clone()
            .with_private_pem(pair.serialize_pem().as_bytes())
            .expect("its private key");
        let token = token::mint(&signing, &said).expect("a token");
        assert!(admit(&gate([public]), &token).is_ok(), "{kind}");
        let stranger = KeyPair::generate_for(algorithm).expect("a key");
        let stranger =
            Key::from_public_pem(None, stranger.public_key_pem().as_bytes()).expect("a public key");
        assert_eq!(refused(&gate([stranger]), &token).0, Refusal::Signature);
    }
}

#[test]
fn the_key_id_chooses_among_keys() {
    let named = |id: &str, byte: u8| {
        Key::from_secret(Some(id.to_owned()), &[byte; 32]).expect("a good secret")
    };
    let gate = gate([named("one", 1), named("two", 2)]);
    let said = claims(Role::Listener, &["*"]);
    let two = token::mint(&named("two", 2), &said).expect("a token");
    assert!(admit(&gate, &two).is_ok());
    let under_a_wrong_name = token::mint(&named("one", 2), &said).expect("a token");
    assert_eq!(refused(&gate, &under_a_wrong_name).0, Refusal::Signature);
    let nameless = Key::from_secret(None, &[2; 32]).expect("a good secret");
    let nameless = token::mint(&nameless, &said).expect("a token");
    assert!(admit(&gate, &nameless).is_ok());
    let three = token::mint(&named("three", 2), &said).expect("a token");
    let (refusal, code) = refused(&gate, &three);
    assert_eq!(code, "token-invalid");
    assert_eq!(
        refusal.to_string(),
        "the token names the key \"three\", which is not known here"
    );
}

#[test]
fn a_key_set_verifies_by_key_id() {
    let one = EncodingKey::from_ec_der(
        KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)
            .expect("a key")
            .serialized_der(),
    );
    let mut jwk = jsonwebtoken::jwk::Jwk::from_encoding_key(&one, Algorithm::ES256).expect("a JWK");
    jwk.common.key_id = Some("of-2026".to_owned());
    let unknown = json!({"kty": "EC", "crv": "secp256k1", "x": "AA", "y": "AA", "kid": "odd"});
    let set = json!({"keys": [unknown, jwk]}).to_string();
    let keys = Key::from_jwks(set.as_bytes()).expect("one usable key");
    assert_eq!(keys.len(), 1);
    let gate = gate(keys);
    let token = |kid: &str| {
        let mut header = Header::new(Algorithm::ES256);
        header.kid = Some(kid.to_owned());
        jsonwebtoken::encode(&header, &claims(Role::Listener, &["*"]), &one).expect("a token")
    };
    assert!(admit(&gate, &token("of-2026")).is_ok());
    assert_eq!(
        refused(&gate, &token("of-2025")).0,
        Refusal::UnknownKey("of-2025".to_owned())
    );
}

#[test]
fn an_oversized_token_is_refused_unread() {
    let mut said = claims(Role::Listener, &["*"]);
    said.channels = vec![pattern(&"x".repeat(128)); 64];
    let token = token::mint(&key(), &said).expect("a token");
    assert!(token.len() > token::MAX_TOKEN_BYTES);
    let (refusal, code) = refused(&gate([key()]), &token);
    assert_eq!(refusal, Refusal::TooLong(token.len()));
    assert_eq!(code, "token-invalid");
}

#[test]
fn what_is_no_token_is_refused_and_not_repeated() {
    let gate = gate([key()]);
    for text in [
        "x",
        "a.b",
        "a.b.c",
        "a.b.c.d",
        "....",
        "Bearer eyJ",
        "🎷.🎷.🎷",
    ] {
        let (refusal, code) = refused(&gate, text);
        assert_eq!((&refusal, code), (&Refusal::Malformed, "token-invalid"));
        assert!(!refusal.to_string().contains("eyJ"));
    }
}

#[test]
fn claims_are_checked_one_by_one() {
    let gate = gate([key()]);
    let good = json!({"sub": "a", "role": "listener", "channels": ["*"], "exp": NOW + 60});
    assert!(admit(&gate, &foreign(&hs256(), &good)).is_ok());
    let fraction = with(&good, "exp", json!(NOW as f64 + 60.5));
    assert!(admit(&gate, &foreign(&hs256(), &fraction)).is_ok());
    for (claim, value, words) in [
        ("exp", Value::Null, "missing field `exp`"),
        ("sub", Value::Null, "missing field `sub`"),
        ("role", Value::Null, "missing field `role`"),
        ("channels", Value::Null, "missing field `channels`"),
        ("exp", json!("soon"), "times must be seconds since 1970"),
        ("exp", json!(-1), "times must be seconds since 1970"),
        ("exp", json!(u64::MAX), "a time is beyond the year 9999"),
        ("role", json!("king"), "unknown variant `king`"),
        ("channels", json!("*"), "expected a sequence"),
        ("channels", json!(["a*b"]), "only at its end"),
        ("channels", json!(vec!["a"; 257]), "more than 256 patterns"),
        ("sub", json!(""), "sub is empty"),
        ("sub", json!("a\nb"), "control characters"),
        ("sub", json!("x".repeat(129)), "longer than 128"),
    ] {
        let token = foreign(&hs256(), &with(&good, claim, value));
        let (refusal, code) = refused(&gate, &token);
        assert_eq!(code, "token-invalid");
        assert!(refusal.to_string().contains(words), "{claim}: {refusal}");
    }
    let elsewhere = with(&good, "aud", json!("another-service"));
    assert_eq!(
        refused(&gate, &foreign(&hs256(), &elsewhere)).0,
        Refusal::Audience
    );
    let mut critical = hs256();
    critical.crit = Some(vec!["b64".to_owned()]);
    assert_eq!(
        refused(&gate, &foreign(&critical, &good)).0,
        Refusal::Extensions
    );
}

/// The claims with one replaced, or left out when `value` is null.
fn with(claims: &Value, claim: &str, value: Value) -> Value {
    let mut claims = claims.clone();
    let object = claims.as_object_mut().expect("an object");
    if value.is_null() {
        object.remove(claim);
    } else {
        object.insert(claim.to_owned(), value);
    }
    claims
}

#[test]
fn an_open_gate_makes_owners_under_their_own_names_and_admins_of_those_nearby() {
    let gate = Gate::new(&Auth::Open);
    assert!(gate.is_open());
    for (hint, subject) in [
        (Some("Anna"), "Anna".to_owned()),
        (Some("  A\u{7}n\nna "), "Anna".to_owned()),
        (Some("\u{0}"), "anonymous".to_owned()),
        (None, "anonymous".to_owned()),
        (Some(&*"é".repeat(100)), "é".repeat(64)),
    ] {
        for (whereabouts, role) in [
            (Whereabouts::Elsewhere, Role::Owner),
            (Whereabouts::ThisMachine, Role::Admin),
        ] {
            let grant = gate.admit(None, hint, whereabouts, now());
            let grant = grant.expect("everyone");
            assert_eq!((&*grant.subject, grant.role), (&*subject, role));
            assert_eq!(grant.expires, None);
            assert!(grant.may_listen("any") && grant.may_publish("any"));
            assert!(grant.may_moderate("any"));
        }
    }
}

#[test]
fn nearby_is_this_machine_but_no_page_of_another_site() {
    let here = |peer: &str, page| {
        let peer = peer.parse().expect("an address");
        Whereabouts::of(peer, page) == Whereabouts::ThisMachine
    };
    for peer in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
        for page in [
            None,
            Some("http://localhost:8080"),
            Some("http://127.0.0.1:8080"),
            Some("http://[::1]:8080"),
        ] {
            assert!(here(peer, page), "{peer} {page:?}");
        }
        for page in ["https://radio.example", "http://localhost.example", "null"] {
            assert!(!here(peer, Some(page)), "{peer} {page}");
        }
    }
    for peer in ["192.0.2.1", "10.0.0.1", "2001:db8::1", "::ffff:192.0.2.1"] {
        assert!(!here(peer, None), "{peer}");
        assert!(!here(peer, Some("http://localhost:8080")), "{peer}");
    }
}

#[test]
fn the_command_mints_what_the_gate_admits() {
    let dir = tempfile::tempdir().expect("a directory");
    let pair = KeyPair::generate_for(&rcgen::PKCS_ED25519).expect("a key");
    fs::write(dir.path().join("a.pem"), pair.public_key_pem()).expect("a file");
    fs::write(dir.path().join("a.key"), pair.serialize_pem()).expect("a file");
    fs::write(dir.path().join("secret"), [SECRET, b"\r\n"].concat()).expect("a file");
    for key in [
        "id = \"x\"\npublic_key_file = \"a.pem\"\nprivate_key_file = \"a.key\"",
        "secret_file = \"secret\"",
    ] {
        let text = format!("[auth]\nmode = \"tokens\"\n[[auth.keys]]\n{key}\n");
        let auth = Config::parse(&text, dir.path()).expect("a config").auth;
        let mut request = Request {
            role: Role::Owner,
            channels: vec![pattern("jazz")],
            ttl: Duration::from_secs(3600),
            subject: None,
        };
        let token = token::issue(&auth, &request, now()).expect("a token");
        let grant = admit(&Gate::new(&auth), &token).expect("a grant");
        assert_eq!(grant.subject, "owner");
        assert_eq!(grant.expires, Some(now() + Duration::from_secs(3600)));
        assert!(grant.may_publish("jazz") && !grant.may_publish("rock"));
        request.subject = Some("Anna".to_owned());
        let token = token::issue(&auth, &request, now()).expect("a token");
        assert_eq!(
            admit(&Gate::new(&auth), &token).expect("a grant").subject,
            "Anna"
        );
        request.ttl = Duration::from_millis(10);
        let refusal = token::issue(&auth, &request, now());
        assert!(matches!(refusal, Err(MintError::Lifetime)));
    }
}

#[test]
fn nothing_is_minted_without_a_key_that_signs() {
    let request = Request {
        role: Role::Listener,
        channels: vec![Pattern::any()],
        ttl: Duration::from_secs(1),
        subject: None,
    };
    let open = token::issue(&Auth::Open, &request, now());
    assert!(matches!(open, Err(MintError::Open)));
    let pair = KeyPair::generate_for(&rcgen::PKCS_ED25519).expect("a key");
    let public = Key::from_public_pem(None, pair.public_key_pem().as_bytes()).expect("a key");
    let verifying = token::issue(&Auth::Keys(vec![public]), &request, now());
    assert!(matches!(verifying, Err(MintError::NoSigningKey)));
    let nowhere = Request {
        channels: Vec::new(),
        ..request
    };
    let useless = token::issue(&Auth::Keys(vec![key()]), &nowhere, now());
    assert!(matches!(useless, Err(MintError::Claims(_))));
}

#[test]
fn keys_show_no_secret() {
    let key = Key::from_secret(Some("main".to_owned()), SECRET).expect("a good secret");
    let shown = format!(
        "{key} {key:?} {:?}",
        Gate::new(&Auth::Keys(vec![key.clone()]))
    );
    assert!(shown.contains("HS256 \"main\" (secret ****)"), "{shown}");
    assert!(!shown.contains("a-secret"), "{shown}");
}
