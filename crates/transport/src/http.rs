//! HTTP/3 (RFC 9114) and WebTransport over it (draft-ietf-webtrans-http3) on one
//! QUIC connection, as far as one session needs them: control streams, the CONNECT
//! request, and which stream or datagram is the session's. It changes the
//! connection that it is handed and says what came of it; it wakes nobody.

use std::collections::VecDeque;

use bytes::Bytes;
use quinn_proto::{Connection, Dir, Side, StreamId};

pub use code::HttpError;

use capsule::{Capsules, Close};
use code::{REQUEST_REJECTED, STREAM_REJECTED, UNKNOWN_STREAM};
use fields::{Asked, Head};
use frame::{Frames, Item, Missing, Varint};
use stream::{
    CONTROL_STREAM, DECODER_STREAM, ENCODER_STREAM, SESSION_STREAM, Stream, drain, settings,
    turn_away, write_all,
};

pub(crate) use stream::{no_error, stream_header, varint};

pub(crate) mod capsule;
pub(crate) mod code;
pub(crate) mod fields;
pub(crate) mod frame;
mod stream;

/// Datagrams that wait for the session to take them. Past it the oldest are dropped.
const DATAGRAMS_WAITING: usize = 128;

/// Our side of HTTP/3 on a connection.
pub(crate) struct Http {
    side: Side,
    control_out: Option<StreamId>,
    control_in: Option<StreamId>,
    control: Frames,
    /// The peer's settings have come.
    settled: bool,
    qpack: [Option<StreamId>; 2],
    connect: Option<StreamId>,
    connect_frames: Frames,
    capsules: Capsules,
    /// Until there is a session.
    opening: Option<Opening>,
    /// Streams whose kind is not known yet. As many as the transport's limits allow.
    fresh: Vec<Fresh>,
    /// Streams of the session that nobody has taken yet, as many as the transport's
    /// limits allow, with the session that they name.
    bi: VecDeque<(StreamId, u64)>,
    uni: VecDeque<(StreamId, u64)>,
    datagrams: VecDeque<Bytes>,
    news: News,
}

/// What happened that somebody may wait for.
#[derive(Default)]
pub(crate) struct News {
    pub(crate) opening: bool,
    pub(crate) bi: bool,
    pub(crate) uni: bool,
    pub(crate) datagram: bool,
    /// The peer ended the session.
    pub(crate) end: Option<Close>,
}

enum Opening {
    /// A server waits for the request, then for the application's answer.
    Server(Option<Box<Head>>),
    /// A client waits for settings to send its request, then for the answer.
    Client {
        request: Vec<u8>,
        status: Option<u16>,
    },
}

enum Fresh {
    Uni {
        id: StreamId,
        kind: Option<u64>,
        varint: Varint,
    },
    Bi {
        id: StreamId,
        frames: Frames,
    },
}

impl Fresh {
    fn id(&self) -> StreamId {
        match self {
            Self::Uni { id, .. } | Self::Bi { id, .. } => *id,
        }
    }
}

impl Http {
    pub(crate) fn server() -> Self {
        Self::new(Side::Server, Opening::Server(None))
    }

    /// `request` is the whole HEADERS frame.
    pub(crate) fn client(request: Vec<u8>) -> Self {
        let status = None;
        Self::new(Side::Client, Opening::Client { request, status })
    }

    fn new(side: Side, opening: Opening) -> Self {
        Self {
            side,
            control_out: None,
            control_in: None,
            control: Frames::new(false),
            settled: false,
            qpack: [None; 2],
            connect: None,
            connect_frames: Frames::new(false),
            capsules: Capsules::new(),
            opening: Some(opening),
            fresh: Vec::new(),
            bi: VecDeque::new(),
            uni: VecDeque::new(),
            datagrams: VecDeque::new(),
            news: News::default(),
        }
    }

    pub(crate) fn take_news(&mut self) -> News {
        std::mem::take(&mut self.news)
    }

