//! The way to a client, as its shard last saw it.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Where a session's client is, and how far away.
#[derive(Debug)]
pub(crate) struct Path {
    address: Mutex<SocketAddr>,
    round_trip_micros: AtomicU64,
}

impl Path {
    pub(crate) fn new(address: SocketAddr, round_trip: Duration) -> Self {
        Self {
            address: Mutex::new(address),
            round_trip_micros: AtomicU64::new(round_trip.as_micros() as u64),
        }
    }

    /// What the shard sees now.
    pub(crate) fn note(&self, address: SocketAddr, round_trip: Duration) {
        *self.address.lock().unwrap_or_else(PoisonError::into_inner) = address;
        let micros = round_trip.as_micros() as u64;
        self.round_trip_micros.store(micros, Ordering::Relaxed);
    }

    pub(super) fn address(&self) -> SocketAddr {
        *self.address.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// In whole milliseconds, rounded.
    pub(super) fn round_trip_millis(&self) -> u64 {
        (self.round_trip_micros.load(Ordering::Relaxed) + 500) / 1_000
    }
}
