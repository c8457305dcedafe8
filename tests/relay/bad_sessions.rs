//! What sessions get that do not keep to the protocol's order, its streams or the
//! relay's limits: an answer in words, and an end only where the protocol says so.

use std::time::{Duration, Instant};

use serde_json::json;
use skywave_client::Identity;
use wtransport::VarInt;
use wtransport::proto::frame::Frame;
use wtransport::proto::headers::Headers;
use wtransport::proto::session::SessionRequest;
use wtransport::proto::settings::Settings;

use crate::bad_input::bare::{Bare, assert_error, connect, quic_client};
use crate::bad_input::{figure, figure_reaches};
use crate::support::{Relay, relay, relay_with, within};

fn failures(class: &str) -> String {
    format!("skywave_handshake_failures_total{{class=\"{class}\"}}")
}

#[tokio::test]
async fn who_says_no_hello_is_told_so_and_closed() {
    let relay = relay_with("limits.hello_timeout = \"300ms\"").await;
    let mut bare = Bare::silent(&relay).await;
    bare.say(b"{\"type\": \"hel").await;
    assert_error(
        &bare.fault().await,
        "hello-timeout",
        &["no hello came within 300ms"],
    );
    let closed = bare.is_ended().await;
    assert!(closed.contains("no hello came within 300ms"), "{closed}");
}

#[tokio::test]
async fn who_opens_no_control_stream_is_closed_with_the_reason() {
    let relay = relay_with("limits.hello_timeout = \"300ms\"").await;
    let (_endpoint, connection) = connect(&relay.url, None).await.expect("a session");
    let closed = within(connection.closed()).await.to_string();
    assert!(closed.contains("no control stream was opened"), "{closed}");
    assert_eq!(figure(&relay, &failures("no-control-stream")), 1);
}

#[tokio::test]
async fn something_else_before_hello_ends_the_session_with_the_reason() {
    let relay = relay().await;
    let cases = [
        (
            "heartbeat",
            "hello-expected",
            "hello comes first, not heartbeat",
        ),
        (
            "stream:join",
            "hello-expected",
            "hello comes first, not stream:join",
        ),
        (
            "good:day",
            "unknown-type",
            "no message has the type \"good:day\"",
        ),
    ];
    for (kind, code, words) in cases {
        let mut bare = Bare::silent(&relay).await;
        let answer = bare.ask(kind, json!({"channelId": "here"})).await;
        assert_error(&answer, code, &[words]);
        assert_error(&bare.fault().await, code, &[words]);
        bare.is_ended().await;
    }
    let mut bare = Bare::silent(&relay).await;
    bare.say(b"SSH-2.0-OpenSSH_9.2\r\n").await;
    assert_error(&bare.fault().await, "malformed", &["no JSON"]);
    bare.is_ended().await;
}

#[tokio::test]
async fn another_version_of_the_protocol_is_refused_with_the_one_that_is_spoken() {
    let relay = relay().await;
    let mut bare = Bare::silent(&relay).await;
    let answer = bare.ask("hello", json!({"versions": ["skywave/9"]})).await;
    assert_error(
        &answer,
        "version-unsupported",
        &["this relay speaks skywave/1"],
    );
    bare.is_ended().await;
}

#[tokio::test]
async fn an_unknown_type_and_a_second_hello_are_answered_and_the_session_goes_on() {
    let relay = relay().await;
    let mut bare = Bare::open(&relay).await;
    let answer = bare.ask("poll:open", json!({})).await;
    assert_error(
        &answer,
        "unknown-type",
        &["no message has the type \"poll:open\""],
    );
    let answer = bare.hello(json!({})).await;
    assert_error(&answer, "hello-expected", &["hello comes once"]);
    bare.goes_on().await;
}

