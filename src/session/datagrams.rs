//! A client's datagrams: pings and acknowledgements.

use std::num::NonZeroU32;

use governor::{Quota, RateLimiter};
use skywave_wire::datagram::{FromClient, Pong};

use super::{End, Session};

impl Session {
    /// Answers pings and notes acknowledgements. What is too much, or noise, is
    /// dropped and counted: a datagram may get lost anyway.
    pub(super) async fn datagrams(&self) -> End {
        let limits = &self.relay.config.limits;
        let rate = RateLimiter::direct(quota(limits.datagrams_per_second, limits.datagram_burst));
        let too_many = self.relay.metrics.drops("datagram-rate");
        let noise = self.relay.metrics.drops("datagram-noise");
        loop {
            let Ok(datagram) = self.transport.receive_datagram().await else {
                return End::Gone;
            };
            let received = self.relay.clock.now();
            if rate.check().is_err() {
                too_many.increment(1);
                continue;
            }
            match FromClient::decode(datagram) {
                Ok(FromClient::Ping { id, client_time }) => {
                    let pong = Pong {
                        id,
                        client_time,
                        received,
                        sent: self.relay.clock.now(),
                    };
                    self.entry.line().send_datagram(&pong.encode());
                }
                Ok(FromClient::Ack { handle, revision }) => self.entry.ack(handle, revision),
                Err(error) => {
                    tracing::debug!(%error, "datagram dropped");
                    noise.increment(1);
                }
            }
        }
    }
}

/// So many a second, and at most `burst` at once.
pub(super) fn quota(per_second: u32, burst: u32) -> Quota {
    let at_least_one = |n| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
    Quota::per_second(at_least_one(per_second)).allow_burst(at_least_one(burst))
}
