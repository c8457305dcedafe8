use super::*;

#[test]
fn frames_of_every_kind_in_one_stream_are_found_whole() {
    let stream = [frame(A), frame(A_PADDED), frame([0xFF, 0xFA, 0xE0, 0xC4])].concat();
    let (found, skipped) = offsets(&stream);
    assert_eq!(found, [0, 417, 835]);
    assert_eq!(skipped, Skipped::default());
}

#[test]
fn in_the_middle_of_a_stream_a_frame_comes_with_its_last_byte() {
    let mut parser = Parser::new();
    let stream = frame(A).repeat(3);
    assert_eq!(parser.push(&stream[..417 + 3]), 420);
    assert_eq!(parser.next_frame(), Ok(None), "not yet confirmed");
    assert_eq!(parser.push(&stream[420..421]), 1);
    let first = parser.next_frame().expect("MP3").expect("confirmed");
    assert_eq!((first.offset, first.after_gap), (0, false));
    assert_eq!(parser.push(&stream[421..833]), 412);
    assert_eq!(parser.next_frame(), Ok(None), "one byte is missing");
    assert_eq!(parser.push(&stream[833..834]), 1);
    let second = parser.next_frame().expect("MP3").expect("complete");
    assert_eq!(second.offset, 417);
    assert_eq!(parser.header(), Some(parse(A)));
}

#[test]
fn a_single_frame_is_accepted_where_the_stream_ends_with_it() {
    let (found, skipped) = offsets(&frame(A));
    assert_eq!(found, [0]);
    assert_eq!(skipped, Skipped::default());
}

#[test]
fn a_last_frame_cut_off_is_dropped_and_counted() {
    let stream = frame(A).repeat(3);
    let (found, skipped) = offsets(&stream[..1000]);
    assert_eq!(found, [0, 417]);
    assert_eq!(skipped.truncated_frames, 1);
    assert_eq!(skipped.garbage_bytes, 0);
}

#[test]
fn a_stream_cut_in_the_middle_of_a_frame_starts_at_the_next() {
    let stream = frame(A).repeat(4);
    let (frames, skipped) = parse_cut(&stream[100..], &[]);
    let frames = frames.expect("the stream is MP3");
    assert_eq!(frames.len(), 3);
    assert_eq!(frames[0].offset, 317);
    let gaps: Vec<bool> = frames.iter().map(|frame| frame.after_gap).collect();
    assert_eq!(gaps, [true, false, false]);
    assert_eq!(skipped.garbage_bytes, 317);
    assert_eq!(skipped.resyncs, 0, "there was nothing to come back to");
}

#[test]
fn garbage_between_frames_is_counted_and_marks_the_next_frame() {
    let mut stream = frame(A).repeat(2);
    stream.extend([0xFF, 0xFB, 0xF0, 0x12, 0x99].repeat(60));
    let resumes = stream.len();
    stream.extend(frame(A).repeat(2));
    let (frames, skipped) = parse_cut(&stream, &[]);
    let frames = frames.expect("the stream is MP3");
    let found: Vec<_> = frames
        .iter()
        .map(|f| (f.offset as usize, f.after_gap))
        .collect();
    let expected = [
        (0, false),
        (417, false),
        (resumes, true),
        (resumes + 417, false),
    ];
    assert_eq!(found, expected);
    assert_eq!(skipped.garbage_bytes, 300);
    assert_eq!(skipped.resyncs, 1);
}

#[test]
fn a_mebibyte_of_garbage_does_not_end_a_stream() {
    let mut stream = frame(A).repeat(2);
    stream.extend(std::iter::repeat_n(0xFF, 1 << 20));
    stream.extend(frame(A).repeat(2));
    let (found, skipped) = offsets(&stream);
    assert_eq!(found.len(), 4);
    assert_eq!(skipped.garbage_bytes, 1 << 20);
}

#[test]
fn a_header_after_garbage_counts_only_with_another_behind_it() {
    let mut stream = frame(A).repeat(2);
    stream.push(0);
    stream.extend(A);
    stream.extend([0; 50]);
    let resumes = stream.len() as u64;
    stream.extend(frame(A).repeat(3));
    let (found, skipped) = offsets(&stream);
    assert_eq!(found, [0, 417, resumes, resumes + 417, resumes + 834]);
    assert_eq!(skipped.garbage_bytes, 55);
}

#[test]
fn one_bogus_frame_of_another_rate_is_skipped() {
    let stream = [frame(A).repeat(2), frame(B), frame(A).repeat(3)].concat();
    let (found, skipped) = offsets(&stream);
    assert_eq!(found, [0, 417, 1218, 1635, 2052]);
    assert_eq!(skipped.garbage_bytes, 384);
    assert_eq!(skipped.resyncs, 1);
}

#[test]
fn a_real_change_of_rate_and_version_goes_on_without_a_gap() {
    let stream = [frame(A).repeat(2), frame(B).repeat(2), frame(C).repeat(2)].concat();
    let (frames, skipped) = parse_cut(&stream, &[]);
    let frames = frames.expect("the stream is MP3");
    let rates: Vec<u32> = frames.iter().map(|f| f.header.sample_rate()).collect();
    assert_eq!(rates, [44_100, 44_100, 48_000, 48_000, 22_050, 22_050]);
    assert!(frames.iter().all(|frame| !frame.after_gap));
    assert_eq!(skipped, Skipped::default());
}

#[test]
fn free_format_frames_are_measured_and_followed_with_their_padding() {
    let stream = [
        frame_of(FREE, 1000),
        frame_of(FREE_PADDED, 1001),
        frame_of(FREE, 1000),
        frame_of(FREE_PADDED, 1001),
    ]
    .concat();
    let (found, skipped) = offsets(&stream);
    assert_eq!(found, [0, 1000, 2001, 3001]);
    assert_eq!(skipped, Skipped::default());
}

#[test]
fn a_header_by_chance_inside_a_free_format_frame_does_not_shorten_it() {
    let mut first = frame_of(FREE_PADDED, 1001);
    first[300..304].copy_from_slice(&FREE);
    let stream = [first, frame_of(FREE, 1000).repeat(3)].concat();
    let (found, _) = offsets(&stream);
    assert_eq!(found, [0, 1001, 2001, 3001]);
}

#[test]
fn the_longest_free_format_frames_fit() {
    let header = [0xFF, 0xE3, 0x0A, 0x64];
    let longest = crate::mp3::MAX_FRAME_BYTES;
    let (frames, skipped) = parse_cut(&frame_of(header, longest).repeat(3), &[1]);
    let lengths: Vec<usize> = frames.expect("MP3").iter().map(|f| f.data.len()).collect();
    assert_eq!(lengths, [longest; 3]);
    assert_eq!(skipped, Skipped::default());

    let (frames, _) = parse_cut(&frame_of(header, longest + 1).repeat(3), &[1]);
    assert_eq!(
        frames.map(|frames| frames.len()),
        Err(Error::NoFrame {
            searched: 3 * (longest as u64 + 1),
            text: false,
        })
    );
}
