//! One listener of one channel: what it has been handed, and what to do when it
//! does not keep up.
//!
//! A write never waits. What the transport does not take at once stays here, one
//! write at most; the frames after it stay in the room, which all its listeners
//! share. A listener that stays blocked for its bound skips to live: its stream
//! is reset, which frees what the transport held for it, and a fresh one begins.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::{Bytes, BytesMut};
use skywave_transport::SendStream;
use skywave_wire::control::{Delivery, Event, Skipped, encode_event};
use skywave_wire::{ChannelId, FrameSeq, Micros, Revision, stream};

use super::cache::GroupCache;
use super::line::Line;
use crate::channel::Membership;

/// After a skip the audio goes on this many frames before live: the bit reservoir
/// reaches back 511 bytes at most, which is fewer frames than this.
const RESUME_FRAMES: u64 = 10;

pub(super) struct Listener {
    pub(super) line: Line,
    pub(super) delivery: Delivery,
    pub(super) latency_micros: u64,
    /// Frames in one group, and at which sequence number, modulo that, it ends.
    pub(super) class: usize,
    pub(super) phase: usize,
    pub(super) acked: Revision,
    pub(super) told_count: Revision,
    /// Frames left out, for administrators to see.
    pub(super) skipped: Arc<AtomicU64>,
    /// `None` while the session is silent: it is not counted and gets nothing.
    membership: Option<Membership>,
    /// The first frame that it has not been handed.
    next: FrameSeq,
    stream: Option<SendStream>,
    /// What the stream did not take yet, and the first frame of it.
    unsent: Bytes,
    unsent_from: FrameSeq,
    blocked_since: Option<Micros>,
    /// The first frame left out since the listener was last told.
    skipped_from: Option<FrameSeq>,
}

/// What visits came to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    pub(super) stream: Carried,
    pub(super) datagram: Carried,
    pub(super) skips: u64,
    pub(super) skipped_frames: u64,
    pub(super) datagrams_dropped: u64,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Carried {
    pub(super) frames: u64,
    pub(super) bytes: u64,
}

impl Listener {
    pub(super) fn new(
        line: Line,
        delivery: Delivery,
        latency_micros: u64,
        membership: Membership,
        next: FrameSeq,
    ) -> Self {
        Self {
            line,
            delivery,
            latency_micros,
            class: 1,
            phase: 0,
            acked: Revision(0),
            told_count: Revision(0),
            skipped: Arc::default(),
            membership: Some(membership),
            next,
            stream: None,
            unsent: Bytes::new(),
            unsent_from: next,
            blocked_since: None,
            skipped_from: None,
        }
    }

    /// Counted and sent to, unlike one whose session went silent.
    pub(super) fn is_present(&self) -> bool {
        self.membership.is_some()
    }

    /// Hands over every frame that it lacks. Never waits.
    pub(super) fn visit(
        &mut self,
        channel: &ChannelId,
        cache: &mut GroupCache,
        max_blocked_micros: u64,
        tally: &mut Tally,
    ) {
        if self.next < cache.oldest() {
            self.skip_to(cache.oldest(), tally);
        }
        if self.delivery == Delivery::Datagram && self.stream.is_none() {
            return self.send(channel, cache, tally);
        }
        self.write(channel, cache, tally);
        let blocked = self
            .blocked_since
            .map_or(0, |since| cache.now().since(since));
        if blocked > max_blocked_micros {
            tally.skips += 1;
            let resume = FrameSeq(cache.end().0.saturating_sub(RESUME_FRAMES));
            self.skip_to(resume, tally);
            self.write(channel, cache, tally);
        }
        if self.delivery == Delivery::Datagram {
            self.finish_burst();
        }
    }

    /// The frames that come at once when it joins, or comes back: always on a
    /// stream, which with datagram delivery ends after them.
    pub(super) fn burst(&mut self, channel: &ChannelId, cache: &mut GroupCache, tally: &mut Tally) {
        self.write(channel, cache, tally);
        if self.delivery == Delivery::Datagram {
            self.finish_burst();
        }
    }

    /// The session went silent: frees what is held for it. So many frames were
    /// handed over since it was last heard, and have not arrived.
    pub(super) fn park(&mut self, frames: u64) {
        self.membership = None;
        self.drop_stream(Reset::Skipped);
        self.next = FrameSeq(self.next.0.saturating_sub(frames));
    }

