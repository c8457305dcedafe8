//! A radio channel: the only owner of its live audio, titles and audience.
//!
//! A publisher's session pushes frames in; they are numbered, timed, kept in the
//! ring, and handed once to each shard that has listeners. Listeners' sessions
//! join and leave. Both sides call in from their own threads under one short
//! lock, which also keeps what the shards are told in order.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use skywave_wire::control::{
    Active, ErrorCode, Event, Fault, Metadata, OccurrenceKind, Show, Title, encode_event,
};
use skywave_wire::group::Frame;
use skywave_wire::{ChannelId, FrameSeq, Handle, Micros, StreamId, mp3};

use crate::clock::{Clock, unix_millis};
use crate::config;
use crate::metrics::{ChannelGauge, Metrics};
use crate::shard::{ShardId, ShardLink, ShardMessage};
use crate::supervision::{Eviction, Occurrences};
use audience::Audience;
use ring::{Place, Ring};
use timeline::Timeline;
use titles::Titles;

mod audience;
mod publication;
mod ring;
mod supervised;
mod timeline;
mod titles;

pub(crate) use audience::Membership;
pub(crate) use publication::Publication;

/// Rises faster than any frame rate, so that numbers go on rising even over a
/// restart of the relay: the first frame of a channel is numbered by the time.
const FIRST_SEQ_PER_SECOND: u64 = 50;

/// One channel of this relay.
pub(crate) struct Channel {
    id: ChannelId,
    handle: Handle,
    settings: config::Channels,
    clock: Clock,
    shards: Arc<[ShardLink]>,
    metrics: Metrics,
    occurrences: Occurrences,
    /// Frames that listeners of the broadcast were too slow to take.
    skipped_frames: AtomicU64,
    /// Whether `state` holds a broadcast; changed only under its lock.
    on_the_air: AtomicBool,
    state: Mutex<State>,
}

struct State {
    next_seq: FrameSeq,
    timeline: Timeline,
    ring: Ring,
    titles: Titles,
    audience: Audience,
    broadcast: Option<Broadcast>,
    /// Frames were lost between the last one and the next.
    gap: bool,
    /// Counts the publishers; only the newest one may push.
    epoch: u64,
}

/// What is on the air.
struct Broadcast {
    stream_id: StreamId,
    show: Show,
    subject: String,
    started_at: u64,
    /// The publisher's session; `None` while it is lost.
    holder: Option<Holder>,
    /// When the publisher was lost.
    lost_at: Option<Micros>,
    /// When the last frame came; before there is one, when the broadcast began.
    frame_at: Micros,
    gauge: ChannelGauge,
}

/// The session that publishes.
struct Holder {
    session: u64,
    /// For when another session of the same owner takes over, or an administrator
    /// ends the broadcast.
    eviction: Arc<Eviction>,
}

/// What a listener finds when it joins.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) stream_id: Option<StreamId>,
    pub(crate) live: bool,
    pub(crate) show: Show,
    /// The newest frames, which the listener gets at once.
    pub(crate) burst: Vec<Frame>,
    /// The frame after the burst.
    pub(crate) next_seq: FrameSeq,
    pub(crate) titles: Vec<Metadata>,
    pub(crate) listeners: u64,
}

impl Channel {
    pub(crate) fn new(
        id: ChannelId,
        handle: Handle,
        settings: config::Channels,
        clock: Clock,
        shards: Arc<[ShardLink]>,
        metrics: Metrics,
        occurrences: Occurrences,
    ) -> Self {
        let seconds = clock.now().0 / 1_000_000;
        let state = State {
            next_seq: FrameSeq(seconds * FIRST_SEQ_PER_SECOND),
            timeline: Timeline::default(),
            ring: Ring::new(settings.ring.as_micros() as u64),
            titles: Titles::default(),
            audience: Audience::new(shards.len()),
            broadcast: None,
            gap: false,
            epoch: 0,
        };
        Self {
            id,
            handle,
            settings,
            clock,
            shards,
            metrics,
            occurrences,
            skipped_frames: AtomicU64::new(0),
            on_the_air: AtomicBool::new(false),
            state: Mutex::new(state),
        }
    }

    pub(crate) fn id(&self) -> &ChannelId {
        &self.id
    }

    pub(crate) fn handle(&self) -> Handle {
        self.handle
    }

