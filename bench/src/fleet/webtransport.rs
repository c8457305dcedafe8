//! The sockets that WebTransport listeners share. A listener connects and joins with
//! a whole QUIC stack; once all of a socket's listeners hear, [`lean`] goes on with it.

use std::cell::{Cell, RefCell};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use rustls::RootCertStore;
use rustls::client::Resumption;
use skywave_transport::quic::crypto::rustls::QuicClientConfig;
use skywave_transport::quic::{
    ClientConfig, EndpointConfig, IdleTimeout, TransportConfig, VarInt, crypto,
};
use skywave_transport::{Endpoint, Session, without_sparse_acks};
use tokio::net::lookup_host;
use tokio::task::{JoinHandle, spawn_local};
use url::Url;
use wtransport::tls::client::{NoServerVerification, build_default_tls_config};

use super::Task;
use crate::floor::batch::enlarge;
use crate::relay::Acknowledging;
use detour::Detour;
use handover::{Seat, hand_over_when_all_hear};
use lean::Room;
use tap::Tap;

mod detour;
mod frames;
mod handover;
mod lean;
mod ranges;
mod tap;

/// Listeners that share a socket: more would overflow its buffer when a group comes
/// to all of them at once.
const SESSIONS_A_SOCKET: usize = 64;
const RECEIVE_BUFFER: usize = 4 << 20;
const CONNECT_PATIENCE: Duration = Duration::from_secs(20);
/// Nobody is expected any more on a socket to which nobody has come for so long.
const QUIET: Duration = Duration::from_millis(300);

/// What a listener makes of its audio.
pub(super) trait Hearing {
    /// The next bytes, which came at `now`.
    ///
    /// # Errors
    /// They cannot be read: the listener hears no more.
    fn hear(&mut self, bytes: &[u8], now: Instant) -> anyhow::Result<()>;

    /// The stream has ended; the next one begins anew.
    ///
    /// # Errors
    /// None should follow.
    fn ended(&mut self) -> anyhow::Result<()>;

    /// The datagram that it sends now: it is asked once a second.
    fn say(&mut self) -> Option<Vec<u8>> {
        None
    }
}

/// Connects to one server, from as many sockets as it takes.
#[derive(Clone)]
pub(super) struct Sockets(Rc<Inner>);

struct Inner {
    url: Url,
    tls: Arc<dyn crypto::ClientConfig>,
    transport: Arc<TransportConfig>,
    /// The newest socket.
    current: RefCell<Option<Rc<Socket>>>,
    /// Each session has a socket of its own, behind a path whose port changes.
    migrating: bool,
    detours: RefCell<Vec<Detour>>,
    room: Rc<RefCell<Room>>,
}

struct Socket {
    endpoint: Endpoint,
    driver: Cell<Option<JoinHandle<()>>>,
    udp: UdpSocket,
    server: SocketAddr,
    /// Sessions that it has carried, and those of them that do not hear yet.
    sessions: Cell<usize>,
    arriving: Cell<usize>,
    last_came: Cell<Instant>,
    seats: RefCell<Vec<Seat>>,
    is_handed_over: Cell<bool>,
}

/// A session and its socket.
pub(super) struct Connected {
    pub(super) session: Session,
    tap: Arc<Tap>,
    arrival: Arrival,
}

/// A session that does not hear yet.
struct Arrival(Rc<Socket>);

impl Sockets {
    pub(super) fn new(
        url: &str,
        migrating: bool,
        acknowledging: Acknowledging,
    ) -> anyhow::Result<Self> {
        let tls: Arc<dyn crypto::ClientConfig> = Arc::new(tls()?);
        Ok(Self(Rc::new(Inner {
            url: Url::parse(url)?,
            tls: match acknowledging {
                Acknowledging::AsAsked => tls,
                Acknowledging::AsBrowsers => without_sparse_acks(tls),
            },
            transport: Arc::new(transport()?),
            current: RefCell::new(None),
            migrating,
            detours: RefCell::default(),
            room: Rc::new(RefCell::new(Room::new())),
        })))
    }

    /// A session at this path of the server.
    pub(super) async fn connect(&self, path: &str) -> anyhow::Result<Connected> {
        let arrival = Arrival::at(self.socket().await?);
        let inner = &self.0;
        let host = inner.url.host_str().context("no host in the URL")?;
        let url = inner.url.join(path)?;
        let tap = Arc::<Tap>::default();
        let mut config = ClientConfig::new(tap.config(inner.tls.clone()));
        config.transport_config(inner.transport.clone());
        let socket = &arrival.0;
        let connecting = socket
            .endpoint
            .connect(config, socket.server, host, url.as_str());
        let session = tokio::time::timeout(CONNECT_PATIENCE, connecting)
            .await
            .context("no answer to a handshake")??;
        Ok(Connected {
            session,
            tap,
            arrival,
        })
    }

