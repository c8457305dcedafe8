use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{Health, bind};
use crate::metrics::Metrics;

struct Running {
    address: SocketAddr,
    metrics: Metrics,
    health: Health,
    shutdown: CancellationToken,
    server: JoinHandle<std::io::Result<()>>,
}

async fn start() -> Running {
    let metrics = Metrics::new();
    let health = Health::new();
    let shutdown = CancellationToken::new();
    let (address, server) = bind(
        SocketAddr::from(([127, 0, 0, 1], 0)),
        metrics.clone(),
        health.clone(),
        shutdown.clone(),
    )
    .await
    .expect("a free port");
    Running {
        address,
        metrics,
        health,
        shutdown,
        server: tokio::spawn(server),
    }
}

impl Running {
    async fn get(&self, path: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.address)
            .await
            .expect("a connection");
        let request = format!("GET {path} HTTP/1.1\r\nhost: relay\r\nconnection: close\r\n\r\n");
        stream
            .write_all(request.as_bytes())
            .await
            .expect("a request");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("an answer");
        let (head, body) = answer.split_once("\r\n\r\n").expect("head and body");
        let status = head
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok())
            .expect("a status");
        (status, body.to_owned())
    }
}

#[tokio::test]
async fn metrics_are_shown() {
    let running = start().await;
    running.metrics.frames_in.increment(41);
    let (status, body) = running.get("/metrics").await;
    assert_eq!(status, 200);
    assert!(body.contains("\nskywave_frames_in_total 41\n"), "{body}");
}

#[tokio::test]
async fn readiness_follows_the_life_of_the_relay() {
    let running = start().await;
    let core = running.health.core_task("shard");
    assert_eq!(running.get("/readyz").await, (503, "starting\n".to_owned()));
    running.health.ready();
    assert_eq!(running.get("/readyz").await, (200, "ready\n".to_owned()));
    running.health.draining();
    assert_eq!(running.get("/readyz").await, (503, "draining\n".to_owned()));
    running.health.ready();
    assert_eq!(running.get("/readyz").await, (503, "draining\n".to_owned()));
    drop(core);
    assert_eq!(running.get("/healthz").await, (200, "ok\n".to_owned()));
}

#[tokio::test]
async fn the_end_of_a_core_task_is_unhealthy() {
    let running = start().await;
    running.health.ready();
    let core = running.health.core_task("shard 0");
    let failing = tokio::spawn(async move {
        let _core = core;
        panic!("a core task fails, as this test wants");
    });
    assert!(failing.await.is_err());
    let (status, words) = running.get("/healthz").await;
    assert_eq!((status, words.as_str()), (503, "shard 0 has ended\n"));
    assert_eq!(running.get("/readyz").await.0, 503);
}

#[tokio::test]
async fn an_unknown_path_is_answered_with_json() {
    let running = start().await;
    let (status, body) = running.get("/nothing").await;
    assert_eq!(status, 404);
    let body: serde_json::Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!(body["error"], "not-found");
}

#[tokio::test]
async fn it_ends_after_the_shutdown() {
    let running = start().await;
    assert_eq!(running.get("/healthz").await.0, 200);
    running.shutdown.cancel();
    running
        .server
        .await
        .expect("no panic")
        .expect("a clean end");
    assert!(TcpStream::connect(running.address).await.is_err());
}
