//! The frames of a packet's payload (RFC 9000, 19; RFC 9221;
//! draft-ietf-quic-ack-frequency), as far as a listener has to tell them apart.

use std::time::Duration;

use skywave_wire::varint;

/// Whether a stream can carry audio: a server's unidirectional one (RFC 9000, 2.1),
/// like those of HTTP/3 that come before it.
pub(super) fn is_audio(id: u64) -> bool {
    id & 0b11 == 0b11
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Frame<'a> {
    /// It needs no acknowledgement.
    Quiet,
    /// It needs one, and says nothing to a listener.
    Other,
    /// It needs one at once.
    ImmediateAck,
    /// How acknowledgements are wanted from now on.
    AckFrequency(AckFrequency),
    Stream {
        id: u64,
        offset: u64,
        data: &'a [u8],
        ends: bool,
    },
    Reset {
        id: u64,
    },
    Close {
        reason: String,
    },
}

/// When to acknowledge (draft-ietf-quic-ack-frequency, 4): what is out of order is
/// acknowledged at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct AckFrequency {
    /// Packets that are acknowledged together.
    pub(super) together: u64,
    /// The longest that an acknowledgement waits.
    pub(super) delay: Duration,
}

impl Default for AckFrequency {
    /// As nobody has asked for anything else (RFC 9000, 13.2.2 and 18.2).
    fn default() -> Self {
        Self {
            together: 2,
            delay: Duration::from_millis(25),
        }
    }
}

/// Reads a packet's payload. `None` comes at its end, and where it cannot be read on.
pub(super) struct Frames<'a> {
    rest: &'a [u8],
    is_malformed: bool,
}

impl<'a> Frames<'a> {
    pub(super) fn of(payload: &'a [u8]) -> Self {
        Self {
            rest: payload,
            is_malformed: false,
        }
    }

    /// It ended at something that is no frame.
    pub(super) fn is_malformed(&self) -> bool {
        self.is_malformed
    }

    fn number(&mut self) -> Option<u64> {
        let (value, len) = varint::get(self.rest)?;
        self.rest = &self.rest[len..];
        Some(value)
    }

    fn numbers(&mut self, count: u64) -> Option<()> {
        (0..count).try_for_each(|_| self.number().map(drop))
    }

    fn bytes(&mut self, len: u64) -> Option<&'a [u8]> {
        let (bytes, rest) = self.rest.split_at_checked(usize::try_from(len).ok()?)?;
        self.rest = rest;
        Some(bytes)
    }

    fn counted(&mut self) -> Option<&'a [u8]> {
        let len = self.number()?;
        self.bytes(len)
    }

    fn frame(&mut self) -> Option<Frame<'a>> {
        let kind = self.number()?;
        match kind {
            // PADDING
            0x00 => return Some(Frame::Quiet),
            // ACK, the second with counts of ECN.
            0x02 | 0x03 => {
                self.numbers(2)?;
                let runs = self.number()?;
                self.numbers(1 + 2 * runs)?;
                if kind == 0x03 {
                    self.numbers(3)?;
                }
                return Some(Frame::Quiet);
            }
            0x04 => {
                let id = self.number()?;
                self.numbers(2)?;
                return Some(Frame::Reset { id });
            }
            0x08..=0x0f => {
                let id = self.number()?;
                let offset = if kind & 0x04 != 0 { self.number()? } else { 0 };
                let data = if kind & 0x02 != 0 {
                    self.counted()?
                } else {
                    std::mem::take(&mut self.rest)
                };
                return Some(Frame::Stream {
                    id,
                    offset,
                    data,
                    ends: kind & 0x01 != 0,
                });
            }
            // CONNECTION_CLOSE, the first with the kind of the frame at fault.
            0x1c | 0x1d => {
                self.numbers(if kind == 0x1c { 2 } else { 1 })?;
                let reason = String::from_utf8_lossy(self.counted()?).into_owned();
                return Some(Frame::Close { reason });
            }
            0x1f => return Some(Frame::ImmediateAck),
            0xaf => {
                self.number()?;
                let together = self.number()? + 1;
                let delay = Duration::from_micros(self.number()?);
                self.number()?;
                return Some(Frame::AckFrequency(AckFrequency { together, delay }));
            }
            // PING, HANDSHAKE_DONE
            0x01 | 0x1e => {}
            // STOP_SENDING, MAX_STREAM_DATA, STREAM_DATA_BLOCKED
            0x05 | 0x11 | 0x15 => self.numbers(2)?,
            // CRYPTO
            0x06 => {
                self.number()?;
                self.counted()?;
            }
            // NEW_TOKEN, DATAGRAM with a length
            0x07 | 0x31 => drop(self.counted()?),
            // MAX_DATA, MAX_STREAMS, DATA_BLOCKED, STREAMS_BLOCKED,
            // RETIRE_CONNECTION_ID
            0x10 | 0x12 | 0x13 | 0x14 | 0x16 | 0x17 | 0x19 => self.numbers(1)?,
            // NEW_CONNECTION_ID
            0x18 => {
                const RESET_TOKEN: u64 = 16;
                self.numbers(2)?;
                let len = self.bytes(1)?[0];
                self.bytes(u64::from(len) + RESET_TOKEN)?;
            }
            // PATH_CHALLENGE, PATH_RESPONSE
            0x1a | 0x1b => drop(self.bytes(8)?),
            // DATAGRAM up to the end
            0x30 => self.rest = &[],
            _ => return None,
        }
        Some(Frame::Other)
    }
}

