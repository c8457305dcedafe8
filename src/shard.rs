//! A shard: one thread with its own runtime, sockets, sessions and listeners.
//!
//! Channels tell every shard with listeners of theirs what is new, once. The
//! shard then visits its own listeners in one loop, without a task, a lock or a
//! wake for any of them. Sessions run as tasks on the same thread and change the
//! tables directly; nothing here is shared with another thread but the link.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use skywave_transport::{Endpoint, Session};
use skywave_wire::control::Fault;
use skywave_wire::group::Frame;
use skywave_wire::{ChannelId, Handle, Micros, Revision};
use slab::Slab;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

use crate::channel::{Channel, Snapshot};
use crate::metrics;
use crate::relay::Relay;
use crate::session::Outbox;
use listener::Tally;
use presence::Change;
use room::{Room, Seat};

mod acceptor;
mod cache;
mod line;
mod link;
mod listener;
mod presence;
mod room;
mod socket;
mod steering;
mod thread;

pub(crate) use line::Line;
pub(crate) use link::{ShardId, ShardLink, ShardMessage};
pub(crate) use presence::Presence;
pub(crate) use room::Wish;
pub(crate) use thread::{ShardThread, bind_sockets};

/// Listeners visited before the transport gets to send what they were handed.
const VISITS_IN_A_ROW: usize = 64;
/// Messages taken from the queue at once.
const MESSAGES_AT_ONCE: usize = 64;
/// How often rooms are looked after.
const TICK: Duration = Duration::from_millis(25);
/// How often sessions are looked at, and the load is measured.
const SWEEP: Duration = Duration::from_millis(250);
/// The way to a client is noted once in so many sweeps.
const PATH_SWEEPS: usize = 8;

pub(crate) struct Shard {
    id: ShardId,
    relay: Arc<Relay>,
    link: ShardLink,
    metrics: metrics::Shard,
    rooms: RefCell<HashMap<Handle, Room>>,
    sessions: RefCell<Slab<Rc<Presence>>>,
    /// One for each address that the relay listens on.
    endpoints: Vec<Endpoint>,
    sweeps: Cell<usize>,
}

/// A session's place in its shard. Dropping it leaves every room.
pub(crate) struct Entry {
    shard: Rc<Shard>,
    key: usize,
    presence: Rc<Presence>,
}

impl Shard {
    fn new(id: ShardId, relay: Arc<Relay>, link: ShardLink, endpoints: Vec<Endpoint>) -> Self {
        Self {
            id,
            metrics: relay.metrics.shard(id.0),
            relay,
            link,
            rooms: RefCell::default(),
            sessions: RefCell::default(),
            endpoints,
            sweeps: Cell::new(0),
        }
    }

    pub(crate) fn relay(&self) -> &Arc<Relay> {
        &self.relay
    }

    /// A new session, told from now on what every session is told.
    pub(crate) fn enter(self: &Rc<Self>, session: Session, outbox: Rc<Outbox>) -> Entry {
        let presence = Rc::new(Presence::new(Line::new(session, outbox)));
        let key = self.sessions.borrow_mut().insert(presence.clone());
        Entry {
            shard: self.clone(),
            key,
            presence,
        }
    }

    /// Works through what channels tell, for as long as the relay runs.
    async fn run(&self, mut messages_rx: mpsc::Receiver<ShardMessage>) {
        let mut messages = Vec::with_capacity(MESSAGES_AT_ONCE);
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut sweep = interval(SWEEP);
        sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut load = Load::new();
        loop {
            tokio::select! {
                taken = messages_rx.recv_many(&mut messages, MESSAGES_AT_ONCE) => {
                    if taken == 0 {
                        return;
                    }
                    for message in messages.drain(..) {
                        self.handle(message).await;
                    }
                }
                _ = tick.tick() => self.tick().await,
                _ = sweep.tick() => {
                    self.sweep();
                    self.metrics.load.set(load.since_last());
                    self.metrics.overloads.increment(self.link.take_overload());
                    self.metrics.listeners.set(self.seated() as f64);
                }
            }
        }
    }

