//! A connection's short packets (RFC 9000, 17.3.1): opened, acknowledged, and the
//! audio in them put in order. Nothing is sent that would have to be sent again.

use std::time::Instant;

use anyhow::bail;
use bytes::{BufMut, BytesMut};
use skywave_wire::varint;

use super::audio::Audio;
use crate::fleet::webtransport::Hearing;
use crate::fleet::webtransport::frames::{Frame, Frames};
use crate::fleet::webtransport::tap::{Generation, Taken, lock};

const FIXED_BIT: u8 = 0x40;
const KEY_PHASE: u8 = 0x04;
/// What a header's first byte says of the length of its packet number, less one.
const NUMBER_LENGTH: u8 = 0x03;
/// Of the packet numbers that are sent: acknowledgements come often enough for it.
const NUMBER_BYTES: usize = 2;

pub(super) struct Connection {
    keys: Taken,
    audio: Audio,
    hearing: Box<dyn Hearing>,
    /// Since the last acknowledgement, packets that want one.
    unacknowledged: u64,
    largest_at: Instant,
}

/// When a packet that was taken wants to be acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ack {
    /// With what follows; nobody waits for it, or somebody did before.
    Whenever,
    /// It is the first that waits, and may do so until then.
    By(Instant),
    Now,
}

impl Connection {
    /// What came before may not have been acknowledged yet.
    pub(super) fn new(keys: Taken, audio: Audio, hearing: Box<dyn Hearing>) -> Self {
        Self {
            keys,
            audio,
            hearing,
            unacknowledged: 1,
            largest_at: Instant::now(),
        }
    }

    pub(super) fn our_id(&self) -> &[u8] {
        &self.keys.our_id
    }

    /// Takes a packet that came at `now`; `payload` is room to work in. What cannot be
    /// opened counts as lost.
    ///
    /// # Errors
    /// The server closed the connection, or the audio cannot be read.
    pub(super) fn take(
        &mut self,
        packet: &mut [u8],
        payload: &mut BytesMut,
        now: Instant,
    ) -> anyhow::Result<Ack> {
        let expected = self.keys.received.largest().map_or(0, |last| last + 1);
        let Some(number) = self.open(packet, payload, expected) else {
            return Ok(Ack::Whenever);
        };
        if !self.keys.received.insert(number) {
            return Ok(Ack::Whenever);
        }
        if number >= expected {
            self.largest_at = now;
        }
        let mut wants_ack = false;
        let mut at_once = number != expected;
        let mut frames = Frames::of(payload);
        for frame in &mut frames {
            wants_ack |= frame != Frame::Quiet;
            match frame {
                Frame::Quiet | Frame::Other => {}
                Frame::ImmediateAck => at_once = true,
                Frame::AckFrequency(wanted) => self.keys.acks = wanted,
                Frame::Stream {
                    id,
                    offset,
                    data,
                    ends,
                } => {
                    let hearing = &mut *self.hearing;
                    self.audio.take(id, offset, data, ends, hearing, now)?;
                }
                Frame::Reset { id } => self.audio.reset(id, &mut *self.hearing)?,
                Frame::Close { reason } => bail!("the server closed the connection: {reason:?}"),
            }
        }
        if frames.is_malformed() {
            bail!("packet {number} carries something that is no frame");
        }
        if !wants_ack {
            return Ok(Ack::Whenever);
        }
        self.unacknowledged += 1;
        Ok(
            if self.unacknowledged >= self.keys.acks.together || at_once {
                Ack::Now
            } else if self.unacknowledged == 1 {
                Ack::By(now + self.keys.acks.delay)
            } else {
                Ack::Whenever
            },
        )
    }

    /// Appends a packet that acknowledges all that came, where something waits for it.
    /// Whether it did.
    pub(super) fn acknowledge(&mut self, now: Instant, out: &mut Vec<u8>) -> bool {
        if std::mem::take(&mut self.unacknowledged) == 0 {
            return false;
        }
        let delay = now.saturating_duration_since(self.largest_at);
        self.seal(out, |keys, out| keys.received.put_ack(delay, out));
        true
    }

