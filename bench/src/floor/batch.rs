//! Many packets a system call, both ways (sendmmsg(2), recvmmsg(2)).

use std::io::{IoSlice, IoSliceMut};
use std::net::{SocketAddr, SocketAddrV4, UdpSocket};
use std::os::fd::AsRawFd;

use nix::errno::Errno;
use nix::sys::socket::{
    MsgFlags, MultiHeaders, SockaddrIn, recvmmsg, sendmmsg, setsockopt, sockopt,
};

use super::{BATCH, BODY_BYTES, HEAD_BYTES, TAG_BYTES};

/// The longest packet, on both sides.
const PACKET_BYTES: usize = HEAD_BYTES + BODY_BYTES + TAG_BYTES + 640;

/// Takes packets in.
pub(crate) struct Inbox {
    buffers: Vec<Vec<u8>>,
    headers: MultiHeaders<SockaddrIn>,
}

impl Inbox {
    pub(crate) fn new() -> Self {
        Self {
            buffers: vec![vec![0; PACKET_BYTES]; BATCH],
            headers: MultiHeaders::preallocate(BATCH, None),
        }
    }

    /// Gives every packet that is there to `take`, a batch at most; where there is
    /// none and `wait` is set, waits for the first.
    ///
    /// # Errors
    /// The socket failed.
    pub(crate) fn receive(
        &mut self,
        socket: &impl AsRawFd,
        wait: bool,
        mut take: impl FnMut(SocketAddr, &mut [u8]),
    ) -> anyhow::Result<()> {
        let flags = if wait {
            MsgFlags::MSG_WAITFORONE
        } else {
            MsgFlags::MSG_DONTWAIT
        };
        let mut slices: Vec<_> = self
            .buffers
            .iter_mut()
            .map(|buffer| [IoSliceMut::new(buffer)])
            .collect();
        let came = match recvmmsg(
            socket.as_raw_fd(),
            &mut self.headers,
            slices.iter_mut(),
            flags,
            None,
        ) {
            Ok(came) => came,
            Err(Errno::EAGAIN | Errno::EINTR | Errno::ECONNREFUSED) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let came: Vec<_> = came
            .map(|message| (message.bytes, message.address))
            .collect();
        for ((bytes, address), buffer) in came.into_iter().zip(&mut self.buffers) {
            if let Some(address) = address {
                let from = SocketAddrV4::new(address.ip(), address.port());
                take(from.into(), &mut buffer[..bytes]);
            }
        }
        Ok(())
    }
}

/// Gathers packets and hands them to the kernel together.
pub(crate) struct Outbox {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    addresses: Vec<Option<SockaddrIn>>,
    headers: MultiHeaders<SockaddrIn>,
}

impl Outbox {
    pub(crate) fn new() -> Self {
        Self {
            bytes: Vec::with_capacity(BATCH * PACKET_BYTES),
            ends: Vec::with_capacity(BATCH),
            addresses: Vec::with_capacity(BATCH),
            headers: MultiHeaders::preallocate(BATCH, None),
        }
    }

    /// Adds what `write` appends as one packet; true where that filled the batch, and
    /// it was sent.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub(crate) fn push(
        &mut self,
        socket: &impl AsRawFd,
        to: SocketAddr,
        write: impl FnOnce(&mut Vec<u8>) -> anyhow::Result<()>,
    ) -> anyhow::Result<bool> {
        let SocketAddr::V4(to) = to else {
            anyhow::bail!("the floor speaks IPv4");
        };
        write(&mut self.bytes)?;
        self.ends.push(self.bytes.len());
        self.addresses.push(Some(to.into()));
        let full = self.ends.len() == BATCH;
        if full {
            self.send(socket)?;
        }
        Ok(full)
    }

    /// Sends what waits.
    ///
    /// # Errors
    /// The socket failed.
    pub(crate) fn send(&mut self, socket: &impl AsRawFd) -> anyhow::Result<()> {
        let mut start = 0;
        let slices: Vec<_> = self
            .ends
            .iter()
            .map(|end| {
                let packet = &self.bytes[start..*end];
                start = *end;
                [IoSlice::new(packet)]
            })
            .collect();
        let mut sent = 0;
        while sent < slices.len() {
            let outcome = sendmmsg(
                socket.as_raw_fd(),
                &mut self.headers,
                slices[sent..].iter(),
                &self.addresses[sent..],
                [],
                MsgFlags::empty(),
            );
            match outcome {
                Ok(done) => sent += done.count(),
                // Somebody is gone: the kernel says so once.
                Err(Errno::EINTR | Errno::ECONNREFUSED) => {}
                // No room: the rest is lost, as it would be on a network.
                Err(Errno::EAGAIN) => break,
                Err(error) => return Err(error.into()),
            }
        }
        self.bytes.clear();
        self.ends.clear();
        self.addresses.clear();
        Ok(())
    }
}

/// Enlarges what the kernel keeps for the socket, past the system's bound where this
/// process may.
///
/// # Errors
/// The kernel refuses.
pub(crate) fn enlarge(socket: &UdpSocket, bytes: usize) -> anyhow::Result<()> {
    if setsockopt(socket, sockopt::RcvBufForce, &bytes).is_err() {
        setsockopt(socket, sockopt::RcvBuf, &bytes)?;
    }
    Ok(())
}
