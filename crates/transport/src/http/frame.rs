//! Frames of HTTP/3 (RFC 9114, 7) read from a stream bit by bit, as they come.

use bytes::Bytes;

pub(crate) const DATA: u64 = 0x0;
pub(crate) const HEADERS: u64 = 0x1;
pub(crate) const SETTINGS: u64 = 0x4;
/// Not a frame: what follows it and a session's id is the session's stream
/// (draft-ietf-webtrans-http3, 4.3).
const WEBTRANSPORT: u64 = 0x41;

/// The largest frame that is held as a whole, in bytes.
const LARGEST_WHOLE: u64 = 4096;

/// What a stream gives at the moment.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Read {
    Bytes(Bytes),
    Blocked,
    End,
    Reset,
}

/// A stream that is read from.
pub(crate) trait Source {
    /// At most `max` bytes, and at least one where it gives any.
    fn read(&mut self, max: usize) -> Read;
}

/// A variable-length integer (RFC 9000, 16), byte by byte.
#[derive(Debug, Default)]
pub(crate) struct Varint {
    value: u64,
    taken: u8,
    size: u8,
}

/// Why there is no whole integer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    Blocked,
    /// The stream ended before its first byte.
    End,
    /// The stream ended within it.
    Cut,
    Reset,
}

impl Varint {
    /// The value, once its last byte has come.
    pub(crate) fn push(&mut self, byte: u8) -> Option<u64> {
        if self.taken == 0 {
            self.size = 1 << (byte >> 6);
            self.value = u64::from(byte & 0x3f);
        } else {
            self.value = self.value << 8 | u64::from(byte);
        }
        self.taken += 1;
        if self.taken < self.size {
            return None;
        }
        self.taken = 0;
        Some(self.value)
    }

    pub(crate) fn read(&mut self, source: &mut impl Source) -> Result<u64, Missing> {
        loop {
            match source.read(1) {
                Read::Bytes(byte) => {
                    if let Some(value) = byte.first().and_then(|&byte| self.push(byte)) {
                        return Ok(value);
                    }
                }
                Read::Blocked => return Err(Missing::Blocked),
                Read::End if self.taken == 0 => return Err(Missing::End),
                Read::End => return Err(Missing::Cut),
                Read::Reset => return Err(Missing::Reset),
            }
        }
    }
}

/// Writes a variable-length integer (RFC 9000, 16) of less than 2^62.
pub(crate) fn put_varint(out: &mut Vec<u8>, value: u64) {
    match value {
        0..0x40 => out.push(value as u8),
        0x40..0x4000 => out.extend_from_slice(&(value as u16 | 0x4000).to_be_bytes()),
        0x4000..0x4000_0000 => out.extend_from_slice(&(value as u32 | 0x8000_0000).to_be_bytes()),
        _ => out.extend_from_slice(&(value | 0xc000_0000_0000_0000).to_be_bytes()),
    }
}

/// Writes a whole frame.
pub(crate) fn put_frame(out: &mut Vec<u8>, kind: u64, payload: &[u8]) {
    put_varint(out, kind);
    put_varint(out, payload.len() as u64);
    out.extend_from_slice(payload);
}

/// What came next on the stream.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Item {
    /// A whole HEADERS or SETTINGS frame.
    Whole {
        kind: u64,
        payload: Vec<u8>,
    },
    /// A piece of a DATA frame.
    Data(Bytes),
    /// Some other frame begins. Its payload is passed over.
    Other(u64),
    /// The stream is one of the session with this id; what follows is its.
    Session(u64),
    Blocked,
    /// The stream ended between frames.
    End,
    /// The stream ended within a frame.
    Cut,
    Reset,
    TooLarge,
}

#[derive(Debug)]
enum Stage {
    Kind,
    Length(u64),
    Session,
    Whole { kind: u64, left: usize },
    Data { left: u64 },
    Skip { left: u64 },
}

/// Where in its frames a stream is.
#[derive(Debug)]
pub(crate) struct Frames {
    stage: Stage,
    varint: Varint,
    payload: Vec<u8>,
    /// Whether the stream may turn out to be one of a session.
    undecided: bool,
}

impl Frames {
    /// `bidirectional`: of a stream that may be one of a session.
    pub(crate) fn new(bidirectional: bool) -> Self {
        Self {
            stage: Stage::Kind,
            varint: Varint::default(),
            payload: Vec::new(),
            undecided: bidirectional,
        }
    }

    pub(crate) fn next(&mut self, source: &mut impl Source) -> Item {
        match self.step(source) {
            Ok(item) => item,
            Err(Missing::Blocked) => Item::Blocked,
            Err(Missing::End) if matches!(self.stage, Stage::Kind) => Item::End,
            Err(Missing::End | Missing::Cut) => Item::Cut,
            Err(Missing::Reset) => Item::Reset,
        }
    }

    fn step(&mut self, source: &mut impl Source) -> Result<Item, Missing> {
        loop {
            match &mut self.stage {
                Stage::Kind => {
                    let kind = self.varint.read(source)?;
                    self.stage = if kind == WEBTRANSPORT && self.undecided {
                        Stage::Session
                    } else {
                        Stage::Length(kind)
                    };
                }
                Stage::Session => {
                    let session = self.varint.read(source)?;
                    self.stage = Stage::Kind;
                    return Ok(Item::Session(session));
                }
                &mut Stage::Length(kind) => {
                    let left = self.varint.read(source)?;
                    match kind {
                        HEADERS | SETTINGS if left > LARGEST_WHOLE => return Ok(Item::TooLarge),
                        HEADERS | SETTINGS => {
                            self.undecided = false;
                            self.payload = Vec::with_capacity(left as usize);
                            self.stage = Stage::Whole {
                                kind,
                                left: left as usize,
                            };
                        }
                        DATA => {
                            self.undecided = false;
                            self.stage = Stage::Data { left };
                            if left == 0 {
                                return Ok(Item::Data(Bytes::new()));
                            }
                        }
                        kind => {
                            self.stage = Stage::Skip { left };
                            return Ok(Item::Other(kind));
                        }
                    }
                }
                &mut Stage::Whole { kind, left: 0 } => {
                    self.stage = Stage::Kind;
                    let payload = std::mem::take(&mut self.payload);
                    return Ok(Item::Whole { kind, payload });
                }
                Stage::Whole { left, .. } => {
                    let bytes = take(source, *left)?;
                    *left -= bytes.len();
                    self.payload.extend_from_slice(&bytes);
                }
                Stage::Data { left: 0 } | Stage::Skip { left: 0 } => self.stage = Stage::Kind,
                Stage::Data { left } => {
                    let bytes = take(source, usize::try_from(*left).unwrap_or(usize::MAX))?;
                    *left -= bytes.len() as u64;
                    return Ok(Item::Data(bytes));
                }
                Stage::Skip { left } => {
                    let bytes = take(source, usize::try_from(*left).unwrap_or(usize::MAX))?;
                    *left -= bytes.len() as u64;
                }
            }
        }
    }
}

fn take(source: &mut impl Source, max: usize) -> Result<Bytes, Missing> {
    match source.read(max) {
        Read::Bytes(bytes) => Ok(bytes),
        Read::Blocked => Err(Missing::Blocked),
        Read::End => Err(Missing::Cut),
        Read::Reset => Err(Missing::Reset),
    }
}

#[cfg(test)]
mod tests;
