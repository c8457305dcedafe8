//! The streams of a session.

use std::future::poll_fn;
use std::rc::Rc;
use std::slice;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use quinn_proto::{FinishError, StreamId};

use crate::connection::{Connection, Wait};
use crate::error::{ReadError, WriteError};
use crate::http::code::{from_http, to_http};
use crate::http::{stream_header, varint};

/// The sending half of a stream. Dropped, it is finished, unless it was reset.
pub struct SendStream {
    connection: Rc<Connection>,
    id: StreamId,
    /// What names the session, until it has been taken.
    header: Bytes,
    /// Nothing more can be written.
    done: bool,
    reset: bool,
}

impl SendStream {
    pub(crate) fn accepted(connection: Rc<Connection>, id: StreamId) -> Self {
        Self {
            connection,
            id,
            header: Bytes::new(),
            done: false,
            reset: false,
        }
    }

    pub(crate) fn opened(connection: Rc<Connection>, id: StreamId, session: u64) -> Self {
        let mut stream = Self::accepted(connection, id);
        stream.header = stream_header(session, id.dir()).into();
        stream
    }

    pub(crate) fn id(&self) -> StreamId {
        self.id
    }

    /// Whether all of the header has been taken.
    pub(crate) fn write_header(&mut self, quic: &mut quinn_proto::Connection) -> bool {
        if !self.header.is_empty()
            && let Ok(written) = quic.send_stream(self.id).write(&self.header)
        {
            self.header.advance(written);
        }
        self.header.is_empty()
    }

    /// Takes as much of `data` as fits, cuts it from the front, and says how many
    /// bytes that were: 0 where the peer's windows or the send window are full. Never
    /// waits, and copies nothing.
    ///
    /// # Errors
    /// Where the peer stopped the stream, or it is closed.
    pub fn try_write(&mut self, data: &mut Bytes) -> Result<usize, WriteError> {
        let mut state = self.connection.state.borrow_mut();
        if state.closed.is_some() || self.done {
            return Err(WriteError::Closed);
        }
        if data.is_empty() {
            return Ok(0);
        }
        let quic = &mut state.quic;
        if !self.header.is_empty() {
            match quic.send_stream(self.id).write(&self.header) {
                Ok(written) => self.header.advance(written),
                Err(error) => return refused(error),
            }
            self.connection.mark();
            if !self.header.is_empty() {
                return Ok(0);
            }
        }
        match quic
            .send_stream(self.id)
            .write_chunks(slice::from_mut(data))
        {
            Ok(written) => {
                self.connection.mark();
                Ok(written.bytes)
            }
            Err(error) => refused(error),
        }
    }

    /// Writes all of `data`, as fast as the peer takes it.
    ///
    /// # Errors
    /// Where the peer stopped the stream, or it is closed. Some of `data` may have
    /// been sent.
    pub async fn write_all(&mut self, mut data: Bytes) -> Result<(), WriteError> {
        poll_fn(|cx| {
            while !data.is_empty() {
                if self.try_write(&mut data)? == 0 {
                    self.wait(Wait::Writable, cx);
                    return Poll::Pending;
                }
            }
            Poll::Ready(Ok(()))
        })
        .await
    }

    /// Says that nothing follows what was written.
    pub fn finish(&mut self) {
        if std::mem::replace(&mut self.done, true) {
            return;
        }
        let mut state = self.connection.state.borrow_mut();
        if state.closed.is_some() {
            return;
        }
        let quic = &mut state.quic;
        let whole = self.header.is_empty()
            || match quic.send_stream(self.id).write(&self.header) {
                Ok(written) => written == self.header.len(),
                Err(_) => false,
            };
        // A stream that was stopped, or whose session could not even be named, is
        // given up.
        let changed = match quic.send_stream(self.id).finish() {
            Ok(()) if whole => true,
            Ok(()) | Err(FinishError::Stopped(_)) => {
                self.reset = true;
                quic.send_stream(self.id).reset(varint(to_http(0))).is_ok()
            }
            Err(FinishError::ClosedStream) => false,
        };
        if changed {
            self.connection.mark();
        }
    }

    /// Gives the stream up: what was not sent yet is not sent any more. The peer is
    /// told `code`, mapped as draft-ietf-webtrans-http3, 4.4, has it.
    pub fn reset(&mut self, code: u32) {
        self.done = true;
        if std::mem::replace(&mut self.reset, true) {
            return;
        }
        let mut state = self.connection.state.borrow_mut();
        if state.closed.is_none()
            && state
                .quic
                .send_stream(self.id)
                .reset(varint(to_http(code)))
                .is_ok()
        {
            self.connection.mark();
        }
    }

