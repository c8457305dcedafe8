//! The floor: what no QUIC server can do with less. One packet a 1,400 bytes of
//! audio is sealed for each listener, handed to the kernel in batches, and one small
//! sealed packet comes back for each and is opened. No protocol, no loss recovery, no
//! congestion control. A hidden command; its listeners are in `fleet/floor.rs`.
//!
//! ```text
//! packet = kind (1 byte) , listener (4 bytes) , counter (8 bytes) , body , tag (16 bytes)
//! ```
//!
//! `Join` and `Frame` (from the station) carry their body in the clear, without a tag.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::process::{Command, Stdio};

use anyhow::Context;
use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

use crate::server::{Installed, Need, Running, Server, free_udp_port, spawn};
use batch::{Inbox, Outbox};

pub(crate) mod batch;

/// The most audio in one packet: with head and tag it fits the packets that QUIC
/// sends here.
pub(crate) const BODY_BYTES: usize = 1_400;
pub(crate) const HEAD_BYTES: usize = 13;
pub(crate) const TAG_BYTES: usize = 16;
/// An ACK of QUIC is about as long.
pub(crate) const ACK_BODY: [u8; 8] = [0; 8];
/// Packets that one call hands to the kernel or takes from it.
pub(crate) const BATCH: usize = 64;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    Join = 1,
    Frame = 2,
    /// Audio that begins with a frame.
    Begin = 3,
    /// Audio that goes on.
    More = 4,
    Ack = 5,
}

/// What stands before a packet's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) kind: Kind,
    pub(crate) listener: u32,
    pub(crate) counter: u64,
}

impl Head {
    pub(crate) fn encode(self) -> [u8; HEAD_BYTES] {
        let mut bytes = [0; HEAD_BYTES];
        bytes[0] = self.kind as u8;
        bytes[1..5].copy_from_slice(&self.listener.to_be_bytes());
        bytes[5..].copy_from_slice(&self.counter.to_be_bytes());
        bytes
    }

    /// The head and the rest; `None` where this is no packet of ours.
    pub(crate) fn decode(packet: &[u8]) -> Option<(Self, &[u8])> {
        let (head, rest) = packet.split_first_chunk::<HEAD_BYTES>()?;
        let kind = match head[0] {
            1 => Kind::Join,
            2 => Kind::Frame,
            3 => Kind::Begin,
            4 => Kind::More,
            5 => Kind::Ack,
            _ => return None,
        };
        let listener = u32::from_be_bytes(head[1..5].try_into().ok()?);
        let counter = u64::from_be_bytes(head[5..].try_into().ok()?);
        let head = Self {
            kind,
            listener,
            counter,
        };
        Some((head, rest))
    }

    fn nonce(self) -> Nonce {
        let mut bytes = [0; 12];
        bytes[0] = self.kind as u8;
        bytes[4..].copy_from_slice(&self.counter.to_be_bytes());
        Nonce::assume_unique_for_key(bytes)
    }
}

/// One listener's key, on both sides.
pub(crate) fn key(listener: u32) -> anyhow::Result<LessSafeKey> {
    let mut bytes = [7; 16];
    bytes[..4].copy_from_slice(&listener.to_be_bytes());
    let key = UnboundKey::new(&AES_128_GCM, &bytes).map_err(|_| anyhow::anyhow!("no AES"))?;
    Ok(LessSafeKey::new(key))
}

/// Appends a sealed packet to `out`.
pub(crate) fn seal(
    key: &LessSafeKey,
    head: Head,
    body: &[u8],
    out: &mut Vec<u8>,
) -> anyhow::Result<()> {
    let encoded = head.encode();
    out.extend_from_slice(&encoded);
    let start = out.len();
    out.extend_from_slice(body);
    let sealed = &mut out[start..];
    let tag = key
        .seal_in_place_separate_tag(head.nonce(), Aad::from(encoded), sealed)
        .map_err(|_| anyhow::anyhow!("cannot seal"))?;
    out.extend_from_slice(tag.as_ref());
    Ok(())
}

/// The body of a sealed packet, opened in place; `None` where it is forged or cut.
pub(crate) fn open<'a>(key: &LessSafeKey, head: Head, sealed: &'a mut [u8]) -> Option<&'a [u8]> {
    let body = key
        .open_in_place(head.nonce(), Aad::from(head.encode()), sealed)
        .ok()?;
    Some(body)
}

/// The server, as the bench starts it.
pub(crate) struct Floor;

