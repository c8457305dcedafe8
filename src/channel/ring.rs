//! The newest frames of a channel, for those who join and for titles that come
//! after their frame. Bounded in time and in frames; the oldest frame goes first.

use std::collections::VecDeque;

use skywave_wire::FrameSeq;
use skywave_wire::group::Frame;

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
    use skywave_wire::Micros;

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
