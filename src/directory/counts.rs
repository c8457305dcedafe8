//! How many listen to each channel, told to the sessions that want to know: once a
//! second, what has changed.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use skywave_wire::ChannelId;
use skywave_wire::control::{Audience, Event};

use crate::shard::{ShardLink, ShardMessage};
use crate::supervision::in_lines;

/// The counts as they were told last.
#[derive(Default)]
pub(crate) struct Counts {
    watchers: AtomicUsize,
    /// A watcher is new, or has to be told all anew.
    newcomers: AtomicBool,
    told: Mutex<Told>,
}

#[derive(Default)]
struct Told {
    counts: HashMap<ChannelId, u64>,
    /// A shard did not take what was told last.
    lost: bool,
}

/// A session that watches; dropping it ends that.
pub(crate) struct CountsWatch(Arc<Counts>);

impl Counts {
    pub(crate) fn watch(counts: &Arc<Self>) -> CountsWatch {
        counts.watchers.fetch_add(1, Ordering::Relaxed);
        CountsWatch(counts.clone())
    }

    /// A session's presence says that it has to be told all counts: its shard gets
    /// them at the next turn.
    pub(crate) fn tell_all_again(&self) {
        self.newcomers.store(true, Ordering::Release);
    }

    pub(super) fn nobody_watches(&self) -> bool {
        self.watchers.load(Ordering::Relaxed) == 0
    }

    /// Tells the shards. `now` is everything on the air.
    pub(super) fn tell(&self, now: Vec<Audience>, shards: &[ShardLink]) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let anew = std::mem::take(&mut told.lost);
        let changed = now.iter().filter(|audience| {
            anew || told.counts.get(&audience.channel_id) != Some(&audience.listeners)
        });
        let changed: Vec<_> = changed.cloned().collect();
        told.counts = now
            .iter()
            .map(|audience| (audience.channel_id.clone(), audience.listeners))
            .collect();
        let newcomers = self.newcomers.swap(false, Ordering::Acquire);
        let all = (newcomers || anew).then_some(now);
        if all.is_none() && changed.is_empty() {
            return;
        }
        let lines = |audiences| in_lines(audiences, |streams, _| Event::Audiences(streams)).into();
        let message = ShardMessage::Audiences {
            changed: match changed.is_empty() {
                true => Arc::default(),
                false => lines(changed),
            },
            all: all.map(lines),
        };
        for shard in shards {
            told.lost |= !shard.send(message.clone());
        }
    }
}

impl Drop for CountsWatch {
    fn drop(&mut self) {
        self.0.watchers.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::mpsc::Receiver;

    fn audiences<const N: usize>(counts: [(&str, u64); N]) -> Vec<Audience> {
        let audience = |(name, listeners): (&str, u64)| Audience {
            channel_id: name.parse().expect("a name"),
            listeners,
        };
        counts.map(audience).into()
    }

    /// What a shard was told, as it reads it.
    fn told(messages_rx: &mut Receiver<ShardMessage>) -> Option<(String, Option<String>)> {
        match messages_rx.try_recv().ok()? {
            ShardMessage::Audiences { changed, all } => {
                Some((changed.concat(), all.map(|all| all.concat())))
            }
            other => panic!("no counts: {other:?}"),
        }
    }

    #[test]
    fn only_changes_are_told_and_everything_to_newcomers() {
        let counts = Arc::<Counts>::default();
        let (link, mut messages_rx) = ShardLink::new();
        let links = [link];
        assert!(counts.nobody_watches());
        let _one = Counts::watch(&counts);
        counts.tell_all_again();
        counts.tell(audiences([("jazz", 1), ("news", 2)]), &links);
        let (changed, all) = told(&mut messages_rx).expect("told");
        assert_eq!(all.as_deref(), Some(&*changed));
        assert!(
            changed.contains("jazz") && changed.contains("news"),
            "{changed}"
        );

        counts.tell(audiences([("jazz", 1), ("news", 2)]), &links);
        assert_eq!(told(&mut messages_rx), None);
        let two = Counts::watch(&counts);
        counts.tell_all_again();
        counts.tell(audiences([("jazz", 1), ("news", 3)]), &links);
        let (changed, all) = told(&mut messages_rx).expect("told");
        assert!(
            !changed.contains("jazz") && changed.contains("news"),
            "{changed}"
        );
        assert!(all.is_some_and(|all| all.contains("jazz") && all.contains("news")));

        // A channel that comes back is told although its count is what it was.
        counts.tell(audiences([("news", 3)]), &links);
        counts.tell(audiences([("jazz", 1), ("news", 3)]), &links);
        let (changed, all) = told(&mut messages_rx).expect("told");
        assert!(
            changed.contains("jazz") && !changed.contains("news"),
            "{changed}"
        );
        assert_eq!(all, None);
        drop(two);
        assert!(!counts.nobody_watches());
    }

    #[test]
    fn what_a_shard_did_not_take_is_told_again() {
        let counts = Arc::<Counts>::default();
        let (link, mut messages_rx) = ShardLink::new();
        let links = [link];
        let _watch = Counts::watch(&counts);
        counts.tell(audiences([("jazz", 1)]), &links);
        while links[0].send(ShardMessage::Announce("full".into())) {}
        counts.tell_all_again();
        counts.tell(audiences([("jazz", 2)]), &links);
        while messages_rx.try_recv().is_ok() {}
        counts.tell(audiences([("jazz", 2)]), &links);
        let (changed, all) = told(&mut messages_rx).expect("told again");
        assert!(changed.contains("jazz"), "{changed}");
        assert_eq!(all.as_deref(), Some(&*changed));
        counts.tell(audiences([("jazz", 2)]), &links);
        assert_eq!(told(&mut messages_rx), None);
    }
}
