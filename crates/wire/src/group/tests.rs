use super::*;
use proptest::prelude::*;

/// MPEG-1 Layer III, 128 kbit/s, 44.1 kHz, joint stereo: 417 bytes, 26,122 µs.
fn frame(seq: u64, time: u64) -> Frame {
    let mut data = vec![0u8; 417];
    data[..4].copy_from_slice(&[0xff, 0xfb, 0x90, 0x64]);
    data[4..12].copy_from_slice(&seq.to_be_bytes());
    Frame {
        seq: FrameSeq(seq),
        time: Micros(time),
        discontinuity: false,
        data: data.into(),
    }
}

fn encode(frames: &[Frame]) -> Bytes {
    let mut out = BytesMut::new();
    put(&mut out, frames);
    assert_eq!(out.len(), encoded_len(frames));
    out.freeze()
}

#[test]
fn times_follow_from_the_first_frame_and_the_headers() {
    let frames = [frame(7, 1_000), frame(8, 27_122), frame(9, 53_244)];
    assert_eq!(decode(encode(&frames)).expect("a good group"), frames);
}

#[test]
fn a_discontinuity_starts_a_group_of_its_own() {
    let mut frames: Vec<_> = (0..6).map(|n| frame(n, n * 26_122)).collect();
    frames[2].discontinuity = true;
    frames[4].seq = FrameSeq(100);
    frames[5].seq = FrameSeq(101);
    let lens: Vec<_> = runs(&frames, 64, MAX_BYTES).map(<[_]>::len).collect();
    assert_eq!(lens, [2, 2, 2]);
    let back = decode(encode(&frames[2..4])).expect("a good group");
    assert!(back[0].discontinuity && !back[1].discontinuity);
}

#[test]
fn a_run_ends_at_its_bounds() {
    let frames: Vec<_> = (0..10).map(|n| frame(n, 0)).collect();
    let by_count: Vec<_> = runs(&frames, 4, MAX_BYTES).map(<[_]>::len).collect();
    assert_eq!(by_count, [4, 4, 2]);
    let by_bytes: Vec<_> = runs(&frames, 64, 1000).map(<[_]>::len).collect();
    assert_eq!(by_bytes, [2, 2, 2, 2, 2]);
    let each_alone: Vec<_> = runs(&frames, 64, 10).map(<[_]>::len).collect();
    assert_eq!(each_alone, [1; 10]);
}

#[test]
fn fixed_bytes_decode() {
    let bytes = Bytes::from_static(&[1, 5, 0x40, 0x64, 4, 0xff, 0xfb, 0x90, 0x64, 1, 9]);
    let frames = decode(bytes).expect("a good group");
    assert_eq!(frames.len(), 2);
    assert!(frames[0].discontinuity);
    assert_eq!((frames[0].seq, frames[0].time), (FrameSeq(5), Micros(100)));
    assert_eq!(
        (frames[1].seq, frames[1].time),
        (FrameSeq(6), Micros(26_222))
    );
}

#[test]
fn too_many_or_too_long_or_no_frames_are_refused() {
    assert_eq!(
        decode(Bytes::from_static(&[0, 0, 0])),
        Err(DecodeError::Empty("group"))
    );
    let many: Vec<u8> = [0, 0, 0].into_iter().chain([0; 65]).collect();
    assert!(matches!(
        decode(many.into()),
        Err(DecodeError::TooLarge { value: 65, .. })
    ));
    let late = Bytes::from_static(&[0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 1, 9]);
    assert!(matches!(decode(late), Err(DecodeError::TooLarge { .. })));
    let long = Bytes::from_static(&[0, 0, 0, 0x80, 0x0f, 0xff, 0xff]);
    assert!(matches!(decode(long), Err(DecodeError::TooLarge { .. })));
}

proptest! {
    #[test]
    fn decoding_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        let _ = decode(bytes.into());
    }
}