    async fn handle(&self, message: ShardMessage) {
        match message {
            ShardMessage::Frames {
                handle,
                frames,
                received,
            } => {
                self.fan_out(handle, &frames, received).await;
            }
            ShardMessage::Metadata(handle, metadata) => {
                let now = self.relay.clock.now();
                self.with_room(handle, |room| room.set_title(metadata, now));
            }
            ShardMessage::Count(handle, revision, count) => {
                let now = self.relay.clock.now();
                self.with_room(handle, |room| room.set_count(revision, count, now));
            }
            ShardMessage::Tell {
                handle,
                line,
                flush,
            } => {
                if flush {
                    let waiting = self.with_room(handle, Room::everyone).unwrap_or_default();
                    self.visit_all(handle, &waiting, None).await;
                }
                self.with_room(handle, |room| room.tell(&line));
            }
            ShardMessage::Announce(line) => {
                for (_, presence) in self.sessions.borrow().iter() {
                    presence.line.outbox().event(line.clone());
                }
            }
            ShardMessage::Audiences { changed, all } => {
                for (_, presence) in self.sessions.borrow().iter() {
                    presence.tell_counts(&changed, all.as_deref());
                }
            }
        }
    }

    async fn fan_out(&self, handle: Handle, frames: &[Frame], received: Micros) {
        let due = self.with_room(handle, |room| room.feed(frames, received));
        self.visit_all(handle, &due.unwrap_or_default(), Some(received))
            .await;
    }

    /// Visits the listeners in turn, and lets the transport send in between.
    async fn visit_all(&self, handle: Handle, seats: &[Seat], received: Option<Micros>) {
        let now = self.relay.clock.now();
        let Some(mut cache) = self.with_room(handle, |room| room.cache(now)) else {
            return;
        };
        let mut tally = Tally::default();
        for (turn, seats) in seats.chunks(VISITS_IN_A_ROW).enumerate() {
            if turn > 0 {
                tokio::task::yield_now().await;
            }
            self.with_room(handle, |room| {
                for &seat in seats {
                    room.visit(seat, &mut cache, &mut tally);
                }
            });
            for endpoint in &self.endpoints {
                endpoint.send_batch();
            }
            if let Some(received) = received {
                let delay = self.relay.clock.now().since(received);
                let seconds = delay as f64 / 1e6;
                self.relay
                    .metrics
                    .fanout_delay
                    .record_many(seconds, seats.len());
            }
        }
        self.count(&tally);
    }

    async fn tick(&self) {
        let now = self.relay.clock.now();
        let mut waiting = Vec::new();
        let mut repeated = 0;
        for (handle, room) in self.rooms.borrow_mut().iter_mut() {
            let (seats, repeats) = room.tick(now);
            repeated += repeats;
            if !seats.is_empty() {
                waiting.push((*handle, seats));
            }
        }
        self.relay.metrics.metadata_repeats.increment(repeated);
        for (handle, seats) in waiting {
            self.visit_all(handle, &seats, None).await;
        }
    }

    /// Looks at which sessions still answer.
    fn sweep(&self) {
        let now = Instant::now();
        let silent_after = self.relay.config.server.silent_after;
        let turn = self.sweeps.replace(self.sweeps.get().wrapping_add(1));
        for (key, presence) in self.sessions.borrow().iter() {
            if key % PATH_SWEEPS == turn % PATH_SWEEPS {
                presence.note_path();
            }
            match presence.look(now, silent_after) {
                Change::None => {}
                Change::Silent(silent) => self.park(presence, silent),
                Change::Back => self.unpark(presence),
            }
        }
    }

    fn park(&self, presence: &Presence, silent: Duration) {
        let now = self.relay.clock.now();
        for (handle, seat) in presence.seats.borrow().values() {
            self.with_room(*handle, |room| room.park(*seat, silent, now));
        }
    }

    fn unpark(&self, presence: &Presence) {
        let now = self.relay.clock.now();
        let mut tally = Tally::default();
        for (handle, seat) in presence.seats.borrow().values() {
            self.with_room(*handle, |room| {
                // A channel that filled up meanwhile leaves the listener silent; it
                // is tried again when its session next goes silent and comes back.
                if let Ok((membership, snapshot)) = room.channel().join(self.id, true) {
                    room.unpark(*seat, membership, &snapshot, now, &mut tally);
                }
            });
        }
        self.count(&tally);
    }

