//! The relay's clock: monotonic microseconds that begin near Unix time, so that
//! times of different relays compare roughly and never run backwards on one.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use skywave_wire::Micros;

/// Gives the relay's time. All parts of one relay share one origin.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    origin: Instant,
    unix_at_origin: u64,
}

impl Clock {
    /// A clock that agrees with Unix time now and runs monotonically from here.
    pub(crate) fn start() -> Self {
        let unix = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Self {
            origin: Instant::now(),
            unix_at_origin: unix.as_micros() as u64,
        }
    }

    /// The time now.
    pub(crate) fn now(&self) -> Micros {
        Micros(self.unix_at_origin + self.origin.elapsed().as_micros() as u64)
    }
}

/// The system's clock, in ms since 1970: for people, not for playing.
pub(crate) fn unix_millis() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_millis() as u64
}
