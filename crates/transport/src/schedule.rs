//! What is asked of connections often, kept in rows so small that a look at one does
//! not touch the connection itself; which of them have something to send; and which
//! is due next. Due times are kept in steps of a millisecond, in a wheel for those
//! that are near and a heap for the others. An entry says only when to look at a row
//! again: a deadline that moved back is found moved when its old entry comes up.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

/// Of a row that has no deadline, or no entry.
const NEVER: u64 = u64::MAX;
/// Milliseconds that the wheel reaches ahead.
const SLOTS: u64 = 512;
const WORDS: usize = SLOTS as usize / 64;

/// A connection's row.
#[derive(Clone, Copy, Debug)]
struct Row {
    /// In nanoseconds since the beginning.
    deadline: u64,
    heard_at: u64,
    /// The steps of its entries in the wheel and in the heap.
    near: u64,
    far: u64,
    /// Counts the connections that had this row.
    generation: u32,
    dirty: bool,
}

pub(crate) struct Schedule {
    beginning: Instant,
    rows: Vec<Row>,
    dirty: Vec<u32>,
    /// Slot `step % SLOTS` holds the rows to look at in that step.
    wheel: Vec<Vec<u32>>,
    /// A bit for each slot that is not empty.
    occupied: [u64; WORDS],
    far: BinaryHeap<Reverse<(u64, u32)>>,
    /// All steps up to this one have been gone through.
    done: u64,
    /// Rows that came up and are due.
    due: Vec<u32>,
}

impl Schedule {
    pub(crate) fn new(beginning: Instant) -> Self {
        Self {
            beginning,
            rows: Vec::new(),
            dirty: Vec::new(),
            wheel: vec![Vec::new(); SLOTS as usize],
            occupied: [0; WORDS],
            far: BinaryHeap::new(),
            done: 0,
            due: Vec::new(),
        }
    }

    /// Gives a row to a new connection, and says which of its connections it is.
    pub(crate) fn open(&mut self, index: usize, now: Instant) -> u32 {
        if index >= self.rows.len() {
            let empty = Row {
                deadline: NEVER,
                heard_at: 0,
                near: NEVER,
                far: NEVER,
                generation: 0,
                dirty: false,
            };
            self.rows.resize(index + 1, empty);
        }
        let heard_at = self.nanos(now);
        let row = &mut self.rows[index];
        row.generation = row.generation.wrapping_add(1);
        row.heard_at = heard_at;
        row.generation
    }

    /// Takes the row back. Entries that are left look at it in vain.
    pub(crate) fn close(&mut self, index: usize) {
        let row = &mut self.rows[index];
        row.generation = row.generation.wrapping_add(1);
        row.deadline = NEVER;
        row.dirty = false;
    }

    pub(crate) fn heard(&mut self, index: usize, now: Instant) {
        self.rows[index].heard_at = self.nanos(now);
    }

    /// `None`: the connection of this generation is gone.
    pub(crate) fn heard_at(&self, index: usize, generation: u32) -> Option<Instant> {
        let row = self.rows.get(index)?;
        (row.generation == generation).then(|| self.beginning + Duration::from_nanos(row.heard_at))
    }

    /// Marks a connection as having something to send. Whether it is the first one.
    pub(crate) fn mark(&mut self, index: usize) -> bool {
        let row = &mut self.rows[index];
        if row.dirty {
            return false;
        }
        row.dirty = true;
        self.dirty.push(index as u32);
        self.dirty.len() == 1
    }

    /// What it had has been sent.
    pub(crate) fn unmark(&mut self, index: usize) {
        self.rows[index].dirty = false;
        if self.dirty.last() == Some(&(index as u32)) {
            self.dirty.pop();
        }
    }

    /// How many are marked, at most.
    pub(crate) fn marked(&self) -> usize {
        self.dirty.len()
    }

    /// Puts those that have been marked longest, at most `most`, into `marked`, which
    /// is empty, and unmarks them.
    pub(crate) fn take_marked(&mut self, most: usize, marked: &mut Vec<u32>) {
        if self.dirty.len() <= most {
            std::mem::swap(&mut self.dirty, marked);
        } else {
            marked.extend(self.dirty.drain(..most));
        }
        marked.retain(|&index| std::mem::take(&mut self.rows[index as usize].dirty));
    }

