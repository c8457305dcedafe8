//! A server as one writes it first with wtransport: a task for each listener, fed by
//! a broadcast channel. A hidden command; its listeners are in `fleet/plain.rs`.
//!
//! A publisher connects to `/publish/CHANNEL` and opens one stream of frames, each
//! with its length before it (2 bytes). A listener connects to
//! `/listen/CHANNEL/FRAMES` and gets the same bytes on one stream, so many frames a
//! write.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use bytes::{Bytes, BytesMut};
use rcgen::{CertificateParams, KeyPair};
use tokio::sync::broadcast;
use wtransport::endpoint::IncomingSession;
use wtransport::tls::{Certificate, CertificateChain, PrivateKey};
use wtransport::{Connection, Endpoint, Identity, ServerConfig};

use crate::server::{Installed, Need, Running, Server, free_udp_port, spawn};

/// Frames that wait for a listener; a slower one loses the oldest.
const FRAMES_WAITING: usize = 128;

/// The server, as the bench starts it.
pub(crate) struct Plain;

impl Server for Plain {
    fn name(&self) -> &'static str {
        "wtransport"
    }

    fn title(&self) -> &'static str {
        "wtransport, a task a listener"
    }

    fn installed(&self) -> anyhow::Result<Installed> {
        Ok(Installed {
            version: locked("wtransport").context("wtransport in Cargo.lock")?,
            from: "crates.io, Cargo.lock".to_owned(),
        })
    }

    fn start(&self, need: &Need) -> anyhow::Result<Running> {
        let port = free_udp_port()?;
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args(["plain-server", "--port", &port.to_string()])
            .stdin(Stdio::null());
        let process = spawn(&mut command, &need.cpus)?;
        Ok(Running {
            processes: vec![process],
            address: format!("https://127.0.0.1:{port}"),
            directory: None,
        })
    }
}

/// The version of a package that this program was built with.
fn locked(package: &str) -> Option<String> {
    let lock = include_str!("../../Cargo.lock");
    let (_, rest) = lock.split_once(&format!("name = \"{package}\"\nversion = \""))?;
    Some(rest.split_once('"')?.0.to_owned())
}

#[derive(Clone, Default)]
struct Channels(Arc<Mutex<HashMap<String, broadcast::Sender<Bytes>>>>);

impl Channels {
    fn of(&self, name: &str) -> broadcast::Sender<Bytes> {
        let mut channels = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let channel = channels.entry(name.to_owned());
        channel
            .or_insert_with(|| broadcast::channel(FRAMES_WAITING).0)
            .clone()
    }
}

/// The hidden command: serves until it is killed.
pub(crate) async fn serve(port: u16) -> anyhow::Result<()> {
    const IDLE: Duration = Duration::from_secs(45);
    let config = ServerConfig::builder()
        .with_bind_address(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
        .with_identity(identity()?)
        .max_idle_timeout(Some(IDLE))?
        .build();
    let endpoint = Endpoint::server(config)?;
    let channels = Channels::default();
    loop {
        let incoming = endpoint.accept().await;
        let channels = channels.clone();
        tokio::spawn(async move {
            // It ends when its client goes.
            let _ = session(incoming, channels).await;
        });
    }
}

fn identity() -> anyhow::Result<Identity> {
    let key = KeyPair::generate()?;
    let certificate = CertificateParams::new(["localhost".to_owned()])?.self_signed(&key)?;
    let certificate = Certificate::from_der(certificate.der().to_vec())?;
    let key = PrivateKey::from_der_pkcs8(key.serialize_der());
    Ok(Identity::new(CertificateChain::single(certificate), key))
}

async fn session(incoming: IncomingSession, channels: Channels) -> anyhow::Result<()> {
    let request = incoming.await?;
    let path = request.path().to_owned();
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    match parts[..] {
        ["publish", channel] => publish(request.accept().await?, channels.of(channel)).await,
        ["listen", channel, frames] => {
            let frames = frames.parse()?;
            listen(request.accept().await?, channels.of(channel), frames).await
        }
        _ => {
            request.not_found().await;
            Ok(())
        }
    }
}

async fn publish(
    connection: Connection,
    frames_tx: broadcast::Sender<Bytes>,
) -> anyhow::Result<()> {
    let mut stream = connection.accept_uni().await?;
    loop {
        let mut head = [0; 2];
        stream.read_exact(&mut head).await?;
        let mut frame = BytesMut::zeroed(2 + usize::from(u16::from_be_bytes(head)));
        frame[..2].copy_from_slice(&head);
        stream.read_exact(&mut frame[2..]).await?;
        // Nobody has to listen.
        let _ = frames_tx.send(frame.freeze());
    }
}

async fn listen(
    connection: Connection,
    frames_tx: broadcast::Sender<Bytes>,
    frames: usize,
) -> anyhow::Result<()> {
    let mut frames_rx = frames_tx.subscribe();
    let mut stream = connection.open_uni().await?.await?;
    let mut group = Vec::new();
    loop {
        for _ in 0..frames {
            match frames_rx.recv().await {
                Ok(frame) => group.extend_from_slice(&frame),
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(closed) => return Err(closed).context("the channel ended"),
            }
        }
        stream.write_all(&group).await?;
        group.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_those_of_the_lock_file() {
        let version = locked("wtransport").expect("it is built with it");
        assert!(version.starts_with("0.7."), "{version}");
        assert_eq!(locked("no-such-package"), None);
    }
}
