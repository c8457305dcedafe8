//! How many sessions there may be, in all and from one address, and how fast new
//! ones may come.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard};

use governor::clock::DefaultClock;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use thiserror::Error;

use crate::config::Limits;

/// Addresses of which the rate is remembered before those that have calmed down
/// are forgotten.
const REMEMBERED_ADDRESSES: usize = 16_384;

type Rate = RateLimiter<IpAddr, HashMapStateStore<IpAddr>, DefaultClock>;

/// Counts sessions. Cheap to share.
#[derive(Clone)]
pub(crate) struct Admission(Arc<Shared>);

struct Shared {
    limits: Limits,
    rate: Rate,
    /// Spent before an address is proved, so that whoever forges an address
    /// cannot use up the rate of who has it.
    unproved_rate: Rate,
    sessions: Mutex<Sessions>,
}

#[derive(Default)]
struct Sessions {
    total: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// Why a session is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum Full {
    #[error("the relay has as many sessions as it may have")]
    Relay,
    #[error("this address has as many sessions as it may have")]
    Address,
    #[error("this address opens sessions too fast")]
    Rate,
}

impl Full {
    /// The class under which it is counted.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Relay => "relay-full",
            Self::Address => "address-full",
            Self::Rate => "address-rate",
        }
    }
}

/// A session's place. Dropping it is the only way to give it back.
pub(crate) struct Place {
    admission: Admission,
    address: IpAddr,
}

impl Admission {
    pub(crate) fn new(limits: &Limits) -> Self {
        let per_second = limits.sessions_per_second_per_address;
        let per_second = NonZeroU32::new(per_second).unwrap_or(NonZeroU32::MIN);
        Self(Arc::new(Shared {
            limits: limits.clone(),
            rate: RateLimiter::hashmap(Quota::per_second(per_second)),
            unproved_rate: RateLimiter::hashmap(Quota::per_second(per_second)),
            sessions: Mutex::default(),
        }))
    }

    /// A place for a session from this address, which the client has proved to be
    /// its own or not.
    ///
    /// # Errors
    /// There is none.
    pub(crate) fn admit(&self, address: IpAddr, proved: bool) -> Result<Place, Full> {
        let address = network(address);
        let shared = &self.0;
        let rate = match proved {
            true => &shared.rate,
            false => &shared.unproved_rate,
        };
        if rate.len() > REMEMBERED_ADDRESSES {
            rate.retain_recent();
        }
        rate.check_key(&address).map_err(|_| Full::Rate)?;
        let mut sessions = self.lock();
        if sessions.total >= shared.limits.sessions {
            return Err(Full::Relay);
        }
        let here = sessions.by_address.entry(address).or_default();
        if *here >= shared.limits.sessions_per_address {
            return Err(Full::Address);
        }
        *here += 1;
        sessions.total += 1;
        Ok(Place {
            admission: self.clone(),
            address,
        })
    }

    /// Sessions, and handshakes on their way to one.
    pub(crate) fn sessions(&self) -> usize {
        self.lock().total
    }

    fn lock(&self) -> MutexGuard<'_, Sessions> {
        self.0
            .sessions
            .lock()
            .expect("no call panics while it holds the lock")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut sessions = self.admission.lock();
        sessions.total -= 1;
        if let Some(here) = sessions.by_address.get_mut(&self.address) {
            *here -= 1;
            if *here == 0 {
                sessions.by_address.remove(&self.address);
            }
        }
    }
}

/// What counts as one address: of IPv6 the network, since one customer commonly
/// has a whole /64 (RFC 6177).
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into(),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admission() -> Admission {
        Admission::new(&Limits {
            sessions: 5,
            sessions_per_address: 2,
            sessions_per_second_per_address: 1_000,
            ..Limits::default()
        })
    }

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn an_address_has_its_places_and_gets_them_back() {
        let admission = admission();
        let Ok(first) = admission.admit(address("2001:db8::1"), true) else {
            panic!("no room");
        };
        let Ok(_second) = admission.admit(address("2001:db8::2"), true) else {
            panic!("no room");
        };
        let third = admission.admit(address("2001:db8::3"), true);
        assert_eq!(third.err(), Some(Full::Address));
        assert!(admission.admit(address("2001:db8:0:1::1"), true).is_ok());
        drop(first);
        assert!(admission.admit(address("2001:db8::3"), true).is_ok());
        assert_eq!(admission.sessions(), 1);
    }

    #[test]
    fn the_relay_as_a_whole_is_bounded() {
        let admission = admission();
        let places: Vec<_> = (0..6)
            .map(|n| admission.admit(address(&format!("10.0.0.{n}")), true))
            .collect();
        let full: Vec<_> = places.iter().filter_map(|p| p.as_ref().err()).collect();
        assert_eq!(full, [&Full::Relay]);
    }

    #[test]
    fn an_address_that_opens_sessions_too_fast_is_slowed() {
        let admission = Admission::new(&Limits {
            sessions_per_second_per_address: 3,
            ..Limits::default()
        });
        let refused = (0..10)
            .filter(|_| admission.admit(address("10.0.0.1"), true).err() == Some(Full::Rate))
            .count();
        assert_eq!(refused, 7);
    }

    #[test]
    fn who_forges_an_address_does_not_use_up_its_rate() {
        let admission = Admission::new(&Limits {
            sessions_per_second_per_address: 3,
            ..Limits::default()
        });
        let forged = (0..10)
            .filter(|_| admission.admit(address("10.0.0.1"), false).is_ok())
            .count();
        assert_eq!(forged, 3);
        assert!(admission.admit(address("10.0.0.1"), true).is_ok());
    }
}
