use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use quinn_proto::{EcnCodepoint, Transmit};

use super::{Batch, PACKETS, Packet, Shape, Sink};

/// Takes so many packets, then says that it would block.
struct Bounded {
    room: usize,
    refuse: Option<u16>,
    taken: Vec<u16>,
    calls: usize,
}

impl Bounded {
    fn new(room: usize) -> Self {
        Self {
            room,
            refuse: None,
            taken: Vec::new(),
            calls: 0,
        }
    }

    fn take(&mut self, packet: &Packet) -> io::Result<()> {
        if self.refuse == Some(packet.destination.port()) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        if self.room == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.room -= 1;
        self.taken.push(packet.destination.port());
        Ok(())
    }
}

impl Sink for Bounded {
    fn send_row(&mut self, shape: Shape, row: &[&Packet]) -> io::Result<usize> {
        self.calls += 1;
        let mut taken = 0;
        for packet in row {
            assert_eq!(packet.shape(), shape);
            assert_eq!(packet.segment, None);
            match self.take(packet) {
                Ok(()) => taken += 1,
                Err(error) if taken == 0 => return Err(error),
                Err(_) => break,
            }
        }
        Ok(taken)
    }

    fn send_train(&mut self, train: &Packet) -> io::Result<()> {
        self.calls += 1;
        self.take(train)
    }
}

fn to(port: u16, ip: impl Into<IpAddr>, size: usize, segment_size: Option<usize>) -> Transmit {
    Transmit {
        destination: SocketAddr::new(ip.into(), port),
        ecn: Some(EcnCodepoint::Ect0),
        size,
        segment_size,
        src_ip: None,
    }
}

fn push(batch: &mut Batch, port: u16) {
    batch.push(&to(port, Ipv4Addr::LOCALHOST, 3, None), b"abc");
}

#[test]
fn a_row_goes_in_one_call() {
    let mut batch = Batch::new();
    (1..=50).for_each(|port| push(&mut batch, port));
    let mut sink = Bounded::new(1_000);
    assert!(batch.send(&mut sink));
    assert_eq!(sink.taken, (1..=50).collect::<Vec<_>>());
    assert_eq!(sink.calls, 1);
    assert!(batch.is_empty());
}

#[test]
fn trains_and_other_shapes_keep_their_place() {
    let mut batch = Batch::new();
    push(&mut batch, 1);
    batch.push(&to(2, Ipv4Addr::LOCALHOST, 6, Some(3)), b"abcdef");
    push(&mut batch, 3);
    batch.push(&to(4, std::net::Ipv6Addr::LOCALHOST, 3, None), b"abc");
    push(&mut batch, 5);
    let mut sink = Bounded::new(1_000);
    assert!(batch.send(&mut sink));
    assert_eq!(sink.taken, [1, 2, 3, 4, 5]);
    assert_eq!(sink.calls, 5);
}

#[test]
fn what_a_full_socket_does_not_take_waits_in_order() {
    let mut batch = Batch::new();
    (1..=10).for_each(|port| push(&mut batch, port));
    let mut sink = Bounded::new(4);
    assert!(!batch.send(&mut sink));
    push(&mut batch, 11);
    assert!(!batch.send(&mut sink));
    sink.room = 1_000;
    assert!(batch.send(&mut sink));
    assert_eq!(sink.taken, (1..=11).collect::<Vec<_>>());
    assert_eq!(batch.dropped(), 0);
}

#[test]
fn a_packet_that_is_refused_holds_up_no_other() {
    let mut batch = Batch::new();
    (1..=5).for_each(|port| push(&mut batch, port));
    let mut sink = Bounded::new(1_000);
    sink.refuse = Some(3);
    assert!(batch.send(&mut sink));
    assert_eq!(sink.taken, [1, 2, 4, 5]);
    assert_eq!(batch.dropped(), 1);
}

#[test]
fn answers_past_the_bound_are_dropped_and_counted() {
    let mut batch = Batch::new();
    (0..PACKETS as u16 + 3).for_each(|port| push(&mut batch, port));
    assert!(batch.is_full());
    assert_eq!(batch.dropped(), 3);
}

#[test]
fn many_bytes_fill_it_too() {
    let mut batch = Batch::new();
    let train = vec![0; 14_000];
    let mut pushed = 0;
    while !batch.is_full() {
        batch.push(
            &to(1, Ipv4Addr::LOCALHOST, train.len(), Some(1_400)),
            &train,
        );
        pushed += 1;
    }
    assert_eq!(pushed, 8);
}
