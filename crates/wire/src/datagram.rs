//! What travels in datagrams: small values of which the latest matters, the
//! clock, and audio for those who asked for it this way.
//!
//! ```text
//! relay to client
//!   audio     = 0x01 , handle , group
//!   fragment  = 0x02 , handle , group flags (1 byte) , sequence , time ,
//!               length of the whole frame , offset , bytes
//!   metadata  = 0x03 , handle , revision , sequence , JSON (UTF-8)
//!   listeners = 0x04 , handle , revision , count
//!   pong      = 0x05 , id , client's time , received at , sent at
//! client to relay
//!   ping      = 0x11 , id , client's time
//!   ack       = 0x12 , handle , revision
//! ```
//!
//! Every number is a varint unless a size is given; times are µs.

use bytes::{BufMut, Bytes, BytesMut};

use crate::group::{self, Frame};
use crate::reader::Reader;
use crate::{DecodeError, FrameSeq, Handle, Micros, Revision, mp3, varint};

/// The most bytes of one datagram of ours: what every browser's path carries
/// (Firefox allows 1,024), with room for the session's prefix.
pub const MAX_BYTES: usize = 1000;

const AUDIO: u8 = 0x01;
const FRAGMENT: u8 = 0x02;
const METADATA: u8 = 0x03;
const LISTENERS: u8 = 0x04;
const PONG: u8 = 0x05;
const PING: u8 = 0x11;
const ACK: u8 = 0x12;

/// A datagram from the relay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FromRelay {
    /// A group of whole frames.
    Audio {
        /// The channel.
        handle: Handle,
        /// At least one frame.
        frames: Vec<Frame>,
    },
    /// A piece of a frame that is too large for one datagram.
    Fragment(Fragment),
    /// The title of what plays from a frame on.
    Metadata {
        /// The channel.
        handle: Handle,
        /// Higher is newer.
        revision: Revision,
        /// The first frame for which it holds.
        seq: FrameSeq,
        /// The fields of `stream:metadata` as a JSON object.
        json: Bytes,
    },
    /// How many listen.
    Listeners {
        /// The channel.
        handle: Handle,
        /// Higher is newer.
        revision: Revision,
        /// Listeners of the channel at this moment.
        count: u64,
    },
    /// The answer to a ping.
    Pong(Pong),
}

/// A piece of one frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fragment {
    /// The channel.
    pub handle: Handle,
    /// The frame's number, time and mark; its `data` is this piece alone.
    pub piece: Frame,
    /// Bytes of the whole frame, at most [`mp3::MAX_FRAME_BYTES`].
    pub total: usize,
    /// Where in the frame the piece belongs.
    pub offset: usize,
}

/// The answer to a ping, with both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pong {
    /// The ping's number.
    pub id: u64,
    /// The client's time, as the ping had it.
    pub client_time: u64,
    /// When the relay received the ping.
    pub received: Micros,
    /// When the relay sent this.
    pub sent: Micros,
}

/// A datagram from a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FromClient {
    /// Asks for the relay's clock.
    Ping {
        /// Comes back in the pong.
        id: u64,
        /// The client's own time, comes back in the pong.
        client_time: u64,
    },
    /// Metadata of this revision, and all before it, has arrived.
    Ack {
        /// The channel.
        handle: Handle,
        /// The newest revision that arrived.
        revision: Revision,
    },
}

/// Appends the datagrams that carry these frames, each pushed as one item:
/// whole frames together where they fit into [`MAX_BYTES`], large ones cut.
/// Every datagram begins with `prefix`, which does not count against the bound.
pub fn put_audio(out: &mut Vec<Bytes>, prefix: &[u8], handle: Handle, frames: &[Frame]) {
    let head = 1 + varint::len(handle.0);
    for run in group::runs(frames, group::MAX_FRAMES, MAX_BYTES - head) {
        if head + group::encoded_len(run) <= MAX_BYTES {
            let mut datagram = start(prefix, AUDIO, handle);
            group::put(&mut datagram, run);
            out.push(datagram.freeze());
        } else {
            put_fragments(out, prefix, handle, &run[0]);
        }
    }
}

fn put_fragments(out: &mut Vec<Bytes>, prefix: &[u8], handle: Handle, frame: &Frame) {
    // The longest head: kind, flags and five varints of 8 bytes.
    const PIECE: usize = MAX_BYTES - 2 - 5 * 8;
    for (n, piece) in frame.data.chunks(PIECE).enumerate() {
        let mut datagram = start(prefix, FRAGMENT, handle);
        datagram.put_u8(u8::from(frame.discontinuity));
        varint::put(&mut datagram, frame.seq.0);
        varint::put(&mut datagram, frame.time.0);
        varint::put(&mut datagram, frame.data.len() as u64);
        varint::put(&mut datagram, (n * PIECE) as u64);
        datagram.put_slice(piece);
        out.push(datagram.freeze());
    }
}

