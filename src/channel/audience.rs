//! How many listen, and when to say so.

use std::sync::Arc;

use skywave_wire::{Micros, Revision};

use super::Channel;
use crate::shard::ShardId;

/// A changed count is told at most this often.
const COALESCE_MICROS: u64 = 100_000;
/// An unchanged count is told this often.
const PERIOD_MICROS: u64 = 5_000_000;

/// Makes its listener count. Dropping it is the only way to leave.
pub(crate) struct Membership {
    channel: Arc<Channel>,
    shard: ShardId,
}

impl Membership {
    pub(super) fn new(channel: Arc<Channel>, shard: ShardId) -> Self {
        Self { channel, shard }
    }

    /// Its listener was too slow to take so many frames.
    pub(crate) fn skipped(&self, frames: u64) {
        self.channel.skipped(frames);
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        self.channel.leave(self.shard);
    }
}

#[derive(Debug)]
pub(super) struct Audience {
    by_shard: Vec<u64>,
    revision: Revision,
    told: u64,
    told_at: Micros,
}

impl Audience {
    pub(super) fn new(shards: usize) -> Self {
        Self {
            by_shard: vec![0; shards],
            revision: Revision(0),
            told: 0,
            told_at: Micros(0),
        }
    }

    pub(super) fn count(&self) -> u64 {
        self.by_shard.iter().sum()
    }

    pub(super) fn on(&self, shard: ShardId) -> u64 {
        self.by_shard.get(shard.0).copied().unwrap_or(0)
    }

    pub(super) fn enter(&mut self, shard: ShardId) {
        self.by_shard[shard.0] += 1;
    }

    pub(super) fn exit(&mut self, shard: ShardId) {
        self.by_shard[shard.0] -= 1;
    }

    /// The count has changed: what to tell now, unless one was told just before;
    /// then [`due`](Self::due) gives it later.
    pub(super) fn changed(&mut self, now: Micros) -> Option<(Revision, u64)> {
        let soon = self.count() != self.told && now.since(self.told_at) >= COALESCE_MICROS;
        soon.then(|| self.tell(now))
    }

    /// What to tell by now, if anything.
    pub(super) fn due(&mut self, now: Micros) -> Option<(Revision, u64)> {
        let periodic = self.count() > 0 && now.since(self.told_at) >= PERIOD_MICROS;
        if periodic {
            return Some(self.tell(now));
        }
        self.changed(now)
    }

    fn tell(&mut self, now: Micros) -> (Revision, u64) {
        self.revision = Revision(self.revision.0 + 1);
        self.told = self.count();
        self.told_at = now;
        (self.revision, self.told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_at_once_and_further_ones_ten_times_a_second() {
        let mut audience = Audience::new(2);
        let mut told = Vec::new();
        for ms in 0..1_000u64 {
            let now = Micros(10_000_000 + ms * 1_000);
            audience.enter(ShardId((ms % 2) as usize));
            told.extend(audience.changed(now).map(|(_, count)| (ms, count)));
        }
        assert_eq!(told.len(), 10);
        assert_eq!(told[..2], [(0, 1), (100, 101)]);
        let rest = audience.due(Micros(11_000_000));
        assert_eq!(rest, Some((Revision(11), 1_000)));
        assert_eq!(audience.due(Micros(11_200_000)), None);
        assert_eq!(
            audience.due(Micros(16_000_000)),
            Some((Revision(12), 1_000))
        );
    }

    #[test]
    fn shards_without_listeners_are_known() {
        let mut audience = Audience::new(2);
        audience.enter(ShardId(1));
        assert_eq!((audience.on(ShardId(0)), audience.on(ShardId(1))), (0, 1));
        audience.exit(ShardId(1));
        assert_eq!(audience.count(), 0);
    }
}
