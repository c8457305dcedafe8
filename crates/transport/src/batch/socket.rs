//! The endpoint's UDP socket: `sendmmsg` for rows of packets, segmentation offload
//! for trains, `recvmmsg` with receive offload for what comes in.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;

use nix::sys::socket::{ControlMessage, MsgFlags, MultiHeaders, SockaddrStorage, sendmmsg};
use nix::{cmsg_space, libc};
use quinn_proto::EcnCodepoint;
use quinn_udp::{RecvMeta, UdpSocketState};

use super::{PACKETS, Packet, Shape, Sink};

/// The longest train. Longer ones hold up others and grow the buffers.
const SEGMENTS: usize = 10;

pub(crate) struct Socket {
    socket: UdpSocket,
    state: UdpSocketState,
    local: SocketAddr,
    /// Headers for `sendmmsg`, one set for each way to combine control messages.
    headers: [Option<Headers>; 6],
    names: Vec<Option<SockaddrStorage>>,
}

type Headers = MultiHeaders<SockaddrStorage>;

impl Socket {
    pub(crate) fn new(socket: UdpSocket) -> io::Result<Self> {
        let state = UdpSocketState::new((&socket).into())?;
        Ok(Self {
            local: socket.local_addr()?,
            socket,
            state,
            headers: Default::default(),
            names: Vec::with_capacity(PACKETS),
        })
    }

    /// Another handle of it, for waiting until it can be read or written.
    pub(crate) fn watched(&self) -> io::Result<tokio::net::UdpSocket> {
        tokio::net::UdpSocket::from_std(self.socket.try_clone()?)
    }

    pub(crate) fn local(&self) -> SocketAddr {
        self.local
    }

    pub(crate) fn may_fragment(&self) -> bool {
        self.state.may_fragment()
    }

    /// How many packets a train may have; 1 where the kernel knows no trains.
    pub(crate) fn max_segments(&self) -> usize {
        self.state.max_gso_segments().min(SEGMENTS)
    }

    /// How many packets one message that is received may carry.
    pub(crate) fn receive_segments(&self) -> usize {
        self.state.gro_segments()
    }

    pub(crate) fn receive(
        &self,
        buffers: &mut [IoSliceMut<'_>],
        metas: &mut [RecvMeta],
    ) -> io::Result<usize> {
        self.state.recv((&self.socket).into(), buffers, metas)
    }

    /// The source address need not be said where the socket has but one.
    fn source(&self, source: Option<IpAddr>) -> Option<IpAddr> {
        source.filter(|_| self.local.ip().is_unspecified())
    }
}

impl Sink for Socket {
    fn send_row(&mut self, shape: Shape, row: &[&Packet]) -> io::Result<usize> {
        let source = self.source(shape.source);
        let tos = shape.ecn.map_or(0, |ecn| ecn as u8);
        let class = i32::from(tos);
        let pktinfo_v4;
        let pktinfo_v6;
        let mut messages = [ControlMessage::Ipv4Tos(&tos); 2];
        let mut count = 0;
        if shape.ecn.is_some() {
            if !shape.v4 {
                messages[0] = ControlMessage::Ipv6TClass(&class);
            }
            count += 1;
        }
        match source {
            None => {}
            Some(IpAddr::V4(ip)) => {
                pktinfo_v4 = libc::in_pktinfo {
                    ipi_ifindex: 0,
                    ipi_spec_dst: libc::in_addr {
                        s_addr: u32::from_ne_bytes(ip.octets()),
                    },
                    ipi_addr: libc::in_addr { s_addr: 0 },
                };
                messages[count] = ControlMessage::Ipv4PacketInfo(&pktinfo_v4);
                count += 1;
            }
            Some(IpAddr::V6(ip)) => {
                pktinfo_v6 = libc::in6_pktinfo {
                    ipi6_addr: libc::in6_addr {
                        s6_addr: ip.octets(),
                    },
                    ipi6_ifindex: 0,
                };
                messages[count] = ControlMessage::Ipv6PacketInfo(&pktinfo_v6);
                count += 1;
            }
        }
        let row = &row[..row.len().min(PACKETS)];
        self.names.clear();
        self.names.extend(
            row.iter()
                .map(|packet| Some(SockaddrStorage::from(packet.destination))),
        );
        let mut slices = [[IoSlice::new(&[])]; PACKETS];
        for (slice, packet) in slices.iter_mut().zip(row) {
            *slice = [IoSlice::new(&packet.bytes)];
        }
        let headers = self.headers[place(shape.ecn, source)]
            .get_or_insert_with(|| headers(shape.ecn, source));
        let results = sendmmsg(
            self.socket.as_raw_fd(),
            headers,
            &slices[..row.len()],
            &self.names,
            &messages[..count],
            MsgFlags::empty(),
        )?;
        Ok(results.count())
    }

