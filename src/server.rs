//! A running relay: everything is wired here, in order, and ends here.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::Context;
use skywave_transport::SparseAcks;
use skywave_transport::quic::crypto::rustls::QuicServerConfig;
use skywave_transport::quic::{IdleTimeout, ServerConfig, TransportConfig, VarInt};
use skywave_wire::ChannelId;
use skywave_wire::control::{Active, Event, Title};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::admission::Admission;
use crate::clock::Clock;
use crate::config::Config;
use crate::directory::Directory;
use crate::gate::Gate;
use crate::metrics::Metrics;
use crate::operations::{self, Health};
use crate::pages;
use crate::relay::Relay;
use crate::shard::{ShardId, ShardLink, ShardThread, bind_sockets};
use crate::supervision::{self, Supervision};
use crate::tls::{Certificates, server_crypto};

/// How often a server looks whether all sessions have gone, or a part has failed.
const LOOK: Duration = Duration::from_millis(50);

/// A relay that runs. Dropping it without [`stop`](Self::stop) leaves its threads
/// to the end of the process.
pub struct Server {
    relay: Arc<Relay>,
    health: Health,
    certificates: Arc<Certificates>,
    addresses: Vec<SocketAddr>,
    pages_addresses: Vec<SocketAddr>,
    operations_address: Option<SocketAddr>,
    shards: Vec<ShardThread>,
    tasks: TaskTracker,
    ended: CancellationToken,
}

impl Server {
    /// Starts a relay; once this returns every socket is bound and takes sessions.
    ///
    /// # Errors
    /// An address cannot be bound, or a certificate cannot be used.
    pub async fn bind(mut config: Config) -> anyhow::Result<Self> {
        let certificates = Certificates::load(&config.tls, SystemTime::now())?;
        let quic = quic_config(&config, certificates.clone())?;
        let shard_count = config.server.shards.get();
        let (addresses, sockets) = bind_sockets(&config.server.listen, shard_count)?;

        let metrics = Metrics::new();
        let health = Health::new();
        let ended = CancellationToken::new();
        let tasks = TaskTracker::new();
        let operations_address = match config.operations.listen {
            Some(address) => {
                let (metrics, health) = (metrics.clone(), health.clone());
                let (address, server) = operations::bind(address, metrics, health, ended.clone())
                    .await
                    .with_context(|| format!("cannot listen on {address} (operations, TCP)"))?;
                tasks.spawn(server);
                Some(address)
            }
            None => None,
        };
        let (pages_addresses, pages) = pages::bind(
            &config,
            &addresses,
            certificates.clone(),
            metrics.clone(),
            ended.clone(),
        )
        .await?;
        config.pages.listen = pages_addresses.clone();

        let clock = Clock::start();
        let (links, queues): (Vec<_>, Vec<_>) = (0..shard_count).map(|_| ShardLink::new()).unzip();
        let links: Arc<[ShardLink]> = links.into();
        let channels = config.channels.clone();
        let (supervision, occurrences_rx) = Supervision::new(&metrics);
        let relay = Arc::new(Relay {
            clock,
            gate: Gate::new(&config.auth),
            admission: Admission::new(&config.limits),
            directory: Directory::new(
                channels,
                clock,
                links.clone(),
                metrics.clone(),
                supervision.occurrences().clone(),
            ),
            supervision,
            metrics: metrics.clone(),
            draining: CancellationToken::new(),
            stopping: CancellationToken::new(),
            config,
        });
        let mut shards = Vec::new();
        for (n, (sockets, queue)) in sockets.into_iter().zip(queues).enumerate() {
            let task = health.core_task("a shard");
            let (relay, link) = (relay.clone(), links[n].clone());
            let id = ShardId(n);
            shards.push(ShardThread::start(
                id,
                relay,
                quic.clone(),
                sockets,
                link,
                queue,
                task,
            )?);
        }
        spawn_core(&tasks, &health, &ended, "the directory", {
            let relay = relay.clone();
            async move { relay.directory.tend().await }
        });
        if !pages_addresses.is_empty() {
            let task = health.core_task("the pages server");
            tasks.spawn(async move {
                let _task = task;
                pages.await;
            });
        }
        let supervising = supervision::run(relay.clone(), occurrences_rx);
        spawn_core(&tasks, &health, &ended, "the supervision", supervising);
        let watch = certificates.clone().watch(metrics, ended.clone());
        spawn_core(&tasks, &health, &ended, "the certificate watch", watch);
        tasks.close();
        health.ready();
        Ok(Self {
            relay,
            health,
            certificates,
            addresses,
            pages_addresses,
            operations_address,
            shards,
            tasks,
            ended,
        })
    }

