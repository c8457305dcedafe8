//! Capsules on a session's CONNECT stream (RFC 9297, 3.2). Only the one that
//! closes the session means something here; all others are passed over.

use bytes::Bytes;

use super::HttpError;
use super::frame::Varint;

/// CLOSE_WEBTRANSPORT_SESSION (draft-ietf-webtrans-http3, 6).
const CLOSE: u64 = 0x2843;
const CODE_BYTES: u64 = 4;
const REASON_BYTES: u64 = 1024;

/// How the peer ended the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Close {
    pub(crate) code: u32,
    pub(crate) reason: Bytes,
}

#[derive(Debug)]
enum Stage {
    Kind,
    Length(u64),
    Close { left: u64 },
    Skip { left: u64 },
}

/// Where in its capsules the stream is.
#[derive(Debug)]
pub(crate) struct Capsules {
    stage: Stage,
    varint: Varint,
    value: Vec<u8>,
}

impl Capsules {
    pub(crate) fn new() -> Self {
        Self {
            stage: Stage::Kind,
            varint: Varint::default(),
            value: Vec::new(),
        }
    }

    /// Takes the next bytes of the stream, whose cuts mean nothing.
    pub(crate) fn take(&mut self, mut bytes: &[u8]) -> Result<Option<Close>, HttpError> {
        loop {
            match &mut self.stage {
                Stage::Close { left: 0 } => return self.close().map(Some),
                Stage::Skip { left: 0 } => self.stage = Stage::Kind,
                Stage::Kind => {
                    let Some((&byte, rest)) = bytes.split_first() else {
                        return Ok(None);
                    };
                    bytes = rest;
                    if let Some(kind) = self.varint.push(byte) {
                        self.stage = Stage::Length(kind);
                    }
                }
                &mut Stage::Length(kind) => {
                    let Some((&byte, rest)) = bytes.split_first() else {
                        return Ok(None);
                    };
                    bytes = rest;
                    let Some(left) = self.varint.push(byte) else {
                        continue;
                    };
                    if kind != CLOSE {
                        self.stage = Stage::Skip { left };
                    } else if (CODE_BYTES..=CODE_BYTES + REASON_BYTES).contains(&left) {
                        self.stage = Stage::Close { left };
                    } else {
                        return Err(HttpError::Datagram);
                    }
                }
                Stage::Close { left } => {
                    let Some(taken) = cut(&mut bytes, left) else {
                        return Ok(None);
                    };
                    self.value.extend_from_slice(taken);
                }
                Stage::Skip { left } => {
                    if cut(&mut bytes, left).is_none() {
                        return Ok(None);
                    }
                }
            }
        }
    }

    fn close(&mut self) -> Result<Close, HttpError> {
        let value = std::mem::take(&mut self.value);
        self.stage = Stage::Kind;
        let (code, reason) = value.split_first_chunk().ok_or(HttpError::Datagram)?;
        if std::str::from_utf8(reason).is_err() {
            return Err(HttpError::Datagram);
        }
        Ok(Close {
            code: u32::from_be_bytes(*code),
            reason: Bytes::copy_from_slice(reason),
        })
    }
}

/// At most `left` bytes from the front; `None` where there are none.
fn cut<'a>(bytes: &mut &'a [u8], left: &mut u64) -> Option<&'a [u8]> {
    if bytes.is_empty() {
        return None;
    }
    let length = usize::try_from(*left).map_or(bytes.len(), |left| left.min(bytes.len()));
    let (taken, rest) = bytes.split_at(length);
    *bytes = rest;
    *left -= length as u64;
    Some(taken)
}

#[cfg(test)]
mod tests {
    use super::super::frame::put_varint;
    use super::{CLOSE, Capsules, Close, HttpError};

    fn capsule(kind: u64, value: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        put_varint(&mut bytes, kind);
        put_varint(&mut bytes, value.len() as u64);
        bytes.extend_from_slice(value);
        bytes
    }

    #[test]
    fn the_close_is_found_behind_others_however_it_is_cut() {
        let mut bytes = capsule(0x2af0, &[9; 500]);
        bytes.extend(capsule(0x190b_4d3d, &[]));
        bytes.extend(capsule(CLOSE, b"\0\0\x01\x02good bye"));
        for piece in [1, 3, 1_000] {
            let mut capsules = Capsules::new();
            let found = bytes
                .chunks(piece)
                .find_map(|piece| capsules.take(piece).expect("well formed"));
            assert_eq!(
                found,
                Some(Close {
                    code: 258,
                    reason: "good bye".into()
                })
            );
        }
    }

    #[test]
    fn a_close_of_a_wrong_size_is_an_error() {
        for value in [vec![0; 3], vec![b'a'; 1_029]] {
            let taken = Capsules::new().take(&capsule(CLOSE, &value));
            assert_eq!(taken, Err(HttpError::Datagram));
        }
    }

    #[test]
    fn a_reason_that_is_no_text_is_an_error() {
        let taken = Capsules::new().take(&capsule(CLOSE, &[0, 0, 0, 0, 0xff]));
        assert_eq!(taken, Err(HttpError::Datagram));
    }
}
