//! A publisher's unidirectional stream: MP3 bytes in, frames on the air.
//!
//! The bytes are read no faster than they play: once the channel runs ahead of
//! real time by its bound, reading waits, and QUIC's flow control makes the
//! publisher wait.

use std::time::Duration;

use skywave_transport::RecvStream;
use skywave_wire::StreamId;
use skywave_wire::control::{ErrorCode, Fault};
use skywave_wire::mp3::{self, Parser};
use skywave_wire::stream::{self, Header};

use crate::channel::Publication;
use crate::metrics::{Metrics, Skipped};

/// Read at once; bounds the frames that are pushed together.
const READ_BYTES: usize = 8 * 1024;

/// Reads the header of a client's unidirectional stream.
///
/// # Errors
/// It is not the header of an ingest stream.
pub(super) async fn header(recv: &mut RecvStream) -> Result<StreamId, Fault> {
    let bad = |why: String| {
        Fault::new(
            ErrorCode::BadStream,
            format!("unidirectional stream: {why}"),
        )
    };
    let mut head = Vec::with_capacity(stream::MAX_HEADER_BYTES);
    loop {
        match Header::get(&head).map_err(|e| bad(e.to_string()))? {
            Some((Header::Ingest(stream_id), _)) => return Ok(stream_id),
            Some((Header::Audio(_), _)) => {
                return Err(bad("clients open ingest streams only".into()));
            }
            None => {}
        }
        // No more than the header: what follows is audio.
        match recv.read_chunk(1).await {
            Ok(Some(byte)) => head.extend_from_slice(&byte),
            _ => return Err(bad("it ends inside its header".into())),
        }
    }
}

/// Puts the stream's frames on the air until it ends.
///
/// # Errors
/// The bytes are not MP3, or the channel is somebody else's by now.
pub(super) async fn run(
    recv: &mut RecvStream,
    publication: &Publication,
    max_lead: Duration,
    metrics: &Metrics,
) -> Result<(), Fault> {
    let mut parser = Parser::new();
    let mut counted = mp3::Skipped::default();
    // A stream that was reset ends like one that was finished.
    while let Ok(Some(chunk)) = recv.read_chunk(READ_BYTES).await {
        let mut lead = Duration::ZERO;
        let mut rest = &chunk[..];
        while !rest.is_empty() {
            rest = &rest[parser.push(rest)..];
            lead = publish(drain(&mut parser)?, publication, metrics)?;
            count_skipped(metrics, &mut counted, parser.skipped());
        }
        publication.advance(chunk.len() as u64);
        if let Some(ahead) = lead.checked_sub(max_lead) {
            tokio::time::sleep(ahead).await;
        }
    }
    let rest = rest_of(&mut parser)?;
    count_skipped(metrics, &mut counted, parser.skipped());
    // A stream may end after its broadcast was stopped, which is no fault.
    if !rest.is_empty() {
        publish(rest, publication, metrics)?;
    }
    Ok(())
}

fn drain(parser: &mut Parser) -> Result<Vec<mp3::Frame>, Fault> {
    let mut frames = Vec::new();
    while let Some(frame) = parser.next_frame().map_err(not_mp3)? {
        frames.push(frame);
    }
    Ok(frames)
}

/// What awaited confirmation when the stream ended.
fn rest_of(parser: &mut Parser) -> Result<Vec<mp3::Frame>, Fault> {
    let mut frames = Vec::new();
    loop {
        match parser.finish() {
            Ok(Some(frame)) => frames.push(frame),
            // A publisher that sent nothing sent nothing wrong.
            Ok(None) | Err(mp3::Error::NoFrame { searched: 0, .. }) => return Ok(frames),
            Err(why) => return Err(not_mp3(why)),
        }
    }
}

fn publish(
    frames: Vec<mp3::Frame>,
    publication: &Publication,
    metrics: &Metrics,
) -> Result<Duration, Fault> {
    metrics.frames_in.increment(frames.len() as u64);
    let bytes: usize = frames.iter().map(|frame| frame.data.len()).sum();
    metrics.bytes_in.increment(bytes as u64);
    publication.push(frames)
}

fn count_skipped(metrics: &Metrics, counted: &mut mp3::Skipped, now: mp3::Skipped) {
    let garbage = now.garbage_bytes - counted.garbage_bytes;
    let tags = now.tag_bytes - counted.tag_bytes;
    if garbage > 0 {
        metrics
            .ingest_skipped_bytes(Skipped::Garbage)
            .increment(garbage);
    }
    if tags > 0 {
        metrics.ingest_skipped_bytes(Skipped::Tag).increment(tags);
    }
    *counted = now;
}

fn not_mp3(why: mp3::Error) -> Fault {
    Fault::new(ErrorCode::NotMp3, why.to_string())
}