#[tokio::test]
async fn unknown_fields_are_ignored() {
    let relay = relay().await;
    let news = json!({"subject": "stranger", "colour": "green", "of": {"tomorrow": [1, 2]}});
    let mut bare = Bare::open_with(&relay, news).await;
    let answer = bare.ask("heartbeat", json!({"mood": null})).await;
    assert_eq!(answer["type"], "ok", "{answer}");
    let join = json!({"channelId": "here", "wait": true, "volume": 11});
    let answer = bare.ask("stream:join", join).await;
    assert_eq!(answer["type"], "ok", "{answer}");
}

#[tokio::test]
async fn a_second_bidirectional_stream_is_refused_in_words() {
    let relay = relay().await;
    let mut bare = Bare::open(&relay).await;
    // More than the connection allows at once: each refusal makes room for the next.
    for _ in 0..5 {
        let opening = within(bare.wt.open_bi()).await.expect("a stream");
        let (mut send, _recv) = opening.await.expect("a stream");
        assert_error(
            &bare.fault().await,
            "bad-stream",
            &["one bidirectional stream"],
        );
        within(send.stopped()).await;
    }
    bare.goes_on().await;
}

#[tokio::test]
async fn a_unidirectional_stream_with_a_bad_header_is_refused_in_words() {
    let relay = relay().await;
    let mut bare = Bare::open(&relay).await;
    let cases: [(&[u8], &str); 3] = [
        (
            b"GET / HTTP/1.1",
            "unidirectional stream: unknown kind 0x47",
        ),
        (b"\x01\x07", "clients open ingest streams only"),
        (
            b"\xff\xfb\x90\x64",
            "unidirectional stream: unknown kind 0xff",
        ),
    ];
    for (head, words) in cases {
        let mut stream = bare.stream(head).await;
        assert_error(&bare.fault().await, "bad-stream", &[words]);
        within(stream.stopped()).await;
    }
    let mut cut = bare.stream(b"\x02\xc0\x01").await;
    cut.finish().await.expect("finished");
    assert_error(
        &bare.fault().await,
        "bad-stream",
        &["it ends inside its header"],
    );
    bare.goes_on().await;
}

#[tokio::test]
async fn a_stream_for_a_broadcast_of_somebody_else_is_refused() {
    let relay = relay().await;
    let broadcast = relay.publisher("theirs").await;
    let mut bare = Bare::open(&relay).await;
    let mut head = Vec::new();
    skywave_wire::stream::Header::Ingest(broadcast.stream_id()).put(&mut head);
    let words = format!("this session publishes no stream {}", broadcast.stream_id());
    for _ in 0..2 {
        let mut stream = bare.stream(&head).await;
        assert_error(&bare.fault().await, "bad-stream", &[&words]);
        within(stream.stopped()).await;
    }
    bare.goes_on().await;
    broadcast.stop().await.expect("still on the air");
}

#[tokio::test]
async fn a_broadcast_has_one_ingest_stream() {
    let relay = relay().await;
    let mut bare = Bare::open(&relay).await;
    let started = bare.ask("stream:start", json!({"channelId": "here"})).await;
    let stream_id = skywave_wire::StreamId(started["streamId"].as_u64().expect("a number"));
    let mut head = Vec::new();
    skywave_wire::stream::Header::Ingest(stream_id).put(&mut head);
    // Each may be the one that is taken.
    let _streams = [bare.stream(&head).await, bare.stream(&head).await];
    let fault = bare.fault().await;
    assert_error(&fault, "bad-stream", &["has its ingest stream already"]);
    bare.goes_on().await;
}