    /// The session is back: goes on near `live`, the frame to come next.
    pub(super) fn unpark(&mut self, membership: Membership, live: FrameSeq, tally: &mut Tally) {
        self.membership = Some(membership);
        tally.skips += 1;
        self.skip_to(FrameSeq(live.0.saturating_sub(RESUME_FRAMES)), tally);
    }

    fn write(&mut self, channel: &ChannelId, cache: &mut GroupCache, tally: &mut Tally) {
        if !self.unsent.is_empty() {
            self.flush(tally);
        }
        if self.unsent.is_empty() && self.next < cache.end() {
            if self.stream.is_none() && !self.open(cache) {
                self.blocked_since.get_or_insert(cache.now());
                return;
            }
            self.unsent = cache.groups(self.next);
            self.unsent_from = self.next;
            tally.stream.frames += cache.end().since(self.next);
            self.tell_skipped(channel);
            self.next = cache.end();
            self.flush(tally);
        }
        if self.unsent.is_empty() {
            self.blocked_since = None;
        } else {
            self.blocked_since.get_or_insert(cache.now());
        }
    }

    /// Opens a stream if the client allows one more now, and writes its header.
    fn open(&mut self, cache: &GroupCache) -> bool {
        let Some(mut stream) = self.line.session().open_uni() else {
            return false;
        };
        let mut head = BytesMut::new();
        stream::Header::Audio(cache.handle()).put(&mut head);
        let mut head = head.freeze();
        if stream.try_write(&mut head).is_err() || !head.is_empty() {
            // A stream without its header is of no use; the next visit tries again.
            stream.reset(Reset::Skipped as u32);
            return false;
        }
        self.stream = Some(stream);
        true
    }

    fn flush(&mut self, tally: &mut Tally) {
        let Some(stream) = &mut self.stream else {
            return;
        };
        match stream.try_write(&mut self.unsent) {
            Ok(bytes) => tally.stream.bytes += bytes as u64,
            // The client stopped the stream: a fresh one begins with the next frame.
            Err(_) => {
                self.unsent = Bytes::new();
                self.stream = None;
            }
        }
    }

    fn send(&mut self, channel: &ChannelId, cache: &mut GroupCache, tally: &mut Tally) {
        if self.next >= cache.end() {
            return;
        }
        let frames = cache.end().since(self.next);
        let datagrams = cache.datagrams(self.next);
        let bytes: usize = datagrams.iter().map(Bytes::len).sum();
        if self.line.session().datagram_send_buffer_space() < bytes {
            tally.datagrams_dropped += datagrams.len() as u64;
            self.skip_to(cache.end(), tally);
            return;
        }
        for datagram in datagrams {
            self.line.send_shared(datagram);
        }
        tally.datagram.frames += frames;
        tally.datagram.bytes += bytes as u64;
        self.tell_skipped(channel);
        self.next = cache.end();
    }

    fn finish_burst(&mut self) {
        if self.unsent.is_empty()
            && let Some(mut stream) = self.stream.take()
        {
            stream.finish();
        }
    }

    /// Leaves out what was not handed to the transport before `resume`.
    fn skip_to(&mut self, resume: FrameSeq, tally: &mut Tally) {
        let held = match self.unsent.is_empty() {
            true => self.next,
            false => self.unsent_from,
        };
        self.drop_stream(Reset::Skipped);
        self.next = held.max(resume);
        if self.next > held {
            let frames = self.next.since(held);
            tally.skipped_frames += frames;
            self.skipped.fetch_add(frames, Ordering::Relaxed);
            if let Some(membership) = &self.membership {
                membership.skipped(frames);
            }
            self.skipped_from.get_or_insert(held);
        }
        self.blocked_since = None;
    }

    fn drop_stream(&mut self, why: Reset) {
        self.unsent = Bytes::new();
        if let Some(mut stream) = self.stream.take() {
            stream.reset(why as u32);
        }
    }

    fn tell_skipped(&mut self, channel: &ChannelId) {
        let Some(from_seq) = self.skipped_from.take() else {
            return;
        };
        let event = Event::Skipped(Skipped {
            channel_id: channel.clone(),
            from_seq,
            to_seq: self.next,
            frames: self.next.since(from_seq),
        });
        self.line.outbox().event(encode_event(&event).into());
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.drop_stream(Reset::Left);
    }
}

/// Why an audio stream is reset: the application's codes.
#[derive(Clone, Copy, Debug)]
enum Reset {
    /// The listener skips to live.
    Skipped = 0x10,
    /// The listener left.
    Left = 0x11,
}
