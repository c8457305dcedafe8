use super::*;
use crate::mp3::MAX_TAG_BYTES;

fn id3v2(version: u8, flags: u8, content: usize) -> Vec<u8> {
    let mut tag = b"ID3".to_vec();
    tag.extend([version, 0, flags]);
    tag.extend([21, 14, 7, 0].map(|shift| (content >> shift & 0x7F) as u8));
    // Frame headers inside a tag, as a cover image may hold them, are not audio.
    tag.extend(frame(A).iter().cycle().take(content));
    tag
}

fn ape(flags: u32, version: u32, items: usize) -> Vec<u8> {
    let mut header = b"APETAGEX".to_vec();
    for word in [version, items as u32 + 32, 1, flags, 0, 0] {
        header.extend(word.to_le_bytes());
    }
    header
}

fn info(header: [u8; 4], at: usize, magic: &[u8; 4]) -> Vec<u8> {
    let mut info = frame(header);
    info[at..at + 4].copy_from_slice(magic);
    info
}

/// `skipped` stands before, amid and behind frames, and costs no frame and no gap.
fn assert_is_a_tag(skipped: &[u8], after: &[u8]) {
    let stream = [
        skipped,
        &frame(A).repeat(3),
        skipped,
        &frame(A).repeat(2),
        after,
    ]
    .concat();
    let parsed = parse_cut(&stream, &[]);
    assert_eq!(parse_cut(&stream, &[1]), parsed);
    let (frames, counts) = parsed;
    let frames = frames.expect("the stream is MP3");
    let found: Vec<u64> = frames.iter().map(|frame| frame.offset).collect();
    let tag = skipped.len() as u64;
    let second = 2 * tag + 3 * 417;
    assert_eq!(found, [tag, tag + 417, tag + 834, second, second + 417]);
    assert!(frames.iter().all(|frame| !frame.after_gap));
    let tag_bytes = 2 * tag + after.len() as u64;
    let expected = Skipped {
        tag_bytes,
        ..Skipped::default()
    };
    assert_eq!(counts, expected);
}

#[test]
fn id3v2_is_skipped_with_its_footer() {
    assert_is_a_tag(&id3v2(3, 0, 5000), &[]);
    assert_is_a_tag(
        &[id3v2(4, 0x10, 300), b"3DI\x04\0\x10\0\0\x02\x2C".to_vec()].concat(),
        &[],
    );
    assert_is_a_tag(&id3v2(2, 0, 0), &[]);
}

#[test]
fn id3v1_is_skipped_with_its_extension() {
    let mut tag = b"TAG".to_vec();
    tag.resize(128, b' ');
    let mut extended = b"TAG+".to_vec();
    extended.resize(227, 0);
    assert_is_a_tag(&tag, &tag);
    assert_is_a_tag(&[extended, tag.clone()].concat(), &tag);
    tag[3] = b'+';
    assert_is_a_tag(&tag, &tag);
}

#[test]
fn id3v1_counts_amid_garbage_only_behind_another_tag() {
    let mut id3v1 = b"TAG".to_vec();
    id3v1.resize(128, b' ');
    let stream = |between: &[u8]| {
        let garbage = &b"garbage"[..];
        [
            &frame(A).repeat(2),
            garbage,
            between,
            &id3v1,
            &frame(A).repeat(2),
        ]
        .concat()
    };
    let (_, skipped) = offsets(&stream(&[]));
    assert_eq!((skipped.garbage_bytes, skipped.tag_bytes), (135, 0));
    let (_, skipped) = offsets(&stream(&id3v2(4, 0, 30)));
    assert_eq!((skipped.garbage_bytes, skipped.tag_bytes), (7, 168));
}

#[test]
fn a_frame_after_garbage_is_confirmed_by_a_tag_behind_it() {
    for tag in [
        &b"TAG"[..],
        b"ID3\x04\0\0\0\0\0\0",
        b"APETAGEX",
        b"LYRICSBEGIN",
    ] {
        let stream = [&b"garbage"[..], &frame(A), tag, b"more"].concat();
        assert_eq!(offsets(&stream).0, [7]);
    }
}

