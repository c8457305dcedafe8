//! What an endpoint's parts share: tables, queues and who waits for them.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use bytes::Bytes;
use quinn_proto::{ClientConfig, ConnectionError, ConnectionHandle, Transmit, VarInt};

use super::Incoming;
use crate::batch::{Batch, Socket};
use crate::connection::{Connection, State, wait};
use crate::error::ConnectError;
use crate::http::Http;
use crate::schedule::Schedule;

/// Clients that knocked and wait to be let in. Past it the newest are refused.
const KNOCKING: usize = 256;
/// Clients let in between two turns of the driver: each costs half a millisecond or so.
const LET_IN_A_TURN: usize = 4;

/// What an endpoint, its driver and its connections have in common.
pub(crate) struct Shared {
    pub(crate) quic: RefCell<quinn_proto::Endpoint>,
    pub(crate) out: RefCell<Out>,
    pub(crate) schedule: RefCell<Schedule>,
    /// By handle.
    pub(crate) connections: RefCell<Vec<Option<Rc<Connection>>>>,
    pub(super) count: Cell<usize>,
    door: RefCell<Door>,
    closing: RefCell<Option<(VarInt, Bytes)>>,
    idle: RefCell<Vec<Waker>>,
    driver: RefCell<Wakeup>,
    /// The driver has not been dropped.
    driven: Cell<bool>,
}

/// Packets, and where they go.
pub(crate) struct Out {
    pub(crate) batch: Batch,
    pub(crate) socket: Socket,
    /// The socket took no more the last time.
    pub(crate) blocked: bool,
}

impl Out {
    /// `false`: the socket takes no more now.
    pub(crate) fn send(&mut self) -> bool {
        self.blocked = !self.batch.is_empty() && !self.batch.send(&mut self.socket);
        !self.blocked
    }

    /// Whether another packet fits into the batch, perhaps after sending it.
    pub(crate) fn has_room(&mut self) -> bool {
        if self.batch.is_full() && !self.blocked {
            self.send();
        }
        !self.batch.is_full()
    }
}

#[derive(Default)]
struct Door {
    knocking: VecDeque<quinn_proto::Incoming>,
    let_in: usize,
    waker: Option<Waker>,
}

#[derive(Default)]
struct Wakeup {
    waker: Option<Waker>,
    /// It has been woken since its last turn, or is in one.
    woken: bool,
}

impl Shared {
    pub(super) fn new(quic: quinn_proto::Endpoint, socket: Socket) -> Self {
        Self {
            quic: RefCell::new(quic),
            out: RefCell::new(Out {
                batch: Batch::new(),
                socket,
                blocked: false,
            }),
            schedule: RefCell::new(Schedule::new(Instant::now())),
            connections: RefCell::default(),
            count: Cell::new(0),
            door: RefCell::default(),
            closing: RefCell::default(),
            idle: RefCell::default(),
            driver: RefCell::default(),
            driven: Cell::new(true),
        }
    }

    /// A client knocks.
    pub(crate) fn knock(&self, incoming: quinn_proto::Incoming) {
        let mut door = self.door.borrow_mut();
        if door.knocking.len() >= KNOCKING || self.closing.borrow().is_some() {
            drop(door);
            self.refuse(incoming);
            return;
        }
        door.knocking.push_back(incoming);
        if door.let_in < LET_IN_A_TURN
            && let Some(waker) = door.waker.take()
        {
            waker.wake();
        }
    }

    pub(super) fn poll_accept(self: &Rc<Self>, cx: &Context<'_>) -> Poll<Option<Incoming>> {
        if self.closing.borrow().is_some() || !self.driven.get() {
            return Poll::Ready(None);
        }
        let mut door = self.door.borrow_mut();
        if door.let_in < LET_IN_A_TURN
            && let Some(incoming) = door.knocking.pop_front()
        {
            door.let_in += 1;
            return Poll::Ready(Some(Incoming::new(self.clone(), incoming)));
        }
        wait(&mut door.waker, cx);
        if !door.knocking.is_empty() {
            self.wake_driver();
        }
        Poll::Pending
    }

    pub(super) fn refuse(&self, incoming: quinn_proto::Incoming) {
        let mut bytes = Vec::new();
        let transmit = self.quic.borrow_mut().refuse(incoming, &mut bytes);
        self.respond(&transmit, &bytes);
    }

    /// Sends an answer that belongs to no connection.
    pub(crate) fn respond(&self, transmit: &Transmit, bytes: &[u8]) {
        let mut out = self.out.borrow_mut();
        out.has_room();
        out.batch.push(transmit, &bytes[..transmit.size]);
        drop(out);
        self.wake_driver();
    }

    // The error is QUIC's own.
    #[allow(clippy::result_large_err)]
    pub(super) fn accept(
        self: &Rc<Self>,
        incoming: quinn_proto::Incoming,
    ) -> Result<Rc<Connection>, ConnectionError> {
        if self.closing.borrow().is_some() || !self.driven.get() {
            self.refuse(incoming);
            return Err(ConnectionError::LocallyClosed);
        }
        let now = Instant::now();
        let mut bytes = Vec::new();
        let accepted = self
            .quic
            .borrow_mut()
            .accept(incoming, now, &mut bytes, None);
        match accepted {
            Ok((handle, quic)) => Ok(self.add(handle, State::new(quic, Http::server()), now)),
            Err(error) => {
                if let Some(transmit) = error.response {
                    self.respond(&transmit, &bytes);
                }
                Err(error.cause)
            }
        }
    }