#[tokio::test]
async fn an_address_has_no_more_sessions_than_it_may_until_one_goes() {
    let relay = relay_with("limits.sessions_per_address = 3").await;
    let mut sessions = Vec::new();
    for _ in 0..3 {
        sessions.push(relay.session("crowd").await);
    }
    let refused = relay.client().connect(&Identity::default()).await;
    let error = refused.err().expect("no place").to_string();
    assert!(error.contains("refused"), "{error}");
    assert_eq!(figure(&relay, &failures("address-full")), 1);
    sessions.pop();
    let freed = async {
        while relay.server.sessions() > 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    within(freed).await;
    relay.session("the next").await;
}

#[tokio::test]
async fn too_many_requests_are_slowed_and_all_answered() {
    let lines = "limits.control_per_second = 100\nlimits.control_burst = 20";
    let relay = relay_with(lines).await;
    let mut bare = Bare::open(&relay).await;
    let began = Instant::now();
    let requests: String = (1_000..1_100)
        .map(|id| format!("{{\"type\": \"heartbeat\", \"id\": {id}}}\n"))
        .collect();
    bare.say(requests.as_bytes()).await;
    for id in 1_000..1_100 {
        assert_eq!(bare.answer(id).await["type"], "ok");
    }
    // 80 of them were over the burst.
    let took = began.elapsed();
    assert!(took >= Duration::from_millis(700), "{took:?}");
    bare.goes_on().await;
}

#[tokio::test]
async fn a_page_of_another_origin_is_refused() {
    let relay = relay_with("server.allowed_origins = [\"https://radio.example\"]").await;
    assert_eq!(
        status(&relay, "/", Some("https://evil.example")).await,
        "403"
    );
    figure_reaches(&relay, &failures("origin"), 1).await;
    assert_eq!(
        status(&relay, "/", Some("https://radio.example")).await,
        "200"
    );
    let refused = connect(&relay.url, Some("https://evil.example")).await;
    let error = refused.err().expect("refused").to_string();
    assert!(error.contains("rejected"), "{error}");
    // Programs say no origin.
    relay.session("a program").await;
}

#[tokio::test]
async fn the_relays_own_page_is_let_in_whatever_the_list() {
    let relay = relay_with("server.allowed_origins = [\"https://radio.example\"]").await;
    let own = format!("http://{}", relay.server.pages_addresses()[0]);
    assert_eq!(status(&relay, "/", Some(&own)).await, "200");
    let other = "http://127.0.0.1:1";
    assert_eq!(status(&relay, "/", Some(other)).await, "403");
}

#[tokio::test]
async fn another_path_is_not_found() {
    let relay = relay().await;
    assert_eq!(status(&relay, "/moq", None).await, "404");
    figure_reaches(&relay, &failures("path"), 1).await;
    assert_eq!(status(&relay, "/?from=a+link", None).await, "200");
}

/// The status with which a session at this path is answered: HTTP/3's extended
/// CONNECT by hand (RFC 9220), since WebTransport clients do not tell it.
async fn status(relay: &Relay, path: &str, origin: Option<&str>) -> String {
    const CONTROL_STREAM: u8 = 0;
    let endpoint = quic_client();
    let connecting = endpoint.connect(relay.server.addresses()[0], "localhost");
    let connection = within(connecting.expect("a client"))
        .await
        .expect("a connection");
    let settings = Settings::builder()
        .enable_connect_protocol()
        .enable_webtransport()
        .enable_h3_datagrams()
        .webtransport_max_sessions(VarInt::from_u32(1))
        .build();
    let mut bytes = vec![CONTROL_STREAM];
    settings.generate_frame().write(&mut bytes).expect("room");
    let mut control = connection.open_uni().await.expect("a stream");
    control.write_all(&bytes).await.expect("written");

    let url = format!("{}{path}", relay.url);
    let mut request = SessionRequest::new(url).expect("a request");
    if let Some(origin) = origin {
        request
            .insert("origin", origin)
            .expect("no reserved header");
    }
    let mut bytes = Vec::new();
    request
        .headers()
        .generate_frame()
        .write(&mut bytes)
        .expect("room");
    let (mut send, mut recv) = connection.open_bi().await.expect("a stream");
    send.write_all(&bytes).await.expect("written");

    let mut answer = Vec::new();
    loop {
        let chunk = within(recv.read_chunk(4096, true))
            .await
            .expect("an answer");
        answer.extend_from_slice(&chunk.expect("a whole answer").bytes);
        let mut rest = &answer[..];
        if let Some(frame) = Frame::read(&mut rest).expect("a frame") {
            let headers = Headers::with_frame(&frame).expect("headers");
            return headers.get(":status").expect("a status").to_owned();
        }
    }
}
