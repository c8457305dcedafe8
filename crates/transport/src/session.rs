//! A WebTransport session.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use quinn_proto::{Dir, StreamId, VarInt};

use crate::connection::{Connection, State, wait};
use crate::endpoint::Shared;
use crate::error::Closed;
use crate::http::frame::put_varint;
use crate::stream::{RecvStream, SendStream};

/// The longest quarter of a stream's id.
const PREFIX_BYTES: usize = 8;

/// A WebTransport session, the only one on its connection. Clones are the same
/// session; when the last one is dropped, the connection closes with code 0.
pub struct Session {
    connection: Rc<Connection>,
    /// What [`heard_at`](Self::heard_at) needs, so that it need not look there.
    shared: Rc<Shared>,
    handle: usize,
    generation: u32,
    prefix_length: u8,
    prefix: [u8; PREFIX_BYTES],
    id: u64,
}

impl Session {
    pub(crate) fn new(connection: Rc<Connection>, id: StreamId) -> Self {
        let id = u64::from(id);
        let mut bytes = Vec::with_capacity(PREFIX_BYTES);
        put_varint(&mut bytes, id / 4);
        let mut prefix = [0; PREFIX_BYTES];
        prefix[..bytes.len()].copy_from_slice(&bytes);
        connection.sessions.set(connection.sessions.get() + 1);
        Self {
            shared: connection.shared.clone(),
            handle: connection.handle.0,
            generation: connection.generation,
            connection,
            prefix_length: bytes.len() as u8,
            prefix,
            id,
        }
    }

    /// The id of the session: the stream of its CONNECT request.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Where the peer is now. It changes as the peer migrates (RFC 9000, 9).
    pub fn remote_address(&self) -> SocketAddr {
        self.connection.state.borrow().quic.remote_address()
    }

    /// The smoothed time of a round trip (RFC 9002, 5.3).
    pub fn rtt(&self) -> Duration {
        self.connection.state.borrow().quic.rtt()
    }

    /// When the last packet came that was addressed to this connection. Cheap: it
    /// does not touch the connection's own memory.
    pub fn heard_at(&self) -> Instant {
        self.shared
            .schedule
            .borrow()
            .heard_at(self.handle, self.generation)
            .or_else(|| self.connection.last_heard.get())
            .unwrap_or_else(Instant::now)
    }

    /// The next bidirectional stream that the peer opened in this session.
    ///
    /// # Errors
    /// Where the session is over.
    pub async fn accept_bi(&self) -> Result<(SendStream, RecvStream), Closed> {
        let id = poll_fn(|cx| {
            self.poll(cx, |state, cx| {
                let id = state.http.accept(Dir::Bi);
                if id.is_none() {
                    wait(&mut state.waiters.bi, cx);
                }
                id
            })
        })
        .await?;
        Ok((
            SendStream::accepted(self.connection.clone(), id),
            RecvStream::new(self.connection.clone(), id),
        ))
    }

    /// The next unidirectional stream that the peer opened in this session.
    ///
    /// # Errors
    /// Where the session is over.
    pub async fn accept_uni(&self) -> Result<RecvStream, Closed> {
        let id = poll_fn(|cx| {
            self.poll(cx, |state, cx| {
                let id = state.http.accept(Dir::Uni);
                if id.is_none() {
                    wait(&mut state.waiters.uni, cx);
                }
                id
            })
        })
        .await?;
        Ok(RecvStream::new(self.connection.clone(), id))
    }

    /// A new unidirectional stream. Never waits; `None` where the peer allows no more
    /// of them now, or the session is over.
    pub fn open_uni(&self) -> Option<SendStream> {
        self.open(Dir::Uni)
    }

    /// A new bidirectional stream. Never waits; `None` where the peer allows no more
    /// of them now, or the session is over.
    pub fn open_bi(&self) -> Option<(SendStream, RecvStream)> {
        let send = self.open(Dir::Bi)?;
        let recv = RecvStream::new(self.connection.clone(), send.id());
        Some((send, recv))
    }

    /// The payload of the next datagram. Of those that nobody takes, the oldest are
    /// dropped.
    ///
    /// # Errors
    /// Where the session is over.
    pub async fn receive_datagram(&self) -> Result<Bytes, Closed> {
        poll_fn(|cx| {
            self.poll(cx, |state, cx| {
                let datagram = state.http.take_datagram();
                if datagram.is_none() {
                    wait(&mut state.waiters.datagram, cx);
                }
                datagram
            })
        })
        .await
    }

