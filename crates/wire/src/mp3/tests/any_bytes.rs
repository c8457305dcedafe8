//! Properties that hold for every input.

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};

use super::*;

/// Bytes in which headers, tags and their beginnings are frequent.
fn hostile_bytes() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        (whole_frame(), 1..4_usize).prop_map(|(frame, times)| frame.repeat(times)),
        (whole_frame(), any::<usize>())
            .prop_map(|(frame, cut)| frame[..cut % frame.len()].to_vec()),
        (20..3000_usize, 2..5_usize).prop_map(|(bytes, times)| frame_of(FREE, bytes).repeat(times)),
        vec(any::<u8>(), 0..100),
        (dense_syncs(), 1..40_usize).prop_map(|(bytes, times)| bytes.repeat(times)),
        prop_oneof![
            Just(b"ID3\x04\0\0\0\0\x01\x20".to_vec()),
            Just(b"ID3\x03\0\0\x7F\x7F\x7F\x7F".to_vec()),
            Just(b"ID3".to_vec()),
            Just(b"TAG+".to_vec()),
            Just([b"TAG".to_vec(), vec![b' '; 125]].concat()),
            Just(b"APETAGEX\xD0\x07\0\0\x40\0\0\0\x01\0\0\0\0\0\0\xA0\0\0\0\0\0\0\0\0".to_vec()),
            Just(b"APETAG".to_vec()),
            Just(b"LYRICSBEGIN".to_vec()),
            Just(b"LYRICS200".to_vec()),
        ],
        Just(frame_of([0xFF, 0xFD, 0xA0, 0x04], 626)),
    ];
    vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

fn dense_syncs() -> impl Strategy<Value = Vec<u8>> {
    vec(
        prop_oneof![Just(0xFF), Just(0xFB), Just(0), any::<u8>()],
        0..40,
    )
}

/// A frame that holds no byte 255 behind its header.
fn whole_frame() -> impl Strategy<Value = Vec<u8>> {
    let header = any::<[u8; 3]>().prop_filter_map("not a header", |[kind, rates, channels]| {
        let header = [0xFF, kind | 0xE0, rates, channels];
        Header::parse(header).ok()?.frame_bytes().map(|_| header)
    });
    let header = prop_oneof![Just(A), Just(A), Just(B), Just(C), header];
    (header, 0..255_u8).prop_map(|(header, fill)| {
        let mut frame = frame(header);
        frame[4..].fill(fill);
        frame
    })
}

proptest! {
    #[test]
    fn any_cut_of_the_same_bytes_yields_the_same_frames(
        stream in hostile_bytes(),
        cuts in vec(1..600_usize, 1..40),
    ) {
        let whole = parse_cut(&stream, &[]);
        prop_assert_eq!(&parse_cut(&stream, &cuts), &whole);
        prop_assert_eq!(&parse_cut(&stream, &[1]), &whole);
    }

    #[test]
    fn frames_are_the_bytes_at_their_offsets_and_never_overlap(stream in hostile_bytes()) {
        if let (Ok(frames), skipped) = parse_cut(&stream, &[]) {
            let mut end = 0;
            let mut audio = 0;
            for frame in &frames {
                let at = frame.offset as usize;
                prop_assert!(at >= end);
                end = at + frame.data.len();
                audio += frame.data.len() as u64;
                prop_assert_eq!(&frame.data[..], &stream[at..end]);
                let header = Header::parse([stream[at], stream[at + 1], stream[at + 2], stream[at + 3]]);
                prop_assert_eq!(header, Ok(frame.header));
            }
            let counted = audio + skipped.garbage_bytes + skipped.tag_bytes;
            prop_assert!(counted <= stream.len() as u64);
            if skipped.info_frames + skipped.truncated_frames == 0 {
                prop_assert_eq!(counted, stream.len() as u64);
            }
        }
    }

    #[test]
    fn every_frame_of_a_clean_stream_is_found(
        lengths in vec(whole_frame(), 1..30),
        version in 0..3_usize,
    ) {
        let header = [A, B, C][version];
        let stream: Vec<u8> = lengths
            .iter()
            .flat_map(|body| {
                let mut frame = frame(header);
                frame[4..].fill(body[4]);
                frame
            })
            .collect();
        let (found, skipped) = offsets(&stream);
        prop_assert_eq!(found.len(), lengths.len());
        prop_assert_eq!(skipped, Skipped::default());
    }
}

#[test]
fn one_push_of_eight_megabytes_keeps_the_buffer_small() {
    let stream = frame(A).repeat(8_000_000 / 417);
    let (frames, _) = parse_cut(&stream, &[]);
    assert_eq!(frames.map(|frames| frames.len()), Ok(8_000_000 / 417));
}

#[test]
fn a_stream_that_is_not_drained_keeps_the_buffer_small() {
    let mut parser = Parser::new();
    let stream = frame(A).repeat(100);
    assert_eq!(parser.push(&stream), BUFFER_BYTES);
    assert_eq!(parser.push(&stream), 0);
    assert_eq!(parser.kept_bytes(), BUFFER_BYTES);
}
