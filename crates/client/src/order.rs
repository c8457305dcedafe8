//! Puts frames into order that came on more than one way: the opening burst on a
//! stream and the rest in datagrams, datagrams among each other, pieces of large
//! frames, an old stream and the fresh one after a skip.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use skywave_wire::FrameSeq;
use skywave_wire::datagram::Fragment;
use skywave_wire::group::Frame;

/// Frames after a missing one wait for it this long.
const PATIENCE: Duration = Duration::from_millis(200);
/// Frames that wait at the most; past it the missing ones are given up.
const MAX_WAITING: usize = 512;
/// Frames of which pieces are kept at the most; the oldest ones go first.
const MAX_IN_PIECES: usize = 16;

/// A reordering buffer. Bounded in frames and in time.
#[derive(Debug)]
pub(crate) struct Order {
    next: FrameSeq,
    waiting: BTreeMap<u64, Frame>,
    waiting_since: Option<Instant>,
    pieces: BTreeMap<u64, Pieces>,
    missing: u64,
}

#[derive(Debug)]
struct Pieces {
    frame: Frame,
    data: BytesMut,
    held: Vec<(usize, usize)>,
}

impl Order {
    /// Expects `next` first.
    pub(crate) fn new(next: FrameSeq) -> Self {
        Self {
            next,
            waiting: BTreeMap::new(),
            waiting_since: None,
            pieces: BTreeMap::new(),
            missing: 0,
        }
    }

    /// Takes a frame in; one that was there before, or is too late, is left out.
    pub(crate) fn push(&mut self, frame: Frame) {
        if frame.seq >= self.next {
            self.waiting.entry(frame.seq.0).or_insert(frame);
        }
        while self.waiting.len() > MAX_WAITING {
            self.give_up();
        }
    }

    /// Takes a piece of a frame in.
    pub(crate) fn push_fragment(&mut self, fragment: Fragment) {
        let seq = fragment.piece.seq;
        if seq < self.next || self.waiting.contains_key(&seq.0) {
            return;
        }
        let pieces = self.pieces.entry(seq.0).or_insert_with(|| Pieces {
            data: BytesMut::zeroed(fragment.total),
            frame: fragment.piece.clone(),
            held: Vec::new(),
        });
        if let Some(data) = pieces.add(&fragment) {
            let frame = Frame {
                data,
                ..fragment.piece
            };
            self.pieces.remove(&seq.0);
            self.push(frame);
        }
        while self.pieces.len() > MAX_IN_PIECES {
            self.pieces.pop_first();
        }
    }

    /// The next frame in order. Waits, by giving `None`, for one that is missing,
    /// until it has been missing for too long at `now`.
    pub(crate) fn pop(&mut self, now: Instant) -> Option<Frame> {
        let (&first, _) = self.waiting.first_key_value()?;
        if first > self.next.0 {
            let since = *self.waiting_since.get_or_insert(now);
            if now.duration_since(since) < PATIENCE {
                return None;
            }
            self.give_up();
        }
        self.waiting_since = None;
        let (_, frame) = self.waiting.pop_first()?;
        self.next = frame.seq.plus(1);
        self.pieces = self.pieces.split_off(&self.next.0);
        Some(frame)
    }

    /// A stream goes on at this frame: what is before it does not come. Gives the
    /// frame that was expected, where frames are missing.
    pub(crate) fn skip_to(&mut self, seq: FrameSeq) -> Option<FrameSeq> {
        let expected = self.next;
        if seq <= expected {
            return None;
        }
        self.missing += seq.since(expected);
        self.next = seq;
        self.waiting = self.waiting.split_off(&seq.0);
        Some(expected)
    }

    /// When a missing frame is given up, if one is missing.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.waiting_since.map(|since| since + PATIENCE)
    }

    /// Frames that never came.
    pub(crate) fn missing(&self) -> u64 {
        self.missing
    }

    fn give_up(&mut self) {
        if let Some((&first, _)) = self.waiting.first_key_value() {
            self.missing += first.saturating_sub(self.next.0);
            self.next = FrameSeq(first);
        }
        if self.waiting.len() > MAX_WAITING {
            self.waiting.pop_first();
            self.missing += 1;
            self.next = self.next.plus(1);
        }
    }
}

