//! Tokens that are not good, or not good for what is asked.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::json;
use skywave::config::Auth;
use skywave::token::{Claims, Key, Request, Role, issue, mint};
use skywave_client::{Error, Identity};
use skywave_wire::control::ErrorCode;

use super::bare::{Bare, assert_error};
use super::{Bystander, figure};
use crate::support::{Relay, relay_with};

const SECRET: &str = "a-secret-of-thirty-two-bytes-or-more";
const HOUR: Duration = Duration::from_secs(3_600);

async fn relay_with_tokens() -> Relay {
    let lines = format!("[auth]\nmode = \"tokens\"\n[[auth.keys]]\nsecret = \"{SECRET}\"");
    relay_with(&lines).await
}

fn key(secret: &str) -> Key {
    Key::from_secret(None, secret.as_bytes()).expect("a good secret")
}

/// A token for an hour from `now` on.
fn token_from(now: SystemTime, secret: &str, role: Role, channel: &str) -> String {
    let request = Request {
        role,
        channels: vec![channel.parse().expect("a pattern")],
        ttl: HOUR,
        subject: Some("stranger".into()),
    };
    issue(&Auth::Keys(vec![key(secret)]), &request, now).expect("a token")
}

fn token(role: Role, channel: &str) -> String {
    token_from(SystemTime::now(), SECRET, role, channel)
}

async fn bystander(relay: &Relay) -> Bystander {
    let identity = Identity {
        token: Some(token(Role::Owner, "elsewhere")),
        ..Identity::default()
    };
    Bystander::begin_as(relay, &identity).await
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_publish_is_told_so_and_may_still_listen() {
    let relay = relay_with_tokens().await;
    let bystander = bystander(&relay).await;
    let cases = [
        (
            token(Role::Listener, "*"),
            "stranger (listener) may not publish on elsewhere",
        ),
        (
            token(Role::Moderator, "*"),
            "stranger (moderator) may not publish on elsewhere",
        ),
        (
            token(Role::Owner, "here"),
            "stranger (owner) may not publish on elsewhere",
        ),
        (
            token(Role::Admin, "here"),
            "stranger (admin) may not publish on elsewhere",
        ),
    ];
    for (token, words) in cases {
        let mut bare = Bare::open_with(&relay, json!({"token": token})).await;
        let answer = bare
            .ask("stream:start", json!({"channelId": "elsewhere"}))
            .await;
        assert_error(&answer, "forbidden", &[words]);
        bare.goes_on().await;
        let joined = bare
            .ask("stream:join", json!({"channelId": "elsewhere"}))
            .await;
        match words.contains("(listener)") || words.contains("(moderator)") {
            true => assert_eq!(joined["live"], true, "{joined}"),
            false => assert_error(&joined, "forbidden", &["may not listen to elsewhere"]),
        }
    }
    bystander.end().await;
}

/// Tokens that somebody made up or altered, and what is said to them.
fn forged() -> [(String, &'static str); 5] {
    let now = SystemTime::now();
    let other = "another-secret-of-thirty-two-bytes-or-more";
    let listener = token(Role::Listener, "*");
    let owner = token(Role::Owner, "*");
    let [head, _, signature] = parts(&listener);
    let [_, claims, _] = parts(&owner);
    // {"alg":"none"}
    let unsigned = format!("eyJhbGciOiJub25lIn0.{claims}.");
    [
        (
            token_from(now, other, Role::Owner, "*"),
            "signature does not match",
        ),
        (
            format!("{head}.{claims}.{signature}"),
            "signature does not match",
        ),
        (unsigned, "not a JSON Web Token signed with HS256"),
        ("let me in".into(), "not a JSON Web Token"),
        ("x".repeat(10_000), "the token has 10000 bytes"),
    ]
}

fn parts(token: &str) -> [&str; 3] {
    let parts: Vec<&str> = token.split('.').collect();
    parts.try_into().expect("three parts")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_token_ends_the_session_with_the_reason() {
    let relay = relay_with_tokens().await;
    let bystander = bystander(&relay).await;
    for (token, words) in forged() {
        let mut bare = Bare::silent(&relay).await;
        let answer = bare.hello(json!({"token": token})).await;
        assert_error(&answer, "token-invalid", &[words]);
        let closed = bare.is_ended().await;
        assert!(closed.contains(words), "{closed}");
    }
    let mut nobody = Bare::silent(&relay).await;
    let answer = nobody.hello(json!({"subject": "admin"})).await;
    assert_error(&answer, "token-missing", &["a token is needed"]);
    nobody.is_ended().await;
    let series = "skywave_control_errors_total{code=\"token-invalid\"}";
    assert_eq!(figure(&relay, series), 5);
    bystander.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_token_is_refused_with_the_time_of_its_end() {
    let relay = relay_with_tokens().await;
    let bystander = bystander(&relay).await;
    let two_hours_ago = SystemTime::now() - 2 * HOUR;
    let token = token_from(two_hours_ago, SECRET, Role::Owner, "*");
    let identity = Identity {
        token: Some(token),
        ..Identity::default()
    };
    let refused = relay.client().connect(&identity).await;
    let Some(Error::Refused(fault)) = refused.err() else {
        panic!("the relay says why");
    };
    assert_eq!(fault.code, ErrorCode::TokenExpired);
    assert!(fault.message.contains("the token expired at 20"), "{fault}");
    bystander.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_when_its_token_does_and_is_told_why() {
    let relay = relay_with_tokens().await;
    let bystander = bystander(&relay).await;
    let unix = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970");
    let claims = Claims {
        sub: "stranger".into(),
        role: Role::Listener,
        channels: vec!["*".parse().expect("a pattern")],
        exp: unix.as_secs() + 2,
        iat: None,
        nbf: None,
    };
    let token = mint(&key(SECRET), &claims).expect("a token");
    let mut bare = Bare::open_with(&relay, json!({"token": token})).await;
    bare.goes_on().await;
    let fault = bare.fault().await;
    assert_error(&fault, "token-expired", &["the session's token has ended"]);
    assert!(SystemTime::now() >= UNIX_EPOCH + Duration::from_secs(claims.exp));
    bare.is_ended().await;
    bystander.end().await;
}