    /// Every session continues from another port.
    pub(super) async fn rebind(&self) -> anyhow::Result<u64> {
        let detours = self.0.detours.borrow();
        for detour in &*detours {
            detour.change_port();
        }
        Ok(detours.len() as u64)
    }

    /// The socket of the next session.
    async fn socket(&self) -> anyhow::Result<Rc<Socket>> {
        let inner = &self.0;
        let server = inner.server().await?;
        if inner.migrating {
            let detour = Detour::start(server).await?;
            let socket = Socket::open(detour.address())?;
            inner.detours.borrow_mut().push(detour);
            return Ok(socket);
        }
        let mut current = inner.current.borrow_mut();
        if let Some(socket) = &*current
            && socket.takes_more()
        {
            return Ok(socket.clone());
        }
        let socket = Socket::open(server)?;
        let room = inner.room.clone();
        spawn_local(hand_over_when_all_hear(Rc::downgrade(&socket), room));
        Ok(current.insert(socket).clone())
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

impl Socket {
    fn open(server: SocketAddr) -> anyhow::Result<Rc<Self>> {
        let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        enlarge(&udp, RECEIVE_BUFFER)?;
        let (endpoint, driver) = Endpoint::new(udp.try_clone()?, EndpointConfig::default(), None)?;
        let driver = spawn_local(async move {
            if let Err(error) = driver.run().await {
                eprintln!("a socket of the generator failed: {error}");
            }
        });
        Ok(Rc::new(Self {
            endpoint,
            driver: Cell::new(Some(driver)),
            udp,
            server,
            sessions: Cell::new(0),
            arriving: Cell::new(0),
            last_came: Cell::new(Instant::now()),
            seats: RefCell::default(),
            is_handed_over: Cell::new(false),
        }))
    }

    fn is_full(&self) -> bool {
        self.sessions.get() == SESSIONS_A_SOCKET
    }

    fn takes_more(&self) -> bool {
        !self.is_full() && !self.is_handed_over.get()
    }

    /// Nobody else comes, and all who came hear.
    fn is_complete(&self) -> bool {
        let waited = self.is_full() || self.last_came.get().elapsed() > QUIET;
        let seats = self.seats.borrow();
        waited && self.arriving.get() == 0 && !seats.is_empty() && seats.iter().all(Seat::is_ready)
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if let Some(driver) = self.driver.take() {
            driver.abort();
        }
    }
}

impl Arrival {
    fn at(socket: Rc<Socket>) -> Self {
        socket.sessions.set(socket.sessions.get() + 1);
        socket.arriving.set(socket.arriving.get() + 1);
        socket.last_came.set(Instant::now());
        Self(socket)
    }
}

impl Drop for Arrival {
    fn drop(&mut self) {
        self.0.arriving.set(self.0.arriving.get() - 1);
    }
}

impl Connected {
    /// Sends what was written, now.
    pub(super) fn send_batch(&self) {
        self.arrival.0.endpoint.send_batch();
    }
}

fn tls() -> anyhow::Result<QuicClientConfig> {
    let verifier = Arc::new(NoServerVerification::new());
    let no_roots = Arc::new(RootCertStore::empty());
    let mut tls = build_default_tls_config(no_roots, Some(verifier));
    // Listeners are strangers, each with a whole handshake.
    tls.resumption = Resumption::disabled();
    Ok(QuicClientConfig::try_from(tls)?)
}

/// What a listener of this project has, but for its windows: nobody widens them later.
fn transport() -> anyhow::Result<TransportConfig> {
    const UNI_STREAMS: u32 = 16;
    const DATAGRAM_BUFFER: usize = 64 << 10;
    const IDLE: Duration = Duration::from_secs(60);
    let mut transport = TransportConfig::default();
    transport
        .max_concurrent_uni_streams(VarInt::from_u32(UNI_STREAMS))
        .max_concurrent_bidi_streams(VarInt::from_u32(0))
        .stream_receive_window(VarInt::MAX)
        .receive_window(VarInt::MAX)
        .datagram_receive_buffer_size(Some(DATAGRAM_BUFFER))
        .max_idle_timeout(Some(IdleTimeout::try_from(IDLE)?));
    Ok(transport)
}

/// Boxes a future, for [`super::Fleet`].
pub(super) fn task<'a, T>(future: impl Future<Output = anyhow::Result<T>> + 'a) -> Task<'a, T> {
    Box::pin(future)
}

#[cfg(test)]
mod tests;