    /// Whether the peer takes datagrams at all.
    pub fn takes_datagrams(&self) -> bool {
        self.max_datagram_size().is_some()
    }

    /// The longest payload of a datagram now, in bytes, prefix not included; `None`
    /// where the peer takes none.
    pub fn max_datagram_size(&self) -> Option<usize> {
        let mut state = self.connection.state.borrow_mut();
        let size = state.quic.datagrams().max_size()?;
        Some(size.saturating_sub(usize::from(self.prefix_length)))
    }

    /// What every datagram of this session begins with: a quarter of its id, as a
    /// variable-length integer (RFC 9297, 2.1).
    pub fn datagram_prefix(&self) -> &[u8] {
        &self.prefix[..usize::from(self.prefix_length)]
    }

    /// Sends a whole QUIC datagram, prefix included, so that one `Bytes` serves all
    /// sessions with the same prefix. Where the buffer is full, the oldest that are
    /// unsent are dropped. One that is too long for the peer or the path is dropped.
    pub fn send_prefixed_datagram(&self, datagram: Bytes) {
        let mut state = self.connection.state.borrow_mut();
        if state.closed.is_some() {
            return;
        }
        match state.quic.datagrams().send(datagram, true) {
            Ok(()) => self.connection.mark(),
            Err(error) => tracing::debug!(%error, "datagram dropped"),
        }
    }

    /// Bytes of datagrams that can be sent now without dropping others.
    pub fn datagram_send_buffer_space(&self) -> usize {
        let mut state = self.connection.state.borrow_mut();
        state.quic.datagrams().send_buffer_space()
    }

    /// Bounds what is held for the peer over all streams, sent or not, until it
    /// acknowledges it.
    pub fn set_send_window(&self, bytes: u64) {
        self.connection
            .state
            .borrow_mut()
            .quic
            .set_send_window(bytes);
    }

    /// Makes packets of what was written to this session, now, while its memory is
    /// warm, and puts them into the endpoint's batch.
    pub fn flush(&self) {
        self.connection.flush();
    }

    /// Waits until the session is over. Several may wait.
    pub async fn closed(&self) -> Closed {
        let mut waiting = Waiting {
            connection: &self.connection,
            ticket: None,
        };
        poll_fn(|cx| {
            let mut state = self.connection.state.borrow_mut();
            if let Some(closed) = &state.closed {
                return Poll::Ready(closed.clone());
            }
            state.waiters.closed(&mut waiting.ticket, cx);
            Poll::Pending
        })
        .await
    }

    /// Closes the connection. The peer is told `code` and `reason` (RFC 9000, 19.19);
    /// what was not sent yet is not sent any more.
    pub fn close(&self, code: u32, reason: &[u8]) {
        self.connection
            .close(VarInt::from_u32(code), Bytes::copy_from_slice(reason));
    }

    fn open(&self, dir: Dir) -> Option<SendStream> {
        let mut state = self.connection.state.borrow_mut();
        if state.closed.is_some() {
            return None;
        }
        let id = state.quic.streams().open(dir)?;
        let mut stream = SendStream::opened(self.connection.clone(), id, self.id);
        stream.write_header(&mut state.quic);
        self.connection.mark();
        Some(stream)
    }

    /// What `take` gives, or why there will be nothing any more. What came before the
    /// end is still handed out. `take` leaves the task's waker where it gives nothing.
    fn poll<T>(
        &self,
        cx: &Context<'_>,
        take: impl FnOnce(&mut State, &Context<'_>) -> Option<T>,
    ) -> Poll<Result<T, Closed>> {
        let mut state = self.connection.state.borrow_mut();
        match (take(&mut state, cx), &state.closed) {
            (Some(taken), _) => Poll::Ready(Ok(taken)),
            (None, Some(closed)) => Poll::Ready(Err(closed.clone())),
            (None, None) => Poll::Pending,
        }
    }
}

impl Clone for Session {
    fn clone(&self) -> Self {
        self.connection
            .sessions
            .set(self.connection.sessions.get() + 1);
        Self {
            connection: self.connection.clone(),
            shared: self.shared.clone(),
            ..*self
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let left = self.connection.sessions.get() - 1;
        self.connection.sessions.set(left);
        if left == 0 {
            self.connection.close(VarInt::from_u32(0), Bytes::new());
        }
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("handle", &self.handle)
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// One that waits for the end. Dropped, it waits no more.
struct Waiting<'a> {
    connection: &'a Connection,
    ticket: Option<u32>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            self.connection
                .state
                .borrow_mut()
                .waiters
                .forget_closed(ticket);
        }
    }
}
