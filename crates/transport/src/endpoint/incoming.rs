//! From a client that knocks to a session.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::rc::Rc;
use std::task::Poll;

use quinn_proto::ConnectionError;

use super::opening::Opening;
use super::shared::Shared;
use crate::connection::Wait;
use crate::error::{Closed, HandshakeError};
use crate::http::fields::Head;
use crate::session::Session;

/// A client that knocks: its first packet has come, nothing was done for it yet.
/// Dropped, it is refused.
pub struct Incoming {
    shared: Rc<Shared>,
    quic: Option<quinn_proto::Incoming>,
    remote_address: SocketAddr,
}

impl Incoming {
    pub(super) fn new(shared: Rc<Shared>, quic: quinn_proto::Incoming) -> Self {
        Self {
            shared,
            remote_address: quic.remote_address(),
            quic: Some(quic),
        }
    }

    /// Where its packet came from.
    pub fn remote_address(&self) -> SocketAddr {
        self.remote_address
    }

    /// Whether the client has proved that it gets what is sent to its address
    /// (RFC 9000, 8.1).
    pub fn remote_address_validated(&self) -> bool {
        self.quic
            .as_ref()
            .is_some_and(quinn_proto::Incoming::remote_address_validated)
    }

    /// Tells the client that it is not let in (CONNECTION_REFUSED).
    pub fn refuse(self) {}

    /// Asks the client to prove its address (RFC 9000, 8.1.2). One that has done so
    /// before and was not let in then is refused.
    pub fn retry(mut self) {
        let Some(incoming) = self.quic.take() else {
            return;
        };
        let mut bytes = Vec::new();
        let retried = self.shared.quic.borrow_mut().retry(incoming, &mut bytes);
        match retried {
            Ok(transmit) => self.shared.respond(&transmit, &bytes),
            Err(error) => self.quic = Some(error.into_incoming()),
        }
    }

    /// The QUIC handshake, the client's settings and its CONNECT request. There is no
    /// time limit but that of an idle connection. Dropping the future closes the
    /// connection.
    ///
    /// # Errors
    /// Where the handshake fails, or the client breaks a rule of HTTP/3.
    pub async fn request(mut self) -> Result<Request, HandshakeError> {
        let incoming = self.quic.take().ok_or(ConnectionError::LocallyClosed)?;
        let opening = Opening::new(self.shared.accept(incoming)?);
        let head = poll_fn(|cx| opening.poll(cx, |state| state.http.take_request())).await?;
        Ok(Request {
            opening,
            head,
            remote_address: self.remote_address,
        })
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if let Some(incoming) = self.quic.take() {
            self.shared.refuse(incoming);
        }
    }
}

/// A client's request for a session. Dropped, its connection closes.
pub struct Request {
    opening: Opening,
    head: Box<Head>,
    remote_address: SocketAddr,
}

impl Request {
    /// The path of the URL, with its query.
    pub fn path(&self) -> &str {
        &self.head.path
    }

    /// The host of the URL, with its port where that was given.
    pub fn authority(&self) -> &str {
        &self.head.authority
    }

    /// The page that asks, where it is a browser's.
    pub fn origin(&self) -> Option<&str> {
        self.head.origin.as_deref()
    }

    /// Where the client knocked from.
    pub fn remote_address(&self) -> SocketAddr {
        self.remote_address
    }

    /// Answers with 200. It does not wait for the client to hear it.
    ///
    /// # Errors
    /// Where the client has gone.
    pub fn accept(self) -> Result<Session, Closed> {
        self.respond(200, false)?;
        self.opening.establish()
    }

    /// Answers with `status`, waits until the client has heard it or is gone, and
    /// closes the connection.
    pub async fn reject(self, status: u16) {
        if self.respond(status, true).is_err() {
            return;
        }
        let Some(connection) = self.opening.connection.as_ref() else {
            return;
        };
        poll_fn(|cx| {
            let mut state = connection.state.borrow_mut();
            let Some(id) = state.http.session().filter(|_| state.closed.is_none()) else {
                return Poll::Ready(());
            };
            if !matches!(state.quic.send_stream(id).stopped(), Ok(None)) {
                return Poll::Ready(());
            }
            state.waiters.stream(id, Wait::Stopped, cx);
            Poll::Pending
        })
        .await;
    }

    fn respond(&self, status: u16, last: bool) -> Result<(), Closed> {
        let Some(connection) = &self.opening.connection else {
            return Err(Closed::Here);
        };
        let mut state = connection.state.borrow_mut();
        if let Some(closed) = &state.closed {
            return Err(closed.clone());
        }
        let state = &mut *state;
        let responded = state.http.respond(&mut state.quic, status, last);
        connection.mark();
        if responded { Ok(()) } else { Err(Closed::Here) }
    }
}
