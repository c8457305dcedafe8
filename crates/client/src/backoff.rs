//! How long to wait before trying again.

use std::time::Duration;

use rand::{Rng, RngExt};

const FIRST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(10);

/// Waits that double up to ten seconds, each drawn at random from the upper half
/// of its range, so that clients that lost the same relay do not return at once.
#[derive(Clone, Debug)]
pub struct Backoff {
    next: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { next: FIRST }
    }
}

impl Backoff {
    /// The next wait.
    pub fn wait(&mut self, rng: &mut impl Rng) -> Duration {
        let wait = self.next.mul_f64(rng.random_range(0.5..1.0));
        self.next = (self.next * 2).min(LONGEST);
        wait
    }

    /// It went well: the next wait is a short one again.
    pub fn reset(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    #[test]
    fn waits_grow_to_their_bound_and_differ() {
        let mut rng = StdRng::seed_from_u64(7);
        let mut backoff = Backoff::default();
        let waits: Vec<_> = (0..10).map(|_| backoff.wait(&mut rng)).collect();
        assert!(waits[0] >= FIRST / 2 && waits[0] < FIRST);
        assert!(waits[9] >= LONGEST / 2 && waits[9] < LONGEST);
        assert_ne!(waits[8], waits[9]);
        backoff.reset();
        assert!(backoff.wait(&mut rng) < FIRST);
    }
}