    /// The broadcast as the world sees it, or `None` when nothing is on the air.
    pub(crate) fn active(&self) -> Option<Active> {
        let state = self.lock();
        let broadcast = state.broadcast.as_ref()?;
        Some(self.describe(broadcast, &state.audience))
    }

    /// The title of the newest frame.
    pub(crate) fn title(&self) -> Option<Title> {
        self.lock().titles.newest().cloned()
    }

    /// A broadcast is on the air, its publisher perhaps lost for the moment.
    pub(crate) fn is_on_the_air(&self) -> bool {
        self.on_the_air.load(Ordering::Acquire)
    }

    /// Goes on the air for `subject` with this session, or takes over from its
    /// other one.
    ///
    /// # Errors
    /// Another owner is on the air.
    pub(crate) fn start(
        self: &Arc<Self>,
        subject: &str,
        session: u64,
        show: Show,
    ) -> Result<Publication, Fault> {
        let mut state = self.lock();
        let state = &mut *state;
        let eviction = Arc::<Eviction>::default();
        let holder = Holder {
            session,
            eviction: eviction.clone(),
        };
        let (kind, words) = match &mut state.broadcast {
            Some(broadcast) if broadcast.subject != subject => {
                return Err(Fault::new(
                    ErrorCode::ChannelBusy,
                    format!("another owner is on the air on {}", self.id),
                )
                .on(&self.id));
            }
            Some(broadcast) => {
                broadcast.lost_at = None;
                if show != Show::default() {
                    broadcast.show = show;
                }
                match broadcast.holder.replace(holder) {
                    Some(old) => {
                        old.eviction.evict(self.taken_over());
                        let words = format!("it took over from session {}", old.session);
                        (OccurrenceKind::TakenOver, words)
                    }
                    None => (
                        OccurrenceKind::PublisherReturned,
                        "the publisher is back".to_owned(),
                    ),
                }
            }
            None => {
                state.titles.clear();
                state.ring.clear();
                self.skipped_frames.store(0, Ordering::Relaxed);
                let now = self.clock.now();
                state.broadcast = Some(Broadcast {
                    stream_id: StreamId(now.0),
                    show,
                    subject: subject.to_owned(),
                    started_at: unix_millis(),
                    holder: Some(holder),
                    lost_at: None,
                    frame_at: now,
                    gauge: self.metrics.channel(self.id.as_str()),
                });
                self.on_the_air.store(true, Ordering::Release);
                let words = format!("{} is on the air", self.id);
                (OccurrenceKind::StreamStarted, words)
            }
        };
        let resumed = kind != OccurrenceKind::StreamStarted;
        state.epoch += 1;
        state.timeline.interrupt();
        state.titles.forget_waiting();
        state.gap = true;
        let Some(broadcast) = &state.broadcast else {
            return Err(Fault::new(ErrorCode::Internal, "no broadcast began"));
        };
        broadcast.gauge.set(state.audience.count());
        if !resumed {
            let active = self.describe(broadcast, &state.audience);
            self.announce(&Event::Started(active));
        }
        self.occurred(kind, broadcast, &words);
        self.tell(&state.audience, &Event::Live(self.id.clone()), true);
        Ok(Publication::new(
            self.clone(),
            broadcast.stream_id,
            state.epoch,
            resumed,
            eviction,
        ))
    }

    /// Counts a listener on `shard` and says what it finds.
    ///
    /// # Errors
    /// Nobody is on the air and the listener does not want to `wait`, or the
    /// channel is full.
    pub(crate) fn join(
        self: &Arc<Self>,
        shard: ShardId,
        wait: bool,
    ) -> Result<(Membership, Snapshot), Fault> {
        let mut state = self.lock();
        if state.broadcast.is_none() && !wait {
            return Err(Fault::new(
                ErrorCode::UnknownChannel,
                format!("nobody is on the air on {}", self.id),
            ));
        }
        let membership = self.admit(&mut state, shard)?;
        let snapshot = self.snapshot(&state);
        Ok((membership, snapshot))
    }