/// A metadata datagram, or `None` where it would outgrow [`MAX_BYTES`] and has
/// to go over the control stream.
pub fn metadata(
    prefix: &[u8],
    handle: Handle,
    revision: Revision,
    seq: FrameSeq,
    json: &[u8],
) -> Option<Bytes> {
    let mut datagram = start(prefix, METADATA, handle);
    varint::put(&mut datagram, revision.0);
    varint::put(&mut datagram, seq.0);
    datagram.put_slice(json);
    (datagram.len() <= prefix.len() + MAX_BYTES).then(|| datagram.freeze())
}

/// A datagram that tells how many listen.
pub fn listeners(prefix: &[u8], handle: Handle, revision: Revision, count: u64) -> Bytes {
    let mut datagram = start(prefix, LISTENERS, handle);
    varint::put(&mut datagram, revision.0);
    varint::put(&mut datagram, count);
    datagram.freeze()
}

impl Pong {
    /// The pong's bytes.
    pub fn encode(&self) -> Bytes {
        let mut datagram = BytesMut::with_capacity(33);
        datagram.put_u8(PONG);
        for value in [self.id, self.client_time, self.received.0, self.sent.0] {
            varint::put(&mut datagram, value);
        }
        datagram.freeze()
    }
}

impl FromClient {
    /// The datagram's bytes.
    pub fn encode(&self) -> Bytes {
        let mut datagram = BytesMut::with_capacity(17);
        let (kind, first, second) = match *self {
            Self::Ping { id, client_time } => (PING, id, client_time),
            Self::Ack { handle, revision } => (ACK, handle.0, revision.0),
        };
        datagram.put_u8(kind);
        varint::put(&mut datagram, first);
        varint::put(&mut datagram, second);
        datagram.freeze()
    }

    /// Reads a client's datagram.
    ///
    /// # Errors
    /// The kind is unknown, or the bytes are too few or too many.
    pub fn decode(bytes: Bytes) -> Result<Self, DecodeError> {
        let mut reader = Reader(bytes);
        let datagram = match reader.u8("kind")? {
            PING => Self::Ping {
                id: reader.varint("id")?,
                client_time: reader.varint("client's time")?,
            },
            ACK => Self::Ack {
                handle: Handle(reader.varint("handle")?),
                revision: Revision(reader.varint("revision")?),
            },
            kind => return Err(DecodeError::UnknownKind(kind)),
        };
        reader.end()?;
        Ok(datagram)
    }
}

impl FromRelay {
    /// Reads a relay's datagram; audio shares `bytes`.
    ///
    /// # Errors
    /// The kind is unknown, a field is cut short or past its bound.
    pub fn decode(bytes: Bytes) -> Result<Self, DecodeError> {
        let mut reader = Reader(bytes);
        let kind = reader.u8("kind")?;
        if kind == PONG {
            let pong = Pong {
                id: reader.varint("id")?,
                client_time: reader.varint("client's time")?,
                received: Micros(reader.varint("received at")?),
                sent: Micros(reader.varint("sent at")?),
            };
            reader.end()?;
            return Ok(Self::Pong(pong));
        }
        let handle = Handle(reader.varint("handle")?);
        match kind {
            AUDIO => Ok(Self::Audio {
                handle,
                frames: group::decode(reader.rest())?,
            }),
            FRAGMENT => fragment(handle, reader).map(Self::Fragment),
            METADATA => Ok(Self::Metadata {
                handle,
                revision: Revision(reader.varint("revision")?),
                seq: FrameSeq(reader.varint("sequence")?),
                json: reader.rest(),
            }),
            LISTENERS => {
                let revision = Revision(reader.varint("revision")?);
                let count = reader.varint("count")?;
                reader.end()?;
                Ok(Self::Listeners {
                    handle,
                    revision,
                    count,
                })
            }
            kind => Err(DecodeError::UnknownKind(kind)),
        }
    }
}

fn fragment(handle: Handle, mut reader: Reader) -> Result<Fragment, DecodeError> {
    let discontinuity = reader.u8("flags")? & 1 != 0;
    let seq = FrameSeq(reader.bounded("sequence", group::MAX_FIRST)?);
    let time = Micros(reader.bounded("time", group::MAX_FIRST)?);
    let total = reader.bounded("frame length", mp3::MAX_FRAME_BYTES as u64)?;
    let offset = reader.bounded("offset", total)?;
    let data = reader.rest();
    if data.is_empty() {
        return Err(DecodeError::Empty("fragment"));
    }
    if offset + data.len() as u64 > total {
        return Err(DecodeError::TooLarge {
            field: "fragment's end",
            value: offset + data.len() as u64,
            max: total,
        });
    }
    Ok(Fragment {
        handle,
        piece: Frame {
            seq,
            time,
            discontinuity,
            data,
        },
        total: total as usize,
        offset: offset as usize,
    })
}

fn start(prefix: &[u8], kind: u8, handle: Handle) -> BytesMut {
    let mut datagram = BytesMut::with_capacity(prefix.len() + MAX_BYTES);
    datagram.put_slice(prefix);
    datagram.put_u8(kind);
    varint::put(&mut datagram, handle.0);
    datagram
}

#[cfg(test)]
mod tests;
