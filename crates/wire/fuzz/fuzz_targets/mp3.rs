//! The MP3 parser on any bytes in any cut: it never panics, frames are the bytes at their offsets
//! and do not overlap, every byte is accounted for, and the cut changes nothing.
//!
//! The first byte of the input chooses the cut; the rest is the stream.

#![no_main]

use libfuzzer_sys::fuzz_target;
use skywave_wire::mp3::{Error, Frame, MAX_FRAME_BYTES, Parser, Skipped};

fuzz_target!(|input: &[u8]| {
    let Some((&cut, stream)) = input.split_first() else {
        return;
    };
    let whole = parse(stream, stream.len());
    let pieces = parse(stream, usize::from(cut) + 1);
    assert_eq!(pieces, whole);

    let (result, frames, skipped) = whole;
    let mut end = 0;
    let mut audio_bytes = 0;
    for frame in &frames {
        let at = frame.offset as usize;
        assert!(at >= end);
        assert!(frame.data.len() <= MAX_FRAME_BYTES);
        end = at + frame.data.len();
        assert_eq!(frame.data, stream[at..end]);
        audio_bytes += frame.data.len() as u64;
    }
    let counted = audio_bytes + skipped.garbage_bytes + skipped.tag_bytes;
    assert!(counted <= stream.len() as u64);
    if result.is_ok() && skipped.info_frames + skipped.truncated_frames == 0 {
        assert_eq!(counted, stream.len() as u64);
    }
});

fn parse(stream: &[u8], piece: usize) -> (Result<(), Error>, Vec<Frame>, Skipped) {
    let mut parser = Parser::new();
    let mut frames = Vec::new();
    let result = feed(&mut parser, stream, piece, &mut frames);
    (result, frames, parser.skipped())
}

fn feed(
    parser: &mut Parser,
    stream: &[u8],
    piece: usize,
    frames: &mut Vec<Frame>,
) -> Result<(), Error> {
    for mut rest in stream.chunks(piece.max(1)) {
        while !rest.is_empty() {
            let taken = parser.push(rest);
            assert!(taken > 0, "a drained parser takes at least one byte");
            rest = &rest[taken..];
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