    /// Looks after what time brings: counts to publish, a grace period that ends.
    pub(crate) fn tend(&self) {
        let mut state = self.lock();
        let now = self.clock.now();
        if let Some((revision, count)) = state.audience.due(now) {
            self.publish_count(&state.audience, revision, count);
        }
        let grace = self.settings.grace.as_micros() as u64;
        let over = state
            .broadcast
            .as_ref()
            .and_then(|broadcast| broadcast.lost_at)
            .is_some_and(|lost_at| now.since(lost_at) >= grace);
        if over {
            self.end(&mut state, "the publisher did not return in time");
        }
    }

    /// Ends the broadcast, whoever publishes: the relay drains.
    pub(crate) fn end_now(&self) {
        let mut state = self.lock();
        if state.broadcast.is_some() {
            self.end(&mut state, "the relay is about to stop");
        }
    }

    fn end(&self, state: &mut State, words: &str) {
        let Some(broadcast) = state.broadcast.take() else {
            return;
        };
        self.on_the_air.store(false, Ordering::Release);
        state.epoch += 1;
        self.occurred(OccurrenceKind::StreamStopped, &broadcast, words);
        if broadcast.holder.is_some() {
            // Otherwise it was told when the publisher was lost.
            self.tell(&state.audience, &Event::Offline(self.id.clone()), true);
        }
        self.announce(&Event::Stopped {
            channel_id: self.id.clone(),
            stream_id: broadcast.stream_id,
        });
    }

    fn admit(self: &Arc<Self>, state: &mut State, shard: ShardId) -> Result<Membership, Fault> {
        if state.audience.count() as usize >= self.settings.max_listeners {
            return Err(Fault::new(
                ErrorCode::LimitReached,
                format!(
                    "{} has {} listeners, and no more are allowed",
                    self.id, self.settings.max_listeners
                ),
            ));
        }
        state.audience.enter(shard);
        self.count_changed(state);
        Ok(Membership::new(self.clone(), shard))
    }

    /// Called by the guard alone.
    fn leave(&self, shard: ShardId) {
        let mut state = self.lock();
        state.audience.exit(shard);
        self.count_changed(&mut state);
    }

    fn count_changed(&self, state: &mut State) {
        if let Some(broadcast) = &state.broadcast {
            broadcast.gauge.set(state.audience.count());
        }
        if let Some((revision, count)) = state.audience.changed(self.clock.now()) {
            self.publish_count(&state.audience, revision, count);
        }
    }

    fn publish_count(&self, audience: &Audience, revision: skywave_wire::Revision, count: u64) {
        self.to_audience(audience, || {
            ShardMessage::Count(self.handle, revision, count)
        });
    }

    fn snapshot(&self, state: &State) -> Snapshot {
        let burst = match &state.broadcast {
            Some(_) => state.ring.newest(self.settings.burst.as_micros() as u64),
            None => Vec::new(),
        };
        let first = burst.first().map_or(state.next_seq, |frame| frame.seq);
        let broadcast = state.broadcast.as_ref();
        Snapshot {
            stream_id: broadcast.map(|b| b.stream_id),
            live: broadcast.is_some_and(|b| b.holder.is_some()),
            show: broadcast.map(|b| b.show.clone()).unwrap_or_default(),
            titles: state.titles.from(first),
            burst,
            next_seq: state.next_seq,
            listeners: state.audience.count(),
        }
    }

    fn describe(&self, broadcast: &Broadcast, audience: &Audience) -> Active {
        Active {
            channel_id: self.id.clone(),
            stream_id: broadcast.stream_id,
            started_at: broadcast.started_at,
            listeners: audience.count(),
            show: broadcast.show.clone(),
        }
    }

    fn tell(&self, audience: &Audience, event: &Event, flush: bool) {
        let line: Arc<str> = encode_event(event).into();
        self.to_audience(audience, || ShardMessage::Tell {
            handle: self.handle,
            line: line.clone(),
            flush,
        });
    }

    fn announce(&self, event: &Event) {
        let line: Arc<str> = encode_event(event).into();
        for shard in self.shards.iter() {
            shard.send(ShardMessage::Announce(line.clone()));
        }
    }

