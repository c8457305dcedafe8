//! TLS that lets a connection's keys be taken over: it notes them, and which packets
//! they were used for, while QUIC goes on as if it had them alone.

use std::any::Any;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::BytesMut;
use skywave_transport::quic::crypto::{
    ClientConfig, CryptoError, ExportKeyingMaterialError, HeaderKey, KeyPair, Keys, PacketKey,
    Session,
};
use skywave_transport::quic::transport_parameters::TransportParameters;
use skywave_transport::quic::{ConnectError, ConnectionId, Side, TransportError};

use super::frames::{AckFrequency, Frame, Frames, is_audio};
use super::ranges::Ranges;

/// Of one client connection.
#[derive(Default)]
pub(super) struct Tap(Mutex<Noted>);

#[derive(Default)]
struct Noted {
    tls: Option<Tls>,
    header: Option<(Arc<dyn HeaderKey>, Arc<dyn HeaderKey>)>,
    /// One after each key update (RFC 9001, 6), with the one after it.
    generations: Vec<Generation>,
    /// The newest that was used.
    current: usize,
    next_number: u64,
    received: Ranges,
    acks: AckFrequency,
    /// See [`Tap::furthest`].
    furthest: Option<(u64, u64)>,
    our_id: Vec<u8>,
    their_id: Vec<u8>,
}

pub(super) type Tls = Arc<Mutex<Box<dyn Session>>>;

/// The keys of packets between two key updates.
#[derive(Clone)]
pub(super) struct Generation {
    pub(super) local: Arc<dyn PacketKey>,
    pub(super) remote: Arc<dyn PacketKey>,
}

impl From<KeyPair<Box<dyn PacketKey>>> for Generation {
    fn from(pair: KeyPair<Box<dyn PacketKey>>) -> Self {
        Self {
            local: pair.local.into(),
            remote: pair.remote.into(),
        }
    }
}

/// All that it takes to go on with a connection's short packets.
pub(super) struct Taken {
    /// Gives the keys of later updates.
    pub(super) tls: Tls,
    pub(super) local_header: Arc<dyn HeaderKey>,
    pub(super) remote_header: Arc<dyn HeaderKey>,
    pub(super) current: Generation,
    pub(super) next: Generation,
    /// The key phase of `current`.
    pub(super) phase: bool,
    pub(super) next_number: u64,
    pub(super) received: Ranges,
    pub(super) acks: AckFrequency,
    pub(super) our_id: Vec<u8>,
    pub(super) their_id: Vec<u8>,
}

impl Tap {
    /// The configuration of the one connection that this tap is for.
    pub(super) fn config(self: &Arc<Self>, tls: Arc<dyn ClientConfig>) -> Arc<dyn ClientConfig> {
        Arc::new(TappedConfig {
            tls,
            tap: self.clone(),
        })
    }

    /// The newest audio stream and how far it has come, with or without holes.
    pub(super) fn furthest(&self) -> Option<(u64, u64)> {
        self.noted().furthest
    }

    /// What is noted so far; `None` before short packets have gone both ways.
    pub(super) fn take(&self) -> Option<Taken> {
        let noted = self.noted();
        let (local_header, remote_header) = noted.header.clone()?;
        if noted.our_id.is_empty() || noted.their_id.is_empty() {
            return None;
        }
        Some(Taken {
            tls: noted.tls.clone()?,
            local_header,
            remote_header,
            current: noted.generations.get(noted.current)?.clone(),
            next: noted.generations.get(noted.current + 1)?.clone(),
            phase: noted.current % 2 == 1,
            next_number: noted.next_number,
            received: noted.received.clone(),
            acks: noted.acks,
            our_id: noted.our_id.clone(),
            their_id: noted.their_id.clone(),
        })
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes the keys of a generation; gives QUIC its own handles of them.
    fn add(self: &Arc<Self>, pair: KeyPair<Box<dyn PacketKey>>) -> KeyPair<Box<dyn PacketKey>> {
        let keys = Generation::from(pair);
        let mut noted = self.noted();
        noted.generations.push(keys.clone());
        let number = noted.generations.len() - 1;
        let tapped = |key| TappedKey {
            key,
            generation: number,
            tap: self.clone(),
        };
        KeyPair {
            local: Box::new(tapped(keys.local)),
            remote: Box::new(tapped(keys.remote)),
        }
    }
}

struct TappedConfig {
    tls: Arc<dyn ClientConfig>,
    tap: Arc<Tap>,
}

impl ClientConfig for TappedConfig {
    fn start_session(
        self: Arc<Self>,
        version: u32,
        server_name: &str,
        params: &TransportParameters,
    ) -> Result<Box<dyn Session>, ConnectError> {
        let tls = self.tls.clone();
        let tls = Arc::new(Mutex::new(tls.start_session(
            version,
            server_name,
            params,
        )?));
        self.tap.noted().tls = Some(tls.clone());
        Ok(Box::new(TappedSession {
            tls,
            tap: self.tap.clone(),
            keys: 0,
        }))
    }
}

struct TappedSession {
    tls: Tls,
    tap: Arc<Tap>,
    /// Sets of keys so far: of the handshake, and of what follows.
    keys: usize,
}

impl TappedSession {
    fn tls(&self) -> MutexGuard<'_, Box<dyn Session>> {
        lock(&self.tls)
    }
}