impl<'a> Iterator for Frames<'a> {
    type Item = Frame<'a>;

    fn next(&mut self) -> Option<Frame<'a>> {
        if self.rest.is_empty() || self.is_malformed {
            return None;
        }
        let frame = self.frame();
        self.is_malformed = frame.is_none();
        frame
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_frame_is_read_to_its_end() {
        let all: &[(&[u8], Frame<'_>)] = &[
            (&[0x00], Frame::Quiet),
            (&[0x01], Frame::Other),
            (&[0x02, 9, 1, 1, 2, 0, 3], Frame::Quiet),
            (&[0x03, 9, 1, 0, 2, 1, 1, 1], Frame::Quiet),
            (&[0x04, 7, 1, 5], Frame::Reset { id: 7 }),
            (&[0x05, 7, 1], Frame::Other),
            (&[0x06, 0, 2, 8, 8], Frame::Other),
            (&[0x07, 1, 8], Frame::Other),
            (
                &[0x0a, 15, 2, 6, 7],
                Frame::Stream {
                    id: 15,
                    offset: 0,
                    data: &[6, 7],
                    ends: false,
                },
            ),
            (
                &[0x0f, 15, 9, 1, 6],
                Frame::Stream {
                    id: 15,
                    offset: 9,
                    data: &[6],
                    ends: true,
                },
            ),
            (&[0x10, 1], Frame::Other),
            (&[0x11, 1, 1], Frame::Other),
            (&[0x1a, 1, 2, 3, 4, 5, 6, 7, 8], Frame::Other),
            (
                &[0x1c, 1, 2, 2, b'n', b'o'],
                Frame::Close {
                    reason: "no".into(),
                },
            ),
            (
                &[0x1d, 1, 0],
                Frame::Close {
                    reason: String::new(),
                },
            ),
            (&[0x1e], Frame::Other),
            (&[0x1f], Frame::ImmediateAck),
            (
                &[0x40, 0xaf, 0, 7, 0x80, 0x03, 0x0d, 0x40, 1],
                Frame::AckFrequency(AckFrequency {
                    together: 8,
                    delay: Duration::from_millis(200),
                }),
            ),
            (&[0x31, 2, 8, 8], Frame::Other),
        ];
        let new_id = [&[0x18, 1, 0, 2, 5, 5][..], &[9; 16]].concat();
        let mut payload = new_id.clone();
        for (bytes, _) in all {
            payload.extend_from_slice(bytes);
        }
        payload.extend_from_slice(&[0x0c, 15, 1, 4, 4]);
        let mut frames = Frames::of(&payload);
        assert_eq!(frames.next(), Some(Frame::Other));
        for (bytes, frame) in all {
            assert_eq!(frames.next().as_ref(), Some(frame), "{bytes:?}");
        }
        let last = Frame::Stream {
            id: 15,
            offset: 1,
            data: &[4, 4],
            ends: false,
        };
        assert_eq!(frames.next(), Some(last));
        assert_eq!(frames.next(), None);
        assert!(!frames.is_malformed());

        for (bytes, _) in all.iter().filter(|(bytes, _)| bytes.len() > 1) {
            let mut cut = Frames::of(&bytes[..bytes.len() - 1]);
            assert_eq!(cut.next(), None, "{bytes:?} cut");
            assert!(cut.is_malformed());
        }
        let mut strange = Frames::of(&[0x3f, 0]);
        assert_eq!(strange.next(), None);
        assert!(strange.is_malformed());
    }
}