#[test]
fn ape_tags_are_skipped_by_header_and_by_footer() {
    let header = 1 << 31 | 1 << 29;
    let whole = [
        ape(header, 2000, 500),
        vec![0xFF; 500],
        ape(1 << 31, 2000, 500),
    ]
    .concat();
    assert_is_a_tag(&whole, &whole);
    assert_is_a_tag(&ape(1 << 31, 2000, 500), &ape(0, 1000, 500));
}

#[test]
fn lyrics_are_skipped_to_their_end_mark() {
    let v1 = b"LYRICSBEGIN[00:02]Let's talk about time\r\nLYRICSEND".to_vec();
    let v2 = b"LYRICSBEGININD0000200EAL00007Skywave000043LYRICS200".to_vec();
    assert_is_a_tag(&v1, &v2);
    assert_is_a_tag(&v2, b"LYRICSBEGIN and no end");
}

#[test]
fn lyrics_without_an_end_do_not_swallow_the_audio() {
    assert_is_a_tag(b"LYRICSBEGIN and no end ", &[]);
}

#[test]
fn a_tag_that_claims_too_much_is_garbage() {
    let content = MAX_TAG_BYTES as usize - 9;
    let mut tag = id3v2(4, 0, content);
    tag.truncate(10);
    let stream = [frame(A).repeat(2), tag, frame(A).repeat(3)].concat();
    let (found, skipped) = offsets(&stream);
    assert_eq!(found, [0, 417, 844, 1261, 1678]);
    assert_eq!((skipped.tag_bytes, skipped.garbage_bytes), (0, 10));
}

#[test]
fn the_longest_tag_believed_is_never_kept() {
    let content = MAX_TAG_BYTES as usize - 10;
    let stream = [frame(A).repeat(2), id3v2(4, 0, content), frame(A).repeat(2)].concat();
    let (found, skipped) = offsets(&stream);
    let resumes = 834 + MAX_TAG_BYTES;
    assert_eq!(found, [0, 417, resumes, resumes + 417]);
    assert_eq!(skipped.tag_bytes, MAX_TAG_BYTES);
}

#[test]
fn information_frames_carry_no_audio() {
    let crc = [0xFF, 0xFA, 0x90, 0x64];
    let mono = [0xFF, 0xFB, 0x90, 0xC4];
    let streams = [
        info(A, 36, b"Xing"),
        info(A, 36, b"Info"),
        info(A, 36, b"VBRI"),
        info(crc, 36, b"Info"),
        info(mono, 21, b"Xing"),
    ];
    for first in streams {
        let stream = [first.clone(), frame(A), first, frame(A)].concat();
        let (frames, skipped) = parse_cut(&stream, &[]);
        let frames = frames.expect("the stream is MP3");
        let found: Vec<u64> = frames.iter().map(|frame| frame.offset).collect();
        assert_eq!(found, [417, 3 * 417]);
        assert!(frames.iter().all(|frame| !frame.after_gap));
        let expected = Skipped {
            info_frames: 2,
            ..Skipped::default()
        };
        assert_eq!(skipped, expected);
    }
}

#[test]
fn an_information_frame_of_mpeg_2_stands_at_its_own_place() {
    let stream = [info(C, 13, b"Info"), frame(C)].concat();
    let (found, skipped) = offsets(&stream);
    assert_eq!(found, [208]);
    assert_eq!(skipped.info_frames, 1);
}

#[test]
fn the_first_frame_behind_an_information_frame_waits_for_nothing() {
    let mut parser = Parser::new();
    let stream = [info(A, 36, b"Info"), frame(A)].concat();
    assert_eq!(parser.push(&stream), stream.len());
    let first = parser.next_frame().expect("MP3").expect("complete");
    assert_eq!(first.offset, 417);
}