    /// The session's id: the stream of its CONNECT request.
    pub(crate) fn session(&self) -> Option<StreamId> {
        self.connect
    }

    /// The request, once it and the client's settings are there.
    pub(crate) fn take_request(&mut self) -> Option<Box<Head>> {
        match &mut self.opening {
            Some(Opening::Server(head)) if self.settled => head.take(),
            _ => None,
        }
    }

    /// The answer to the request.
    pub(crate) fn status(&self) -> Option<u16> {
        match &self.opening {
            Some(Opening::Client { status, .. }) => *status,
            _ => None,
        }
    }

    /// From here on there is a session; what names another is turned away.
    pub(crate) fn establish(&mut self, quic: &mut Connection) {
        self.opening = None;
        let Some(session) = self.connect.map(u64::from) else {
            return;
        };
        for queue in [&mut self.bi, &mut self.uni] {
            queue.retain(|&(id, named)| {
                if named != session {
                    turn_away(quic, id, STREAM_REJECTED);
                }
                named == session
            });
        }
    }

    /// The next stream of the session.
    pub(crate) fn accept(&mut self, dir: Dir) -> Option<StreamId> {
        let queue = match dir {
            Dir::Bi => &mut self.bi,
            Dir::Uni => &mut self.uni,
        };
        queue.pop_front().map(|(id, _)| id)
    }

    pub(crate) fn take_datagram(&mut self) -> Option<Bytes> {
        self.datagrams.pop_front()
    }

    /// Sends the answer to the request; with `last` nothing follows it.
    pub(crate) fn respond(&self, quic: &mut Connection, status: u16, last: bool) -> bool {
        let Some(id) = self.connect else {
            return false;
        };
        let frame = fields::write_status(status);
        let mut stream = quic.send_stream(id);
        if stream.write(&frame) != Ok(frame.len()) {
            return false;
        }
        !last || stream.finish().is_ok()
    }

    /// What is to be done as soon as the handshake allows it: the settings, and a
    /// client's request. A server's settings go with its first flight.
    pub(crate) fn start(&mut self, quic: &mut Connection) -> Result<(), HttpError> {
        if self.control_out.is_none()
            && let Some(id) = quic.streams().open(Dir::Uni)
        {
            write_all(quic, id, &settings())?;
            self.control_out = Some(id);
        }
        if let Some(Opening::Client { request, .. }) = &mut self.opening
            && self.settled
            && self.connect.is_none()
            && let Some(id) = quic.streams().open(Dir::Bi)
        {
            write_all(quic, id, &std::mem::take(request))?;
            self.connect = Some(id);
        }
        Ok(())
    }

    /// Whether [`start`](Self::start) has nothing more to do.
    pub(crate) fn started(&self) -> bool {
        self.control_out.is_some() && (self.side.is_server() || self.connect.is_some())
    }

    /// The peer opened streams.
    pub(crate) fn opened(&mut self, quic: &mut Connection, dir: Dir) -> Result<(), HttpError> {
        while let Some(id) = quic.streams().accept(dir) {
            let fresh = match dir {
                Dir::Uni => Fresh::Uni {
                    id,
                    kind: None,
                    varint: Varint::default(),
                },
                Dir::Bi => Fresh::Bi {
                    id,
                    frames: Frames::new(true),
                },
            };
            self.sort(quic, fresh)?;
        }
        Ok(())
    }

