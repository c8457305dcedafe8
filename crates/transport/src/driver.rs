//! The one task that serves an endpoint's connections: it takes what came, looks
//! after deadlines and those with something to send, and hands out the batch. Its
//! turns are short, so that what else runs on the thread gets its own.

use std::future::{Future, poll_fn};
use std::io::{self, IoSliceMut};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use quinn_proto::{ConnectionHandle, DatagramEvent, EcnCodepoint};
use quinn_udp::{BATCH_SIZE, RecvMeta};
use tokio::time::Sleep;

use crate::connection::Connection;
use crate::endpoint::Shared;
use crate::watch::Watch;

/// Packets taken in a turn. The last system call may bring some more.
const PACKETS_A_TURN: usize = 128;
/// Connections whose time has come that are visited in a turn.
const DUE_A_TURN: usize = 256;
/// Connections with something to send that are visited in a turn.
const MARKED_A_TURN: usize = 256;
/// A full socket that the runtime does not watch is tried again after this time.
const RETRY: Duration = Duration::from_millis(1);
/// No message that is received is longer.
const MESSAGE_BYTES: usize = 64 * 1024;

/// Drives an endpoint. Dropped, its connections are lost.
pub struct Driver {
    shared: Rc<Shared>,
    /// [`BATCH_SIZE`] buffers in one. Their pages are touched as they are needed.
    buffer: Vec<u8>,
    metas: [RecvMeta; BATCH_SIZE],
    answer: Vec<u8>,
    indices: Vec<u32>,
    /// The connection whose packets are being taken.
    current: Option<Rc<Connection>>,
}

impl Driver {
    pub(crate) fn new(shared: Rc<Shared>, largest_packet: usize) -> Self {
        let segments = shared.out.borrow().socket.receive_segments();
        let message = largest_packet.saturating_mul(segments).min(MESSAGE_BYTES);
        Self {
            shared,
            buffer: vec![0; message * BATCH_SIZE],
            metas: [RecvMeta::default(); BATCH_SIZE],
            answer: Vec::new(),
            indices: Vec::new(),
            current: None,
        }
    }

    /// Serves the endpoint until it has been closed and its connections have drained.
    ///
    /// # Errors
    /// Where the socket fails, as it does when its interface goes away for good.
    pub async fn run(mut self) -> io::Result<()> {
        let mut watch = Watch::new(self.shared.out.borrow().socket.watched()?);
        let mut sleep = pin!(tokio::time::sleep(Duration::ZERO));
        poll_fn(|cx| self.turn(cx, &mut watch, sleep.as_mut())).await
    }

    fn turn(
        &mut self,
        cx: &mut Context<'_>,
        watch: &mut Watch,
        sleep: Pin<&mut Sleep>,
    ) -> Poll<io::Result<()>> {
        self.shared.begin_turn(cx);
        let mut more = self.receive(cx, watch)?;
        // Where the socket is full there is no use in making packets: until it takes
        // more it is only read.
        let mut open = self.send(cx, watch)?;
        let mut next = None;
        if open {
            let now = Instant::now();
            more |= self.visit_due(now);
            self.visit_marked(now);
            open = self.send(cx, watch)?;
        }
        if open {
            let schedule = self.shared.schedule.borrow();
            more |= schedule.marked() > 0;
            next = schedule.next();
        }
        // By the clock, deadlines wait for the next look. Nobody says then when a full
        // socket takes more.
        if let Some(look) = watch.next() {
            let soon = Instant::now() + RETRY;
            next = Some(if open { look } else { look.min(soon) });
        }
        more |= is_late(next, cx, sleep);
        self.shared.end_turn();
        if self.shared.is_over() {
            return Poll::Ready(Ok(()));
        }
        if more {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }

    /// Takes packets and visits those that they are for. Whether more may be waiting.
    fn receive(&mut self, cx: &mut Context<'_>, watch: &mut Watch) -> io::Result<bool> {
        let mut packets = 0;
        while packets < PACKETS_A_TURN {
            let Poll::Ready(ready) = watch.poll_look(cx) else {
                return Ok(false);
            };
            ready?;
            let mut messages = 0;
            let received = watch.look(|| {
                messages = self.receive_messages()?;
                // Fewer than it could take: there are no more, and what comes after
                // this is told anew.
                if messages < BATCH_SIZE {
                    return Err(io::ErrorKind::WouldBlock.into());
                }
                Ok(())
            });
            match received {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                // Of a packet sent before, to a place where nobody listens.
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {}
                received => received?,
            }
            let now = Instant::now();
            let taken: usize = (0..messages)
                .map(|message| self.take_message(message, now))
                .sum();
            self.finish_current(now);
            packets += taken;
            watch.took(taken);
            if messages < BATCH_SIZE {
                let out = self.shared.out.borrow();
                let connections = self.shared.connections();
                watch.looked(connections, now, || out.socket.watched());
            }
        }
        Ok(true)
    }

    fn receive_messages(&mut self) -> io::Result<usize> {
        let length = self.buffer.len() / BATCH_SIZE;
        let mut rest = self.buffer.as_mut_slice();
        let mut buffers: [IoSliceMut<'_>; BATCH_SIZE] = std::array::from_fn(|_| {
            let (buffer, tail) = std::mem::take(&mut rest).split_at_mut(length);
            rest = tail;
            IoSliceMut::new(buffer)
        });
        let out = self.shared.out.borrow();
        out.socket.receive(&mut buffers, &mut self.metas)
    }

