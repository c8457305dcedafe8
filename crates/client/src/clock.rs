//! The relay's clock, as far as a client can know it.

use std::collections::VecDeque;

use skywave_wire::Micros;
use skywave_wire::datagram::Pong;

/// Answers that are looked at together.
const WINDOW: usize = 16;

/// Relates a client's clock to the relay's by pings.
///
/// Of the newest answers, the one with the shortest round trip has the least
/// delay that could differ between the two ways, so its offset is taken (as in
/// RFC 5905, section 10).
#[derive(Clone, Debug, Default)]
pub struct ClockEstimate {
    samples: VecDeque<Sample>,
}

#[derive(Clone, Copy, Debug)]
struct Sample {
    offset: i64,
    round_trip: u64,
}

impl ClockEstimate {
    /// Takes an answer in that arrived at `now`, in µs of the client's clock, the
    /// one that the ping was stamped with.
    pub fn add(&mut self, pong: &Pong, now: u64) {
        let away = now.saturating_sub(pong.client_time);
        let held = pong.sent.since(pong.received);
        let middle_there = pong.received.0.midpoint(pong.sent.0);
        let middle_here = pong.client_time.midpoint(now);
        if self.samples.len() == WINDOW {
            self.samples.pop_front();
        }
        self.samples.push_back(Sample {
            offset: middle_there.wrapping_sub(middle_here) as i64,
            round_trip: away.saturating_sub(held),
        });
    }

    /// The relay's time when the client's clock shows `now` µs; `None` before the
    /// first answer.
    pub fn relay_time(&self, now: u64) -> Option<Micros> {
        let best = self.samples.iter().min_by_key(|s| s.round_trip)?;
        Some(Micros(now.wrapping_add_signed(best.offset)))
    }

    /// The shortest round trip of the newest answers, in µs.
    pub fn round_trip(&self) -> Option<u64> {
        self.samples.iter().map(|sample| sample.round_trip).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pong(sent_here: u64, there: u64, back_here: u64) -> (Pong, u64) {
        let pong = Pong {
            id: 0,
            client_time: sent_here,
            received: Micros(there),
            sent: Micros(there + 10),
        };
        (pong, back_here)
    }

    #[test]
    fn the_quickest_answer_decides() {
        let mut clock = ClockEstimate::default();
        assert_eq!(clock.relay_time(0), None);
        let ahead = 5_000_000;
        for (out, back) in [(40_000, 500), (600, 600), (300, 30_000)] {
            let (pong, now) = pong(1_000, ahead + 1_000 + out, 1_000 + out + 10 + back);
            clock.add(&pong, now);
        }
        assert_eq!(clock.relay_time(9_000), Some(Micros(ahead + 9_000)));
        assert_eq!(clock.round_trip(), Some(1_200));
    }

    #[test]
    fn old_answers_are_forgotten() {
        let mut clock = ClockEstimate::default();
        let (quick, now) = pong(0, 100, 210);
        clock.add(&quick, now);
        for _ in 0..WINDOW {
            let (slow, now) = pong(0, 10_000, 20_010);
            clock.add(&slow, now);
        }
        assert_eq!(clock.round_trip(), Some(20_000));
    }
}