    pub(crate) fn set_deadline(&mut self, index: usize, deadline: Option<Instant>) {
        self.rows[index].deadline = deadline.map_or(NEVER, |deadline| self.nanos(deadline));
        self.enter(index);
    }

    /// Whether `index` is due at `now`. A row that is not, is entered again.
    fn is_due(&mut self, index: usize, now: u64) -> bool {
        if self.rows[index].deadline <= now {
            return true;
        }
        self.enter(index);
        false
    }

    /// Sees to it that the row is looked at no later than at its deadline.
    fn enter(&mut self, index: usize) {
        let row = &mut self.rows[index];
        if row.deadline == NEVER {
            return;
        }
        let step = row.deadline.div_ceil(NANOS_A_STEP).max(self.done + 1);
        if row.near <= step || row.far <= step {
            return;
        }
        if step - self.done < SLOTS {
            row.near = step;
            let slot = step % SLOTS;
            self.wheel[slot as usize].push(index as u32);
            self.occupied[slot as usize / 64] |= 1 << (slot % 64);
        } else {
            row.far = step;
            self.far.push(Reverse((step, index as u32)));
        }
    }

    /// Goes on to `now` and puts those that are due into `due`, at most `most` of them.
    /// Each is handed out once: its next deadline must be set. Whether there are more.
    pub(crate) fn take_due(&mut self, now: Instant, most: usize, due: &mut Vec<u32>) -> bool {
        let now = self.nanos(now);
        self.advance(now);
        let kept = self.due.len().saturating_sub(most);
        due.extend(self.due.drain(kept..));
        !self.due.is_empty()
    }

    fn advance(&mut self, now: u64) {
        let step = now / NANOS_A_STEP;
        while let Some(next) = self.next_near().filter(|&next| next <= step) {
            self.done = next;
            let slot = next % SLOTS;
            self.occupied[slot as usize / 64] &= !(1 << (slot % 64));
            let mut entries = std::mem::take(&mut self.wheel[slot as usize]);
            for index in entries.drain(..) {
                let row = &mut self.rows[index as usize];
                if row.near != next {
                    continue;
                }
                row.near = NEVER;
                if self.is_due(index as usize, now) {
                    self.due.push(index);
                }
            }
            if self.wheel[slot as usize].is_empty() {
                self.wheel[slot as usize] = entries;
            }
        }
        self.done = self.done.max(step);
        while let Some(&Reverse((next, index))) = self.far.peek()
            && next <= step
        {
            self.far.pop();
            let row = &mut self.rows[index as usize];
            if row.far != next {
                continue;
            }
            row.far = NEVER;
            if self.is_due(index as usize, now) {
                self.due.push(index);
            }
        }
    }

    /// When to look again.
    pub(crate) fn next(&self) -> Option<Instant> {
        if !self.due.is_empty() {
            return Some(self.beginning);
        }
        let far = self.far.peek().map(|Reverse((step, _))| *step);
        let step = match (self.next_near(), far) {
            (Some(near), Some(far)) => near.min(far),
            (near, far) => near.or(far)?,
        };
        Some(self.beginning + Duration::from_nanos(step * NANOS_A_STEP))
    }

    /// The first step ahead whose slot is not empty.
    fn next_near(&self) -> Option<u64> {
        let first = self.done + 1;
        let slot = first % SLOTS;
        let (start, bit) = (slot as usize / 64, slot % 64);
        for turn in 0..=WORDS {
            let word = (start + turn) % WORDS;
            let mut bits = self.occupied[word];
            if turn == 0 {
                bits &= u64::MAX << bit;
            } else if turn == WORDS {
                bits &= !(u64::MAX << bit);
            }
            if bits != 0 {
                let found = word as u64 * 64 + u64::from(bits.trailing_zeros());
                return Some(first + (found + SLOTS - slot) % SLOTS);
            }
        }
        None
    }

    fn nanos(&self, instant: Instant) -> u64 {
        let nanos = instant.saturating_duration_since(self.beginning).as_nanos();
        u64::try_from(nanos).unwrap_or(NEVER - 1)
    }
}

const NANOS_A_STEP: u64 = 1_000_000;

#[cfg(test)]
mod tests;
