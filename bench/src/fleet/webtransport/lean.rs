//! Listeners that do no more than they must, once they hear: packets are opened, the
//! audio is heard, and packets are acknowledged as QUIC says (every second one, or
//! after 25 ms) or as the server has asked. A whole QUIC stack costs more to listen
//! with than the relay pays to send; here a thousand listeners cost a fraction of
//! that, so that one core carries all that the relay can serve, and each hears when
//! its packet comes.
//!
//! They take over a socket whose listeners all hear already; see
//! [`Sockets`](super::Sockets).

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::io::{self, IoSliceMut};
use std::net::{SocketAddr, UdpSocket};
use std::rc::Rc;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use quinn_udp::{BATCH_SIZE, RecvMeta, UdpSocketState};
use tokio::io::Interest;
use tokio::sync::oneshot;

pub(super) use audio::Audio;
use connection::{Ack, Connection};

use super::Hearing;
use super::tap::Taken;
use crate::floor::batch::Outbox;

mod audio;
mod connection;

/// How often a listener says what it has to say.
pub(super) const SAY: Duration = Duration::from_secs(1);
/// Set in a long header, which no packet of a connection has that is established.
const LONG_HEADER: u8 = 0x80;
/// No message that is received is longer, with all of its packets.
const MESSAGE_BYTES: usize = 64 << 10;

/// A listener that hears.
pub(super) struct Listener {
    pub(super) keys: Taken,
    pub(super) audio: Audio,
    pub(super) hearing: Box<dyn Hearing>,
    /// Told why it ended.
    pub(super) ended_tx: oneshot::Sender<anyhow::Error>,
}

/// Room to receive in; one for all sockets.
pub(super) struct Room {
    messages: Vec<u8>,
    metas: [RecvMeta; BATCH_SIZE],
    payload: BytesMut,
}

impl Room {
    pub(super) fn new() -> Self {
        Self {
            messages: vec![0; MESSAGE_BYTES * BATCH_SIZE],
            metas: [RecvMeta::default(); BATCH_SIZE],
            payload: BytesMut::new(),
        }
    }
}

/// The listeners of a socket.
pub(super) struct Lean {
    udp: tokio::net::UdpSocket,
    state: UdpSocketState,
    listeners: Listeners,
}

struct Listeners {
    server: SocketAddr,
    seats: Vec<Option<Seat>>,
    by_id: HashMap<Vec<u8>, usize>,
    id_len: usize,
    /// Whose acknowledgement is sent once all that has come is taken.
    urgent: Vec<usize>,
    /// Whose acknowledgement is due when, unless it has been sent since.
    acks: BinaryHeap<Reverse<(Instant, usize)>>,
    /// Who is asked next for what it has to say, and when.
    turns: VecDeque<(Instant, usize)>,
    outbox: Outbox,
    room: Rc<RefCell<Room>>,
}

struct Seat {
    connection: Connection,
    is_urgent: bool,
    ack_at: Option<Instant>,
    ended_tx: oneshot::Sender<anyhow::Error>,
}

impl Lean {
    /// Takes over the socket. Nobody else may read from it.
    ///
    /// # Errors
    /// The socket cannot be set up.
    pub(super) fn new(
        udp: UdpSocket,
        server: SocketAddr,
        listeners: Vec<Listener>,
        room: Rc<RefCell<Room>>,
    ) -> io::Result<Self> {
        let now = Instant::now();
        let step = SAY / listeners.len().max(1) as u32;
        let turns = (0..listeners.len()).map(|n| (now + step * n as u32, n));
        let turns = turns.collect();
        let seats: Vec<_> = listeners
            .into_iter()
            .map(|listener| {
                Some(Seat {
                    connection: Connection::new(listener.keys, listener.audio, listener.hearing),
                    is_urgent: false,
                    ack_at: Some(now),
                    ended_tx: listener.ended_tx,
                })
            })
            .collect();
        let by_id: HashMap<_, _> = seats
            .iter()
            .flatten()
            .map(|seat| seat.connection.our_id().to_vec())
            .zip(0..)
            .collect();
        Ok(Self {
            state: UdpSocketState::new((&udp).into())?,
            udp: tokio::net::UdpSocket::from_std(udp)?,
            listeners: Listeners {
                server,
                urgent: Vec::new(),
                acks: (0..seats.len())
                    .map(|place| Reverse((now, place)))
                    .collect(),
                seats,
                id_len: by_id.keys().map(Vec::len).next().unwrap_or(0),
                by_id,
                turns,
                outbox: Outbox::new(),
                room,
            },
        })
    }

