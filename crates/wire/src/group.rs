//! A run of frames delivered together.
//!
//! ```text
//! group  = flags (1 byte) , sequence (varint) , time in µs (varint) , frame *
//! frame  = length (varint) , that many bytes: one whole MPEG audio frame
//! ```
//!
//! `sequence` and `time` belong to the first frame. Each further frame has the
//! next sequence number and begins where the one before ends, by the duration
//! that its own MPEG header states. Flag bit 0 marks a discontinuity: between
//! the frame before and this group frames are missing or time jumps, so that a
//! decoder starts anew. Other bits are 0 and ignored.

use bytes::{BufMut, Bytes, BytesMut};

use crate::reader::Reader;
use crate::{DecodeError, FrameSeq, Micros, mp3, varint};

/// The most frames in one group.
pub const MAX_FRAMES: usize = 64;

/// The most bytes of one encoded group.
pub const MAX_BYTES: usize = 64 * 1024;

/// The highest sequence number and time of a group's first frame, so that those
/// of its last are varints too.
pub(crate) const MAX_FIRST: u64 = varint::MAX / 2;

const DISCONTINUITY: u8 = 1;

/// One numbered and timed frame of a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Its number in the channel.
    pub seq: FrameSeq,
    /// When it is to be played, before the target delay is added.
    pub time: Micros,
    /// Frames are missing, or time jumps, directly before it.
    pub discontinuity: bool,
    /// The whole MPEG audio frame.
    pub data: Bytes,
}

/// Appends the frames as one group, without a length before it.
///
/// The frames follow each other: consecutive sequence numbers, a discontinuity
/// at the first one at most, no more than [`MAX_FRAMES`]. An empty run appends
/// nothing.
pub fn put(out: &mut BytesMut, frames: &[Frame]) {
    let Some(first) = frames.first() else { return };
    debug_assert!(frames.len() <= MAX_FRAMES);
    debug_assert!(frames[1..].iter().all(|f| !f.discontinuity));
    out.put_u8(if first.discontinuity {
        DISCONTINUITY
    } else {
        0
    });
    varint::put(out, first.seq.0);
    varint::put(out, first.time.0);
    for frame in frames {
        varint::put(out, frame.data.len() as u64);
        out.put_slice(&frame.data);
    }
}

/// Bytes that [`put`] appends.
pub fn encoded_len(frames: &[Frame]) -> usize {
    let Some(first) = frames.first() else {
        return 0;
    };
    let head = 1 + varint::len(first.seq.0) + varint::len(first.time.0);
    head + frames.iter().map(frame_len).sum::<usize>()
}

/// Cuts frames into the runs that go into one group each: no run crosses a
/// discontinuity or a hole in the sequence, and none outgrows `max_frames`
/// ([`MAX_FRAMES`] at most) or `max_bytes` once encoded. A frame that is larger
/// than `max_bytes` by itself makes a run of its own.
pub fn runs(
    frames: &[Frame],
    max_frames: usize,
    max_bytes: usize,
) -> impl Iterator<Item = &[Frame]> {
    let max_frames = max_frames.clamp(1, MAX_FRAMES);
    let mut rest = frames;
    std::iter::from_fn(move || {
        let first = rest.first()?;
        let mut bytes = encoded_len(&rest[..1]);
        let mut count = 1;
        while let Some(next) = rest.get(count) {
            bytes += frame_len(next);
            let follows = !next.discontinuity && next.seq == first.seq.plus(count as u64);
            if count == max_frames || bytes > max_bytes || !follows {
                break;
            }
            count += 1;
        }
        let (run, tail) = rest.split_at(count);
        rest = tail;
        Some(run)
    })
}

/// Reads one group that fills `bytes` to their end; the frames share `bytes`.
///
/// The time of each frame after the first is the time of the one before plus
/// its duration by its MPEG header.
///
/// # Errors
/// The group is cut short, begins past 2^61, has no frame, more than [`MAX_FRAMES`], or a frame
/// longer than [`mp3::MAX_FRAME_BYTES`].
pub fn decode(bytes: Bytes) -> Result<Vec<Frame>, DecodeError> {
    let mut reader = Reader(bytes);
    let flags = reader.u8("flags")?;
    let mut seq = FrameSeq(reader.bounded("sequence", MAX_FIRST)?);
    let mut time = Micros(reader.bounded("time", MAX_FIRST)?);
    let mut discontinuity = flags & DISCONTINUITY != 0;
    let mut frames = Vec::new();
    while !reader.is_empty() {
        if frames.len() == MAX_FRAMES {
            return Err(DecodeError::TooLarge {
                field: "frame count",
                value: MAX_FRAMES as u64 + 1,
                max: MAX_FRAMES as u64,
            });
        }
        let len = reader.bounded("frame length", mp3::MAX_FRAME_BYTES as u64)?;
        let data = reader.bytes("frame", len as usize)?;
        let duration = duration_micros(&data);
        frames.push(Frame {
            seq,
            time,
            discontinuity: std::mem::take(&mut discontinuity),
            data,
        });
        seq = seq.plus(1);
        time = time.plus(duration);
    }
    if frames.is_empty() {
        return Err(DecodeError::Empty("group"));
    }
    Ok(frames)
}

/// The duration that the frame's MPEG header states, in µs; 0 where the bytes
/// are no MPEG audio frame.
pub fn duration_micros(frame: &[u8]) -> u64 {
    frame
        .first_chunk::<4>()
        .and_then(|head| mp3::Header::parse(*head).ok())
        .map_or(0, |header| header.duration_micros())
}

fn frame_len(frame: &Frame) -> usize {
    varint::len(frame.data.len() as u64) + frame.data.len()
}

#[cfg(test)]
mod tests;
