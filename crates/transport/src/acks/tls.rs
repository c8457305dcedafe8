//! TLS that has QUIC ask clients for late acknowledgements, or not be asked. quinn-proto
//! asks for no more than a round trip, which is made for bulk transfers whose packets
//! follow each other closely; but never for less than the client says it can. So what
//! the client says is told to it as the delay that is wanted. The client is told
//! nothing but the request.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use quinn_proto::coding::Codec;
use quinn_proto::crypto::{
    ClientConfig, ExportKeyingMaterialError, HeaderKey, KeyPair, Keys, PacketKey, ServerConfig,
    Session, UnsupportedVersion,
};
use quinn_proto::transport_parameters::TransportParameters;
use quinn_proto::{ConnectError, ConnectionId, Side, TransportError, VarInt};

/// Transport parameters (RFC 9000, 18.2; draft-ietf-quic-ack-frequency, 3).
const MAX_ACK_DELAY: u32 = 0x0b;
const MIN_ACK_DELAY: u32 = 0xff04_de1b;

pub(super) struct Asking {
    pub(super) tls: Arc<dyn ServerConfig>,
    pub(super) delay: Duration,
}

impl ServerConfig for Asking {
    fn initial_keys(
        &self,
        version: u32,
        dst_cid: &ConnectionId,
    ) -> Result<Keys, UnsupportedVersion> {
        self.tls.initial_keys(version, dst_cid)
    }

    fn retry_tag(&self, version: u32, orig_dst_cid: &ConnectionId, packet: &[u8]) -> [u8; 16] {
        self.tls.retry_tag(version, orig_dst_cid, packet)
    }

    fn start_session(
        self: Arc<Self>,
        version: u32,
        params: &TransportParameters,
    ) -> Box<dyn Session> {
        Box::new(AskingSession {
            tls: self.tls.clone().start_session(version, params),
            delay: self.delay,
        })
    }
}

struct AskingSession {
    tls: Box<dyn Session>,
    delay: Duration,
}

impl Session for AskingSession {
    fn transport_parameters(&self) -> Result<Option<TransportParameters>, TransportError> {
        let told = self.tls.transport_parameters()?;
        Ok(told.map(|told| with_delay(&told, self.delay).unwrap_or(told)))
    }

    fn initial_keys(&self, dst_cid: &ConnectionId, side: Side) -> Keys {
        self.tls.initial_keys(dst_cid, side)
    }

    fn handshake_data(&self) -> Option<Box<dyn Any>> {
        self.tls.handshake_data()
    }

    fn peer_identity(&self) -> Option<Box<dyn Any>> {
        self.tls.peer_identity()
    }

    fn early_crypto(&self) -> Option<(Box<dyn HeaderKey>, Box<dyn PacketKey>)> {
        self.tls.early_crypto()
    }

    fn early_data_accepted(&self) -> Option<bool> {
        self.tls.early_data_accepted()
    }

    fn is_handshaking(&self) -> bool {
        self.tls.is_handshaking()
    }

    fn read_handshake(&mut self, buf: &[u8]) -> Result<bool, TransportError> {
        self.tls.read_handshake(buf)
    }

    fn write_handshake(&mut self, buf: &mut Vec<u8>) -> Option<Keys> {
        self.tls.write_handshake(buf)
    }

    fn next_1rtt_keys(&mut self) -> Option<KeyPair<Box<dyn PacketKey>>> {
        self.tls.next_1rtt_keys()
    }

    fn is_valid_retry(&self, orig_dst_cid: &ConnectionId, header: &[u8], payload: &[u8]) -> bool {
        self.tls.is_valid_retry(orig_dst_cid, header, payload)
    }

    fn export_keying_material(
        &self,
        output: &mut [u8],
        label: &[u8],
        context: &[u8],
    ) -> Result<(), ExportKeyingMaterialError> {
        self.tls.export_keying_material(output, label, context)
    }
}

/// A client that does not say that it can be asked.
pub(super) struct Silent(pub(super) Arc<dyn ClientConfig>);

