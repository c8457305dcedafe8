//! A channel's listeners on one shard, and the frames that they share.
//!
//! Each listener has a *class*, the frames in one of its groups, and a *phase*,
//! which says at which frames its groups end. A frame that comes in is handed to
//! the phase of each class whose groups end with it, so that the listeners of a
//! channel are spread over its frames and each is visited once a group.

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use bytes::Bytes;
use skywave_wire::control::{Delivery, Event, Metadata, encode_event};
use skywave_wire::group::{self, Frame};
use skywave_wire::{FrameSeq, Micros, Revision, datagram};
use slab::Slab;

use super::cache::GroupCache;
use super::line::{Line, SHARED_PREFIX};
use super::listener::{Listener, Tally};
use crate::channel::{Channel, Membership, Snapshot};
use crate::config;

/// Until a frame has come, as if it were MPEG-1 at 44.1 kHz.
const USUAL_FRAME_MICROS: u64 = 26_122;
/// Groups in datagrams stay small: what does not fit the transport's buffer for
/// them is dropped whole.
const MAX_DATAGRAM_CLASS: usize = 16;
/// A count waits this long for a visit that it can ride along with.
const COUNT_WAIT_MICROS: u64 = 50_000;
/// A title that was not acknowledged is sent again after this time, so many
/// times, and then over the control stream.
const REPEAT_MICROS: u64 = 250_000;
const MAX_REPEATS: u32 = 6;
/// Frames that wait for their group to fill are sent when none comes for so long.
const STALL_MICROS: u64 = 100_000;

/// Names a listener in its room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seat(usize);

/// How a listener wants its audio.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wish {
    pub(crate) delivery: Delivery,
    pub(crate) latency_micros: u64,
}

pub(super) struct Room {
    channel: Arc<Channel>,
    /// The newest frames, for as long as a slow listener may lack them.
    frames: Rc<VecDeque<Frame>>,
    /// Of all of them together.
    bytes: usize,
    span_micros: u64,
    /// Audio that the transport may hold for one listener.
    unsent_micros: u64,
    max_blocked_micros: u64,
    frame_micros: u64,
    send_window: u64,
    listeners: Slab<Listener>,
    classes: BTreeMap<usize, Vec<Vec<Seat>>>,
    /// Frames came at this time and may wait for their group to fill.
    fed_at: Option<Micros>,
    count: Option<Count>,
    title: Option<Title>,
}

#[derive(Debug)]
struct Count {
    revision: Revision,
    count: u64,
    datagram: Bytes,
    since: Micros,
    everyone_told: bool,
}

#[derive(Debug)]
struct Title {
    metadata: Arc<Metadata>,
    /// `None` where it is too large for one.
    datagram: Option<Bytes>,
    sent_at: Micros,
    /// `None` once it was sent often enough.
    repeats: Option<u32>,
}

impl Room {
    pub(super) fn new(channel: Arc<Channel>, settings: &config::Channels) -> Self {
        let max_lag = settings.max_lag.as_micros() as u64;
        let burst = settings.burst.as_micros() as u64;
        Self {
            channel,
            frames: Rc::default(),
            bytes: 0,
            span_micros: max_lag + burst,
            unsent_micros: max_lag / 2 + burst,
            max_blocked_micros: max_lag / 2,
            frame_micros: USUAL_FRAME_MICROS,
            send_window: 0,
            listeners: Slab::new(),
            classes: BTreeMap::new(),
            fed_at: None,
            count: None,
            title: None,
        }
    }

    pub(super) fn channel(&self) -> &Arc<Channel> {
        &self.channel
    }

    pub(super) fn is_empty(&self) -> bool {
        self.listeners.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.listeners.len()
    }

    /// Seats a listener and hands it the burst of its snapshot.
    pub(super) fn enter(
        &mut self,
        line: Line,
        wish: Wish,
        membership: Membership,
        snapshot: &Snapshot,
        now: Micros,
        tally: &mut Tally,
    ) -> Seat {
        let burst = &snapshot.burst;
        let first = burst.first().map_or(snapshot.next_seq, |frame| frame.seq);
        if self.frames.is_empty() {
            self.hold(burst);
        }
        let Wish {
            delivery,
            latency_micros,
        } = wish;
        let mut listener = Listener::new(line, delivery, latency_micros, membership, first);
        listener.line.session().set_send_window(self.window());
        // The answer to the join carries them.
        listener.acked = snapshot.titles.last().map_or(Revision(0), |t| t.revision);
        let mut cache = self.cache_of(Rc::new(burst.iter().cloned().collect()), now);
        listener.burst(self.channel.id(), &mut cache, tally);
        let seat = Seat(self.listeners.insert(listener));
        self.assign(seat);
        seat
    }

    /// Where the frames are counted that the listener is too slow to take.
    pub(super) fn skipped(&self, seat: Seat) -> Arc<AtomicU64> {
        self.listeners[seat.0].skipped.clone()
    }

    /// The listener goes; dropping it ends its membership.
    pub(super) fn leave(&mut self, seat: Seat) {
        self.unassign(seat);
        self.listeners.remove(seat.0);
    }

