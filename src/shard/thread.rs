//! A shard's thread and its sockets.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::rc::Rc;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context;
use skywave_transport::Endpoint;
use skywave_transport::quic::{EndpointConfig, ServerConfig};
use tokio::sync::mpsc;
use tokio::task::{JoinSet, LocalSet};
use tokio_util::task::TaskTracker;

use super::steering::{SteeringIds, steer};
use super::{Shard, ShardId, ShardLink, ShardMessage, acceptor, socket};
use crate::operations::CoreTask;
use crate::relay::Relay;

/// How long closed connections may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(1);

/// The sockets of every shard, one for each address, and the real addresses.
///
/// # Errors
/// An address cannot be bound, or the kernel does not steer.
pub(crate) fn bind_sockets(
    addresses: &[SocketAddr],
    shards: usize,
) -> anyhow::Result<(Vec<SocketAddr>, Vec<Vec<UdpSocket>>)> {
    let mut sockets: Vec<Vec<UdpSocket>> = (0..shards).map(|_| Vec::new()).collect();
    let mut bound = Vec::new();
    for &address in addresses {
        let group = socket::bind_group(address, shards)
            .and_then(|group| steer(&group).map(|()| group))
            .with_context(|| format!("cannot listen on {address} (UDP)"))?;
        bound.push(group[0].local_addr()?);
        for (shard, socket) in sockets.iter_mut().zip(group) {
            shard.push(socket);
        }
    }
    Ok((bound, sockets))
}

/// A running shard.
pub(crate) struct ShardThread(JoinHandle<()>);

impl ShardThread {
    /// Starts the thread. `task` lives as long as it does.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub(crate) fn start(
        id: ShardId,
        relay: Arc<Relay>,
        quic: ServerConfig,
        sockets: Vec<UdpSocket>,
        link: ShardLink,
        messages_rx: mpsc::Receiver<ShardMessage>,
        task: CoreTask,
    ) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let thread = std::thread::Builder::new().name(format!("shard-{}", id.0));
        let handle = thread.spawn(move || {
            let _task = task;
            let serve = serve(id, relay, quic, sockets, link, messages_rx);
            if let Err(error) = LocalSet::new().block_on(&runtime, serve) {
                tracing::error!(%error, "a socket of this shard cannot be used");
            }
        })?;
        Ok(Self(handle))
    }

    /// Waits until the thread has ended.
    pub(crate) fn join(self) {
        if self.0.join().is_err() {
            tracing::error!("a shard's thread panicked");
        }
    }
}

async fn serve(
    id: ShardId,
    relay: Arc<Relay>,
    quic: ServerConfig,
    sockets: Vec<UdpSocket>,
    link: ShardLink,
    messages_rx: mpsc::Receiver<ShardMessage>,
) -> io::Result<()> {
    let shards = relay.config.server.shards.get();
    let quic = Arc::new(quic);
    let mut endpoints = Vec::new();
    let mut drivers = JoinSet::new();
    for socket in sockets {
        let mut config = EndpointConfig::default();
        config.cid_generator(move || Box::new(SteeringIds::new(id, shards)));
        let (endpoint, driver) = Endpoint::new(socket, config, Some(quic.clone()))?;
        drivers.spawn_local(driver.run());
        endpoints.push(endpoint);
    }
    let shard = Rc::new(Shard::new(id, relay.clone(), link, endpoints.clone()));
    let sessions = TaskTracker::new();
    for endpoint in &endpoints {
        let accept = acceptor::run(shard.clone(), endpoint.clone(), sessions.clone());
        sessions.spawn_local(accept);
    }
    sessions.close();
    let ended = tokio::select! {
        () = shard.run(messages_rx) => Ok(()),
        () = async {
            relay.stopping.cancelled().await;
            sessions.wait().await;
        } => Ok(()),
        // None ends by itself before its endpoint is closed, unless it failed.
        Some(driven) = drivers.join_next() => {
            driven.unwrap_or_else(|panic| Err(io::Error::other(panic)))
        }
    };
    for endpoint in &endpoints {
        endpoint.close(0, b"the relay has stopped");
        let _ = tokio::time::timeout(GOODBYE, endpoint.idle()).await;
    }
    ended
}
