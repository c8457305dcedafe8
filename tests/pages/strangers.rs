//! Slow, greedy and rude clients, and the end of the relay.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::site::{PATIENCE, SCRIPT, Site, read, within};

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost:8080\r\n\r\n";

/// Reads until the connection ends, in whatever way.
async fn ended(stream: &mut TcpStream) -> Vec<u8> {
    let mut rest = Vec::new();
    // It may end as a reset.
    let _ = within(stream.read_to_end(&mut rest)).await;
    rest
}

/// One answer of a connection that stays open.
async fn one_answer(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    let mut buffer = [0; 4096];
    loop {
        let read = within(stream.read(&mut buffer)).await.expect("an answer");
        assert_ne!(read, 0, "the connection ended after {text:?}");
        text += std::str::from_utf8(&buffer[..read]).expect("UTF-8");
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .expect("a length");
            if body.len() >= length.parse().expect("a number") {
                return text;
            }
        }
    }
}

#[tokio::test]
async fn one_connection_serves_many_requests() {
    let site = Site::open().await;
    let mut stream = site.connect().await;
    for _ in 0..5 {
        stream.write_all(REQUEST).await.expect("asked");
        let answer = one_answer(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    }
}

#[tokio::test]
async fn who_asks_too_slowly_is_let_go_and_nobody_waits() {
    let site = Site::open().await;
    let began = Instant::now();
    let mut silent = site.connect().await;
    let mut slow = site.connect().await;
    slow.write_all(b"GET / HTTP/1.1\r\nHost: loc")
        .await
        .expect("sent");
    let mut idle = site.connect().await;
    idle.write_all(REQUEST).await.expect("asked");
    one_answer(&mut idle).await;
    assert_eq!(site.get("/").await.status, 200);
    assert!(began.elapsed() < Duration::from_secs(8), "nobody waits");
    for stream in [&mut silent, &mut slow, &mut idle] {
        ended(stream).await;
    }
    assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_head_that_is_too_long_is_refused() {
    let site = Site::open().await;
    let mut stream = site.connect().await;
    let long = format!(
        "GET / HTTP/1.1\r\nHost: localhost\r\nCookie: {}\r\n\r\n",
        "a".repeat(100_000)
    );
    // The relay may have closed before all is sent.
    let _ = stream.write_all(long.as_bytes()).await;
    let answer = ended(&mut stream).await;
    let answer = String::from_utf8_lossy(&answer);
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 431"),
        "{answer}"
    );
    assert_eq!(site.get("/").await.status, 200);
}

#[tokio::test]
async fn a_body_is_not_read() {
    let site = Site::open().await;
    let mut stream = site.connect().await;
    stream
        .write_all(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\r\n")
        .await
        .expect("sent");
    let answer = read(&mut stream).await;
    assert_eq!(answer.status, 405);
}

#[tokio::test]
async fn garbage_gets_an_error_and_harms_nobody() {
    let site = Site::open().await;
    for garbage in [
        &b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03"[..],
        b"SSH-2.0-Go\r\n\r\n",
        b"GET\r\n\r\n",
        b"\0\0\0\0\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        let mut stream = site.connect().await;
        stream.write_all(garbage).await.expect("sent");
        stream.shutdown().await.expect("ended");
        let answer = ended(&mut stream).await;
        let answer = String::from_utf8_lossy(&answer);
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 4"),
            "{answer}"
        );
    }
    assert_eq!(site.get("/").await.status, 200);
}

#[tokio::test]
async fn one_connection_too_many_is_closed_at_once() {
    let site = Site::open_with("[limits]\npage_connections = 3\n").await;
    let mut held = Vec::new();
    for _ in 0..3 {
        let mut stream = site.connect().await;
        stream.write_all(REQUEST).await.expect("asked");
        one_answer(&mut stream).await;
        held.push(stream);
    }
    assert_eq!(ended(&mut site.connect().await).await, b"");
    let refused = "skywave_pages_refused_total{reason=\"full\"} 1";
    let figures = site.server.metrics().render();
    assert!(figures.contains(refused), "{figures}");
    held.pop();
    let first = within(async {
        loop {
            let mut stream = site.connect().await;
            let mut first = [0; 15];
            if stream.write_all(REQUEST).await.is_ok()
                && stream.read_exact(&mut first).await.is_ok()
            {
                return first;
            }
        }
    })
    .await;
    assert_eq!(&first, b"HTTP/1.1 200 OK");
}

#[tokio::test]
async fn a_stopping_relay_ends_what_idles_at_once() {
    let site = Site::open().await;
    let address = site.address();
    let mut idle = site.connect().await;
    idle.write_all(REQUEST).await.expect("asked");
    one_answer(&mut idle).await;
    let mut silent = site.connect().await;
    silent.write_all(b"GET").await.expect("sent");
    let began = Instant::now();
    within(site.server.stop()).await;
    assert!(
        began.elapsed() < Duration::from_secs(8),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(ended(&mut idle).await, b"");
    ended(&mut silent).await;
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_client_that_does_not_read_delays_the_end_by_its_bound_alone() {
    let site = Site::open().await;
    site.rewrite(&SCRIPT[1..], &"a".repeat(32 << 20));
    let mut greedy = site.connect().await;
    let request = format!("GET {SCRIPT} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    greedy.write_all(request.as_bytes()).await.expect("asked");
    let mut first = [0; 1];
    within(greedy.read_exact(&mut first))
        .await
        .expect("it begins");
    let began = Instant::now();
    within(site.server.stop()).await;
    assert!(
        began.elapsed() < Duration::from_secs(8),
        "{:?}",
        began.elapsed()
    );
}
