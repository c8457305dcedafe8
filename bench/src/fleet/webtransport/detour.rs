//! One client's way to the server with a port in between that can change, as behind
//! a router that forgets.

use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;

use tokio::net::UdpSocket;
use tokio::sync::Notify;
use tokio::task::{AbortHandle, spawn_local};

/// Carries packets until it is dropped.
pub(super) struct Detour {
    address: SocketAddr,
    change: Rc<Notify>,
    task: AbortHandle,
}

impl Detour {
    pub(super) async fn start(server: SocketAddr) -> anyhow::Result<Self> {
        let front = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let back = port(server).await?;
        let address = front.local_addr()?;
        let change = Rc::new(Notify::new());
        let changed = change.clone();
        let task = spawn_local(async move {
            if let Err(error) = carry(front, back, server, &changed).await {
                eprintln!("a detour ended: {error}");
            }
        });
        Ok(Self {
            address,
            change,
            task: task.abort_handle(),
        })
    }

    /// Where the client sends to.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The server sees another port from the next packet on; what is under way to
    /// the old one is lost.
    pub(super) fn change_port(&self) {
        self.change.notify_one();
    }
}

impl Drop for Detour {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn port(server: SocketAddr) -> std::io::Result<UdpSocket> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    socket.connect(server).await?;
    Ok(socket)
}

async fn carry(
    front: UdpSocket,
    mut back: UdpSocket,
    server: SocketAddr,
    change: &Notify,
) -> std::io::Result<()> {
    let mut out = vec![0; 1 << 16];
    let mut inward = vec![0; 1 << 16];
    let mut client = None;
    loop {
        tokio::select! {
            received = front.recv_from(&mut out) => {
                let (len, from) = received?;
                client = Some(from);
                // A packet that cannot be sent is a lost one.
                let _ = back.send(&out[..len]).await;
            }
            received = back.recv(&mut inward) => {
                if let (Ok(len), Some(client)) = (received, client) {
                    let _ = front.send_to(&inward[..len], client).await;
                }
            }
            () = change.notified() => back = port(server).await?,
        }
    }
}