    /// The UDP addresses that take WebTransport sessions, in the order of the
    /// configuration.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// The TCP addresses of the web pages, in the order of the configuration;
    /// none when they are off.
    pub fn pages_addresses(&self) -> &[SocketAddr] {
        &self.pages_addresses
    }

    /// The address of `/metrics`, `/healthz` and `/readyz`.
    pub fn operations_address(&self) -> Option<SocketAddr> {
        self.operations_address
    }

    /// SHA-256 of the certificate that the relay shows, in hexadecimal.
    pub fn certificate_sha256(&self) -> String {
        self.certificates.sha256_hex()
    }

    /// What is on the air, by channel.
    pub fn active(&self) -> Vec<Active> {
        self.relay.directory.active()
    }

    /// What plays on a channel at this moment.
    pub fn title(&self, channel: &ChannelId) -> Option<Title> {
        self.relay.directory.find(channel)?.title()
    }

    /// Sessions, handshakes included.
    pub fn sessions(&self) -> usize {
        self.relay.admission.sessions()
    }

    /// The relay's figures.
    pub fn metrics(&self) -> &Metrics {
        &self.relay.metrics
    }

    /// Waits until a part fails without which the relay cannot go on; names it.
    pub async fn failed(&self) -> &'static str {
        loop {
            if let Some(part) = self.health.failed() {
                return part;
            }
            sleep(LOOK).await;
        }
    }

    /// Takes no new sessions, ends the broadcasts, tells everyone, and gives the
    /// sessions the configured time to go. Then ends what is left.
    pub async fn stop(self) {
        self.health.draining();
        self.relay.draining.cancel();
        self.relay.directory.announce(&Event::Draining);
        self.relay.directory.end_all();
        let deadline = Instant::now() + self.relay.config.server.drain;
        while self.relay.admission.sessions() > 0 && Instant::now() < deadline {
            sleep(LOOK).await;
        }
        self.relay.stopping.cancel();
        for shard in self.shards {
            // A thread cannot be awaited; it ends within its own bounds.
            let _ = tokio::task::spawn_blocking(move || shard.join()).await;
        }
        self.ended.cancel();
        self.tasks.wait().await;
    }
}

/// A task that the relay needs, until it has ended.
fn spawn_core(
    tasks: &TaskTracker,
    health: &Health,
    ended: &CancellationToken,
    name: &'static str,
    work: impl Future<Output = ()> + Send + 'static,
) {
    let task = health.core_task(name);
    let ended = ended.clone();
    tasks.spawn(async move {
        let _task = task;
        ended.run_until_cancelled(work).await;
    });
}

fn quic_config(config: &Config, certificates: Arc<Certificates>) -> anyhow::Result<ServerConfig> {
    /// H3 takes three of them (control, QPACK encoder and decoder); what is left
    /// are ingest streams. Every permitted stream costs memory in each session.
    const UNI_STREAMS: u32 = 8;
    /// The session itself, its control stream, and two to be refused in words.
    const BIDI_STREAMS: u32 = 4;
    /// A publisher may send this far ahead of what has been read.
    const RECEIVE_WINDOW: u32 = 64 << 10;
    /// Until a session joins a channel; then its room sets it by the bitrate.
    const SEND_WINDOW: u64 = 128 << 10;
    /// Bounds how stale a datagram can be when it leaves.
    const DATAGRAM_SEND_BUFFER: usize = 64 << 10;
    const DATAGRAM_RECEIVE_BUFFER: usize = 16 << 10;
    /// A client that is there answers at least this often.
    const KEEP_ALIVE: Duration = Duration::from_secs(1);

    /// A loss is told with the packet that follows it, so that audio is repaired
    /// before a player's buffer has run out.
    const ACKS: SparseAcks = SparseAcks {
        packets: 8,
        delay: Duration::from_millis(250),
    };

    let crypto = Arc::new(QuicServerConfig::try_from(server_crypto(certificates)?)?);
    let mut transport = TransportConfig::default();
    let mut quic = ServerConfig::with_crypto(ACKS.ask(crypto, &mut transport));
    transport
        .max_concurrent_uni_streams(VarInt::from_u32(UNI_STREAMS))
        .max_concurrent_bidi_streams(VarInt::from_u32(BIDI_STREAMS))
        .stream_receive_window(VarInt::from_u32(RECEIVE_WINDOW))
        .receive_window(VarInt::from_u32(2 * RECEIVE_WINDOW))
        .send_window(SEND_WINDOW)
        .datagram_send_buffer_size(DATAGRAM_SEND_BUFFER)
        .datagram_receive_buffer_size(Some(DATAGRAM_RECEIVE_BUFFER))
        .max_idle_timeout(Some(IdleTimeout::try_from(config.server.idle_timeout)?))
        .keep_alive_interval(Some(KEEP_ALIVE));
    quic.transport_config(Arc::new(transport));
    Ok(quic)
}