    /// Waits until the peer has acknowledged all of a finished stream, or stopped it,
    /// or the session is over. Returns at once for one that was reset.
    pub async fn stopped(&mut self) {
        poll_fn(|cx| {
            let stopped = {
                let mut state = self.connection.state.borrow_mut();
                self.reset
                    || state.closed.is_some()
                    || !matches!(state.quic.send_stream(self.id).stopped(), Ok(None))
            };
            if stopped {
                return Poll::Ready(());
            }
            self.wait(Wait::Stopped, cx);
            Poll::Pending
        })
        .await;
    }

    fn wait(&self, wait: Wait, cx: &Context<'_>) {
        let mut state = self.connection.state.borrow_mut();
        state.waiters.stream(self.id, wait, cx);
    }
}

impl Drop for SendStream {
    fn drop(&mut self) {
        self.finish();
        let mut state = self.connection.state.borrow_mut();
        state
            .waiters
            .forget_stream(self.id, &[Wait::Writable, Wait::Stopped]);
    }
}

fn refused(error: quinn_proto::WriteError) -> Result<usize, WriteError> {
    match error {
        quinn_proto::WriteError::Blocked => Ok(0),
        quinn_proto::WriteError::Stopped(code) => {
            Err(WriteError::Stopped(from_http(code.into_inner())))
        }
        quinn_proto::WriteError::ClosedStream => Err(WriteError::Closed),
    }
}

/// The receiving half of a stream. Dropped before its end, it is stopped with code 0.
pub struct RecvStream {
    connection: Rc<Connection>,
    id: StreamId,
    /// How it ended.
    end: Option<Result<(), ReadError>>,
}

impl RecvStream {
    pub(crate) fn new(connection: Rc<Connection>, id: StreamId) -> Self {
        Self {
            connection,
            id,
            end: None,
        }
    }

    /// The stream's id in QUIC (RFC 9000, 2.1).
    pub fn id(&self) -> u64 {
        self.id.into()
    }

    /// The next bytes in order, at most `max` and at least one; `None` at the end.
    /// `max` must not be 0.
    ///
    /// # Errors
    /// Where the peer reset the stream, or it is closed.
    pub async fn read_chunk(&mut self, max: usize) -> Result<Option<Bytes>, ReadError> {
        poll_fn(|cx| self.poll_chunk(max, cx)).await
    }

    /// Tells the peer that nothing more of it is wanted, with `code`, mapped as
    /// draft-ietf-webtrans-http3, 4.4, has it.
    pub fn stop(&mut self, code: u32) {
        if self.end.is_some() {
            return;
        }
        self.end = Some(Err(ReadError::Closed));
        let mut state = self.connection.state.borrow_mut();
        if state.closed.is_none()
            && state
                .quic
                .recv_stream(self.id)
                .stop(varint(to_http(code)))
                .is_ok()
        {
            self.connection.mark();
        }
    }

    fn poll_chunk(
        &mut self,
        max: usize,
        cx: &Context<'_>,
    ) -> Poll<Result<Option<Bytes>, ReadError>> {
        if let Some(end) = self.end {
            return Poll::Ready(end.map(|()| None));
        }
        let mut state = self.connection.state.borrow_mut();
        let closed = state.closed.is_some();
        let mut stream = state.quic.recv_stream(self.id);
        let Ok(mut chunks) = stream.read(true) else {
            return Poll::Ready(Err(ReadError::Closed));
        };
        let next = chunks.next(max);
        if chunks.finalize().should_transmit() && !closed {
            self.connection.mark();
        }
        match next {
            Ok(Some(chunk)) => Poll::Ready(Ok(Some(chunk.bytes))),
            Ok(None) => {
                self.end = Some(Ok(()));
                Poll::Ready(Ok(None))
            }
            Err(quinn_proto::ReadError::Reset(code)) => {
                let error = ReadError::Reset(from_http(code.into_inner()));
                self.end = Some(Err(error));
                Poll::Ready(Err(error))
            }
            // What came before the end of the session can still be read.
            Err(quinn_proto::ReadError::Blocked) if closed => Poll::Ready(Err(ReadError::Closed)),
            Err(quinn_proto::ReadError::Blocked) => {
                state.waiters.stream(self.id, Wait::Readable, cx);
                Poll::Pending
            }
        }
    }
}

impl Drop for RecvStream {
    fn drop(&mut self) {
        self.stop(0);
        let mut state = self.connection.state.borrow_mut();
        state.waiters.forget_stream(self.id, &[Wait::Readable]);
    }
}
