//! Packets on their way to the kernel: gathered over many connections, handed over
//! in few system calls. The bound is [`PACKETS`] and [`BYTES`]; past it connections
//! keep what they have to send until the socket takes more.

use std::net::{IpAddr, SocketAddr};

use quinn_proto::{EcnCodepoint, Transmit};

use std::io;

pub(crate) use socket::Socket;

mod socket;

/// Rows of packets (single ones or trains) that a batch holds.
pub(crate) const PACKETS: usize = 64;
/// A batch with so many bytes is full, too.
const BYTES: usize = 96 * 1024;
/// Room for a packet of any usual size, so that buffers seldom grow.
const PACKET_BYTES: usize = 1500;

/// One packet, or a train of equally long ones to the same place.
#[derive(Debug)]
pub(crate) struct Packet {
    pub(crate) destination: SocketAddr,
    pub(crate) source: Option<IpAddr>,
    pub(crate) ecn: Option<EcnCodepoint>,
    /// The length of each packet of a train, the last of which may be shorter.
    pub(crate) segment: Option<usize>,
    pub(crate) bytes: Vec<u8>,
}

impl Packet {
    fn vacant() -> Self {
        Self {
            destination: SocketAddr::from(([0; 4], 0)),
            source: None,
            ecn: None,
            segment: None,
            bytes: Vec::new(),
        }
    }

    /// What one system call for many packets says about all of them alike.
    fn shape(&self) -> Shape {
        let ip = self.destination.ip().to_canonical();
        Shape {
            v4: ip.is_ipv4(),
            ecn: self.ecn,
            source: self.source,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) v4: bool,
    pub(crate) ecn: Option<EcnCodepoint>,
    pub(crate) source: Option<IpAddr>,
}

/// Where packets go.
pub(crate) trait Sink {
    /// Sends packets of one shape, none of them a train. How many it took; at least one.
    fn send_row(&mut self, shape: Shape, row: &[&Packet]) -> io::Result<usize>;
    fn send_train(&mut self, train: &Packet) -> io::Result<()>;
}

/// The batch. Its buffers are used again and again.
pub(crate) struct Batch {
    packets: Vec<Packet>,
    used: usize,
    bytes: usize,
    dropped: u64,
}

impl Batch {
    pub(crate) fn new() -> Self {
        Self {
            packets: Vec::with_capacity(PACKETS),
            used: 0,
            bytes: 0,
            dropped: 0,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.used == 0
    }

    pub(crate) fn is_full(&self) -> bool {
        self.used == PACKETS || self.bytes >= BYTES
    }

    /// Packets that could not be sent: answers of the endpoint while the batch was
    /// full, and what the kernel refused.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// An empty buffer for the next packet, which [`commit`](Self::commit) adds. The
    /// batch must not be full.
    pub(crate) fn vacancy(&mut self) -> &mut Vec<u8> {
        if self.used == self.packets.len() {
            self.packets.push(Packet::vacant());
        }
        let bytes = &mut self.packets[self.used].bytes;
        bytes.clear();
        bytes.reserve(PACKET_BYTES);
        bytes
    }

    /// Adds the packet that was written into the last [`vacancy`](Self::vacancy).
    pub(crate) fn commit(&mut self, transmit: &Transmit) {
        let packet = &mut self.packets[self.used];
        packet.destination = transmit.destination;
        packet.source = transmit.src_ip;
        packet.ecn = transmit.ecn;
        packet.segment = transmit.segment_size.filter(|&size| size < transmit.size);
        packet.bytes.truncate(transmit.size);
        self.bytes += transmit.size;
        self.used += 1;
    }

    /// Adds an answer of the endpoint that belongs to no connection. Dropped where
    /// the batch is full: the peer will ask again.
    pub(crate) fn push(&mut self, transmit: &Transmit, bytes: &[u8]) {
        if self.is_full() {
            self.dropped += 1;
            return;
        }
        self.vacancy().extend_from_slice(bytes);
        self.commit(transmit);
    }

    /// Sends all, in order. `false`: the socket takes no more now, the rest stays.
    pub(crate) fn send(&mut self, sink: &mut impl Sink) -> bool {
        let mut sent = 0;
        let mut blocked = false;
        while sent < self.used && !blocked {
            let rest = &self.packets[sent..self.used];
            let taken = if rest[0].segment.is_some() {
                sink.send_train(&rest[0]).map(|()| 1)
            } else {
                let shape = rest[0].shape();
                let mut row = [&rest[0]; PACKETS];
                let length = rest
                    .iter()
                    .take_while(|packet| packet.segment.is_none() && packet.shape() == shape)
                    .zip(&mut row)
                    .map(|(packet, place)| *place = packet)
                    .count();
                sink.send_row(shape, &row[..length])
            };
            match taken {
                Ok(taken) => sent += taken.max(1),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => blocked = true,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // A packet that the kernel refuses is lost, as it would be on the way:
                // QUIC repairs that. Probes for a larger MTU end here regularly.
                Err(error) => {
                    tracing::debug!(%error, destination = %rest[0].destination, "packet not sent");
                    self.dropped += 1;
                    sent += 1;
                }
            }
        }
        self.packets[..self.used].rotate_left(sent);
        self.used -= sent;
        self.bytes = self.packets[..self.used]
            .iter()
            .map(|packet| packet.bytes.len())
            .sum();
        !blocked
    }
}

#[cfg(test)]
mod tests;
