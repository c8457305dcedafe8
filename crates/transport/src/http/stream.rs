//! HTTP/3's streams on a QUIC connection: how they begin, are read and let go of.

use quinn_proto::{Connection, Dir, ReadError, StreamId, VarInt};

use super::HttpError;
use super::code::NO_ERROR;
use super::frame::{self, Read, Source, put_frame, put_varint};

/// Kinds of unidirectional streams (RFC 9114, 6.2; RFC 9204, 4.2; draft-ietf-webtrans-http3, 4.2).
pub(super) const CONTROL_STREAM: u64 = 0x00;
pub(super) const ENCODER_STREAM: u64 = 0x02;
pub(super) const DECODER_STREAM: u64 = 0x03;
pub(super) const SESSION_STREAM: u64 = 0x54;
/// How a bidirectional stream of a session begins.
pub(super) const SESSION_SIGNAL: u64 = 0x41;

/// The code that ends a connection whose session has ended as it should.
pub(crate) fn no_error() -> VarInt {
    varint(NO_ERROR)
}

pub(crate) fn varint(value: u64) -> VarInt {
    VarInt::from_u64(value).unwrap_or(VarInt::MAX)
}

/// What a stream of `session` begins with.
pub(crate) fn stream_header(session: u64, dir: Dir) -> Vec<u8> {
    let mut header = Vec::with_capacity(10);
    put_varint(
        &mut header,
        match dir {
            Dir::Uni => SESSION_STREAM,
            Dir::Bi => SESSION_SIGNAL,
        },
    );
    put_varint(&mut header, session);
    header
}

/// The control stream with the settings of one who has no dynamic table and one session.
pub(super) fn settings() -> Vec<u8> {
    const SETTINGS: [(u64, u64); 6] = [
        // QPACK_MAX_TABLE_CAPACITY and QPACK_BLOCKED_STREAMS (RFC 9204, 5).
        (0x01, 0),
        (0x07, 0),
        // ENABLE_CONNECT_PROTOCOL (RFC 9220, 3).
        (0x08, 1),
        // H3_DATAGRAM (RFC 9297, 2.1.1).
        (0x33, 1),
        // ENABLE_WEBTRANSPORT (draft 2) and WEBTRANSPORT_MAX_SESSIONS (draft 7).
        (0x2b60_3742, 1),
        (0xc671_706a, 1),
    ];
    let mut payload = Vec::new();
    for (id, value) in SETTINGS {
        put_varint(&mut payload, id);
        put_varint(&mut payload, value);
    }
    let mut bytes = Vec::new();
    put_varint(&mut bytes, CONTROL_STREAM);
    put_frame(&mut bytes, frame::SETTINGS, &payload);
    bytes
}

/// Writes what is short enough for any peer's window.
pub(super) fn write_all(
    quic: &mut Connection,
    id: StreamId,
    bytes: &[u8],
) -> Result<(), HttpError> {
    match quic.send_stream(id).write(bytes) {
        Ok(written) if written == bytes.len() => Ok(()),
        _ => Err(HttpError::ClosedCriticalStream),
    }
}

/// Lets go of both directions of a stream. One that has ended already stays as it is.
pub(super) fn turn_away(quic: &mut Connection, id: StreamId, code: u64) {
    let code = varint(code);
    let _ = quic.recv_stream(id).stop(code);
    if id.dir() == Dir::Bi {
        let _ = quic.send_stream(id).reset(code);
    }
}

/// Reads what means nothing here: instructions for a table of no size.
pub(super) fn drain(quic: &mut Connection, id: StreamId) -> Result<(), HttpError> {
    let mut stream = Stream { quic, id };
    loop {
        match stream.read(usize::MAX) {
            Read::Bytes(_) => {}
            Read::Blocked => return Ok(()),
            Read::End | Read::Reset => return Err(HttpError::ClosedCriticalStream),
        }
    }
}

/// A stream of a connection, read from.
pub(super) struct Stream<'a> {
    pub(super) quic: &'a mut Connection,
    pub(super) id: StreamId,
}

impl Source for Stream<'_> {
    fn read(&mut self, max: usize) -> Read {
        let mut stream = self.quic.recv_stream(self.id);
        let Ok(mut chunks) = stream.read(true) else {
            return Read::End;
        };
        let read = match chunks.next(max) {
            Ok(Some(chunk)) => Read::Bytes(chunk.bytes),
            Ok(None) => Read::End,
            Err(ReadError::Blocked) => Read::Blocked,
            Err(ReadError::Reset(_)) => Read::Reset,
        };
        // Whether it opened the window does not matter: a visit sends what there is.
        let _ = chunks.finalize();
        read
    }
}