    pub(super) fn connect(
        self: &Rc<Self>,
        config: ClientConfig,
        address: SocketAddr,
        server_name: &str,
        request: Vec<u8>,
    ) -> Result<Rc<Connection>, ConnectError> {
        if self.closing.borrow().is_some() || !self.driven.get() {
            return Err(ConnectionError::LocallyClosed.into());
        }
        let local_is_v6 = self.out.borrow().socket.local().is_ipv6();
        let address = match address.ip() {
            IpAddr::V4(ip) if local_is_v6 => {
                SocketAddr::new(ip.to_ipv6_mapped().into(), address.port())
            }
            _ => address,
        };
        let now = Instant::now();
        let (handle, quic) = self
            .quic
            .borrow_mut()
            .connect(now, config, address, server_name)?;
        Ok(self.add(handle, State::new(quic, Http::client(request)), now))
    }

    fn add(
        self: &Rc<Self>,
        handle: ConnectionHandle,
        state: State,
        now: Instant,
    ) -> Rc<Connection> {
        let generation = self.schedule.borrow_mut().open(handle.0, now);
        let connection = Rc::new(Connection {
            shared: self.clone(),
            handle,
            generation,
            sessions: Cell::new(0),
            last_heard: Cell::new(None),
            state: RefCell::new(state),
        });
        let mut connections = self.connections.borrow_mut();
        if handle.0 >= connections.len() {
            connections.resize_with(handle.0 + 1, || None);
        }
        connections[handle.0] = Some(connection.clone());
        drop(connections);
        self.count.set(self.count.get() + 1);
        connection.visit(&mut connection.state.borrow_mut(), now);
        self.wake_driver();
        connection
    }

    pub(super) fn poll_idle(&self, cx: &Context<'_>) -> Poll<()> {
        if self.count.get() == 0 || !self.driven.get() {
            return Poll::Ready(());
        }
        let mut idle = self.idle.borrow_mut();
        if !idle.iter().any(|waker| waker.will_wake(cx.waker())) {
            idle.push(cx.waker().clone());
        }
        Poll::Pending
    }

    /// Connections that have not drained yet.
    pub(crate) fn connections(&self) -> usize {
        self.count.get()
    }

    /// The connection has drained.
    pub(crate) fn forget(&self, connection: &Connection) {
        let index = connection.handle.0;
        let mut schedule = self.schedule.borrow_mut();
        connection
            .last_heard
            .set(schedule.heard_at(index, connection.generation));
        schedule.close(index);
        self.connections.borrow_mut()[index] = None;
        self.count.set(self.count.get() - 1);
        if self.count.get() == 0 {
            self.idle.borrow_mut().drain(..).for_each(Waker::wake);
        }
    }

    pub(super) fn close(&self, code: VarInt, reason: &Bytes) {
        self.closing
            .borrow_mut()
            .get_or_insert_with(|| (code, reason.clone()));
        self.turn_away_all();
        for connection in self.all() {
            connection.close(code, reason.clone());
        }
        self.wake_driver();
    }

    /// Nobody is let in any more.
    fn turn_away_all(&self) {
        let mut door = std::mem::take(&mut *self.door.borrow_mut());
        for incoming in door.knocking.drain(..) {
            self.refuse(incoming);
        }
        if let Some(waker) = door.waker {
            waker.wake();
        }
    }

    fn all(&self) -> Vec<Rc<Connection>> {
        self.connections
            .borrow()
            .iter()
            .flatten()
            .cloned()
            .collect()
    }

    /// Whether there is nothing left to do, ever.
    pub(crate) fn is_over(&self) -> bool {
        self.closing.borrow().is_some()
            && self.count.get() == 0
            && self.out.borrow().batch.is_empty()
    }

    /// The driver is gone: nothing will be received or sent any more.
    pub(crate) fn abandon(&self) {
        self.driven.set(false);
        let mut door = std::mem::take(&mut *self.door.borrow_mut());
        for incoming in door.knocking.drain(..) {
            self.quic.borrow_mut().ignore(incoming);
        }
        if let Some(waker) = door.waker {
            waker.wake();
        }
        for connection in self.all() {
            connection.state.borrow_mut().abandon();
            self.forget(&connection);
        }
        self.idle.borrow_mut().drain(..).for_each(Waker::wake);
    }

    /// The connection has something to send.
    pub(crate) fn mark(&self, handle: ConnectionHandle) {
        if self.schedule.borrow_mut().mark(handle.0) {
            self.wake_driver();
        }
    }

    pub(crate) fn wake_driver(&self) {
        let mut driver = self.driver.borrow_mut();
        if !driver.woken {
            driver.woken = true;
            if let Some(waker) = &driver.waker {
                waker.wake_by_ref();
            }
        }
    }

    /// A turn of the driver begins.
    pub(crate) fn begin_turn(&self, cx: &Context<'_>) {
        {
            let mut driver = self.driver.borrow_mut();
            wait(&mut driver.waker, cx);
            driver.woken = true;
        }
        let mut door = self.door.borrow_mut();
        door.let_in = 0;
        if !door.knocking.is_empty()
            && let Some(waker) = door.waker.take()
        {
            waker.wake();
        }
    }

    /// It ends; who has something for it wakes it from now on.
    pub(crate) fn end_turn(&self) {
        self.driver.borrow_mut().woken = false;
    }
}