    /// The listener's session went silent, so long ago.
    pub(super) fn park(&mut self, seat: Seat, silent: Duration, now: Micros) {
        let began = Micros(now.0.saturating_sub(silent.as_micros() as u64));
        let newest = self.frames.back().map_or(began, |frame| frame.time);
        let frames = newest.since(began) / self.frame_micros;
        self.listeners[seat.0].park(frames);
    }

    /// The listener's session is back.
    pub(super) fn unpark(
        &mut self,
        seat: Seat,
        membership: Membership,
        snapshot: &Snapshot,
        now: Micros,
        tally: &mut Tally,
    ) {
        let listener = &mut self.listeners[seat.0];
        listener.unpark(membership, snapshot.next_seq, tally);
        let frames = snapshot.burst.iter().cloned().collect();
        let mut cache = GroupCache::new(self.channel.handle(), Rc::new(frames), now);
        listener.burst(self.channel.id(), &mut cache, tally);
        if let Some(count) = &self.count {
            tell_count(listener, &self.channel, count);
        }
        for title in &snapshot.titles {
            tell_title_by_control(listener, &self.channel, title);
        }
    }

    /// Takes frames in. Gives those who are due now, in the order of their visits.
    pub(super) fn feed(&mut self, frames: &[Frame], received: Micros) -> Vec<Seat> {
        let Some(newest) = frames.last() else {
            return Vec::new();
        };
        let duration = group::duration_micros(&newest.data);
        self.hold(frames);
        self.fed_at = Some(received);
        if duration != self.frame_micros && duration > 0 {
            self.frame_micros = duration;
            self.assign_all();
        }
        let mut due = Vec::new();
        for (class, phases) in &self.classes {
            for frame in &frames[frames.len().saturating_sub(*class)..] {
                due.extend_from_slice(&phases[(frame.seq.0 % *class as u64) as usize]);
            }
        }
        due
    }

    /// What listeners are handed now. Stays right until the next
    /// [`feed`](Self::feed).
    pub(super) fn cache(&self, now: Micros) -> GroupCache {
        self.cache_of(self.frames.clone(), now)
    }

    /// Hands the listener what it lacks, the count along with it.
    pub(super) fn visit(&mut self, seat: Seat, cache: &mut GroupCache, tally: &mut Tally) {
        // It may have left since it was due.
        let Some(listener) = self.listeners.get_mut(seat.0) else {
            return;
        };
        if !listener.is_present() {
            return;
        }
        if let Some(count) = &self.count {
            tell_count(listener, &self.channel, count);
        }
        listener.visit(self.channel.id(), cache, self.max_blocked_micros, tally);
        listener.line.session().flush();
    }

    /// Every listener, due or not: frames that wait are to go out.
    pub(super) fn everyone(&mut self) -> Vec<Seat> {
        self.fed_at = None;
        self.listeners.iter().map(|(at, _)| Seat(at)).collect()
    }

    /// Tells everyone a line.
    pub(super) fn tell(&self, line: &Arc<str>) {
        for (_, listener) in &self.listeners {
            listener.line.outbox().event(line.clone());
        }
    }

    /// Another count, to be told with the next visits.
    pub(super) fn set_count(&mut self, revision: Revision, count: u64, now: Micros) {
        let handle = self.channel.handle();
        self.count = Some(Count {
            revision,
            count,
            datagram: datagram::listeners(SHARED_PREFIX, handle, revision, count),
            since: now,
            everyone_told: false,
        });
    }

    /// Another title, told to everyone at once.
    pub(super) fn set_title(&mut self, metadata: Arc<Metadata>, now: Micros) {
        let json = serde_json::to_vec(&metadata.title).unwrap_or_default();
        let (handle, revision) = (self.channel.handle(), metadata.revision);
        let datagram = datagram::metadata(SHARED_PREFIX, handle, revision, metadata.seq, &json);
        let title = Title {
            repeats: datagram.is_some().then_some(0),
            metadata,
            datagram,
            sent_at: now,
        };
        for (_, listener) in &mut self.listeners {
            tell_title(listener, &self.channel, &title);
        }
        self.title = Some(title);
    }

    /// The listener has this title, and all before it.
    pub(super) fn ack(&mut self, seat: Seat, revision: Revision) {
        if let Some(listener) = self.listeners.get_mut(seat.0) {
            listener.acked = listener.acked.max(revision);
        }
    }

    /// Does what time asks for. Gives those who wait for a group that does not
    /// fill, and how many titles were repeated.
    pub(super) fn tick(&mut self, now: Micros) -> (Vec<Seat>, u64) {
        self.tell_late_counts(now);
        let repeated = self.repeat_title(now);
        let stalled = self.fed_at.is_some_and(|fed| now.since(fed) > STALL_MICROS);
        let waiting = if stalled { self.everyone() } else { Vec::new() };
        (waiting, repeated)
    }

    fn tell_late_counts(&mut self, now: Micros) {
        let Some(count) = &mut self.count else { return };
        if count.everyone_told || now.since(count.since) < COUNT_WAIT_MICROS {
            return;
        }
        count.everyone_told = true;
        for (_, listener) in &mut self.listeners {
            if listener.is_present() {
                tell_count(listener, &self.channel, count);
            }
        }
    }

