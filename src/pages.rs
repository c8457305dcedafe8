//! The pages server: the web pages of the relay, and where they find it.
//!
//! It owns its TCP sockets and shares nothing with the sessions: whatever its
//! clients do, no frame waits for them. Over HTTP it shows what everyone may
//! see; nothing that a client sends is kept.

mod answer;
mod compression;
mod connections;
mod files;
mod headers;
mod relay_url;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use futures_util::future::join_all;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::{Config, Tls};
use crate::metrics::Metrics;
use crate::tls::{Certificates, https_crypto};
use answer::{Shown, answer};
use compression::Compressed;
use connections::Connections;
use files::Files;
use relay_url::RelayUrls;

/// How long a client may take for the TLS handshake, and for the head of each
/// request; a connection without a request is closed after as long.
const PATIENCE: Duration = Duration::from_secs(10);

/// A connection takes no further request once it is this old.
const LONGEST: Duration = Duration::from_secs(120);

/// What a client that reads slowly then still gets for the answer under way.
const SLOWEST: Duration = Duration::from_secs(60);

/// How long answers under way may take to end after the shutdown.
const LINGER: Duration = Duration::from_secs(2);

/// The longest head of a request.
const HEAD_BYTES: usize = 16 << 10;

/// Before the next attempt when the system has no descriptor left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// Connections that the system completes before they are taken.
const BACKLOG: i32 = 256;

/// Binds the addresses of `config.pages` (port 0 takes a free one) and returns
/// the real ones, in the same order, and the server, which runs as long as it
/// is polled. After `shutdown` it takes no more requests, and ends once those
/// under way have, or after two seconds.
///
/// `relay` are the UDP addresses at which the relay really listens.
///
/// # Errors
/// An address cannot be bound, or rustls refuses the settings.
pub(crate) async fn bind(
    config: &Config,
    relay: &[SocketAddr],
    certificates: Arc<Certificates>,
    metrics: Metrics,
    shutdown: CancellationToken,
) -> anyhow::Result<(Vec<SocketAddr>, impl Future<Output = ()> + Send + 'static)> {
    let mut addresses = Vec::new();
    let mut listeners = Vec::new();
    for &address in &config.pages.listen {
        let bound = listener(address)
            .and_then(|listener| Ok((listener.local_addr()?, listener)))
            .with_context(|| format!("cannot listen on {address} (pages, TCP)"))?;
        addresses.push(bound.0);
        listeners.push(bound.1);
    }
    let tls = match config.tls {
        Tls::Development { .. } => None,
        Tls::Files { .. } => Some(TlsAcceptor::from(Arc::new(https_crypto(
            certificates.clone(),
        )?))),
    };
    let shown = Shown {
        files: Files::new(config.pages.dir.clone()),
        compressed: Compressed::default(),
        relay_urls: RelayUrls::new(config.pages.webtransport_url.clone(), relay),
        development: matches!(config.tls, Tls::Development { .. }).then_some(certificates),
        auth: config.auth.name(),
        metrics,
    };
    let server = Arc::new(Server {
        shown: Arc::new(shown),
        tls,
        connections: Connections::new(&config.limits),
        tasks: TaskTracker::new(),
        shutdown,
    });
    let run = async move {
        join_all(
            listeners
                .into_iter()
                .map(|listener| server.accept(listener)),
        )
        .await;
        server.tasks.close();
        server.tasks.wait().await;
    };
    Ok((addresses, run))
}

fn listener(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    if address.is_ipv6() {
        // Other addresses of the configuration may use the same port on IPv4.
        socket.set_only_v6(true)?;
    }
    // A relay that starts again shall not wait for the connections of the last.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

struct Server {
    shown: Arc<Shown>,
    tls: Option<TlsAcceptor>,
    connections: Connections,
    tasks: TaskTracker,
    shutdown: CancellationToken,
}

impl Server {
    async fn accept(self: &Arc<Self>, listener: TcpListener) {
        loop {
            let accepted = tokio::select! {
                () = self.shutdown.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) if is_the_clients(&error) => continue,
                Err(error) => {
                    tracing::warn!(%error, "no connection can be taken for the pages");
                    sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let place = match self.connections.admit(peer.ip()) {
                Ok(place) => place,
                Err(full) => {
                    self.refused(peer, full.reason());
                    continue;
                }
            };
            let server = Arc::clone(self);
            self.tasks.spawn(async move {
                server.connection(stream, peer).await;
                drop(place);
            });
        }
    }

    async fn connection(&self, stream: TcpStream, peer: SocketAddr) {
        // Without it answers are only slower.
        let _ = stream.set_nodelay(true);
        let Some(tls) = &self.tls else {
            return self.talk(stream).await;
        };
        let handshake = tokio::select! {
            () = self.shutdown.cancelled() => return,
            handshake = timeout(PATIENCE, tls.accept(stream)) => handshake,
        };
        match handshake {
            Ok(Ok(stream)) => self.talk(stream).await,
            Ok(Err(_)) => self.refused(peer, "tls"),
            Err(_) => self.refused(peer, "timeout"),
        }
    }

    async fn talk(&self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        let shown = &self.shown;
        let service = service_fn(|request| {
            let shown = Arc::clone(shown);
            async move { Ok::<_, std::convert::Infallible>(answer(&shown, &request).await) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(PATIENCE)
            .max_buf_size(HEAD_BYTES)
            .serve_connection(TokioIo::new(stream), service);
        let mut connection = pin!(connection);
        // How it ends is the client's affair.
        tokio::select! {
            _ = connection.as_mut() => return,
            () = self.shutdown.cancelled() => {}
            () = sleep(LONGEST) => {
                connection.as_mut().graceful_shutdown();
                tokio::select! {
                    _ = timeout(SLOWEST, connection.as_mut()) => return,
                    () = self.shutdown.cancelled() => {}
                }
            }
        }
        connection.as_mut().graceful_shutdown();
        let _ = timeout(LINGER, connection).await;
    }

    fn refused(&self, peer: SocketAddr, reason: &'static str) {
        tracing::debug!(%peer, reason, "connection to the pages refused");
        self.shown.metrics.pages_refused(reason).increment(1);
    }
}

fn is_the_clients(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
    )
}
