//! A shard's thread and its sockets.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::rc::Rc;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context;
use quinn::{EndpointConfig, ServerConfig, TokioRuntime};
use tokio::sync::mpsc;
use tokio::task::LocalSet;
use tokio_util::task::TaskTracker;

use super::socket::Port;
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
        let group = bind_group(address, shards)
            .with_context(|| format!("cannot listen on {address} (UDP)"))?;
        bound.push(group[0].local_addr()?);
        for (shard, socket) in sockets.iter_mut().zip(group) {
            shard.push(socket);
        }
    }
    Ok((bound, sockets))
}

fn bind_group(address: SocketAddr, shards: usize) -> io::Result<Vec<UdpSocket>> {
    // SO_REUSEPORT alone would let a second relay take half of the clients.
    drop(socket::bind(address, Port::Alone)?);
    let first = socket::bind(address, Port::Shared)?;
    let address = first.local_addr()?;
    let mut group = vec![first];
    for _ in 1..shards {
        group.push(socket::bind(address, Port::Shared)?);
    }
    steer(&group[0], shards)?;
    Ok(group)
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
            let shard = Rc::new(Shard::new(id, relay, link));
            LocalSet::new().block_on(&runtime, serve(shard, quic, sockets, messages_rx));
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
    shard: Rc<Shard>,
    quic: ServerConfig,
    sockets: Vec<UdpSocket>,
    messages_rx: mpsc::Receiver<ShardMessage>,
) {
    let relay = shard.relay.clone();
    let sessions = TaskTracker::new();
    let mut endpoints = Vec::new();
    for socket in sockets {
        let (id, shards) = (shard.id, relay.config.server.shards.get());
        let mut config = EndpointConfig::default();
        config.cid_generator(move || Box::new(SteeringIds::new(id, shards)));
        let runtime = Arc::new(TokioRuntime);
        match quinn::Endpoint::new(config, Some(quic.clone()), socket, runtime) {
            Ok(endpoint) => {
                endpoints.push(endpoint.clone());
                let accept = acceptor::run(shard.clone(), endpoint, sessions.clone());
                sessions.spawn_local(accept);
            }
            Err(error) => {
                tracing::error!(%error, "a socket of this shard cannot be used");
                return;
            }
        }
    }
    sessions.close();
    tokio::select! {
        () = shard.run(messages_rx) => {}
        () = async {
            relay.stopping.cancelled().await;
            sessions.wait().await;
        } => {}
    }
    for endpoint in &endpoints {
        endpoint.close(quinn::VarInt::from_u32(0), b"the relay has stopped");
        let _ = tokio::time::timeout(GOODBYE, endpoint.wait_idle()).await;
    }
}
