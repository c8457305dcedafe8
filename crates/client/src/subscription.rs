//! A channel that a session listens to.

use std::time::Instant;

use serde_json::Value;
use skywave_wire::control::{Joined, Leave, Metadata, Request, Skipped};
use skywave_wire::group::Frame;
use skywave_wire::{ChannelId, FrameSeq, Revision};
use tokio::sync::mpsc;

use crate::order::Order;
use crate::session::Arrival;
use crate::{Error, Session};

/// Something heard on a channel.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// The next frame: sequence numbers rise, without a gap where none was lost.
    Frame(Frame),
    /// The title from its frame on.
    Title(Metadata),
    /// How many listen.
    Listeners(u64),
    /// The relay skipped to live, since this listener was too slow: these frames,
    /// by their numbers, did not come.
    Skipped(Skipped),
    /// A publisher is there.
    Live,
    /// No publisher is there for now.
    Offline,
}

/// What a subscription came to so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Frames heard.
    pub frames: u64,
    /// Bytes of those frames.
    pub bytes: u64,
    /// Frames that never came, skipped ones included.
    pub missing: u64,
    /// How often the relay skipped to live.
    pub skips: u64,
    /// Marks of missing frames or a jump in time.
    pub discontinuities: u64,
}

/// A channel being heard. Dropping it leaves the channel with the session alone;
/// [`leave`](Self::leave) leaves it at once.
pub struct Subscription {
    session: Session,
    channel_id: ChannelId,
    joined: Joined,
    arrivals_rx: mpsc::Receiver<Arrival>,
    order: Order,
    titled: Revision,
    counted: Revision,
    stats: Stats,
}

impl Subscription {
    pub(crate) fn new(
        session: Session,
        channel_id: ChannelId,
        joined: Joined,
        first: FrameSeq,
        arrivals_rx: mpsc::Receiver<Arrival>,
    ) -> Self {
        Self {
            session,
            channel_id,
            titled: joined.metadata.last().map_or(Revision(0), |m| m.revision),
            joined,
            arrivals_rx,
            order: Order::new(first),
            counted: Revision(0),
            stats: Stats::default(),
        }
    }

    /// What the relay answered to the join, with the titles at that time.
    pub fn joined(&self) -> &Joined {
        &self.joined
    }

    /// The session that this is a part of.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// What came so far.
    pub fn stats(&self) -> Stats {
        Stats {
            missing: self.order.missing(),
            ..self.stats
        }
    }

    /// The next thing heard; waits for it. Safe to cancel.
    ///
    /// # Errors
    /// The session has ended.
    pub async fn next(&mut self) -> Result<Heard, Error> {
        loop {
            if let Some(frame) = self.order.pop(Instant::now()) {
                self.stats.frames += 1;
                self.stats.bytes += frame.data.len() as u64;
                self.stats.discontinuities += u64::from(frame.discontinuity);
                return Ok(Heard::Frame(frame));
            }
            let arrival = match self.order.deadline() {
                None => self.arrivals_rx.recv().await,
                Some(deadline) => {
                    let arrival = self.arrivals_rx.recv();
                    match tokio::time::timeout_at(deadline.into(), arrival).await {
                        Ok(arrival) => arrival,
                        Err(_) => continue,
                    }
                }
            };
            match arrival {
                None => return Err(self.session.ended().await),
                Some(arrival) => {
                    if let Some(heard) = self.take(arrival) {
                        return Ok(heard);
                    }
                }
            }
        }
    }

    /// Leaves the channel.
    ///
    /// # Errors
    /// The session has ended.
    pub async fn leave(self) -> Result<(), Error> {
        let channel_id = self.channel_id.clone();
        let answer = self
            .session
            .ask::<Value>(&Request::Leave(Leave { channel_id }))
            .await;
        self.session.leave_route(&self.channel_id);
        answer.map(drop)
    }

    fn take(&mut self, arrival: Arrival) -> Option<Heard> {
        match arrival {
            Arrival::StreamBegins(to_seq) => {
                let from_seq = self.order.skip_to(to_seq)?;
                self.stats.skips += 1;
                return Some(Heard::Skipped(Skipped {
                    channel_id: self.channel_id.clone(),
                    from_seq,
                    to_seq,
                    frames: to_seq.since(from_seq),
                }));
            }
            Arrival::Frames(frames) => {
                for frame in frames {
                    self.order.push(frame);
                }
            }
            Arrival::Fragment(fragment) => self.order.push_fragment(fragment),
            Arrival::Title(metadata) if metadata.revision > self.titled => {
                self.titled = metadata.revision;
                return Some(Heard::Title(metadata));
            }
            Arrival::Title(_) => {}
            Arrival::Listeners(None, count) => return Some(Heard::Listeners(count)),
            Arrival::Listeners(Some(revision), count) => {
                if revision > self.counted {
                    self.counted = revision;
                    return Some(Heard::Listeners(count));
                }
            }
            Arrival::Live => return Some(Heard::Live),
            Arrival::Offline => return Some(Heard::Offline),
        }
        None
    }
}