impl ClientConfig for Silent {
    fn start_session(
        self: Arc<Self>,
        version: u32,
        server_name: &str,
        params: &TransportParameters,
    ) -> Result<Box<dyn Session>, ConnectError> {
        let silent = without(params, &[MIN_ACK_DELAY]).and_then(|(bytes, _)| parsed(&bytes));
        let params = silent.as_ref().unwrap_or(params);
        self.0.clone().start_session(version, server_name, params)
    }
}

/// A client's parameters, as if it could wait no less than `delay`; `None` for one
/// that cannot be asked to, or not for so little.
fn with_delay(told: &TransportParameters, delay: Duration) -> Option<TransportParameters> {
    let (mut bytes, least) = without(told, &[MIN_ACK_DELAY, MAX_ACK_DELAY])?;
    let micros = VarInt::try_from(u64::try_from(delay.as_micros()).ok()?).ok()?;
    let millis = VarInt::try_from(u64::try_from(delay.as_millis()).ok()?).ok()?;
    if least? > micros {
        return None;
    }
    put(&mut bytes, MIN_ACK_DELAY, micros);
    put(&mut bytes, MAX_ACK_DELAY, millis);
    parsed(&bytes)
}

/// A client's parameters on the wire (RFC 9000, 18) without these; and its
/// `min_ack_delay`, where that is one of them.
fn without(told: &TransportParameters, left_out: &[u32]) -> Option<(Vec<u8>, Option<VarInt>)> {
    let mut bytes = Vec::new();
    told.write(&mut bytes);
    let (mut kept, mut least) = (Vec::with_capacity(bytes.len()), None);
    let mut rest = bytes.as_slice();
    while !rest.is_empty() {
        let start = rest;
        let id = VarInt::decode(&mut rest).ok()?;
        let length = VarInt::decode(&mut rest).ok()?.into_inner();
        let (mut value, after) = rest.split_at_checked(usize::try_from(length).ok()?)?;
        rest = after;
        if !left_out
            .iter()
            .any(|&id_out| VarInt::from_u32(id_out) == id)
        {
            kept.extend_from_slice(&start[..start.len() - rest.len()]);
        } else if id == VarInt::from_u32(MIN_ACK_DELAY) {
            least = Some(VarInt::decode(&mut value).ok()?);
        }
    }
    Some((kept, least))
}

fn put(bytes: &mut Vec<u8>, id: u32, value: VarInt) {
    let mut encoded = Vec::new();
    value.encode(&mut encoded);
    VarInt::from_u32(id).encode(bytes);
    VarInt::from_u32(encoded.len() as u32).encode(bytes);
    bytes.append(&mut encoded);
}

fn parsed(bytes: &[u8]) -> Option<TransportParameters> {
    TransportParameters::read(Side::Server, &mut &*bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DELAY: Duration = Duration::from_millis(300);
    const INITIAL_MAX_DATA: u32 = 0x04;

    fn params(all: &[(u32, u32)]) -> TransportParameters {
        let mut bytes = Vec::new();
        for &(id, value) in all {
            put(&mut bytes, id, VarInt::from_u32(value));
        }
        parsed(&bytes).expect("valid")
    }

    #[test]
    fn only_the_delay_of_a_client_that_can_wait_is_changed() {
        let told = params(&[
            (MIN_ACK_DELAY, 1_000),
            (INITIAL_MAX_DATA, 5_000),
            (MAX_ACK_DELAY, 60),
        ]);
        let wanted = params(&[
            (INITIAL_MAX_DATA, 5_000),
            (MIN_ACK_DELAY, 300_000),
            (MAX_ACK_DELAY, 300),
        ]);
        assert_eq!(with_delay(&told, DELAY), Some(wanted));
    }

    #[test]
    fn a_client_that_cannot_or_waits_longer_by_itself_is_left_alone() {
        let cannot = params(&[(MAX_ACK_DELAY, 60)]);
        assert_eq!(with_delay(&cannot, DELAY), None);
        let longer = params(&[(MIN_ACK_DELAY, 400_000), (MAX_ACK_DELAY, 500)]);
        assert_eq!(with_delay(&longer, DELAY), None);
    }
}
