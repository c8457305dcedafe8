//! Who is there: a session's seats in rooms, and whether its client still answers.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use skywave_wire::{ChannelId, Handle};
use tokio_util::sync::CancellationToken;

use super::line::Line;
use super::room::Seat;

/// A session as its shard sees it.
#[derive(Debug)]
pub(crate) struct Presence {
    pub(super) line: Line,
    pub(super) seats: RefCell<HashMap<ChannelId, (Handle, Seat)>>,
    heard: Cell<Heard>,
    silent: Cell<bool>,
    publishing: Cell<bool>,
    counts: Cell<Counts>,
    lost: CancellationToken,
}

#[derive(Clone, Copy, Debug)]
struct Heard {
    packets: u64,
    at: Instant,
}

/// Whether a session watches how many listen to each channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Counts {
    #[default]
    Unwatched,
    /// It has to be told all of them.
    Untold,
    Told,
}

/// What a look at a session found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    None,
    /// Nothing has come from the client for so long, which is too long.
    Silent(Duration),
    /// Something came again.
    Back,
}

impl Presence {
    pub(super) fn new(line: Line) -> Self {
        Self {
            line,
            seats: RefCell::default(),
            heard: Cell::new(Heard {
                packets: 0,
                at: Instant::now(),
            }),
            silent: Cell::new(false),
            publishing: Cell::new(false),
            counts: Cell::default(),
            lost: CancellationToken::new(),
        }
    }

    /// How many channels it listens to.
    pub(crate) fn channels(&self) -> usize {
        self.seats.borrow().len()
    }

    /// The session publishes: its silence ends it, so that its owner can return.
    pub(crate) fn set_publishing(&self, publishing: bool) {
        self.publishing.set(publishing);
    }

    /// The session wants to know how many listen to each channel: all of them
    /// once, and then what changes.
    pub(crate) fn tell_counts_anew(&self) {
        self.counts.set(Counts::Untold);
    }

    /// Tells a session that watches the counts.
    pub(super) fn tell_counts(&self, changed: &[Arc<str>], all: Option<&[Arc<str>]>) {
        let lines = match (self.counts.get(), all) {
            (Counts::Unwatched, _) | (Counts::Untold, None) => return,
            (Counts::Untold, Some(all)) => all,
            (Counts::Told, _) => changed,
        };
        self.counts.set(Counts::Told);
        for line in lines {
            self.line.outbox().event(line.clone());
        }
    }

    /// Ends when a publisher went silent.
    pub(crate) fn lost(&self) -> &CancellationToken {
        &self.lost
    }

    pub(super) fn look(&self, now: Instant, silent_after: Duration) -> Change {
        let packets = self.line.quic().stats().udp_rx.datagrams;
        let heard = self.heard.get();
        if packets != heard.packets {
            self.heard.set(Heard { packets, at: now });
            return match self.silent.replace(false) {
                true => Change::Back,
                false => Change::None,
            };
        }
        let silent = now.duration_since(heard.at);
        if self.silent.get() || silent < silent_after {
            return Change::None;
        }
        self.silent.set(true);
        if self.publishing.get() {
            self.lost.cancel();
        }
        Change::Silent(silent)
    }
}
