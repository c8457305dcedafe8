//! The operations server: `/metrics`, `/healthz` and `/readyz`, on a socket
//! of its own. It answers whatever the relay's sessions do, and shows nothing
//! secret.

#[cfg(test)]
mod tests;

use std::future::{Future, IntoFuture};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::metrics::Metrics;

/// How long open requests may take to end after the shutdown.
const LINGER: Duration = Duration::from_secs(2);

/// Whether the relay lives, and whether it takes sessions. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Health(Arc<Mutex<Condition>>);

#[derive(Debug, Default)]
struct Condition {
    phase: Phase,
    failed: Option<&'static str>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Starting,
    Ready,
    Draining,
}

impl Health {
    /// A relay that is starting: alive, not ready.
    pub fn new() -> Self {
        Self::default()
    }

    /// Every socket is bound. Has no effect once draining.
    pub fn ready(&self) {
        self.change(|condition| {
            if condition.phase == Phase::Starting {
                condition.phase = Phase::Ready;
            }
        });
    }

    /// No new sessions from now on; core tasks may end.
    pub fn draining(&self) {
        self.change(|condition| condition.phase = Phase::Draining);
    }

    /// A task without which the relay is not healthy. If the guard is dropped
    /// before [`Health::draining`], whether by a return or a panic, the relay
    /// is unhealthy for good.
    #[must_use]
    pub fn core_task(&self, name: &'static str) -> CoreTask {
        CoreTask {
            health: self.clone(),
            name,
        }
    }

    /// The core task that ended while it should not have.
    pub fn failed(&self) -> Option<&'static str> {
        self.look(|condition| condition.failed)
    }

    /// Whether the relay takes sessions.
    pub fn is_ready(&self) -> bool {
        self.look(|condition| condition.phase == Phase::Ready && condition.failed.is_none())
    }

    fn change(&self, change: impl FnOnce(&mut Condition)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn look<T>(&self, look: impl FnOnce(&Condition) -> T) -> T {
        look(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Lives as long as a core task does.
#[derive(Debug)]
pub struct CoreTask {
    health: Health,
    name: &'static str,
}

impl Drop for CoreTask {
    fn drop(&mut self) {
        self.health.change(|condition| {
            if condition.phase != Phase::Draining {
                condition.failed.get_or_insert(self.name);
            }
        });
    }
}

#[derive(Clone)]
struct Shown {
    metrics: Metrics,
    health: Health,
}

/// Binds `address` (port 0 takes a free one) and returns the real address and
/// the server, which runs as long as it is polled. After `shutdown` it takes
/// no more requests, and ends once those under way have, or after two seconds.
///
/// # Errors
/// When the address cannot be bound.
pub async fn bind(
    address: SocketAddr,
    metrics: Metrics,
    health: Health,
    shutdown: CancellationToken,
) -> io::Result<(
    SocketAddr,
    impl Future<Output = io::Result<()>> + Send + 'static,
)> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    let router = Router::new()
        .route("/metrics", get(metrics_page))
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .fallback(not_found)
        .with_state(Shown { metrics, health });
    let serve = axum::serve(listener, router)
        .with_graceful_shutdown(shutdown.clone().cancelled_owned())
        .into_future();
    let server = async move {
        tokio::select! {
            outcome = serve => outcome,
            () = async {
                shutdown.cancelled().await;
                tokio::time::sleep(LINGER).await;
            } => Ok(()),
        }
    };
    Ok((address, server))
}

async fn metrics_page(State(shown): State<Shown>) -> impl IntoResponse {
    let version = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, version)], shown.metrics.render())
}

async fn healthz(State(shown): State<Shown>) -> Response {
    match shown.health.failed() {
        None => "ok\n".into_response(),
        Some(task) => unavailable(format!("{task} has ended\n")),
    }
}

async fn readyz(State(shown): State<Shown>) -> Response {
    if shown.health.is_ready() {
        return "ready\n".into_response();
    }
    let phase = shown.health.look(|condition| condition.phase);
    unavailable(
        match phase {
            Phase::Starting => "starting\n",
            Phase::Draining => "draining\n",
            Phase::Ready => "a core task has ended\n",
        }
        .to_owned(),
    )
}

fn unavailable(words: String) -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, words).into_response()
}

async fn not_found() -> impl IntoResponse {
    (
        StatusCode::NOT_FOUND,
        [(header::CONTENT_TYPE, "application/json")],
        "{\"error\":\"not-found\",\"paths\":[\"/metrics\",\"/healthz\",\"/readyz\"]}\n",
    )
}
