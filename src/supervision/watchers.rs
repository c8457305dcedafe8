//! Those who watch the relay, and what waits for each of them.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use metrics::Counter;
use skywave_wire::control::{Event, Occurrence, OccurrenceKind, encode_event};
use tokio::sync::Notify;

use crate::clock::unix_millis;

/// Events that wait for one watcher. Past it the oldest go, and it is told how
/// many.
const MAX_EVENTS: usize = 256;

/// Everybody who watches.
pub(super) struct Watchers {
    count: AtomicUsize,
    queues: Mutex<Vec<Arc<Queue>>>,
    /// Counts events that were dropped, for each who missed them.
    drops: Counter,
}

/// One who watches; dropping it ends that.
pub(crate) struct Watch {
    queue: Arc<Queue>,
    watchers: Arc<Watchers>,
}

#[derive(Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    filled: Notify,
}

#[derive(Default)]
struct Waiting {
    /// How the relay does: the newest only.
    snapshot: Option<Arc<[Arc<str>]>>,
    events: VecDeque<Arc<str>>,
    dropped: u64,
}

impl Watchers {
    pub(super) fn new(drops: Counter) -> Self {
        Self {
            count: AtomicUsize::new(0),
            queues: Mutex::default(),
            drops,
        }
    }

    pub(super) fn add(watchers: &Arc<Self>) -> Watch {
        let queue = Arc::<Queue>::default();
        lock(&watchers.queues).push(queue.clone());
        watchers.count.fetch_add(1, Ordering::Relaxed);
        Watch {
            queue,
            watchers: watchers.clone(),
        }
    }

    /// Nobody watches. Costs one load.
    pub(super) fn none(&self) -> bool {
        self.count.load(Ordering::Relaxed) == 0
    }

    /// How the relay does now, in place of what a watcher has not taken yet.
    pub(super) fn snapshot(&self, lines: &Arc<[Arc<str>]>) {
        self.each(|waiting| waiting.snapshot = Some(lines.clone()));
    }

    /// Something happened.
    pub(super) fn event(&self, line: Arc<str>) {
        self.each(|waiting| {
            if waiting.events.len() == MAX_EVENTS {
                waiting.events.pop_front();
                waiting.dropped += 1;
                self.drops.increment(1);
            }
            waiting.events.push_back(line.clone());
        });
    }

    /// So many events were dropped on their way here.
    pub(super) fn missed(&self, events: u64) {
        if events > 0 {
            self.each(|waiting| {
                waiting.dropped += events;
                self.drops.increment(events);
            });
        }
    }

    fn each(&self, put: impl Fn(&mut Waiting)) {
        let queues = lock(&self.queues).clone();
        for queue in queues {
            put(&mut lock(&queue.waiting));
            queue.filled.notify_one();
        }
    }
}

impl Watch {
    /// The lines that are to be told next, together; waits for them.
    pub(crate) async fn next(&self) -> Arc<[Arc<str>]> {
        loop {
            if let Some(lines) = lock(&self.queue.waiting).take() {
                return lines;
            }
            self.queue.filled.notified().await;
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        lock(&self.watchers.queues).retain(|queue| !Arc::ptr_eq(queue, &self.queue));
        self.watchers.count.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Waiting {
    fn take(&mut self) -> Option<Arc<[Arc<str>]>> {
        if let Some(lines) = self.snapshot.take() {
            return Some(lines);
        }
        if self.dropped > 0 {
            let line = dropped(std::mem::take(&mut self.dropped));
            return Some([line].into());
        }
        self.events.pop_front().map(|line| [line].into())
    }
}

fn dropped(events: u64) -> Arc<str> {
    let occurrence = Occurrence {
        at: unix_millis(),
        kind: OccurrenceKind::Dropped,
        channel_id: None,
        session: None,
        subject: None,
        message: format!("{events} events were not told: they came faster than they were read"),
    };
    encode_event(&Event::Occurred(occurrence)).into()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .expect("no call panics while it holds the lock")
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    fn next(watch: &Watch) -> Option<Vec<String>> {
        let lines = watch.next().now_or_never()?;
        Some(lines.iter().map(|line| line.to_string()).collect())
    }

    #[test]
    fn one_that_does_not_read_keeps_the_newest_and_is_told_what_it_missed() {
        let watchers = Arc::new(Watchers::new(Counter::noop()));
        let slow = Watchers::add(&watchers);
        let quick = Watchers::add(&watchers);
        for n in 0..MAX_EVENTS + 40 {
            watchers.snapshot(&[format!("snapshot {n}").into()].into());
            watchers.event(format!("event {n}").into());
            assert_eq!(next(&quick), Some(vec![format!("snapshot {n}")]));
            assert_eq!(next(&quick), Some(vec![format!("event {n}")]));
        }
        assert_eq!(next(&quick), None);
        assert_eq!(lock(&slow.queue.waiting).events.len(), MAX_EVENTS);
        assert_eq!(next(&slow), Some(vec!["snapshot 295".to_owned()]));
        let told = next(&slow).expect("what it missed");
        assert!(told[0].contains(r#""kind":"dropped""#), "{told:?}");
        assert!(told[0].contains("40 events"), "{told:?}");
        for n in 40..MAX_EVENTS + 40 {
            assert_eq!(next(&slow), Some(vec![format!("event {n}")]));
        }
        assert_eq!(next(&slow), None);
    }

    #[test]
    fn one_that_went_is_forgotten() {
        let watchers = Arc::new(Watchers::new(Counter::noop()));
        assert!(watchers.none());
        let watch = Watchers::add(&watchers);
        assert!(!watchers.none());
        drop(watch);
        assert!(watchers.none());
        assert!(lock(&watchers.queues).is_empty());
    }
}
