//! The UDP sockets of an address, one for each shard.

use std::io;
use std::net::{SocketAddr, UdpSocket};

use socket2::{Domain, Protocol, Socket, Type};

/// What the kernel is asked to hold for a shard's socket each way. It gives as
/// much as its own limit allows.
const BUFFER_BYTES: usize = 8 << 20;

/// A socket for each shard, which share a port that nobody else has.
///
/// # Errors
/// The address cannot be bound: among other reasons, because somebody has it.
pub(super) fn bind_group(address: SocketAddr, shards: usize) -> io::Result<Vec<UdpSocket>> {
    let first = open(address)?;
    first.bind(&address.into())?;
    // Only now: a socket that shares its port before it is bound may be given one
    // that another relay shares too, and would take half of that one's clients.
    share_port(&first)?;
    let first = UdpSocket::from(first);
    let address = first.local_addr()?;
    let mut group = vec![first];
    for _ in 1..shards {
        let next = open(address)?;
        share_port(&next)?;
        next.bind(&address.into())?;
        group.push(next.into());
    }
    Ok(group)
}

fn open(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::DGRAM,
        Some(Protocol::UDP),
    )?;
    if address.is_ipv6() {
        // Other addresses of the configuration may use the same port on IPv4.
        socket.set_only_v6(true)?;
    }
    // A kernel that grants less still works; it loses more in a burst.
    let _ = socket.set_recv_buffer_size(BUFFER_BYTES);
    let _ = socket.set_send_buffer_size(BUFFER_BYTES);
    socket.set_nonblocking(true)?;
    Ok(socket)
}

#[cfg(target_os = "linux")]
fn share_port(socket: &Socket) -> io::Result<()> {
    socket.set_reuse_port(true)
}

/// Elsewhere a relay has one shard, and nothing shares its port.
#[cfg(not(target_os = "linux"))]
fn share_port(_: &Socket) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn relays_on_free_ports_have_different_ones() {
        // So many that among all the ports of Linux two would be the same.
        const RELAYS: usize = 700;
        let any = "127.0.0.1:0".parse().expect("an address");
        let firsts: Vec<_> = (0..RELAYS)
            .map(|_| bind_group(any, 2).expect("bound").swap_remove(0))
            .collect();
        let ports: HashSet<_> = firsts
            .iter()
            .map(|socket| socket.local_addr().expect("bound").port())
            .collect();
        assert_eq!(ports.len(), RELAYS);
    }

    #[test]
    fn an_address_that_a_relay_has_is_refused() {
        for shards in [1, 2] {
            let any = "127.0.0.1:0".parse().expect("an address");
            let group = bind_group(any, shards).expect("bound");
            assert_eq!(group.len(), shards);
            let address = group[0].local_addr().expect("bound");
            let error = bind_group(address, shards).expect_err("taken");
            assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        }
    }
}