    /// Appends a packet with what the listener says once a second, if it does.
    /// Whether it did.
    pub(super) fn say(&mut self, now: Instant, out: &mut Vec<u8>) -> bool {
        const DATAGRAM: u8 = 0x31;
        let Some(datagram) = self.hearing.say() else {
            return false;
        };
        let delay = now.saturating_duration_since(self.largest_at);
        self.unacknowledged = 0;
        self.seal(out, |keys, out| {
            keys.received.put_ack(delay, out);
            out.push(DATAGRAM);
            varint::put(out, datagram.len() as u64);
            out.extend_from_slice(&datagram);
        });
        true
    }

    fn open(&mut self, packet: &mut [u8], payload: &mut BytesMut, expected: u64) -> Option<u64> {
        /// From the packet number's beginning to the sample (RFC 9001, 5.4.2).
        const BEFORE_SAMPLE: usize = 4;
        let keys = &mut self.keys;
        let start = 1 + keys.our_id.len();
        if packet.len() < start + BEFORE_SAMPLE + keys.remote_header.sample_size() {
            return None;
        }
        keys.remote_header.decrypt(start, packet);
        let first = packet[0];
        let number_bytes = usize::from(first & NUMBER_LENGTH) + 1;
        let (header, sealed) = packet.split_at(start + number_bytes);
        let number = expand(&header[start..], expected);
        payload.clear();
        payload.extend_from_slice(sealed);
        let phase = first & KEY_PHASE != 0;
        let generation = if phase == keys.phase {
            &keys.current
        } else {
            &keys.next
        };
        generation.remote.decrypt(number, header, payload).ok()?;
        if phase != keys.phase {
            let next = lock(&keys.tls).next_1rtt_keys()?;
            keys.current = std::mem::replace(&mut keys.next, Generation::from(next));
            keys.phase = phase;
        }
        Some(number)
    }

    fn seal(&mut self, out: &mut Vec<u8>, frames: impl FnOnce(&Taken, &mut Vec<u8>)) {
        let keys = &mut self.keys;
        let start = out.len();
        let phase = if keys.phase { KEY_PHASE } else { 0 };
        out.push(FIXED_BIT | phase | (NUMBER_BYTES - 1) as u8);
        out.extend_from_slice(&keys.their_id);
        let number_at = out.len() - start;
        out.put_u16(keys.next_number as u16);
        let header_len = out.len() - start;
        frames(keys, out);
        let key = &keys.current.local;
        out.resize(out.len() + key.tag_len(), 0);
        key.encrypt(keys.next_number, &mut out[start..], header_len);
        keys.local_header.encrypt(number_at, &mut out[start..]);
        keys.next_number += 1;
    }
}

/// The packet number that is nearest to the expected one and ends in these bytes
/// (RFC 9000, A.3).
fn expand(bytes: &[u8], expected: u64) -> u64 {
    let end = bytes.iter().fold(0, |n, &byte| n << 8 | u64::from(byte));
    let window = 1u64 << (8 * bytes.len());
    let candidate = (expected & !(window - 1)) | end;
    if candidate + window / 2 <= expected && candidate < varint::MAX - window {
        candidate + window
    } else if candidate > expected + window / 2 && candidate >= window {
        candidate - window
    } else {
        candidate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packet_numbers_expand_to_the_nearest() {
        // The example of RFC 9000, A.3.
        assert_eq!(expand(&[0x9b, 0x32], 0xa82f_30eb), 0xa82f_9b32);
        assert_eq!(expand(&[0x00], 0xff), 0x100);
        assert_eq!(expand(&[0xff], 0x100), 0xff);
        assert_eq!(expand(&[0x00, 0x00, 0x05], 0), 5);
    }
}
