//! Field sections: requests and responses as QPACK writes them (RFC 9204).

use std::borrow::Cow;

use wtransport_proto::frame::Frame;
use wtransport_proto::headers::Headers;
use wtransport_proto::ids::StatusCode;
use wtransport_proto::session::{HeadersParseError, SessionRequest, SessionResponse};
use wtransport_proto::settings::Settings;

use super::HttpError;
use super::frame::{self, put_frame};

/// What a client asks for.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) authority: String,
    pub(crate) path: String,
    pub(crate) origin: Option<String>,
}

/// What a HEADERS frame from a client says.
pub(crate) enum Asked {
    Session(Box<Head>),
    /// Something that is not served here.
    Other,
}

pub(crate) fn read_request(payload: Vec<u8>) -> Result<Asked, HttpError> {
    match SessionRequest::try_from(read(payload)?) {
        Ok(request) => Ok(Asked::Session(Box::new(Head {
            authority: request.authority().to_owned(),
            path: request.path().to_owned(),
            origin: request.origin().map(str::to_owned),
        }))),
        Err(HeadersParseError::MethodNotConnect) => Ok(Asked::Other),
        Err(_) => Err(HttpError::Message),
    }
}

/// The HEADERS frame that asks for the session at `url`.
pub(crate) fn write_request(
    url: &str,
) -> Result<Vec<u8>, wtransport_proto::session::UrlParseError> {
    Ok(write(SessionRequest::new(url)?.headers()))
}

pub(crate) fn read_status(payload: Vec<u8>) -> Result<u16, HttpError> {
    SessionResponse::try_from(read(payload)?)
        .map(|response| response.code().into_inner())
        .map_err(|_| HttpError::Message)
}

/// The HEADERS frame of a response. A status that is none is sent as 500.
pub(crate) fn write_status(status: u16) -> Vec<u8> {
    let status = StatusCode::try_from_u32(u32::from(status))
        .or_else(|_| StatusCode::try_from_u32(500))
        .unwrap_or_default();
    write(SessionResponse::with_status_code(status).headers())
}

/// Whether a client's or a server's settings can be read. Nothing is asked of them:
/// browsers differ in which drafts of WebTransport they announce.
pub(crate) fn check_settings(payload: Vec<u8>) -> Result<(), HttpError> {
    match Settings::with_frame(&Frame::new_settings(Cow::Owned(payload))) {
        Ok(_) => Ok(()),
        Err(wtransport_proto::error::ErrorCode::Frame) => Err(HttpError::Frame),
        Err(_) => Err(HttpError::Settings),
    }
}

fn write(headers: &Headers) -> Vec<u8> {
    let mut bytes = Vec::new();
    put_frame(
        &mut bytes,
        frame::HEADERS,
        headers.generate_frame().payload(),
    );
    bytes
}

fn read(payload: Vec<u8>) -> Result<Headers, HttpError> {
    if !is_bounded(&payload) {
        return Err(HttpError::Decompression);
    }
    Headers::with_frame(&Frame::new_headers(Cow::Owned(payload)))
        .map_err(|_| HttpError::Decompression)
}

/// Whether every length in the field section (RFC 9204, 4.5) is one that the
/// decoder can hold: it does not look at how long its integers get.
fn is_bounded(payload: &[u8]) -> bool {
    walk(payload).is_some()
}

fn walk(mut rest: &[u8]) -> Option<()> {
    integer(&mut rest, 8)?;
    integer(&mut rest, 7)?;
    while let Some(&first) = rest.first() {
        match first.leading_zeros() {
            0 => {
                integer(&mut rest, 6)?;
            }
            1 => {
                integer(&mut rest, 4)?;
                string(&mut rest, 7)?;
            }
            2 => {
                string(&mut rest, 3)?;
                string(&mut rest, 7)?;
            }
            _ => return None,
        }
    }
    Some(())
}

fn string(rest: &mut &[u8], prefix: u32) -> Option<()> {
    let length = integer(rest, prefix)?;
    *rest = rest.get(length..)?;
    Some(())
}

/// An integer of QPACK (RFC 9204, 4.1.1) of at most 28 bits beyond its prefix.
fn integer(rest: &mut &[u8], prefix: u32) -> Option<usize> {
    const MOST_BYTES: usize = 4;
    let (&first, mut tail) = rest.split_first()?;
    let mask = (1_usize << prefix) - 1;
    let mut value = usize::from(first) & mask;
    if value == mask {
        for turn in 0.. {
            let (&byte, after) = tail.split_first()?;
            tail = after;
            if turn == MOST_BYTES {
                return None;
            }
            value += usize::from(byte & 0x7f) << (7 * turn);
            if byte & 0x80 == 0 {
                break;
            }
        }
    }
    *rest = tail;
    Some(value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Asked, HttpError, read_request, read_status, write_request, write_status};

    /// The payload of a frame shorter than 64 bytes, or of 64 and more.
    fn payload(frame: Vec<u8>) -> Vec<u8> {
        let header = if frame[1] < 0x40 { 2 } else { 3 };
        frame[header..].to_vec()
    }

    #[test]
    fn a_request_is_read_as_it_was_written() {
        let frame = write_request("https://radio.example:4433/live?x=1").expect("a URL");
        let Ok(Asked::Session(head)) = read_request(payload(frame)) else {
            panic!("no session was asked for");
        };
        assert_eq!(head.authority, "radio.example:4433");
        assert_eq!(head.path, "/live?x=1");
        assert_eq!(head.origin, None);
    }

    #[test]
    fn a_status_is_read_as_it_was_written() {
        for status in [200, 403, 404, 429, 503] {
            assert_eq!(read_status(payload(write_status(status))), Ok(status));
        }
        assert_eq!(read_status(payload(write_status(7))), Ok(500));
    }

    #[test]
    fn an_endless_integer_is_refused() {
        let mut bytes = vec![0, 0, 0xff];
        bytes.extend([0xff; 100]);
        assert!(matches!(read_request(bytes), Err(HttpError::Decompression)));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = read_request(bytes.clone());
            let _ = read_status(bytes);
        }
    }
}
