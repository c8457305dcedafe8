//! The newest frames of a channel, for those who join and for titles that come
//! after their frame. Bounded in time and in frames; the oldest frame goes first.

use std::collections::VecDeque;

use skywave_wire::group::{Frame, duration_micros};
use skywave_wire::{FrameSeq, Micros};

/// No channel keeps more, whatever its frames' duration.
const MAX_FRAMES: usize = 1024;

#[derive(Debug)]
pub(crate) struct Ring {
    frames: VecDeque<Kept>,
    span_micros: u64,
    /// The ingest of the last frame that had to go.
    forgotten: Option<u64>,
}

/// Where a byte of an ingest is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Frame(FrameSeq),
    ToCome,
    /// In, or before, frames that are not kept any more.
    Gone,
}

#[derive(Debug)]
struct Kept {
    frame: Frame,
    ingest: u64,
    offset: u64,
}

impl Ring {
    /// An empty ring that keeps the frames of the last `span_micros`.
    pub(crate) fn new(span_micros: u64) -> Self {
        Self {
            frames: VecDeque::new(),
            span_micros,
            forgotten: None,
        }
    }

    /// Appends a frame that began at byte `offset` of the given ingest.
    pub(crate) fn push(&mut self, frame: Frame, ingest: u64, offset: u64) {
        let oldest_kept = frame.time.0.saturating_sub(self.span_micros);
        while let Some(oldest) = self.frames.front() {
            let old = oldest.frame.time.0 < oldest_kept;
            if !old && self.frames.len() < MAX_FRAMES {
                break;
            }
            self.forgotten = self.frames.pop_front().map(|oldest| oldest.ingest);
        }
        self.frames.push_back(Kept {
            frame,
            ingest,
            offset,
        });
    }

    /// The frames of the last `micros`, oldest first.
    pub(crate) fn newest(&self, micros: u64) -> Vec<Frame> {
        let Some(newest) = self.frames.back() else {
            return Vec::new();
        };
        let from = newest.frame.time.0.saturating_sub(micros);
        self.frames
            .iter()
            .skip_while(|kept| kept.frame.time.0 <= from)
            .map(|kept| kept.frame.clone())
            .collect()
    }

    /// The audio of the last seconds that are kept, in kbit/s; less where none came
    /// in some of them.
    pub(crate) fn kbps(&self, now: Micros) -> u64 {
        let (Some(oldest), Some(newest)) = (self.frames.front(), self.frames.back()) else {
            return 0;
        };
        let newest_end = newest.frame.time.plus(duration_micros(&newest.frame.data));
        let end = newest_end.max(now);
        let window = Micros(end.0.saturating_sub(self.span_micros));
        let start = oldest.frame.time.max(window);
        let within = self.frames.iter().filter(|kept| kept.frame.time >= start);
        let bytes: usize = within.map(|kept| kept.frame.data.len()).sum();
        let micros = end.since(start).max(1);
        (bytes as u64 * 8_000 + micros / 2) / micros
    }

    /// Where the first frame of this ingest is that begins at or after byte
    /// `offset`.
    pub(crate) fn first_from(&self, ingest: u64, offset: u64) -> Place {
        let mut of_ingest = self.frames.iter().filter(|kept| kept.ingest == ingest);
        let is_found = |kept: &&Kept| kept.offset >= offset;
        match (of_ingest.next(), self.forgotten) {
            (Some(oldest), Some(forgotten)) if is_found(&oldest) && forgotten == ingest => {
                Place::Gone
            }
            (oldest, _) => oldest
                .into_iter()
                .chain(of_ingest)
                .find(is_found)
                .map_or(Place::ToCome, |kept| Place::Frame(kept.frame.seq)),
        }
    }

    /// Forgets all frames.
    pub(crate) fn clear(&mut self) {
        self.frames.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn frame(seq: u64) -> Frame {
        Frame {
            seq: FrameSeq(seq),
            time: Micros(seq * 26_000),
            discontinuity: false,
            data: Bytes::from_static(b"frame"),
        }
    }

    #[test]
    fn only_the_newest_frames_are_kept() {
        let mut ring = Ring::new(1_000_000);
        for n in 0..10_000 {
            ring.push(frame(n), 1, n * 417);
        }
        let kept = ring.newest(u64::MAX);
        assert_eq!(kept.len(), 39);
        assert_eq!(kept.last().map(|f| f.seq), Some(FrameSeq(9_999)));
        let burst = ring.newest(260_000);
        assert_eq!(burst.len(), 10);
        assert_eq!(burst[0].seq, FrameSeq(9_990));
    }

    /// MPEG-1 at 128 kbit/s and 44.1 kHz, a frame of 417 bytes every 26,122 µs.
    fn at_128_kbps(n: u64) -> Frame {
        let mut data = vec![0; 417];
        data[..4].copy_from_slice(&[0xff, 0xfb, 0x90, 0x64]);
        Frame {
            time: Micros(1_000_000_000 + n * 26_122),
            data: data.into(),
            ..frame(n)
        }
    }

    #[test]
    fn the_rate_is_that_of_the_audio_and_falls_when_none_comes() {
        let mut ring = Ring::new(4_000_000);
        assert_eq!(ring.kbps(Micros(1_000_000_000)), 0);
        for n in 0..300 {
            let frame = at_128_kbps(n);
            let time = frame.time;
            ring.push(frame, 1, n * 417);
            for ahead in [0, 20_000] {
                let rate = ring.kbps(Micros(time.0 - ahead));
                assert!(rate.abs_diff(128) <= 1, "{rate} kbit/s after {n} frames");
            }
        }
        let newest = Micros(1_000_000_000 + 300 * 26_122);
        assert!(ring.kbps(newest.plus(2_000_000)).abs_diff(64) <= 1);
        assert_eq!(ring.kbps(newest.plus(4_000_000)), 0);
    }

    #[test]
    fn frames_of_no_duration_are_bounded_too() {
        let mut ring = Ring::new(1_000_000);
        for n in 0..5_000 {
            let mut still = frame(n);
            still.time = Micros(0);
            ring.push(still, 1, n);
        }
        assert_eq!(ring.frames.len(), MAX_FRAMES);
    }

    #[test]
    fn a_byte_finds_the_frame_that_begins_there_or_next() {
        let mut ring = Ring::new(10_000_000);
        ring.push(frame(1), 1, 0);
        ring.push(frame(2), 2, 0);
        ring.push(frame(3), 2, 417);
        assert_eq!(ring.first_from(2, 0), Place::Frame(FrameSeq(2)));
        assert_eq!(ring.first_from(2, 1), Place::Frame(FrameSeq(3)));
        assert_eq!(ring.first_from(2, 418), Place::ToCome);
    }

    #[test]
    fn a_byte_of_a_frame_that_is_not_kept_is_gone() {
        let mut ring = Ring::new(1_000_000);
        for n in 0..100 {
            ring.push(frame(n), 1, n * 417);
        }
        assert_eq!(ring.first_from(1, 0), Place::Gone);
        assert_eq!(ring.first_from(1, 99 * 417), Place::Frame(FrameSeq(99)));
    }
}