    fn repeat_title(&mut self, now: Micros) -> u64 {
        let Some(title) = &mut self.title else {
            return 0;
        };
        let Some(repeats) = title.repeats else {
            return 0;
        };
        if now.since(title.sent_at) < REPEAT_MICROS {
            return 0;
        }
        title.sent_at = now;
        if repeats == MAX_REPEATS {
            title.datagram = None;
        }
        title.repeats = (repeats < MAX_REPEATS).then_some(repeats + 1);
        let mut repeated = 0;
        for (_, listener) in &mut self.listeners {
            if listener.is_present() && listener.acked < title.metadata.revision {
                tell_title(listener, &self.channel, title);
                repeated += 1;
            }
        }
        repeated
    }

    fn hold(&mut self, frames: &[Frame]) {
        let held = Rc::make_mut(&mut self.frames);
        let end = held.back().map_or(FrameSeq(0), |frame| frame.seq.plus(1));
        for frame in frames.iter().filter(|frame| frame.seq >= end) {
            self.bytes += frame.data.len();
            held.push_back(frame.clone());
        }
        let Some(newest) = held.back() else { return };
        let oldest_held = newest.time.0.saturating_sub(self.span_micros);
        while let Some(oldest) = held.front()
            && oldest.time.0 < oldest_held
        {
            self.bytes -= oldest.data.len();
            held.pop_front();
        }
        self.widen();
    }

    /// The transport may hold half of the allowed lag and a burst; a listener that
    /// stays blocked for the other half skips.
    fn widen(&mut self) {
        let held_micros = self.frames.len() as u64 * self.frame_micros;
        let per_second = self.bytes as u64 * 1_000_000 / held_micros.max(1);
        let wanted = per_second * self.unsent_micros / 1_000_000;
        if wanted.abs_diff(self.send_window) > self.send_window / 4 {
            self.send_window = wanted;
            for (_, listener) in &self.listeners {
                listener.line.session().set_send_window(self.window());
            }
        }
    }

    fn window(&self) -> u64 {
        const LEAST: u64 = 32 << 10;
        const MOST: u64 = 1 << 20;
        self.send_window.clamp(LEAST, MOST)
    }

    fn class_of(&self, listener: &Listener) -> usize {
        let most = match listener.delivery {
            Delivery::Stream => group::MAX_FRAMES,
            Delivery::Datagram => MAX_DATAGRAM_CLASS,
        };
        let frames = 1 + listener.latency_micros / self.frame_micros;
        (frames as usize).min(most)
    }

    /// Puts the listener into the emptiest phase of its class.
    fn assign(&mut self, seat: Seat) {
        let class = self.class_of(&self.listeners[seat.0]);
        let phases = self
            .classes
            .entry(class)
            .or_insert_with(|| vec![Vec::new(); class]);
        let phase = (0..class)
            .min_by_key(|&phase| phases[phase].len())
            .unwrap_or(0);
        phases[phase].push(seat);
        let listener = &mut self.listeners[seat.0];
        (listener.class, listener.phase) = (class, phase);
    }

    fn unassign(&mut self, seat: Seat) {
        let Listener { class, phase, .. } = self.listeners[seat.0];
        let Some(phases) = self.classes.get_mut(&class) else {
            return;
        };
        if let Some(at) = phases[phase].iter().position(|&other| other == seat) {
            phases[phase].swap_remove(at);
        }
        if phases.iter().all(Vec::is_empty) {
            self.classes.remove(&class);
        }
    }

    fn assign_all(&mut self) {
        self.classes.clear();
        let seats: Vec<_> = self.listeners.iter().map(|(at, _)| Seat(at)).collect();
        for seat in seats {
            self.assign(seat);
        }
    }

    fn cache_of(&self, frames: Rc<VecDeque<Frame>>, now: Micros) -> GroupCache {
        GroupCache::new(self.channel.handle(), frames, now)
    }
}

fn tell_count(listener: &mut Listener, channel: &Channel, count: &Count) {
    if listener.told_count >= count.revision {
        return;
    }
    listener.told_count = count.revision;
    if listener.line.takes_datagrams() {
        listener.line.send_shared(&count.datagram);
    } else {
        let event = Event::Listeners(channel.id().clone(), count.count);
        listener.line.outbox().event(encode_event(&event).into());
    }
}

fn tell_title(listener: &mut Listener, channel: &Channel, title: &Title) {
    match &title.datagram {
        Some(datagram) if listener.line.takes_datagrams() => listener.line.send_shared(datagram),
        _ => tell_title_by_control(listener, channel, &title.metadata),
    }
}

/// The control stream is reliable, so this needs no acknowledgement.
fn tell_title_by_control(listener: &mut Listener, channel: &Channel, metadata: &Metadata) {
    let event = Event::Metadata(channel.id().clone(), metadata.clone());
    listener.line.outbox().event(encode_event(&event).into());
    listener.acked = listener.acked.max(metadata.revision);
}
