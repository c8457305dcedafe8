//! Which packets have come.

use std::collections::VecDeque;
use std::ops::RangeInclusive;
use std::time::Duration;

use skywave_wire::varint;

/// Runs that are kept; past it the oldest is forgotten.
const MOST: usize = 32;
/// An ACK's delay is told in units of 2^3 µs, where nothing else was agreed on
/// (RFC 9000, 18.2).
const DELAY_EXPONENT: u32 = 3;

/// Packet numbers, in runs, the lowest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ranges(VecDeque<RangeInclusive<u64>>);

impl Ranges {
    /// Adds a number; false where it has come before.
    pub(super) fn insert(&mut self, number: u64) -> bool {
        let after = self.0.iter().rev();
        let higher = after.take_while(|run| number < *run.start()).count();
        let place = self.0.len() - higher;
        let before = place.checked_sub(1).map(|place| self.0[place].clone());
        if before.as_ref().is_some_and(|run| run.contains(&number)) {
            return false;
        }
        let before = before.filter(|run| *run.end() + 1 == number);
        let after = self.0.get(place).cloned();
        let after = after.filter(|run| number + 1 == *run.start());
        match (before, after) {
            (Some(before), Some(after)) => {
                self.0[place - 1] = *before.start()..=*after.end();
                self.0.remove(place);
            }
            (Some(before), None) => self.0[place - 1] = *before.start()..=number,
            (None, Some(after)) => self.0[place] = number..=*after.end(),
            (None, None) => {
                self.0.insert(place, number..=number);
                if self.0.len() > MOST {
                    self.0.pop_front();
                }
            }
        }
        true
    }

    pub(super) fn largest(&self) -> Option<u64> {
        self.0.back().map(|run| *run.end())
    }

    /// Appends an ACK frame (RFC 9000, 19.3) of all of them, the largest of which came
    /// `delay` ago. There must be one.
    pub(super) fn put_ack(&self, delay: Duration, out: &mut Vec<u8>) {
        let mut runs = self.0.iter().rev();
        let Some(first) = runs.next() else { return };
        out.push(0x02);
        varint::put(out, *first.end());
        varint::put(out, delay.as_micros() as u64 >> DELAY_EXPONENT);
        varint::put(out, runs.len() as u64);
        varint::put(out, first.end() - first.start());
        let mut lowest = *first.start();
        for run in runs {
            varint::put(out, lowest - run.end() - 2);
            varint::put(out, run.end() - run.start());
            lowest = *run.start();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranges(numbers: &[u64]) -> Ranges {
        let mut ranges = Ranges::default();
        for &number in numbers {
            assert!(ranges.insert(number), "{number} is new");
        }
        ranges
    }

    #[test]
    fn any_order_gives_the_same_runs() {
        let all = ranges(&[2, 3, 4, 7, 9, 10]);
        assert_eq!(Vec::from(all.0.clone()), [2..=4, 7..=7, 9..=10]);
        assert_eq!(ranges(&[10, 4, 2, 9, 7, 3]), all);
        let mut again = all.clone();
        for number in [2, 3, 4, 7, 9, 10] {
            assert!(!again.insert(number), "{number} came before");
        }
        assert_eq!(again, all);
    }

    #[test]
    fn the_oldest_runs_are_forgotten() {
        let numbers: Vec<_> = (0..3 * MOST as u64).map(|n| 2 * n).collect();
        let ranges = ranges(&numbers);
        assert_eq!(ranges.0.len(), MOST);
        assert_eq!(ranges.largest(), numbers.last().copied());
    }

    #[test]
    fn an_ack_tells_of_each_run() {
        let mut out = Vec::new();
        ranges(&[2, 3, 4, 7, 9, 10]).put_ack(Duration::from_micros(80), &mut out);
        // Largest 10, delay 10 times 8 µs, two runs after the first; the first has one
        // more; a gap of one (0); a run of one (0); a gap of two (1); two more.
        assert_eq!(out, [0x02, 10, 10, 2, 1, 0, 0, 1, 2]);
    }
}