    /// Takes the packets of one message. How many there were.
    fn take_message(&mut self, message: usize, now: Instant) -> usize {
        let meta = self.metas[message];
        let start = message * (self.buffer.len() / BATCH_SIZE);
        let mut bytes = BytesMut::from(&self.buffer[start..start + meta.len]);
        let mut packets = 0;
        while !bytes.is_empty() {
            let packet = bytes.split_to(meta.stride.clamp(1, bytes.len()));
            packets += 1;
            self.answer.clear();
            let ecn = meta.ecn.map(|ecn| match ecn {
                quinn_udp::EcnCodepoint::Ect0 => EcnCodepoint::Ect0,
                quinn_udp::EcnCodepoint::Ect1 => EcnCodepoint::Ect1,
                quinn_udp::EcnCodepoint::Ce => EcnCodepoint::Ce,
            });
            let event = self.shared.quic.borrow_mut().handle(
                now,
                meta.addr,
                meta.dst_ip,
                ecn,
                packet,
                &mut self.answer,
            );
            match event {
                Some(DatagramEvent::ConnectionEvent(handle, event)) => {
                    if let Some(connection) = self.select(handle, now) {
                        connection.state.borrow_mut().quic.handle_event(event);
                    }
                }
                Some(DatagramEvent::NewConnection(incoming)) => self.shared.knock(incoming),
                Some(DatagramEvent::Response(transmit)) => {
                    self.shared.respond(&transmit, &self.answer);
                }
                None => {}
            }
        }
        packets
    }

    /// Turns to this connection. Packets for one connection seldom come alone; it is
    /// visited once they have all been taken.
    fn select(&mut self, handle: ConnectionHandle, now: Instant) -> Option<&Rc<Connection>> {
        let is_current = self
            .current
            .as_ref()
            .is_some_and(|current| current.handle == handle);
        if !is_current {
            self.finish_current(now);
            self.current = self.connection(handle.0);
            if self.current.is_some() {
                self.shared.schedule.borrow_mut().heard(handle.0, now);
            }
        }
        self.current.as_ref()
    }

    fn finish_current(&mut self, now: Instant) {
        if let Some(connection) = self.current.take() {
            connection.visit(&mut connection.state.borrow_mut(), now);
        }
    }

    /// Visits connections whose time has come. Whether there are more of them.
    fn visit_due(&mut self, now: Instant) -> bool {
        let mut due = std::mem::take(&mut self.indices);
        let more = self
            .shared
            .schedule
            .borrow_mut()
            .take_due(now, DUE_A_TURN, &mut due);
        for index in due.drain(..) {
            if let Some(connection) = self.connection(index as usize) {
                let mut state = connection.state.borrow_mut();
                state.quic.handle_timeout(now);
                connection.visit(&mut state, now);
            }
        }
        self.indices = due;
        more
    }

    /// Visits connections with something to send.
    fn visit_marked(&mut self, now: Instant) {
        let mut marked = std::mem::take(&mut self.indices);
        self.shared
            .schedule
            .borrow_mut()
            .take_marked(MARKED_A_TURN, &mut marked);
        for index in marked.drain(..) {
            if let Some(connection) = self.connection(index as usize) {
                connection.visit(&mut connection.state.borrow_mut(), now);
            }
        }
        self.indices = marked;
    }

    fn connection(&self, index: usize) -> Option<Rc<Connection>> {
        self.shared.connections.borrow().get(index)?.clone()
    }

    /// Sends the batch. `false`: the socket is full.
    fn send(&self, cx: &mut Context<'_>, watch: &Watch) -> io::Result<bool> {
        let mut out = self.shared.out.borrow_mut();
        if out.send() {
            return Ok(true);
        }
        watch.send(cx, || out.send())
    }
}

/// Sleeps until then. Whether that is now.
fn is_late(next: Option<Instant>, cx: &mut Context<'_>, mut sleep: Pin<&mut Sleep>) -> bool {
    let Some(next) = next else {
        return false;
    };
    let next = next.into();
    if sleep.deadline() != next {
        sleep.as_mut().reset(next);
    }
    sleep.as_mut().poll(cx).is_ready()
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.shared.abandon();
    }
}
