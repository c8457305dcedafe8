//! How a session is reached with datagrams and unidirectional streams: shared by
//! all the channels that it joined.

use std::rc::Rc;

use bytes::{Bytes, BytesMut};
use skywave_wire::varint;

use crate::session::Outbox;

/// The prefix of a session on the connection's first stream, with which shared
/// datagrams are made.
pub(super) const SHARED_PREFIX: &[u8] = &[0];

#[derive(Clone, Debug)]
pub(crate) struct Line {
    quic: quinn::Connection,
    outbox: Rc<Outbox>,
    /// What stands before each unidirectional stream
    /// (draft-ietf-webtrans-http3, section 4.2): the type 0x54, the session's id.
    stream_prefix: Bytes,
    /// What stands before each datagram (RFC 9297, section 2.1): the session's id
    /// divided by four.
    datagram_prefix: Bytes,
    takes_datagrams: bool,
}

impl Line {
    pub(crate) fn new(session: &wtransport::Connection, outbox: Rc<Outbox>) -> Self {
        const WEBTRANSPORT_STREAM: u64 = 0x54;
        let id = session.session_id().into_u64();
        let quic = session.quic_connection().clone();
        let mut stream_prefix = BytesMut::new();
        varint::put(&mut stream_prefix, WEBTRANSPORT_STREAM);
        varint::put(&mut stream_prefix, id);
        let mut datagram_prefix = BytesMut::new();
        varint::put(&mut datagram_prefix, id / 4);
        Self {
            takes_datagrams: quic.max_datagram_size().is_some(),
            quic,
            outbox,
            stream_prefix: stream_prefix.freeze(),
            datagram_prefix: datagram_prefix.freeze(),
        }
    }

    pub(crate) fn quic(&self) -> &quinn::Connection {
        &self.quic
    }

    pub(crate) fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    pub(crate) fn takes_datagrams(&self) -> bool {
        self.takes_datagrams
    }

    pub(super) fn stream_prefix(&self) -> &[u8] {
        &self.stream_prefix
    }

    /// Sends a datagram made with [`SHARED_PREFIX`], which is right for every
    /// client that opened its session first, as browsers do.
    pub(super) fn send_shared(&self, datagram: &Bytes) {
        if self.datagram_prefix == SHARED_PREFIX {
            self.transmit(datagram.clone());
        } else {
            self.send_datagram(&datagram[SHARED_PREFIX.len()..]);
        }
    }

    /// Sends a datagram with the session's own prefix before it.
    pub(crate) fn send_datagram(&self, payload: &[u8]) {
        let mut own = BytesMut::with_capacity(self.datagram_prefix.len() + payload.len());
        own.extend_from_slice(&self.datagram_prefix);
        own.extend_from_slice(payload);
        self.transmit(own.freeze());
    }

    fn transmit(&self, datagram: Bytes) {
        // Fails on a connection that ended, which its session notices by itself.
        let _ = self.quic.send_datagram(datagram);
    }
}
