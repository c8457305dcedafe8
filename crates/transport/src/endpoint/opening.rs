//! A connection on its way to a session.

use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::Bytes;
use quinn_proto::{ConnectionError, VarInt};

use crate::connection::{Connection, State, wait};
use crate::error::{Closed, HandshakeError};
use crate::session::Session;

/// A connection that is to become a session. Dropped before, it closes.
pub(super) struct Opening {
    pub(super) connection: Option<Rc<Connection>>,
}

impl Opening {
    pub(super) fn new(connection: Rc<Connection>) -> Self {
        Self {
            connection: Some(connection),
        }
    }

    /// Waits until the handshake is over and `ready` gives something.
    pub(super) fn poll<T>(
        &self,
        cx: &Context<'_>,
        ready: impl FnOnce(&mut State) -> Option<T>,
    ) -> Poll<Result<T, HandshakeError>> {
        let Some(connection) = &self.connection else {
            return Poll::Ready(Err(ConnectionError::LocallyClosed.into()));
        };
        let mut state = connection.state.borrow_mut();
        // A server that rejects ends the session with its answer.
        if !state.quic.is_handshaking()
            && let Some(ready) = ready(&mut state)
        {
            return Poll::Ready(Ok(ready));
        }
        if let Some(closed) = &state.closed {
            return Poll::Ready(Err(closed.clone().into()));
        }
        wait(&mut state.waiters.opening, cx);
        Poll::Pending
    }

    pub(super) fn establish(mut self) -> Result<Session, Closed> {
        let Some(connection) = self.connection.take() else {
            return Err(Closed::Here);
        };
        let session = {
            let mut state = connection.state.borrow_mut();
            if let Some(closed) = &state.closed {
                return Err(closed.clone());
            }
            let State { quic, http, .. } = &mut *state;
            http.establish(quic);
            http.session()
        };
        session
            .map(|id| Session::new(connection, id))
            .ok_or(Closed::Here)
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            connection.close(VarInt::from_u32(0), Bytes::new());
        }
    }
}
