use std::io;
use std::net::{SocketAddr, UdpSocket};

use socket2::{Domain, Protocol, Socket, Type};

/// What the kernel is asked to hold for a shard's socket each way. It gives as
/// much as its own limit allows.
const BUFFER_BYTES: usize = 8 << 20;

/// Whether other sockets may have the same port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Port {
    Alone,
    /// With the other shards'.
    Shared,
}

/// A UDP socket at this address.
///
/// # Errors
/// The address cannot be bound.
pub(super) fn bind(address: SocketAddr, port: Port) -> io::Result<UdpSocket> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::DGRAM,
        Some(Protocol::UDP),
    )?;
    if address.is_ipv6() {
        // Other addresses of the configuration may use the same port on IPv4.
        socket.set_only_v6(true)?;
    }
    #[cfg(unix)]
    socket.set_reuse_port(port == Port::Shared)?;
    // A kernel that grants less still works; it loses more in a burst.
    let _ = socket.set_recv_buffer_size(BUFFER_BYTES);
    let _ = socket.set_send_buffer_size(BUFFER_BYTES);
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket.into())
}
