//! Groups of one moment, encoded once and shared by all listeners that lack the
//! same frames.

use std::collections::VecDeque;
use std::rc::Rc;

use bytes::{Bytes, BytesMut};
use skywave_wire::group::Frame;
use skywave_wire::{FrameSeq, Handle, Micros, datagram, stream};

use super::line::SHARED_PREFIX;

/// Encodes the frames from any one on for whoever asks, once.
#[derive(Debug)]
pub(super) struct GroupCache {
    handle: Handle,
    frames: Rc<VecDeque<Frame>>,
    now: Micros,
    groups: Vec<(FrameSeq, Bytes)>,
    datagrams: Vec<(FrameSeq, Vec<Bytes>)>,
}

impl GroupCache {
    /// Of these frames, oldest first, for listeners visited at `now`.
    pub(super) fn new(handle: Handle, frames: Rc<VecDeque<Frame>>, now: Micros) -> Self {
        Self {
            handle,
            frames,
            now,
            groups: Vec::new(),
            datagrams: Vec::new(),
        }
    }

    pub(super) fn handle(&self) -> Handle {
        self.handle
    }

    pub(super) fn now(&self) -> Micros {
        self.now
    }

    /// The first frame that is held, or 0 where none is.
    pub(super) fn oldest(&self) -> FrameSeq {
        self.frames.front().map_or(FrameSeq(0), |frame| frame.seq)
    }

    /// The frame after the last one that is held, or 0 where none is.
    pub(super) fn end(&self) -> FrameSeq {
        let newest = self.frames.back();
        newest.map_or(FrameSeq(0), |frame| frame.seq.plus(1))
    }

    /// The frames from `from` on as groups of an audio stream; empty where there
    /// are none.
    pub(super) fn groups(&mut self, from: FrameSeq) -> Bytes {
        if let Some((_, groups)) = self.groups.iter().find(|(at, _)| *at == from) {
            return groups.clone();
        }
        let mut out = BytesMut::new();
        stream::put_groups(&mut out, &self.since(from));
        let groups = out.freeze();
        self.groups.push((from, groups.clone()));
        groups
    }

    /// The frames from `from` on as datagrams.
    pub(super) fn datagrams(&mut self, from: FrameSeq) -> &[Bytes] {
        let known = self.datagrams.iter().position(|(at, _)| *at == from);
        let at = known.unwrap_or_else(|| {
            let mut out = Vec::new();
            datagram::put_audio(&mut out, SHARED_PREFIX, self.handle, &self.since(from));
            self.datagrams.push((from, out));
            self.datagrams.len() - 1
        });
        &self.datagrams[at].1
    }

    fn since(&self, from: FrameSeq) -> Vec<Frame> {
        let skip = self.frames.partition_point(|frame| frame.seq < from);
        self.frames.iter().skip(skip).cloned().collect()
    }
}