    /// There is something to read on a stream. Whether it was for HTTP/3.
    pub(crate) fn readable(
        &mut self,
        quic: &mut Connection,
        id: StreamId,
    ) -> Result<bool, HttpError> {
        if self.connect == Some(id) {
            self.read_connect(quic, id)?;
        } else if self.control_in == Some(id) {
            self.read_control(quic, id)?;
        } else if self.qpack.contains(&Some(id)) {
            drain(quic, id)?;
        } else if let Some(index) = self.fresh.iter().position(|fresh| fresh.id() == id) {
            let fresh = self.fresh.swap_remove(index);
            self.sort(quic, fresh)?;
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    /// The peer wants nothing more on a stream. Whether it was for HTTP/3.
    pub(crate) fn stopped(&mut self, id: StreamId) -> Result<bool, HttpError> {
        if self.control_out == Some(id) {
            return Err(HttpError::ClosedCriticalStream);
        }
        if self.connect == Some(id) {
            self.end(Close::plain());
            return Ok(true);
        }
        Ok(false)
    }

    /// Takes the datagrams that came.
    pub(crate) fn receive_datagrams(&mut self, quic: &mut Connection) -> Result<(), HttpError> {
        const LARGEST_QUARTER: u64 = (1 << 60) - 1;
        let session = self.connect.map_or(0, u64::from);
        while let Some(mut datagram) = quic.datagrams().recv() {
            let mut varint = Varint::default();
            let (length, quarter) = datagram
                .iter()
                .enumerate()
                .find_map(|(index, &byte)| Some((index + 1, varint.push(byte)?)))
                .ok_or(HttpError::Datagram)?;
            if quarter > LARGEST_QUARTER {
                return Err(HttpError::Datagram);
            }
            if quarter * 4 != session {
                continue;
            }
            if self.datagrams.len() == DATAGRAMS_WAITING {
                self.datagrams.pop_front();
            }
            self.datagrams.push_back(datagram.split_off(length));
            self.news.datagram = true;
        }
        Ok(())
    }

    /// Finds out what a stream is for, or keeps it until more of it has come.
    fn sort(&mut self, quic: &mut Connection, fresh: Fresh) -> Result<(), HttpError> {
        match fresh {
            Fresh::Uni { id, kind, varint } => self.sort_uni(quic, id, kind, varint),
            Fresh::Bi { id, frames } => self.sort_bi(quic, id, frames),
        }
    }

    fn sort_uni(
        &mut self,
        quic: &mut Connection,
        id: StreamId,
        mut known: Option<u64>,
        mut varint: Varint,
    ) -> Result<(), HttpError> {
        let mut source = Stream { quic, id };
        loop {
            let value = match varint.read(&mut source) {
                Ok(value) => value,
                Err(Missing::Blocked) => {
                    let kind = known;
                    self.fresh.push(Fresh::Uni { id, kind, varint });
                    return Ok(());
                }
                Err(Missing::End | Missing::Cut | Missing::Reset) => return Ok(()),
            };
            match (known, value) {
                (Some(_), session) => return self.queue(quic, id, session),
                (None, SESSION_STREAM) => known = Some(SESSION_STREAM),
                (None, CONTROL_STREAM) => {
                    claim(&mut self.control_in, id)?;
                    return self.read_control(quic, id);
                }
                (None, ENCODER_STREAM | DECODER_STREAM) => {
                    claim(&mut self.qpack[(value - ENCODER_STREAM) as usize], id)?;
                    return drain(quic, id);
                }
                (None, _) => {
                    turn_away(quic, id, UNKNOWN_STREAM);
                    return Ok(());
                }
            }
        }
    }

    fn sort_bi(
        &mut self,
        quic: &mut Connection,
        id: StreamId,
        mut frames: Frames,
    ) -> Result<(), HttpError> {
        loop {
            match frames.next(&mut Stream { quic, id }) {
                Item::Session(session) => return self.queue(quic, id, session),
                Item::Whole {
                    kind: frame::HEADERS,
                    payload,
                } if self.side.is_server() => return self.request(quic, id, payload, frames),
                Item::Whole { .. } | Item::Data(_) => return Err(HttpError::FrameUnexpected),
                Item::Other(_) => {}
                Item::Blocked => {
                    self.fresh.push(Fresh::Bi { id, frames });
                    return Ok(());
                }
                Item::End | Item::Reset => {
                    turn_away(quic, id, REQUEST_REJECTED);
                    return Ok(());
                }
                Item::Cut => return Err(HttpError::Frame),
                Item::TooLarge => return Err(HttpError::ExcessiveLoad),
            }
        }
    }

    fn request(
        &mut self,
        quic: &mut Connection,
        id: StreamId,
        payload: Vec<u8>,
        frames: Frames,
    ) -> Result<(), HttpError> {
        match (fields::read_request(payload)?, &mut self.opening) {
            (Asked::Session(head), Some(Opening::Server(waiting))) if self.connect.is_none() => {
                *waiting = Some(head);
                self.connect = Some(id);
                self.connect_frames = frames;
                self.news.opening = true;
                self.read_connect(quic, id)
            }
            _ => {
                turn_away(quic, id, REQUEST_REJECTED);
                Ok(())
            }
        }
    }

    fn queue(
        &mut self,
        quic: &mut Connection,
        id: StreamId,
        session: u64,
    ) -> Result<(), HttpError> {
        if !session.is_multiple_of(4) {
            return Err(HttpError::Id);
        }
        if self.connect.is_some_and(|ours| u64::from(ours) != session) {
            turn_away(quic, id, STREAM_REJECTED);
            return Ok(());
        }
        match id.dir() {
            Dir::Bi => {
                self.bi.push_back((id, session));
                self.news.bi = true;
            }
            Dir::Uni => {
                self.uni.push_back((id, session));
                self.news.uni = true;
            }
        }
        Ok(())
    }

    fn read_control(&mut self, quic: &mut Connection, id: StreamId) -> Result<(), HttpError> {
        loop {
            match self.control.next(&mut Stream { quic, id }) {
                Item::Blocked => return Ok(()),
                Item::Whole {
                    kind: frame::SETTINGS,
                    payload,
                } if !self.settled => {
                    fields::check_settings(payload)?;
                    self.settled = true;
                    self.news.opening = true;
                }
                Item::TooLarge => return Err(HttpError::ExcessiveLoad),
                Item::End | Item::Cut | Item::Reset => {
                    return Err(HttpError::ClosedCriticalStream);
                }
                _ if !self.settled => return Err(HttpError::MissingSettings),
                Item::Other(_) => {}
                Item::Whole { .. } | Item::Data(_) | Item::Session(_) => {
                    return Err(HttpError::FrameUnexpected);
                }
            }
        }
    }

    fn read_connect(&mut self, quic: &mut Connection, id: StreamId) -> Result<(), HttpError> {
        loop {
            match self.connect_frames.next(&mut Stream { quic, id }) {
                Item::Blocked => return Ok(()),
                Item::Data(bytes) => {
                    if let Some(close) = self.capsules.take(&bytes)? {
                        self.end(close);
                        return Ok(());
                    }
                }
                Item::Whole {
                    kind: frame::HEADERS,
                    payload,
                } => {
                    if let Some(Opening::Client { status, .. }) = &mut self.opening
                        && status.is_none()
                    {
                        let answer = fields::read_status(payload)?;
                        let informational = (100..200).contains(&answer);
                        if !informational {
                            *status = Some(answer);
                            self.news.opening = true;
                        }
                    }
                }
                Item::Other(_) => {}
                Item::Whole { .. } | Item::Session(_) => return Err(HttpError::FrameUnexpected),
                Item::End | Item::Reset => {
                    self.end(Close::plain());
                    return Ok(());
                }
                Item::Cut => return Err(HttpError::Frame),
                Item::TooLarge => return Err(HttpError::ExcessiveLoad),
            }
        }
    }

    fn end(&mut self, close: Close) {
        self.news.end.get_or_insert(close);
    }
}

impl Close {
    /// The end of the CONNECT stream without a capsule (draft-ietf-webtrans-http3, 6).
    fn plain() -> Self {
        Self {
            code: 0,
            reason: Bytes::new(),
        }
    }
}

/// Marks `id` as the only stream of its kind.
fn claim(place: &mut Option<StreamId>, id: StreamId) -> Result<(), HttpError> {
    match place.replace(id) {
        None => Ok(()),
        Some(_) => Err(HttpError::StreamCreation),
    }
}