impl Server for Floor {
    fn name(&self) -> &'static str {
        "floor"
    }

    fn title(&self) -> &'static str {
        "floor (seal, send, one ACK; no protocol)"
    }

    fn installed(&self) -> anyhow::Result<Installed> {
        Ok(Installed {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            from: "this bench, AES-128-GCM of aws-lc-rs".to_owned(),
        })
    }

    fn start(&self, need: &Need) -> anyhow::Result<Running> {
        let port = free_udp_port()?;
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args(["floor-server", "--port", &port.to_string()])
            .args(["--frames", &need.frames.to_string()])
            .stdin(Stdio::null());
        let process = spawn(&mut command, &need.cpus)?;
        Ok(Running {
            processes: vec![process],
            address: format!("127.0.0.1:{port}"),
            directory: None,
        })
    }
}

/// The hidden command: serves until it is killed.
pub(crate) fn serve(port: u16, frames: usize) -> anyhow::Result<()> {
    /// Room for an ACK of every listener.
    const RECEIVE_BUFFER: usize = 16 << 20;
    /// Batches sent between two looks at what came.
    const BATCHES_A_LOOK: usize = 4;
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).context("no socket")?;
    batch::enlarge(&socket, RECEIVE_BUFFER)?;
    let mut inbox = Inbox::new();
    let mut outbox = Outbox::new();
    let mut listeners: Vec<Option<Listener>> = Vec::new();
    let mut group = Vec::new();
    let mut grouped = 0;
    loop {
        let mut ready = false;
        inbox.receive(&socket, true, |from, packet| {
            ready |= take(
                &mut listeners,
                &mut group,
                &mut grouped,
                frames,
                from,
                packet,
            );
        })?;
        if !ready {
            continue;
        }
        let due = std::mem::take(&mut group);
        grouped = 0;
        let mut since = 0;
        for n in 0..listeners.len() {
            let Some(listener) = &mut listeners[n] else {
                continue;
            };
            for (index, body) in due.chunks(BODY_BYTES).enumerate() {
                let head = Head {
                    kind: if index == 0 { Kind::Begin } else { Kind::More },
                    listener: n as u32,
                    counter: listener.counter,
                };
                listener.counter += 1;
                if outbox.push(&socket, listener.address, |out| {
                    seal(&listener.key, head, body, out)
                })? {
                    since += 1;
                }
            }
            if since == BATCHES_A_LOOK {
                since = 0;
                inbox.receive(&socket, false, |from, packet| {
                    take(
                        &mut listeners,
                        &mut group,
                        &mut grouped,
                        frames,
                        from,
                        packet,
                    );
                })?;
            }
        }
        outbox.send(&socket)?;
    }
}

struct Listener {
    address: SocketAddr,
    key: LessSafeKey,
    counter: u64,
    acknowledged: u64,
}

/// Takes one packet in; true where it fills a group.
fn take(
    listeners: &mut Vec<Option<Listener>>,
    group: &mut Vec<u8>,
    grouped: &mut usize,
    frames: usize,
    from: SocketAddr,
    packet: &mut [u8],
) -> bool {
    /// Numbers that a listener may have.
    const MOST_LISTENERS: usize = 1 << 17;
    let Some((head, rest)) = Head::decode(packet) else {
        return false;
    };
    let place = head.listener as usize;
    match head.kind {
        Kind::Join if place < MOST_LISTENERS => {
            if listeners.len() <= place {
                listeners.resize_with(place + 1, || None);
            }
            if let Ok(key) = key(head.listener) {
                listeners[place] = Some(Listener {
                    address: from,
                    key,
                    counter: 0,
                    acknowledged: 0,
                });
            }
            false
        }
        Kind::Frame => {
            group.extend_from_slice(&(rest.len() as u16).to_be_bytes());
            group.extend_from_slice(rest);
            *grouped += 1;
            *grouped >= frames
        }
        Kind::Ack => {
            if let Some(Some(listener)) = listeners.get_mut(place)
                && open(&listener.key, head, &mut packet[HEAD_BYTES..]).is_some()
            {
                listener.acknowledged += 1;
            }
            false
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_packet_opens_once_it_is_whole_and_for_its_listener() {
        let head = Head {
            kind: Kind::Begin,
            listener: 9,
            counter: 1 << 40,
        };
        let ours = key(9).expect("a key");
        let mut packet = Vec::new();
        seal(&ours, head, b"a group", &mut packet).expect("sealed");
        assert_eq!(packet.len(), HEAD_BYTES + 7 + TAG_BYTES);
        let (read, _) = Head::decode(&packet).expect("a head");
        assert_eq!(read, head);
        let other = key(10).expect("a key");
        assert_eq!(open(&other, read, &mut packet.clone()[HEAD_BYTES..]), None);
        let mut bent = packet.clone();
        bent[HEAD_BYTES] ^= 1;
        assert_eq!(open(&ours, read, &mut bent[HEAD_BYTES..]), None);
        let opened = open(&ours, read, &mut packet[HEAD_BYTES..]);
        assert_eq!(opened.map(|body| &body[..7]), Some(&b"a group"[..]));
        assert_eq!(Head::decode(&[9; 40]), None);
        assert_eq!(Head::decode(&[1; 4]), None);
    }
}
