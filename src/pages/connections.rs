//! How many connections to the pages there may be, in all and from one address.
//! One too many is closed at once: a browser that is refused tries again when
//! its user does, and a flood costs no more than its handshakes.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::admission::network;
use crate::config::Limits;

/// Counts connections. Clones share the count.
#[derive(Clone)]
pub(super) struct Connections {
    most: usize,
    most_of_address: usize,
    open: Arc<Mutex<Open>>,
}

#[derive(Default)]
struct Open {
    total: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// Why a connection is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Full {
    Server,
    Address,
}

impl Full {
    /// The reason under which it is counted.
    pub(super) fn reason(self) -> &'static str {
        match self {
            Self::Server => "full",
            Self::Address => "address-full",
        }
    }
}

/// A connection's place. Dropping it is the only way to give it back.
pub(super) struct Place {
    connections: Connections,
    address: IpAddr,
}

impl Connections {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            most: limits.page_connections,
            most_of_address: limits.page_connections_per_address,
            open: Arc::default(),
        }
    }

    /// A place for a connection from this address.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn admit(&self, address: IpAddr) -> Result<Place, Full> {
        let bounded = !address.to_canonical().is_loopback();
        let address = network(address);
        let mut open = self.lock();
        if open.total >= self.most {
            return Err(Full::Server);
        }
        let here = open.by_address.entry(address).or_default();
        if bounded && *here >= self.most_of_address {
            return Err(Full::Address);
        }
        *here += 1;
        open.total += 1;
        Ok(Place {
            connections: self.clone(),
            address,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.connections.lock();
        open.total -= 1;
        if let Some(here) = open.by_address.get_mut(&self.address) {
            *here -= 1;
            if *here == 0 {
                open.by_address.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connections() -> Connections {
        Connections::new(&Limits {
            page_connections: 5,
            page_connections_per_address: 2,
            ..Limits::default()
        })
    }

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn an_address_has_its_places_and_gets_them_back() {
        let connections = connections();
        let admit = |text| connections.admit(address(text));
        let Ok(first) = admit("2001:db8::1") else {
            panic!("no room");
        };
        let second = admit("2001:db8::2");
        assert!(second.is_ok());
        assert_eq!(admit("2001:db8::3").err(), Some(Full::Address));
        assert!(admit("2001:db8:0:1::1").is_ok());
        drop(first);
        assert!(admit("2001:db8::3").is_ok());
        drop(second);
        assert_eq!(connections.lock().total, 0);
        assert!(connections.lock().by_address.is_empty());
    }

    #[test]
    fn a_proxy_on_this_machine_may_have_them_all_but_no_more() {
        let connections = connections();
        let places: Vec<_> = (0..6)
            .map(|_| connections.admit(address("::ffff:127.0.0.1")))
            .collect();
        let full: Vec<_> = places.iter().filter_map(|p| p.as_ref().err()).collect();
        assert_eq!(full, [&Full::Server]);
    }

    #[test]
    fn a_refusal_takes_no_place() {
        let connections = connections();
        let places: Vec<_> = (0..5)
            .map(|n| connections.admit(address(&format!("10.0.0.{n}"))))
            .collect();
        assert!(connections.admit(address("10.0.0.9")).is_err());
        assert_eq!(connections.lock().by_address.len(), places.len());
    }
}
