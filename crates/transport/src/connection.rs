//! One connection: QUIC, HTTP/3 on it, and who waits for what. A visit does all there
//! is to do on it at once.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Instant;

use bytes::Bytes;
use quinn_proto::{ConnectionHandle, Event, StreamEvent, VarInt};

use crate::endpoint::Shared;
use crate::error::Closed;
use crate::http::{self, Http, HttpError};

pub(crate) use waiters::{Wait, wait};
use waiters::{Waiters, wake};

mod waiters;

/// Packets that a visit makes; then it is others' turn.
const PACKETS_A_VISIT: usize = 20;

pub(crate) struct Connection {
    pub(crate) shared: Rc<Shared>,
    pub(crate) handle: ConnectionHandle,
    /// Tells it from others that had or will have this handle.
    pub(crate) generation: u32,
    /// How many hold its session.
    pub(crate) sessions: Cell<u32>,
    /// When the peer was last heard, once the connection has no row any more.
    pub(crate) last_heard: Cell<Option<Instant>>,
    pub(crate) state: RefCell<State>,
}

pub(crate) struct State {
    pub(crate) quic: quinn_proto::Connection,
    pub(crate) http: Http,
    pub(crate) waiters: Waiters,
    /// Set once it is over. It is so before the endpoint forgets the connection.
    pub(crate) closed: Option<Closed>,
    started: bool,
    /// The endpoint has forgotten it; its handle may be another's.
    drained: bool,
}

impl State {
    pub(crate) fn new(quic: quinn_proto::Connection, http: Http) -> Self {
        Self {
            quic,
            http,
            waiters: Waiters::default(),
            closed: None,
            started: false,
            drained: false,
        }
    }

    pub(crate) fn close(&mut self, now: Instant, code: VarInt, reason: Bytes, closed: Closed) {
        if self.closed.is_none() {
            self.quic.close(now, code, reason);
            self.end(closed);
        }
    }

    /// Nobody drives the connection any more.
    pub(crate) fn abandon(&mut self) {
        self.drained = true;
        self.end(Closed::Here);
    }

    fn end(&mut self, closed: Closed) {
        self.closed.get_or_insert(closed);
        self.waiters.wake_all();
    }

    fn fail(&mut self, error: HttpError, now: Instant) {
        tracing::debug!(%error, peer = %self.quic.remote_address(), "HTTP/3 error");
        let code = http::varint(error.code());
        self.close(now, code, Bytes::new(), Closed::Http(error));
    }

    fn follow(&mut self, now: Instant) {
        while let Some(event) = self.quic.poll() {
            if let Event::ConnectionLost { reason } = event {
                self.end(reason.into());
            } else if self.closed.is_none()
                && let Err(error) = self.handle(event)
            {
                self.fail(error, now);
            }
        }
        if !self.started && self.closed.is_none() {
            if let Err(error) = self.http.start(&mut self.quic) {
                self.fail(error, now);
            }
            self.started = self.http.started();
        }
    }

    fn handle(&mut self, event: Event) -> Result<(), HttpError> {
        match event {
            Event::Stream(StreamEvent::Readable { id }) => {
                if !self.http.readable(&mut self.quic, id)? {
                    self.waiters.wake_stream(id, Wait::Readable);
                    return Ok(());
                }
            }
            Event::Stream(StreamEvent::Writable { id }) => {
                self.waiters.wake_stream(id, Wait::Writable);
                return Ok(());
            }
            Event::Stream(StreamEvent::Finished { id }) => {
                self.waiters.wake_stream(id, Wait::Stopped);
                return Ok(());
            }
            Event::Stream(StreamEvent::Stopped { id, .. }) => {
                if !self.http.stopped(id)? {
                    self.waiters.wake_stream(id, Wait::Stopped);
                    self.waiters.wake_stream(id, Wait::Writable);
                    return Ok(());
                }
            }
            Event::Stream(StreamEvent::Opened { dir }) => self.http.opened(&mut self.quic, dir)?,
            Event::DatagramReceived => self.http.receive_datagrams(&mut self.quic)?,
            Event::Connected => wake(&mut self.waiters.opening),
            Event::HandshakeDataReady
            | Event::DatagramsUnblocked
            | Event::ConnectionLost { .. }
            | Event::Stream(StreamEvent::Available { .. }) => return Ok(()),
        }
        self.spread_news();
        Ok(())
    }

    fn spread_news(&mut self) {
        let news = self.http.take_news();
        for (happened, place) in [
            (news.opening, &mut self.waiters.opening),
            (news.bi, &mut self.waiters.bi),
            (news.uni, &mut self.waiters.uni),
            (news.datagram, &mut self.waiters.datagram),
        ] {
            if happened {
                wake(place);
            }
        }
        if let Some(end) = news.end {
            self.quic
                .close(Instant::now(), http::no_error(), Bytes::new());
            self.end(Closed::Peer {
                code: end.code.into(),
                reason: end.reason,
            });
        }
    }
}

impl Connection {
    /// Does all there is to do: follows what happened, tells the endpoint, and sends.
    pub(crate) fn visit(&self, state: &mut State, now: Instant) {
        if state.drained {
            return;
        }
        state.follow(now);
        while let Some(event) = state.quic.poll_endpoint_events() {
            let drained = event.is_drained();
            let answer = self
                .shared
                .quic
                .borrow_mut()
                .handle_event(self.handle, event);
            if let Some(answer) = answer {
                state.quic.handle_event(answer);
            }
            if drained {
                // QUIC says why before it drains; this is for one that does not.
                state.end(Closed::Here);
                state.drained = true;
                self.shared.forget(self);
                return;
            }
        }
        self.transmit(state, now);
    }

    /// Makes packets of what is to be sent, and notes when to come back.
    fn transmit(&self, state: &mut State, now: Instant) {
        let mut packets = 0;
        {
            let mut out = self.shared.out.borrow_mut();
            loop {
                if packets >= PACKETS_A_VISIT || !out.has_room() {
                    self.shared.mark(self.handle);
                    break;
                }
                let most = out.socket.max_segments();
                let transmit = state.quic.poll_transmit(now, most, out.batch.vacancy());
                let Some(transmit) = transmit else {
                    break;
                };
                packets += transmit
                    .segment_size
                    .map_or(1, |size| transmit.size.div_ceil(size));
                out.batch.commit(&transmit);
            }
        }
        let deadline = state.quic.poll_timeout();
        self.shared
            .schedule
            .borrow_mut()
            .set_deadline(self.handle.0, deadline);
    }

    /// Sends what was written, in the visit that wrote it.
    pub(crate) fn flush(&self) {
        let mut state = self.state.borrow_mut();
        if state.drained {
            return;
        }
        self.shared.schedule.borrow_mut().unmark(self.handle.0);
        self.transmit(&mut state, Instant::now());
        self.shared.wake_driver();
    }

    /// Has the driver come by: there is something to send. The connection is not over.
    pub(crate) fn mark(&self) {
        self.shared.mark(self.handle);
    }

    pub(crate) fn close(&self, code: VarInt, reason: Bytes) {
        let mut state = self.state.borrow_mut();
        if state.closed.is_none() {
            state.close(Instant::now(), code, reason, Closed::Here);
            self.mark();
        }
    }
}