    fn to_audience(&self, audience: &Audience, message: impl Fn() -> ShardMessage) {
        for (shard, link) in self.shards.iter().enumerate() {
            if audience.on(ShardId(shard)) > 0 {
                link.send(message());
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .expect("no call panics while it holds the lock")
    }
}

/// Calls of the publisher, checked against its epoch.
impl Channel {
    /// Numbers, times and hands on the frames. Says how far the channel runs
    /// ahead of real time.
    fn push(&self, epoch: u64, parsed: Vec<mp3::Frame>) -> Result<Duration, Fault> {
        let mut state = self.lock();
        let state = &mut *state;
        self.check(epoch, state)?;
        let now = self.clock.now();
        let frames: Arc<[Frame]> = parsed
            .into_iter()
            .map(|parsed| self.number(state, now, parsed))
            .collect();
        if !frames.is_empty() {
            if let Some(broadcast) = &mut state.broadcast {
                broadcast.frame_at = now;
            }
            self.to_audience(&state.audience, || ShardMessage::Frames {
                handle: self.handle,
                frames: frames.clone(),
                received: now,
            });
        }
        Ok(Duration::from_micros(state.timeline.lead(now)))
    }

    fn number(&self, state: &mut State, now: Micros, parsed: mp3::Frame) -> Frame {
        let stamp = state
            .timeline
            .stamp(now, parsed.header.samples(), parsed.header.sample_rate());
        let frame = Frame {
            seq: state.next_seq,
            time: stamp.time,
            discontinuity: std::mem::take(&mut state.gap) | stamp.jump | parsed.after_gap,
            data: parsed.data,
        };
        state.next_seq = state.next_seq.plus(1);
        if let Some(title) = state.titles.due(parsed.offset, frame.seq) {
            self.tell_title(&state.audience, title);
        }
        state.ring.push(frame.clone(), state.epoch, parsed.offset);
        frame
    }

    /// Sets the title from the frame on that begins at or after `at_byte`.
    /// Frames up to byte `parsed` have been pushed.
    fn update_title(&self, epoch: u64, title: Title, at_byte: Option<u64>) -> Result<(), Fault> {
        let mut state = self.lock();
        let state = &mut *state;
        self.check(epoch, state)?;
        let seq = match at_byte.map(|at_byte| state.ring.first_from(epoch, at_byte)) {
            None => Some(state.next_seq),
            Some(Place::Frame(seq)) => Some(seq),
            Some(Place::ToCome) => None,
            Some(Place::Gone) => {
                let words = "atByte: the frame there is too long ago";
                return Err(Fault::new(ErrorCode::BadField, words));
            }
        };
        match (seq, at_byte) {
            (None, Some(at_byte)) if !state.titles.wait(at_byte, title.clone()) => Err(Fault::new(
                ErrorCode::LimitReached,
                format!(
                    "{} titles wait for their first frame already",
                    titles::MAX_WAITING
                ),
            )),
            (None, _) => Ok(()),
            (Some(seq), _) => {
                let title = state.titles.set(seq, title);
                self.tell_title(&state.audience, title);
                Ok(())
            }
        }
    }

    fn tell_title(&self, audience: &Audience, title: Metadata) {
        let title = Arc::new(title);
        self.to_audience(audience, || {
            ShardMessage::Metadata(self.handle, title.clone())
        });
    }

    fn stop(&self, epoch: u64, words: &str) -> Result<(), Fault> {
        let mut state = self.lock();
        self.check(epoch, &state)?;
        self.end(&mut state, words);
        Ok(())
    }

    /// The publisher went without a word: the grace period begins.
    fn lost(&self, epoch: u64) {
        let mut state = self.lock();
        if self.check(epoch, &state).is_err() {
            return;
        }
        let now = self.clock.now();
        if let Some(broadcast) = &mut state.broadcast {
            let words = "the publisher went without a word";
            self.occurred(OccurrenceKind::PublisherLost, broadcast, words);
            broadcast.holder = None;
            broadcast.lost_at = Some(now);
        }
        state.epoch += 1;
        self.tell(&state.audience, &Event::Offline(self.id.clone()), true);
    }

    fn check(&self, epoch: u64, state: &State) -> Result<(), Fault> {
        match state.broadcast {
            _ if epoch == state.epoch => Ok(()),
            Some(_) => Err(self.taken_over()),
            None => Err(Fault::new(
                ErrorCode::NotPublishing,
                "the broadcast has ended",
            )),
        }
    }

    /// What a publisher is told that another session took the channel from.
    fn taken_over(&self) -> Fault {
        Fault::new(
            ErrorCode::TakenOver,
            "another session of the same owner took the channel over",
        )
        .on(&self.id)
    }
}
