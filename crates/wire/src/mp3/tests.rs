//! Streams made by hand, byte by byte.

mod any_bytes;
mod headers;
mod refusals;
mod sync;
mod tags;

use super::{BUFFER_BYTES, Error, Frame, Header, Parser, Skipped};

/// MPEG-1, 44.1 kHz, 128 kbit/s, joint stereo: 417 bytes.
const A: [u8; 4] = [0xFF, 0xFB, 0x90, 0x64];
/// The same, padded: 418 bytes.
const A_PADDED: [u8; 4] = [0xFF, 0xFB, 0x92, 0x64];
/// MPEG-1, 48 kHz, 128 kbit/s, joint stereo: 384 bytes.
const B: [u8; 4] = [0xFF, 0xFB, 0x94, 0x64];
/// MPEG-2, 22.05 kHz, 64 kbit/s, mono: 208 bytes.
const C: [u8; 4] = [0xFF, 0xF3, 0x80, 0xC4];
/// MPEG-1, 44.1 kHz, free format, joint stereo.
const FREE: [u8; 4] = [0xFF, 0xFB, 0x00, 0x64];
const FREE_PADDED: [u8; 4] = [0xFF, 0xFB, 0x02, 0x64];

fn frame(header: [u8; 4]) -> Vec<u8> {
    let length = parse(header).frame_bytes().expect("not free format");
    frame_of(header, length)
}

fn frame_of(header: [u8; 4], length: usize) -> Vec<u8> {
    let mut frame = vec![0x55; length];
    frame[..4].copy_from_slice(&header);
    frame
}

fn parse(header: [u8; 4]) -> Header {
    Header::parse(header).expect("the test's own header")
}

/// Everything in `stream`, pushed in pieces of the given lengths (the last one repeats).
fn parse_cut(stream: &[u8], cuts: &[usize]) -> (Result<Vec<Frame>, Error>, Skipped) {
    let mut parser = Parser::new();
    let mut frames = Vec::new();
    let result = feed(&mut parser, stream, cuts, &mut frames);
    (result.map(|()| frames), parser.skipped())
}

fn feed(
    parser: &mut Parser,
    stream: &[u8],
    cuts: &[usize],
    frames: &mut Vec<Frame>,
) -> Result<(), Error> {
    let mut lengths = cuts.iter().copied();
    let last = cuts.last().copied().unwrap_or(usize::MAX).max(1);
    let mut rest = stream;
    while !rest.is_empty() {
        let length = lengths.next().unwrap_or(last).min(rest.len());
        let (mut piece, later) = rest.split_at(length);
        rest = later;
        while !piece.is_empty() {
            let taken = parser.push(piece);
            assert!(taken > 0, "a drained parser takes at least one byte");
            assert!(parser.kept_bytes() <= BUFFER_BYTES);
            piece = &piece[taken..];
            while let Some(frame) = parser.next_frame()? {
                frames.push(frame);
            }
        }
    }
    while let Some(frame) = parser.finish()? {
        frames.push(frame);
    }
    Ok(())
}

/// Offsets of all frames, each of which is the bytes of the stream at its offset.
fn offsets(stream: &[u8]) -> (Vec<u64>, Skipped) {
    let (frames, skipped) = parse_cut(stream, &[]);
    let frames = frames.expect("the stream is MP3");
    for frame in &frames {
        let at = frame.offset as usize;
        assert_eq!(frame.data, stream[at..at + frame.data.len()]);
    }
    (frames.iter().map(|frame| frame.offset).collect(), skipped)
}

impl Parser {
    fn kept_bytes(&self) -> usize {
        self.buffer.capacity()
    }
}
