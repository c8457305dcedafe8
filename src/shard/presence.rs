//! Who is there: a session's seats in rooms, and whether its client still answers.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use skywave_wire::{ChannelId, Handle};
use tokio_util::sync::CancellationToken;

use super::line::Line;
use super::room::Seat;
use crate::supervision::Path;

/// A session as its shard sees it.
pub(crate) struct Presence {
    pub(super) line: Line,
    path: Arc<Path>,
    pub(super) seats: RefCell<HashMap<ChannelId, (Handle, Seat)>>,
    silent: Cell<bool>,
    publishing: Cell<bool>,
    counts: Cell<Counts>,
    lost: CancellationToken,
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
        let session = line.session();
        Self {
            path: Arc::new(Path::new(session.remote_address(), session.rtt())),
            line,
            seats: RefCell::default(),
            silent: Cell::new(false),
            publishing: Cell::new(false),
            counts: Cell::default(),
            lost: CancellationToken::new(),
        }
    }

    /// The way to the client, for administrators to see.
    pub(crate) fn path(&self) -> &Arc<Path> {
        &self.path
    }

    /// Notes the way to the client. This touches the connection's own memory, so it
    /// is for now and then.
    pub(super) fn note_path(&self) {
        let session = self.line.session();
        self.path.note(session.remote_address(), session.rtt());
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
        let silent = now.saturating_duration_since(self.line.session().heard_at());
        let is_silent = silent >= silent_after;
        if self.silent.replace(is_silent) == is_silent {
            return Change::None;
        }
        if !is_silent {
            return Change::Back;
        }
        if self.publishing.get() {
            self.lost.cancel();
        }
        Change::Silent(silent)
    }
}
