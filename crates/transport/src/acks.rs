//! Fewer acknowledgements (draft-ietf-quic-ack-frequency). To take one in costs a
//! server more than half as much as to make the packet that it is for, and packets that
//! are further apart than a client's usual 25 ms are acknowledged one by one. Clients
//! that can are asked to wait.

use std::sync::Arc;
use std::time::Duration;

use quinn_proto::{AckFrequencyConfig, TransportConfig, VarInt, crypto};

use tls::{Asking, Silent};
use window::Floor;

mod tls;
mod window;

/// How often a client is to acknowledge what a server sends. One that does not
/// announce `min_ack_delay` does as RFC 9000, 13.2 has it.
#[derive(Clone, Copy, Debug)]
pub struct SparseAcks {
    /// Packets that are acknowledged together. What is out of order is acknowledged at
    /// once all the same, so that a loss shows with the packet after it.
    pub packets: u32,
    /// How long an acknowledgement may wait. A lost packet that none follows is sent
    /// again later by so much.
    pub delay: Duration,
}

impl SparseAcks {
    /// Has a server ask for them. The congestion window does not fall below the one
    /// that a connection begins with (RFC 9002, 7.2): with a smaller one it would wait
    /// for acknowledgements that wait for more packets.
    ///
    /// `delay` must be below 16 s (RFC 9000, 18.2).
    pub fn ask(
        self,
        tls: Arc<dyn crypto::ServerConfig>,
        transport: &mut TransportConfig,
    ) -> Arc<dyn crypto::ServerConfig> {
        let mut frequency = AckFrequencyConfig::default();
        frequency
            .ack_eliciting_threshold(VarInt::from_u32(self.packets.saturating_sub(1)))
            .max_ack_delay(Some(self.delay))
            .reordering_threshold(VarInt::from_u32(1));
        transport
            .ack_frequency_config(Some(frequency))
            .congestion_controller_factory(Arc::new(Floor));
        Arc::new(Asking {
            tls,
            delay: self.delay,
        })
    }
}

/// A client that is not asked, whatever the server would like: it does not announce
/// `min_ack_delay`, like the browsers of 2026.
pub fn without_sparse_acks(tls: Arc<dyn crypto::ClientConfig>) -> Arc<dyn crypto::ClientConfig> {
    Arc::new(Silent(tls))
}
