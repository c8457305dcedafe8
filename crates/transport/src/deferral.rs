//! Packets that can wait for the next visit of their connection.
//!
//! A connection that is written to regularly is visited for that anyway, and a visit,
//! not its work, is what costs: the connection's memory has to be fetched. Most of what
//! its peer sends are acknowledgements of what the visit before sent. They are kept
//! here, with the time at which they came, and taken in at the next visit.
//!
//! What a packet holds cannot be seen before it is decrypted, which would be a visit.
//! So a packet waits by its look: short, and no longer than the last one of its peer.
//! An acknowledgement that tells of a loss is longer than the one before it, as are
//! datagrams and requests; they do not wait.

use std::time::Duration;

use quinn_proto::ConnectionEvent;

/// How long a packet waits for a visit.
pub(crate) const LONGEST: Duration = Duration::from_millis(100);
/// Packets of a connection that wait; then it is visited.
const MOST: usize = 4;
/// A packet of acknowledgements is shorter.
const SHORT: usize = 64;
/// Numbers in an acknowledgement grow by a byte now and then.
const GROWTH: usize = 1;

/// By connection.
#[derive(Default)]
pub(crate) struct Deferral {
    rows: Vec<Row>,
}

#[derive(Default)]
struct Row {
    /// It is written to regularly, and nothing of it waits to be acknowledged before
    /// more can be sent.
    settled: bool,
    /// The length of the last short packet.
    usual: u8,
    events: Vec<ConnectionEvent>,
}

impl Deferral {
    /// For a new connection, or one that is gone.
    pub(crate) fn reset(&mut self, index: usize) {
        if index >= self.rows.len() {
            self.rows.resize_with(index + 1, Row::default);
        }
        self.rows[index] = Row::default();
    }

    /// Whether packets of the connection may wait from now on.
    pub(crate) fn settle(&mut self, index: usize, settled: bool) {
        self.rows[index].settled = settled;
    }

    /// Whether a packet of `length` bytes, with a short header or not, can wait.
    pub(crate) fn can_wait(&mut self, index: usize, short_header: bool, length: usize) -> bool {
        let Some(row) = self.rows.get_mut(index) else {
            return false;
        };
        if !short_header || length >= SHORT {
            return false;
        }
        let usual = std::mem::replace(&mut row.usual, length as u8);
        row.settled && length <= usize::from(usual) + GROWTH && row.events.len() < MOST
    }

    /// Has the packet wait. Whether it is the first that does.
    pub(crate) fn push(&mut self, index: usize, event: ConnectionEvent) -> bool {
        let events = &mut self.rows[index].events;
        events.push(event);
        events.len() == 1
    }

    /// The packet that has waited longest.
    pub(crate) fn pop(&mut self, index: usize) -> Option<ConnectionEvent> {
        let events = &mut self.rows.get_mut(index)?.events;
        (!events.is_empty()).then(|| events.remove(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled() -> Deferral {
        let mut deferral = Deferral::default();
        deferral.reset(3);
        deferral.settle(3, true);
        deferral
    }

    #[test]
    fn what_looks_like_the_packet_before_it_waits() {
        let mut deferral = settled();
        assert!(!deferral.can_wait(3, true, 33));
        for length in [33, 34, 33, 30] {
            assert!(deferral.can_wait(3, true, length), "{length} bytes");
        }
    }

    #[test]
    fn a_longer_packet_does_not_wait_and_the_next_like_it_does() {
        let mut deferral = settled();
        deferral.can_wait(3, true, 33);
        assert!(!deferral.can_wait(3, true, 36));
        assert!(deferral.can_wait(3, true, 36));
        assert!(!deferral.can_wait(3, true, SHORT));
        assert!(!deferral.can_wait(3, false, 36));
    }

    #[test]
    fn nothing_waits_for_a_connection_that_is_not_settled() {
        let mut deferral = settled();
        deferral.can_wait(3, true, 33);
        deferral.settle(3, false);
        assert!(!deferral.can_wait(3, true, 33));
        deferral.settle(3, true);
        deferral.reset(3);
        assert!(!deferral.can_wait(3, true, 33));
        assert!(!deferral.can_wait(7, true, 33));
    }
}