    /// Hears for as long as the socket works.
    ///
    /// # Errors
    /// It failed.
    pub(super) async fn run(mut self) -> anyhow::Result<()> {
        let mut sleep = std::pin::pin!(tokio::time::sleep(Duration::ZERO));
        loop {
            let next = self.listeners.next().into();
            if sleep.deadline() != next {
                sleep.as_mut().reset(next);
            }
            tokio::select! {
                ready = self.udp.readable() => {
                    ready?;
                    self.receive()?;
                }
                () = &mut sleep => {}
            }
            self.listeners.look_after(&self.udp, Instant::now())?;
            self.listeners.outbox.send(&self.udp)?;
        }
    }

    fn receive(&mut self) -> anyhow::Result<()> {
        let room = self.listeners.room.clone();
        let mut room = room.borrow_mut();
        let room = &mut *room;
        loop {
            let mut came = 0;
            let received = self.udp.try_io(Interest::READABLE, || {
                let mut rest = room.messages.as_mut_slice();
                let mut slices: [IoSliceMut<'_>; BATCH_SIZE] = std::array::from_fn(|_| {
                    let (slice, tail) = std::mem::take(&mut rest).split_at_mut(MESSAGE_BYTES);
                    rest = tail;
                    IoSliceMut::new(slice)
                });
                came = self
                    .state
                    .recv((&self.udp).into(), &mut slices, &mut room.metas)?;
                // Fewer than it could take: there are no more.
                if came < BATCH_SIZE {
                    return Err(io::ErrorKind::WouldBlock.into());
                }
                Ok(())
            });
            let now = Instant::now();
            for (meta, message) in room.metas[..came]
                .iter()
                .zip(room.messages.chunks_mut(MESSAGE_BYTES))
            {
                let packets = message[..meta.len].chunks_mut(meta.stride.max(1));
                for packet in packets {
                    let payload = &mut room.payload;
                    self.listeners.take(packet, payload, now);
                }
            }
            match received {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                // Of a packet sent before: the server is gone.
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl Listeners {
    /// When to look after them next.
    fn next(&self) -> Instant {
        let ack = self.acks.peek().map(|Reverse((at, _))| *at);
        let turn = self.turns.front().map(|(at, _)| *at);
        let next = ack.into_iter().chain(turn).min();
        next.unwrap_or_else(|| Instant::now() + SAY)
    }

    fn take(&mut self, packet: &mut [u8], payload: &mut BytesMut, now: Instant) {
        let Some(place) = self.place(packet) else {
            return;
        };
        let Some(seat) = &mut self.seats[place] else {
            return;
        };
        match seat.connection.take(packet, payload, now) {
            Ok(Ack::Whenever) => {}
            Ok(Ack::By(at)) => {
                seat.ack_at = Some(at);
                self.acks.push(Reverse((at, place)));
            }
            Ok(Ack::Now) => {
                if !std::mem::replace(&mut seat.is_urgent, true) {
                    self.urgent.push(place);
                }
            }
            Err(why) => {
                if let Some(seat) = self.seats[place].take() {
                    // Nobody asks any more where the generator ends.
                    let _ = seat.ended_tx.send(why);
                }
            }
        }
    }

    /// Whose packet it is; `None` where it is nobody's.
    fn place(&self, packet: &[u8]) -> Option<usize> {
        let id = packet.get(1..=self.id_len)?;
        if packet[0] & LONG_HEADER != 0 {
            return None;
        }
        self.by_id.get(id).copied()
    }

    fn acknowledge(
        &mut self,
        udp: &tokio::net::UdpSocket,
        place: usize,
        now: Instant,
    ) -> anyhow::Result<()> {
        let Some(seat) = &mut self.seats[place] else {
            return Ok(());
        };
        seat.is_urgent = false;
        seat.ack_at = None;
        let mut packet = Vec::new();
        if seat.connection.acknowledge(now, &mut packet) {
            self.outbox.push(udp, self.server, |out| {
                out.append(&mut packet);
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Sends the acknowledgements that are due, and what it is time to say.
    fn look_after(&mut self, udp: &tokio::net::UdpSocket, now: Instant) -> anyhow::Result<()> {
        for place in std::mem::take(&mut self.urgent) {
            self.acknowledge(udp, place, now)?;
        }
        while let Some(&Reverse((at, place))) = self.acks.peek()
            && at <= now
        {
            self.acks.pop();
            let is_due = |seat: &Seat| seat.ack_at == Some(at);
            if self.seats[place].as_ref().is_some_and(is_due) {
                self.acknowledge(udp, place, now)?;
            }
        }
        while let Some(&(at, place)) = self.turns.front()
            && at <= now
        {
            self.turns.pop_front();
            let Some(seat) = &mut self.seats[place] else {
                continue;
            };
            let mut packet = Vec::new();
            if seat.connection.say(now, &mut packet) {
                self.turns.push_back((at + SAY, place));
                self.outbox.push(udp, self.server, |out| {
                    out.append(&mut packet);
                    Ok(())
                })?;
            }
        }
        Ok(())
    }
}