    fn count(&self, tally: &Tally) {
        let metrics = &self.relay.metrics;
        metrics.sent_stream.frames.increment(tally.stream.frames);
        metrics.sent_stream.bytes.increment(tally.stream.bytes);
        metrics
            .sent_datagram
            .frames
            .increment(tally.datagram.frames);
        metrics.sent_datagram.bytes.increment(tally.datagram.bytes);
        let bytes = tally.stream.bytes + tally.datagram.bytes;
        self.relay.supervision.sent(bytes);
        metrics.skips.increment(tally.skips);
        metrics.skipped_frames.increment(tally.skipped_frames);
        if tally.datagrams_dropped > 0 {
            metrics
                .drops("datagram-buffer-full")
                .increment(tally.datagrams_dropped);
        }
    }

    fn seated(&self) -> usize {
        self.rooms.borrow().values().map(Room::len).sum()
    }

    fn with_room<T>(&self, handle: Handle, work: impl FnOnce(&mut Room) -> T) -> Option<T> {
        self.rooms.borrow_mut().get_mut(&handle).map(work)
    }
}

impl Entry {
    pub(crate) fn presence(&self) -> &Presence {
        &self.presence
    }

    pub(crate) fn line(&self) -> &Line {
        &self.presence.line
    }

    pub(crate) fn has_joined(&self, id: &ChannelId) -> bool {
        self.presence.seats.borrow().contains_key(id)
    }

    /// Seats the session in the channel's room; says what it finds there, and
    /// where the frames are counted that it will be too slow to take.
    ///
    /// # Errors
    /// Nobody is on the air and the listener does not want to `wait`, or the
    /// channel is full.
    pub(crate) fn join(
        &self,
        channel: &Arc<Channel>,
        wish: Wish,
        wait: bool,
    ) -> Result<(Snapshot, Arc<AtomicU64>), Fault> {
        let shard = &self.shard;
        let (membership, snapshot) = channel.join(shard.id, wait)?;
        let now = shard.relay.clock.now();
        let mut tally = Tally::default();
        let mut rooms = shard.rooms.borrow_mut();
        let room = rooms
            .entry(channel.handle())
            .or_insert_with(|| Room::new(channel.clone(), &shard.relay.config.channels));
        let seat = room.enter(
            self.presence.line.clone(),
            wish,
            membership,
            &snapshot,
            now,
            &mut tally,
        );
        let skipped = room.skipped(seat);
        drop(rooms);
        shard.count(&tally);
        let place = (channel.handle(), seat);
        self.presence
            .seats
            .borrow_mut()
            .insert(channel.id().clone(), place);
        Ok((snapshot, skipped))
    }

    /// Leaves the channel's room; `false` where the session was not in it.
    pub(crate) fn leave(&self, id: &ChannelId) -> bool {
        let Some((handle, seat)) = self.presence.seats.borrow_mut().remove(id) else {
            return false;
        };
        let mut rooms = self.shard.rooms.borrow_mut();
        if let Some(room) = rooms.get_mut(&handle) {
            room.leave(seat);
            if room.is_empty() {
                rooms.remove(&handle);
            }
        }
        true
    }

    /// Leaves every channel's room.
    pub(crate) fn leave_all(&self) {
        let ids: Vec<_> = self.presence.seats.borrow().keys().cloned().collect();
        for id in ids {
            self.leave(&id);
        }
    }

    /// The session has this title of the channel, and all before it.
    pub(crate) fn ack(&self, handle: Handle, revision: Revision) {
        let seats = self.presence.seats.borrow();
        let seat = seats.values().find(|(other, _)| *other == handle);
        if let Some((handle, seat)) = seat {
            self.shard
                .with_room(*handle, |room| room.ack(*seat, revision));
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.leave_all();
        self.shard.sessions.borrow_mut().remove(self.key);
    }
}

/// The share of its time that the shard's thread works.
struct Load {
    measured_at: Instant,
    busy: Duration,
}

impl Load {
    fn new() -> Self {
        Self {
            measured_at: Instant::now(),
            busy: Self::busy(),
        }
    }

    fn since_last(&mut self) -> f64 {
        let last = std::mem::replace(self, Self::new());
        let passed = self.measured_at - last.measured_at;
        let worked = self.busy.saturating_sub(last.busy);
        worked.as_secs_f64() / passed.as_secs_f64().max(f64::EPSILON)
    }

    fn busy() -> Duration {
        let metrics = tokio::runtime::Handle::current().metrics();
        metrics.worker_total_busy_duration(0)
    }
}
