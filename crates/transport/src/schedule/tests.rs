use std::collections::HashMap;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::Schedule;

struct Bench {
    beginning: Instant,
    schedule: Schedule,
}

impl Bench {
    fn new(rows: usize) -> Self {
        let beginning = Instant::now();
        let mut schedule = Schedule::new(beginning);
        for index in 0..rows {
            schedule.open(index, beginning);
        }
        Self {
            beginning,
            schedule,
        }
    }

    fn at(&self, millis: u64) -> Instant {
        self.beginning + Duration::from_millis(millis)
    }

    fn set(&mut self, index: usize, millis: u64) {
        let at = self.at(millis);
        self.schedule.set_deadline(index, Some(at));
    }

    fn due(&mut self, millis: u64) -> Vec<u32> {
        let now = self.at(millis);
        let mut due = Vec::new();
        assert!(!self.schedule.take_due(now, usize::MAX, &mut due));
        due.sort_unstable();
        due
    }

    fn next(&self) -> Option<u64> {
        let next = self.schedule.next()?;
        Some((next - self.beginning).as_millis() as u64)
    }
}

#[test]
fn each_is_due_at_its_deadline_and_not_before() {
    let mut bench = Bench::new(3);
    bench.set(0, 10);
    bench.set(1, 600);
    bench.set(2, 30_000);
    assert_eq!(bench.next(), Some(10));
    assert_eq!(bench.due(9), []);
    assert_eq!(bench.due(10), [0]);
    bench.schedule.set_deadline(0, None);
    assert_eq!(bench.next(), Some(600));
    assert_eq!(bench.due(599), []);
    assert_eq!(bench.due(600), [1]);
    bench.schedule.set_deadline(1, None);
    assert_eq!(bench.due(29_999), []);
    assert_eq!(bench.due(40_000), [2]);
    bench.schedule.set_deadline(2, None);
    assert_eq!(bench.next(), None);
}

#[test]
fn a_deadline_that_moved_back_is_kept() {
    let mut bench = Bench::new(1);
    bench.set(0, 25);
    bench.set(0, 60);
    assert_eq!(bench.due(59), []);
    assert_eq!(bench.due(60), [0]);
}

#[test]
fn a_deadline_that_moved_forward_is_kept() {
    let mut bench = Bench::new(1);
    bench.set(0, 5_000);
    bench.set(0, 25);
    assert_eq!(bench.next(), Some(25));
    assert_eq!(bench.due(25), [0]);
}

#[test]
fn a_deadline_that_is_past_is_due_in_the_next_step() {
    let mut bench = Bench::new(1);
    assert_eq!(bench.due(100), []);
    bench.set(0, 50);
    assert_eq!(bench.due(101), [0]);
}

#[test]
fn moving_a_deadline_to_and_fro_leaves_few_entries() {
    let mut bench = Bench::new(1);
    for turn in 0..200 {
        let now = turn * 20;
        bench.set(0, now + 15);
        bench.set(0, now + 5_000);
        assert_eq!(bench.due(now + 19), []);
    }
    let near: usize = bench.schedule.wheel.iter().map(Vec::len).sum();
    assert!(near + bench.schedule.far.len() <= 3, "{near} near");
}

#[test]
fn more_than_can_be_taken_at_once_wait() {
    let mut bench = Bench::new(10);
    (0..10).for_each(|index| bench.set(index, 5));
    let now = bench.at(5);
    let mut due = Vec::new();
    assert!(bench.schedule.take_due(now, 6, &mut due));
    assert_eq!(due.len(), 6);
    assert_eq!(bench.next(), Some(0));
    assert!(!bench.schedule.take_due(now, 6, &mut due));
    assert_eq!(due.len(), 10);
}

#[test]
fn a_row_that_went_to_another_says_nothing_of_the_first() {
    let mut bench = Bench::new(0);
    let now = bench.at(3);
    let first = bench.schedule.open(0, now);
    bench.set(0, 10);
    bench.schedule.mark(0);
    assert_eq!(bench.schedule.heard_at(0, first), Some(now));
    bench.schedule.close(0);
    assert_eq!(bench.schedule.heard_at(0, first), None);
    let second = bench.schedule.open(0, now);
    assert_ne!(first, second);
    assert_eq!(bench.due(10), []);
    let mut marked = Vec::new();
    bench.schedule.take_marked(usize::MAX, &mut marked);
    assert_eq!(marked, []);
}

#[test]
fn those_marked_are_taken_once() {
    let mut bench = Bench::new(3);
    assert!(bench.schedule.mark(0));
    assert!(!bench.schedule.mark(1));
    assert!(!bench.schedule.mark(0));
    bench.schedule.mark(2);
    bench.schedule.unmark(1);
    bench.schedule.unmark(2);
    let mut marked = Vec::new();
    bench.schedule.take_marked(usize::MAX, &mut marked);
    assert_eq!(marked, [0]);
    assert!(bench.schedule.mark(0));
}

#[test]
fn those_marked_longest_are_taken_first() {
    let mut bench = Bench::new(5);
    for index in [3, 1, 4, 0] {
        bench.schedule.mark(index);
    }
    let mut marked = Vec::new();
    bench.schedule.take_marked(3, &mut marked);
    assert_eq!(marked, [3, 1, 4]);
    bench.schedule.mark(3);
    marked.clear();
    bench.schedule.take_marked(3, &mut marked);
    assert_eq!(marked, [0, 3]);
    assert_eq!(bench.schedule.marked(), 0);
}

proptest! {
    /// Steps of (milliseconds that pass, row, its new deadline from then on).
    #[test]
    fn none_is_missed_and_none_is_early(
        steps in proptest::collection::vec((0..700_u64, 0..8_usize, 0..3_000_u64), 1..200)
    ) {
        let mut bench = Bench::new(8);
        let mut deadlines = HashMap::new();
        let mut now = 0;
        for (pass, row, ahead) in steps {
            let before = bench.next();
            now += pass;
            let due = bench.due(now);
            let mut expected: Vec<u32> = deadlines
                .iter()
                .filter(|&(_, &deadline)| deadline <= now)
                .map(|(&row, _)| row)
                .collect();
            expected.sort_unstable();
            let mut handed = due.clone();
            handed.dedup();
            prop_assert_eq!(&handed, &expected);
            if !expected.is_empty() {
                prop_assert!(before.is_some_and(|before| before <= now));
            }
            for row in handed {
                bench.schedule.set_deadline(row as usize, None);
                deadlines.remove(&row);
            }
            // A deadline in the step that is just over would come up in the next.
            let deadline = now + ahead.max(1);
            bench.set(row, deadline);
            deadlines.insert(row as u32, deadline);
        }
    }
}
