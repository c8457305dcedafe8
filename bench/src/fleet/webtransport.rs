//! The sockets that WebTransport listeners share.

use std::cell::{Cell, RefCell};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use rustls::RootCertStore;
use rustls::client::Resumption;
use skywave_transport::quic::crypto::rustls::QuicClientConfig;
use skywave_transport::quic::{ClientConfig, EndpointConfig, IdleTimeout, TransportConfig, VarInt};
use skywave_transport::{Endpoint, Session};
use tokio::net::lookup_host;
use tokio::task::{AbortHandle, spawn_local};
use url::Url;
use wtransport::tls::client::{NoServerVerification, build_default_tls_config};

use super::Task;
use crate::floor::batch::enlarge;
use detour::Detour;

mod detour;

/// Listeners that share a socket: more would overflow its buffer when a group comes
/// to all of them at once.
const SESSIONS_A_SOCKET: usize = 64;
const RECEIVE_BUFFER: usize = 4 << 20;
const CONNECT_PATIENCE: Duration = Duration::from_secs(20);

/// Connects to one server, from as many sockets as it takes.
#[derive(Clone)]
pub(super) struct Sockets(Rc<Inner>);

struct Inner {
    url: Url,
    config: ClientConfig,
    /// The socket in use, and how many more sessions it may carry.
    current: RefCell<Option<Socket>>,
    left: Cell<usize>,
    /// Each session has a socket of its own, behind a path whose port changes.
    migrating: bool,
    detours: RefCell<Vec<Detour>>,
}

#[derive(Clone)]
struct Socket {
    endpoint: Endpoint,
    server: SocketAddr,
    _driver: Rc<Driver>,
}

struct Driver(AbortHandle);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Sockets {
    pub(super) fn new(url: &str, migrating: bool) -> anyhow::Result<Self> {
        Ok(Self(Rc::new(Inner {
            url: Url::parse(url)?,
            config: config()?,
            current: RefCell::new(None),
            left: Cell::new(0),
            migrating,
            detours: RefCell::default(),
        })))
    }

    /// A session at this path of the server, with the endpoint that carries it.
    pub(super) async fn connect(&self, path: &str) -> anyhow::Result<(Session, Held)> {
        let socket = self.socket().await?;
        let inner = &self.0;
        let host = inner.url.host_str().context("no host in the URL")?;
        let url = inner.url.join(path)?;
        let endpoint = socket.endpoint.clone();
        let config = inner.config.clone();
        let connecting = endpoint.connect(config, socket.server, host, url.as_str());
        let session = tokio::time::timeout(CONNECT_PATIENCE, connecting)
            .await
            .context("no answer to a handshake")??;
        Ok((session, Held(socket)))
    }

    /// Every session continues from another port.
    pub(super) async fn rebind(&self) -> anyhow::Result<u64> {
        let detours = self.0.detours.borrow();
        for detour in &*detours {
            detour.change_port();
        }
        Ok(detours.len() as u64)
    }

    async fn socket(&self) -> anyhow::Result<Socket> {
        let inner = &self.0;
        if inner.migrating {
            let detour = Detour::start(inner.server().await?).await?;
            let socket = open(detour.address())?;
            inner.detours.borrow_mut().push(detour);
            return Ok(socket);
        }
        let server = inner.server().await?;
        if inner.left.get() == 0 {
            *inner.current.borrow_mut() = Some(open(server)?);
            inner.left.set(SESSIONS_A_SOCKET);
        }
        inner.left.set(inner.left.get() - 1);
        inner.current.borrow().clone().context("no socket")
    }
}

impl Inner {
    async fn server(&self) -> anyhow::Result<SocketAddr> {
        let host = self.url.host_str().context("no host in the URL")?;
        let port = self.url.port_or_known_default().context("no port")?;
        let mut addresses = lookup_host((host, port)).await?;
        addresses.next().context("no address")
    }
}

/// Keeps a session's socket open.
pub(super) struct Held(Socket);

impl Held {
    /// Sends what was written, now.
    pub(super) fn send_batch(&self) {
        self.0.endpoint.send_batch();
    }
}

fn open(server: SocketAddr) -> anyhow::Result<Socket> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    enlarge(&socket, RECEIVE_BUFFER)?;
    let (endpoint, driver) = Endpoint::new(socket, EndpointConfig::default(), None)?;
    let driver = spawn_local(async move {
        if let Err(error) = driver.run().await {
            eprintln!("a socket of the generator failed: {error}");
        }
    });
    Ok(Socket {
        endpoint,
        server,
        _driver: Rc::new(Driver(driver.abort_handle())),
    })
}

/// What a listener of this project has, and no session tickets: listeners are
/// strangers, each with a whole handshake.
fn config() -> anyhow::Result<ClientConfig> {
    const UNI_STREAMS: u32 = 16;
    const RECEIVE_WINDOW: u32 = 256 << 10;
    const DATAGRAM_BUFFER: usize = 64 << 10;
    const IDLE: Duration = Duration::from_secs(60);
    let verifier = Arc::new(NoServerVerification::new());
    let no_roots = Arc::new(RootCertStore::empty());
    let mut tls = build_default_tls_config(no_roots, Some(verifier));
    tls.resumption = Resumption::disabled();
    let mut transport = TransportConfig::default();
    transport
        .max_concurrent_uni_streams(VarInt::from_u32(UNI_STREAMS))
        .max_concurrent_bidi_streams(VarInt::from_u32(0))
        .stream_receive_window(VarInt::from_u32(RECEIVE_WINDOW))
        .receive_window(VarInt::from_u32(2 * RECEIVE_WINDOW))
        .datagram_receive_buffer_size(Some(DATAGRAM_BUFFER))
        .max_idle_timeout(Some(IdleTimeout::try_from(IDLE)?));
    let mut config = ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls)?));
    config.transport_config(Arc::new(transport));
    Ok(config)
}

/// Boxes a future, for [`super::Fleet`].
pub(super) fn task<'a, T>(future: impl Future<Output = anyhow::Result<T>> + 'a) -> Task<'a, T> {
    Box::pin(future)
}