impl Pieces {
    /// The whole frame once its last piece has come.
    fn add(&mut self, fragment: &Fragment) -> Option<Bytes> {
        let piece = &fragment.piece.data;
        let end = fragment.offset + piece.len();
        if fragment.total != self.data.len() || fragment.piece.time != self.frame.time {
            return None;
        }
        let known = self.held.iter().any(|&(from, _)| from == fragment.offset);
        if !known {
            self.data[fragment.offset..end].copy_from_slice(piece);
            self.held.push((fragment.offset, end));
        }
        let held: usize = self.held.iter().map(|(from, to)| to - from).sum();
        (held >= self.data.len()).then(|| std::mem::take(&mut self.data).freeze())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use skywave_wire::{Handle, Micros};

    fn frame(seq: u64) -> Frame {
        Frame {
            seq: FrameSeq(seq),
            time: Micros(seq),
            discontinuity: false,
            data: Bytes::from(vec![seq as u8; 10]),
        }
    }

    fn drain(order: &mut Order, now: Instant) -> Vec<u64> {
        std::iter::from_fn(|| order.pop(now))
            .map(|f| f.seq.0)
            .collect()
    }

    #[test]
    fn frames_come_out_in_order_and_once() {
        let now = Instant::now();
        let mut order = Order::new(FrameSeq(5));
        for seq in [7, 6, 4, 7, 5, 8] {
            order.push(frame(seq));
        }
        assert_eq!(drain(&mut order, now), [5, 6, 7, 8]);
        assert_eq!(order.missing(), 0);
    }

    #[test]
    fn a_missing_frame_is_given_up_after_a_while() {
        let now = Instant::now();
        let mut order = Order::new(FrameSeq(0));
        order.push(frame(0));
        order.push(frame(3));
        assert_eq!(drain(&mut order, now), [0]);
        assert_eq!(order.deadline(), Some(now + PATIENCE));
        assert_eq!(drain(&mut order, now + PATIENCE), [3]);
        assert_eq!(order.missing(), 2);
        order.push(frame(1));
        assert_eq!(drain(&mut order, now + PATIENCE), [0u64; 0]);
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut order = Order::new(FrameSeq(0));
        for seq in 1..10_000 {
            order.push(frame(seq));
        }
        assert!(order.waiting.len() <= MAX_WAITING);
        let heard = drain(&mut order, Instant::now());
        assert_eq!(heard.last(), Some(&9_999));
        assert_eq!(heard.len() as u64 + order.missing(), 10_000);
    }

    #[test]
    fn a_frame_in_pieces_is_put_together_whatever_their_order() {
        let whole: Bytes = (0..250u8).collect();
        let piece = |offset: usize, end: usize| Fragment {
            handle: Handle(1),
            piece: Frame {
                data: whole.slice(offset..end),
                ..frame(1)
            },
            total: whole.len(),
            offset,
        };
        let mut order = Order::new(FrameSeq(1));
        for (offset, end) in [(200, 250), (0, 100), (200, 250), (100, 200)] {
            order.push_fragment(piece(offset, end));
        }
        let frame = order.pop(Instant::now()).expect("whole");
        assert_eq!(frame.data, whole);
        for seq in 0..1_000 {
            let mut lone = piece(0, 100);
            lone.piece.seq = FrameSeq(2 + seq);
            order.push_fragment(lone);
        }
        assert_eq!(order.pieces.len(), MAX_IN_PIECES);
    }

    #[test]
    fn a_skip_does_not_wait() {
        let mut order = Order::new(FrameSeq(0));
        order.push(frame(0));
        order.push(frame(100));
        let now = Instant::now();
        assert_eq!(drain(&mut order, now), [0]);
        assert_eq!(order.skip_to(FrameSeq(100)), Some(FrameSeq(1)));
        assert_eq!(drain(&mut order, now), [100]);
        assert_eq!(order.missing(), 99);
    }
}