    fn send_train(&mut self, train: &Packet) -> io::Result<()> {
        let transmit = quinn_udp::Transmit {
            destination: train.destination,
            ecn: train.ecn.map(|ecn| match ecn {
                EcnCodepoint::Ect0 => quinn_udp::EcnCodepoint::Ect0,
                EcnCodepoint::Ect1 => quinn_udp::EcnCodepoint::Ect1,
                EcnCodepoint::Ce => quinn_udp::EcnCodepoint::Ce,
            }),
            contents: &train.bytes,
            segment_size: train.segment,
            src_ip: self.source(train.source),
        };
        self.state.try_send((&self.socket).into(), &transmit)
    }
}

/// Which headers serve packets with these control messages.
fn place(ecn: Option<EcnCodepoint>, source: Option<IpAddr>) -> usize {
    let source = match source {
        None => 0,
        Some(IpAddr::V4(_)) => 1,
        Some(IpAddr::V6(_)) => 2,
    };
    source * 2 + usize::from(ecn.is_some())
}

/// The space must fit exactly: the kernel refuses headers with room left over. Both
/// ways to say ECN take as much.
fn headers(ecn: Option<EcnCodepoint>, source: Option<IpAddr>) -> Headers {
    let mut space = Vec::new();
    if ecn.is_some() {
        space.extend(cmsg_space!(libc::c_int));
    }
    match source {
        None => {}
        Some(IpAddr::V4(_)) => space.extend(cmsg_space!(libc::in_pktinfo)),
        Some(IpAddr::V6(_)) => space.extend(cmsg_space!(libc::in6_pktinfo)),
    }
    let exact = (!space.is_empty()).then(|| space.into_boxed_slice().into_vec());
    MultiHeaders::preallocate(PACKETS, exact)
}

#[cfg(test)]
mod tests {
    use std::io::IoSliceMut;
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

    use quinn_proto::{EcnCodepoint, Transmit};
    use quinn_udp::RecvMeta;

    use super::Socket;
    use crate::batch::{Batch, PACKETS};

    fn bound(ip: impl Into<IpAddr>) -> Socket {
        let socket = UdpSocket::bind((ip.into(), 0)).expect("a socket");
        Socket::new(socket).expect("a usable socket")
    }

    /// Where packets from and to are seen to come from and go to.
    fn receive(socket: &Socket) -> (Vec<u8>, RecvMeta) {
        let mut buffer = vec![0; 65_536];
        let mut metas = [RecvMeta::default()];
        loop {
            let mut buffers = [IoSliceMut::new(&mut buffer)];
            match socket.receive(&mut buffers, &mut metas) {
                Ok(_) => break,
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    std::thread::yield_now();
                }
                Err(error) => panic!("{error}"),
            }
        }
        let [meta] = metas;
        (buffer[..meta.len].to_vec(), meta)
    }

    fn send(from: &mut Socket, transmits: &[Transmit]) {
        let mut batch = Batch::new();
        for (number, transmit) in transmits.iter().enumerate() {
            batch.push(transmit, &vec![number as u8; transmit.size]);
        }
        assert!(batch.send(from));
        assert_eq!(batch.dropped(), 0);
    }

    /// Sends one packet of every shape `source` allows, and looks at what came.
    fn check(from: impl Into<IpAddr>, source: Option<IpAddr>, to: IpAddr, seen: IpAddr) {
        let mut sender = bound(from);
        let receiver = bound(to);
        let mut destination = receiver.local();
        if sender.local().is_ipv6()
            && let IpAddr::V4(ip) = destination.ip()
        {
            destination = SocketAddr::new(ip.to_ipv6_mapped().into(), destination.port());
        }
        for ecn in [None, Some(EcnCodepoint::Ect0), Some(EcnCodepoint::Ce)] {
            let transmit = Transmit {
                destination,
                ecn,
                size: 10,
                segment_size: None,
                src_ip: source,
            };
            send(&mut sender, std::slice::from_ref(&transmit));
            let (bytes, meta) = receive(&receiver);
            assert_eq!(bytes, [0; 10]);
            assert_eq!(meta.addr.ip(), seen);
            assert_eq!(meta.ecn.map(|ecn| ecn as u8), ecn.map(|ecn| ecn as u8));
        }
    }

    #[test]
    fn packets_carry_their_source_and_their_mark() {
        const OTHER: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 9));
        let v4 = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let v6 = IpAddr::V6(Ipv6Addr::LOCALHOST);
        check(Ipv4Addr::LOCALHOST, Some(OTHER), v4, v4);
        check(Ipv4Addr::UNSPECIFIED, None, v4, v4);
        check(Ipv4Addr::UNSPECIFIED, Some(OTHER), v4, OTHER);
        check(Ipv6Addr::LOCALHOST, None, v6, v6);
        check(Ipv6Addr::UNSPECIFIED, Some(v6), v6, v6);
        check(Ipv6Addr::UNSPECIFIED, None, v4, v4);
        check(Ipv6Addr::UNSPECIFIED, Some(OTHER), v4, OTHER);
        let mapped = Ipv4Addr::new(127, 0, 0, 9).to_ipv6_mapped();
        check(Ipv6Addr::UNSPECIFIED, Some(mapped.into()), v4, OTHER);
    }

    #[test]
    fn a_full_row_arrives_in_order() {
        let mut sender = bound(Ipv4Addr::LOCALHOST);
        let receiver = bound(Ipv4Addr::LOCALHOST);
        let transmits: Vec<Transmit> = (1..=PACKETS)
            .map(|size| Transmit {
                destination: receiver.local(),
                ecn: Some(EcnCodepoint::Ect0),
                size,
                segment_size: None,
                src_ip: None,
            })
            .collect();
        for _ in 0..2 {
            send(&mut sender, &transmits);
            for number in 0..PACKETS {
                let (bytes, _) = receive(&receiver);
                assert_eq!(bytes, vec![number as u8; number + 1]);
            }
        }
    }

    #[test]
    fn a_train_arrives_as_packets() {
        let mut sender = bound(Ipv4Addr::LOCALHOST);
        let receiver = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a socket");
        let transmit = Transmit {
            destination: receiver.local_addr().expect("an address"),
            ecn: Some(EcnCodepoint::Ect0),
            size: 2_500,
            segment_size: Some(1_000),
            src_ip: None,
        };
        send(&mut sender, &[transmit]);
        let mut buffer = [0; 4_000];
        for length in [1_000, 1_000, 500] {
            assert_eq!(receiver.recv(&mut buffer).expect("a packet"), length);
        }
    }
}
