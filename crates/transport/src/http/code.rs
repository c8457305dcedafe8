//! Error codes: of HTTP/3, and how those of applications are carried in them.

use thiserror::Error;

/// A rule of HTTP/3 that the peer broke. It ends the connection with [`code`](Self::code).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum HttpError {
    /// A datagram or a capsule that cannot be read (RFC 9297, 5.2).
    #[error("a malformed datagram or capsule")]
    Datagram,
    /// A second control or QPACK stream, or one that the peer may not open (RFC 9114, 6.2).
    #[error("a stream that may not be opened")]
    StreamCreation,
    /// A control or QPACK stream ended (RFC 9114, 6.2.1).
    #[error("a stream that HTTP/3 needs was closed")]
    ClosedCriticalStream,
    /// A frame where it may not be (RFC 9114, 7).
    #[error("a frame in the wrong place")]
    FrameUnexpected,
    /// A frame that cannot be read, or was cut off (RFC 9114, 7.1).
    #[error("a malformed frame")]
    Frame,
    /// More than this side is ready to hold.
    #[error("a frame too large")]
    ExcessiveLoad,
    /// The id of a stream that cannot be a session's (RFC 9114, 8.1).
    #[error("a wrong stream id")]
    Id,
    /// Settings that cannot be read (RFC 9114, 7.2.4).
    #[error("malformed settings")]
    Settings,
    /// The control stream began with something else (RFC 9114, 6.2.1).
    #[error("settings are missing")]
    MissingSettings,
    /// A request or a response without what it must have (RFC 9114, 4.1.2).
    #[error("a malformed request or response")]
    Message,
    /// Fields that QPACK without a dynamic table cannot read (RFC 9204, 6).
    #[error("fields that cannot be decoded")]
    Decompression,
}

impl HttpError {
    /// As it is put on the wire.
    pub const fn code(self) -> u64 {
        match self {
            Self::Datagram => 0x33,
            Self::StreamCreation => 0x103,
            Self::ClosedCriticalStream => 0x104,
            Self::FrameUnexpected => 0x105,
            Self::Frame => 0x106,
            Self::ExcessiveLoad => 0x107,
            Self::Id => 0x108,
            Self::Settings => 0x109,
            Self::MissingSettings => 0x10a,
            Self::Message => 0x10e,
            Self::Decompression => 0x200,
        }
    }
}

/// H3_NO_ERROR (RFC 9114, 8.1).
pub(crate) const NO_ERROR: u64 = 0x100;
/// H3_STREAM_CREATION_ERROR, for streams of a kind that is not known here.
pub(crate) const UNKNOWN_STREAM: u64 = 0x103;
/// H3_REQUEST_REJECTED: nothing was done with it.
pub(crate) const REQUEST_REJECTED: u64 = 0x10b;
/// WEBTRANSPORT_BUFFERED_STREAM_REJECTED (draft-ietf-webtrans-http3, 4.5).
pub(crate) const STREAM_REJECTED: u64 = 0x3994_bd84;

/// Where the codes of applications begin (draft-ietf-webtrans-http3, 4.4).
const FIRST: u64 = 0x52e4_a40f_a8db;
const LAST: u64 = 0x52e5_ac98_3162;

/// An application's code as HTTP/3 carries it. Codes that HTTP/3 reserves are left out.
pub(crate) const fn to_http(code: u32) -> u64 {
    FIRST + code as u64 + code as u64 / 0x1e
}

/// The application's code in one of HTTP/3. A small code outside the range is
/// taken as it is: peers that know nothing of the range send such.
pub(crate) fn from_http(code: u64) -> u32 {
    if !(FIRST..=LAST).contains(&code) {
        return u32::try_from(code).unwrap_or(0);
    }
    let shifted = code - FIRST;
    u32::try_from(shifted - shifted / 0x1f).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{FIRST, LAST, from_http, to_http};

    #[test]
    fn codes_survive_the_way_there_and_back() {
        for code in [
            0,
            1,
            29,
            30,
            31,
            59,
            60,
            61,
            1_000_000,
            u32::MAX - 1,
            u32::MAX,
        ] {
            assert_eq!(from_http(to_http(code)), code);
        }
    }

    #[test]
    fn the_range_is_that_of_the_draft() {
        assert_eq!(to_http(0), FIRST);
        assert_eq!(to_http(u32::MAX), LAST);
    }

    #[test]
    fn reserved_codes_are_never_made() {
        for code in 0..1_000 {
            assert_ne!((to_http(code) - 0x21) % 0x1f, 0);
        }
    }

    #[test]
    fn codes_outside_the_range_are_taken_as_they_are() {
        assert_eq!(from_http(7), 7);
        assert_eq!(from_http(u64::MAX >> 2), 0);
    }
}
