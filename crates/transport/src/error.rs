//! Why things ended, or did not begin.

use bytes::Bytes;
use quinn_proto::{ApplicationClose, ConnectionError, VarInt};
use thiserror::Error;

use crate::http::HttpError;

/// Why a session is over.
#[derive(Clone, Debug, Error)]
pub enum Closed {
    /// The peer closed it: with a code of QUIC's application (RFC 9000, 19.19), or
    /// with a capsule (draft-ietf-webtrans-http3, 6).
    #[error(
        "closed by the peer with code {code}: {}",
        String::from_utf8_lossy(reason)
    )]
    Peer {
        /// The peer's code.
        code: u64,
        /// The peer's words, seldom more than a line.
        reason: Bytes,
    },
    /// Nothing was heard from the peer for too long.
    #[error("timed out")]
    TimedOut,
    /// This side closed it, or let go of it.
    #[error("closed here")]
    Here,
    /// QUIC ended the connection.
    #[error(transparent)]
    Quic(ConnectionError),
    /// The peer broke a rule of HTTP/3.
    #[error(transparent)]
    Http(#[from] HttpError),
}

impl From<ConnectionError> for Closed {
    fn from(error: ConnectionError) -> Self {
        match error {
            ConnectionError::ApplicationClosed(close) => Self::Peer {
                code: close.error_code.into_inner(),
                reason: close.reason,
            },
            ConnectionError::TimedOut => Self::TimedOut,
            ConnectionError::LocallyClosed => Self::Here,
            error => Self::Quic(error),
        }
    }
}

/// Why no request came of a client that knocked.
#[derive(Clone, Debug, Error)]
pub enum HandshakeError {
    /// The connection was not made, or lost.
    #[error(transparent)]
    Quic(#[from] ConnectionError),
    /// The client broke a rule of HTTP/3.
    #[error(transparent)]
    Http(#[from] HttpError),
}

impl From<Closed> for HandshakeError {
    fn from(closed: Closed) -> Self {
        match closed {
            Closed::Peer { code, reason } => {
                Self::Quic(ConnectionError::ApplicationClosed(ApplicationClose {
                    error_code: VarInt::from_u64(code).unwrap_or(VarInt::MAX),
                    reason,
                }))
            }
            Closed::TimedOut => Self::Quic(ConnectionError::TimedOut),
            Closed::Here => Self::Quic(ConnectionError::LocallyClosed),
            Closed::Quic(error) => Self::Quic(error),
            Closed::Http(error) => Self::Http(error),
        }
    }
}

/// Why no session came of an attempt to connect.
#[derive(Clone, Debug, Error)]
pub enum ConnectError {
    /// Not an `https` URL.
    #[error("not the URL of a session: {0}")]
    Url(String),
    /// Nothing could be sent to this address or with this configuration.
    #[error(transparent)]
    Start(#[from] quinn_proto::ConnectError),
    /// The connection was not made, or lost.
    #[error(transparent)]
    Quic(#[from] ConnectionError),
    /// The server broke a rule of HTTP/3.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The server answered with this status.
    #[error("rejected with status {0}")]
    Rejected(u16),
}

impl From<HandshakeError> for ConnectError {
    fn from(error: HandshakeError) -> Self {
        match error {
            HandshakeError::Quic(error) => Self::Quic(error),
            HandshakeError::Http(error) => Self::Http(error),
        }
    }
}

/// Why nothing can be written to a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum WriteError {
    /// The peer wants no more of it, and gives this code.
    #[error("stopped by the peer with code {0}")]
    Stopped(u32),
    /// The stream was finished or reset before, or the session is over.
    #[error("closed")]
    Closed,
}

/// Why nothing more can be read from a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ReadError {
    /// The peer gave it up, with this code.
    #[error("reset by the peer with code {0}")]
    Reset(u32),
    /// The stream was stopped before, or the session is over.
    #[error("closed")]
    Closed,
}