pub(super) fn lock(tls: &Tls) -> MutexGuard<'_, Box<dyn Session>> {
    tls.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Session for TappedSession {
    fn initial_keys(&self, dst_cid: &ConnectionId, side: Side) -> Keys {
        self.tls().initial_keys(dst_cid, side)
    }

    fn handshake_data(&self) -> Option<Box<dyn Any>> {
        self.tls().handshake_data()
    }

    fn peer_identity(&self) -> Option<Box<dyn Any>> {
        self.tls().peer_identity()
    }

    fn early_crypto(&self) -> Option<(Box<dyn HeaderKey>, Box<dyn PacketKey>)> {
        self.tls().early_crypto()
    }

    fn early_data_accepted(&self) -> Option<bool> {
        self.tls().early_data_accepted()
    }

    fn is_handshaking(&self) -> bool {
        self.tls().is_handshaking()
    }

    fn read_handshake(&mut self, buf: &[u8]) -> Result<bool, TransportError> {
        self.tls().read_handshake(buf)
    }

    fn transport_parameters(&self) -> Result<Option<TransportParameters>, TransportError> {
        self.tls().transport_parameters()
    }

    fn write_handshake(&mut self, buf: &mut Vec<u8>) -> Option<Keys> {
        let keys = self.tls().write_handshake(buf)?;
        self.keys += 1;
        if self.keys == 1 {
            return Some(keys);
        }
        let local: Arc<dyn HeaderKey> = keys.header.local.into();
        let remote: Arc<dyn HeaderKey> = keys.header.remote.into();
        self.tap.noted().header = Some((local.clone(), remote.clone()));
        Some(Keys {
            header: KeyPair {
                local: Box::new(SharedHeaderKey(local)),
                remote: Box::new(SharedHeaderKey(remote)),
            },
            packet: self.tap.add(keys.packet),
        })
    }

    fn next_1rtt_keys(&mut self) -> Option<KeyPair<Box<dyn PacketKey>>> {
        let pair = self.tls().next_1rtt_keys()?;
        Some(self.tap.add(pair))
    }

    fn is_valid_retry(&self, orig_dst_cid: &ConnectionId, header: &[u8], payload: &[u8]) -> bool {
        self.tls().is_valid_retry(orig_dst_cid, header, payload)
    }

    fn export_keying_material(
        &self,
        output: &mut [u8],
        label: &[u8],
        context: &[u8],
    ) -> Result<(), ExportKeyingMaterialError> {
        self.tls().export_keying_material(output, label, context)
    }
}

struct SharedHeaderKey(Arc<dyn HeaderKey>);

impl HeaderKey for SharedHeaderKey {
    fn decrypt(&self, pn_offset: usize, packet: &mut [u8]) {
        self.0.decrypt(pn_offset, packet);
    }

    fn encrypt(&self, pn_offset: usize, packet: &mut [u8]) {
        self.0.encrypt(pn_offset, packet);
    }

    fn sample_size(&self) -> usize {
        self.0.sample_size()
    }
}

struct TappedKey {
    key: Arc<dyn PacketKey>,
    generation: usize,
    tap: Arc<Tap>,
}

/// The connection id in a short header (RFC 9000, 17.3.1), which is not protected.
fn connection_id(header: &[u8]) -> Vec<u8> {
    let number_bytes = usize::from(header[0] & 0b11) + 1;
    header[1..header.len() - number_bytes].to_vec()
}

impl PacketKey for TappedKey {
    fn encrypt(&self, packet: u64, buf: &mut [u8], header_len: usize) {
        let mut noted = self.tap.noted();
        noted.next_number = packet + 1;
        noted.current = noted.current.max(self.generation);
        noted.their_id = connection_id(&buf[..header_len]);
        drop(noted);
        self.key.encrypt(packet, buf, header_len);
    }

    fn decrypt(
        &self,
        packet: u64,
        header: &[u8],
        payload: &mut BytesMut,
    ) -> Result<(), CryptoError> {
        self.key.decrypt(packet, header, payload)?;
        let mut noted = self.tap.noted();
        noted.received.insert(packet);
        for frame in Frames::of(payload) {
            match frame {
                Frame::Stream {
                    id, offset, data, ..
                } if is_audio(id) => {
                    let end = offset + data.len() as u64;
                    noted.furthest = noted.furthest.max(Some((id, end)));
                }
                Frame::AckFrequency(wanted) => noted.acks = wanted,
                _ => {}
            }
        }
        noted.current = noted.current.max(self.generation);
        noted.our_id = connection_id(header);
        Ok(())
    }

    fn tag_len(&self) -> usize {
        self.key.tag_len()
    }

    fn confidentiality_limit(&self) -> u64 {
        self.key.confidentiality_limit()
    }

    fn integrity_limit(&self) -> u64 {
        self.key.integrity_limit()
    }
}
