//! How a session is reached with datagrams and unidirectional streams: shared by
//! all the channels that it joined.

use std::rc::Rc;

use bytes::{Bytes, BytesMut};
use skywave_transport::Session;

use crate::session::Outbox;

/// The prefix of a session on the connection's first stream, with which shared
/// datagrams are made.
pub(super) const SHARED_PREFIX: &[u8] = &[0];

#[derive(Clone)]
pub(crate) struct Line {
    session: Session,
    outbox: Rc<Outbox>,
    takes_datagrams: bool,
}

impl Line {
    pub(crate) fn new(session: Session, outbox: Rc<Outbox>) -> Self {
        Self {
            takes_datagrams: session.takes_datagrams(),
            session,
            outbox,
        }
    }

    pub(crate) fn session(&self) -> &Session {
        &self.session
    }

    pub(crate) fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    pub(crate) fn takes_datagrams(&self) -> bool {
        self.takes_datagrams
    }

    /// Sends a datagram made with [`SHARED_PREFIX`], which is right for every
    /// client that opened its session first, as browsers do.
    pub(super) fn send_shared(&self, datagram: &Bytes) {
        if self.session.datagram_prefix() == SHARED_PREFIX {
            self.session.send_prefixed_datagram(datagram.clone());
        } else {
            self.send_datagram(&datagram[SHARED_PREFIX.len()..]);
        }
    }

    /// Sends a datagram with the session's own prefix before it.
    pub(crate) fn send_datagram(&self, payload: &[u8]) {
        let prefix = self.session.datagram_prefix();
        let mut own = BytesMut::with_capacity(prefix.len() + payload.len());
        own.extend_from_slice(prefix);
        own.extend_from_slice(payload);
        self.session.send_prefixed_datagram(own.freeze());
    }
}
