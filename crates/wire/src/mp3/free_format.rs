//! Finds the frame length of free format, which no header states.

use super::header::Header;
use super::parser::{Follower, follower};

/// What is known of the length of a free-format frame.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Measured {
    /// Every frame has this many bytes, and one more where padded.
    Unpadded(usize),
    /// This is no free-format frame.
    No,
    /// It takes this many bytes to tell.
    Unclear(usize),
}

/// How many headers that lead nowhere are tried: a header's bits appear in the audio of a frame by
/// chance about once in a thousand frames, and this bounds the work on hostile bytes.
const TRIES: usize = 4;

/// How many more bytes to wait for when the next header is not there yet. Searching anew at every
/// byte that comes would cost the square of the length.
const STEP_BYTES: usize = 256;

/// Measures the frame at the start of `bytes`, whose header is `first`: the distance to the next
/// header like it, if a third one (or a tag, or the `end` of the stream) follows where that
/// distance puts it. ISO/IEC 11172-3 section 2.4.2.3 (`bitrate_index`).
pub(super) fn measure(bytes: &[u8], first: &Header, end: bool) -> Measured {
    let shortest = first.side_info_at() + first.side_info_bytes();
    let longest = first.max_free_bytes() + first.padding_bytes();
    let mut at = shortest;
    let mut tries = 0;
    while let Some(found) = next_sync(bytes, at, longest) {
        at = found;
        let Some(second) = bytes[at..].first_chunk::<4>() else {
            return unclear(at + 4, end);
        };
        if let Ok(second) = Header::parse(*second)
            && alike(first, &second)
        {
            let unpadded = at - first.padding_bytes();
            let third = at + unpadded + second.padding_bytes();
            match follower(bytes, third, &second, end) {
                Follower::Confirms => return Measured::Unpadded(unpadded),
                Follower::Unclear(bytes) => return Measured::Unclear(bytes),
                Follower::Denies => tries += 1,
            }
            if tries == TRIES {
                return Measured::No;
            }
        }
        at += 1;
    }
    if bytes.len() > longest {
        Measured::No
    } else {
        unclear((bytes.len() + STEP_BYTES).min(longest + 4), end)
    }
}

fn next_sync(bytes: &[u8], from: usize, last: usize) -> Option<usize> {
    let window = bytes.get(from..bytes.len().min(last + 1))?;
    Some(from + window.iter().position(|&byte| byte == 0xFF)?)
}

/// Stricter than a following header elsewhere, as many places are tried: an encoder does not
/// change these within a stream.
fn alike(first: &Header, second: &Header) -> bool {
    first.same_stream(second)
        && first.has_crc() == second.has_crc()
        && first.channels() == second.channels()
}

fn unclear(bytes: usize, end: bool) -> Measured {
    if end {
        Measured::No
    } else {
        Measured::Unclear(bytes)
    }
}
