//! Bad lines on the control stream.

use serde_json::{Value, json};

use super::Bystander;
use super::bare::{Bare, assert_error};
use super::{figure, noise};
use crate::support::{Relay, relay};

/// A session that does something bad while the bystander listens, and goes on
/// afterwards.
async fn beside_a_bystander(abuse: impl AsyncFnOnce(&mut Bare, &Relay)) {
    let relay = relay().await;
    let bystander = Bystander::begin(&relay).await;
    let mut bare = Bare::open(&relay).await;
    abuse(&mut bare, &relay).await;
    bare.goes_on().await;
    let joined = bare
        .ask("stream:join", json!({"channelId": "elsewhere"}))
        .await;
    assert_eq!(joined["live"], true, "{joined}");
    bystander.end().await;
}

fn errors(relay: &Relay, code: &str) -> u64 {
    figure(
        relay,
        &format!("skywave_control_errors_total{{code=\"{code}\"}}"),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_channel_is_named() {
    beside_a_bystander(async |bare, relay| {
        let answer = bare
            .ask("stream:join", json!({"channelId": "nowhere"}))
            .await;
        assert_error(
            &answer,
            "unknown-channel",
            &["nobody is on the air on nowhere"],
        );
        for kind in ["stream:leave", "stream:stop", "stream:update-metadata"] {
            let answer = bare.ask(kind, json!({"channelId": "nowhere"})).await;
            let code = match kind {
                "stream:leave" => "not-joined",
                _ => "not-publishing",
            };
            assert_error(&answer, code, &["nowhere"]);
        }
        assert_eq!(errors(relay, "unknown-channel"), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_name_that_does_not_fit_is_refused_with_what_does_not() {
    beside_a_bystander(async |bare, relay| {
        let long = "x".repeat(10 << 10);
        let cases: [(&str, &str); 4] = [
            ("two words", "' ' at byte 3"),
            (&long, "at most 64 characters, this one has 10240"),
            ("", "cannot be empty"),
            ("../etc", "'.' at byte 0"),
        ];
        for kind in ["stream:join", "stream:start"] {
            for (name, words) in cases {
                let answer = bare.ask(kind, json!({"channelId": name})).await;
                assert_error(&answer, "bad-field", &[kind, "channel name", words]);
            }
        }
        assert_eq!(errors(relay, "bad-field"), 8);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_line_is_answered_with_what_is_wrong_in_it() {
    beside_a_bystander(async |bare, relay| {
        let cases = [
            ("{\"type\": \"heartbeat\"", "no JSON: EOF"),
            (
                "GET / HTTP/1.1",
                "no JSON: expected value at line 1 column 1",
            ),
            ("[1, 2]", "a message is a JSON object"),
            ("{\"type\": 7}", "a message has a \"type\""),
        ];
        for (line, words) in cases {
            bare.say(format!("{line}\n").as_bytes()).await;
            assert_error(&bare.fault().await, "malformed", &[words]);
        }
        bare.say(b"{\"id\": 700}\n").await;
        let answer = bare.answer(700).await;
        assert_error(&answer, "malformed", &["a message has a \"type\""]);
        let nested = format!("{}\n", "[".repeat(60_000));
        bare.say(nested.as_bytes()).await;
        assert_error(&bare.fault().await, "malformed", &["recursion limit"]);
        assert_eq!(errors(relay, "malformed"), 6);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_of_1_mb_is_refused_once_and_the_next_line_is_read() {
    beside_a_bystander(async |bare, relay| {
        let mut line = vec![b'x'; 1 << 20];
        line.push(b'\n');
        bare.say(&line).await;
        assert_error(&bare.fault().await, "malformed", &["at most 65536 bytes"]);
        bare.goes_on().await;
        assert_eq!(errors(relay, "malformed"), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn binary_on_the_control_stream_is_refused_line_by_line() {
    beside_a_bystander(async |bare, relay| {
        let mut bytes = noise(4, 4_000);
        bytes.push(b'\n');
        let lines = bytes
            .split(|&byte| byte == b'\n')
            .filter(|line| !line.is_empty());
        let lines = lines.count();
        assert!(lines > 5, "{lines}");
        bare.say(&bytes).await;
        for _ in 0..lines {
            assert_error(&bare.fault().await, "malformed", &["no "]);
        }
        bare.goes_on().await;
        assert_eq!(errors(relay, "malformed"), lines as u64);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_out_of_bounds_are_named() {
    beside_a_bystander(async |bare, _| {
        let long = "é".repeat(5_000);
        let cases: [(&str, Value, &[&str]); 6] = [
            ("stream:join", json!({}), &["missing field `channelId`"]),
            ("stream:join", json!({"channelId": 7}), &["7", "string"]),
            (
                "stream:join",
                json!({"channelId": "a", "latencyMs": 1e9 as u64}),
                &["latencyMs is 1000000000, at most 2000"],
            ),
            (
                "stream:join",
                json!({"channelId": "a", "delivery": "pigeon"}),
                &["pigeon", "stream", "datagram"],
            ),
            (
                "stream:start",
                json!({"channelId": "a", "showTitle": long}),
                &["showTitle has 10000 bytes, at most 8192"],
            ),
            (
                "stream:update-metadata",
                json!({"channelId": "a", "atByte": -1}),
                &["-1", "u64"],
            ),
        ];
        for (kind, fields, words) in cases {
            let answer = bare.ask(kind, fields).await;
            assert_error(&answer, "bad-field", words);
            assert_error(&answer, "bad-field", &[kind]);
        }
    })
    .await;
}
