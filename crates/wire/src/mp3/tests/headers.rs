use super::*;
use crate::mp3::{ChannelMode, HeaderError, MAX_FRAME_BYTES, Version};

#[test]
fn a_header_tells_all_its_facts() {
    let header = parse([0xFF, 0xFA, 0x92, 0xC4]);
    assert_eq!(header.version(), Version::V1);
    assert_eq!(header.bitrate(), Some(128_000));
    assert_eq!(header.sample_rate(), 44_100);
    assert_eq!(header.mode(), ChannelMode::Mono);
    assert_eq!(header.channels(), 1);
    assert_eq!(header.samples(), 1152);
    assert_eq!(header.duration_micros(), 26_122);
    let low = parse([0xFF, 0xE3, 0x80, 0xC4]);
    assert_eq!(low.duration_micros(), 52_245, "52244.9 rounded");
    assert!(header.has_crc());
    assert!(header.has_padding());
    assert_eq!(header.frame_bytes(), Some(418));
}

#[test]
fn each_version_has_its_own_rates() {
    let facts = |kind: u8, rates: u8| {
        let header = parse([0xFF, kind, rates, 0]);
        let bytes = header.frame_bytes();
        (
            header.sample_rate(),
            header.bitrate(),
            header.samples(),
            bytes,
        )
    };
    assert_eq!(facts(0xFB, 0xE0), (44_100, Some(320_000), 1152, Some(1044)));
    assert_eq!(facts(0xFB, 0x14), (48_000, Some(32_000), 1152, Some(96)));
    assert_eq!(facts(0xFB, 0xE8), (32_000, Some(320_000), 1152, Some(1440)));
    assert_eq!(facts(0xF3, 0xE0), (22_050, Some(160_000), 576, Some(522)));
    assert_eq!(facts(0xF3, 0x14), (24_000, Some(8_000), 576, Some(24)));
    assert_eq!(facts(0xF3, 0x88), (16_000, Some(64_000), 576, Some(288)));
    assert_eq!(facts(0xE3, 0x80), (11_025, Some(64_000), 576, Some(417)));
    assert_eq!(facts(0xE3, 0x84), (12_000, Some(64_000), 576, Some(384)));
    assert_eq!(facts(0xE3, 0xE8), (8_000, Some(160_000), 576, Some(1440)));
    assert_eq!(facts(0xFB, 0x00), (44_100, None, 1152, None));
}

#[test]
fn what_is_no_header_says_why() {
    let error = |bytes| Header::parse(bytes).expect_err("not a Layer III header");
    assert_eq!(error([0xFE, 0xFB, 0x90, 0]), HeaderError::NoSync);
    assert_eq!(error([0xFF, 0xDB, 0x90, 0]), HeaderError::NoSync);
    assert_eq!(error([0xFF, 0xEB, 0x90, 0]), HeaderError::ReservedVersion);
    assert_eq!(error([0xFF, 0xF9, 0x90, 0]), HeaderError::ReservedLayer);
    assert_eq!(error([0xFF, 0xFD, 0x90, 0]), HeaderError::Layer(2));
    assert_eq!(error([0xFF, 0xFF, 0x90, 0]), HeaderError::Layer(1));
    assert_eq!(error([0xFF, 0xFB, 0xF0, 0]), HeaderError::ForbiddenBitrate);
    assert_eq!(
        error([0xFF, 0xFB, 0x9C, 0]),
        HeaderError::ReservedSampleRate
    );
}

#[test]
fn no_header_describes_a_frame_beyond_the_bound_or_without_its_side_information() {
    let mut longest = 0;
    let mut seen = 0;
    for bits in 0..=0xFF_FFFF_u32 >> 3 {
        let [_, kind, rates, channels] = (0xFFE0_0000 | bits).to_be_bytes();
        let Ok(header) = Header::parse([0xFF, kind, rates, channels]) else {
            continue;
        };
        seen += 1;
        longest = longest.max(header.max_free_bytes() + 1);
        if let Some(bytes) = header.frame_bytes() {
            assert!(bytes <= MAX_FRAME_BYTES, "{header:?}");
            let needed = header.side_info_at() + header.side_info_bytes();
            assert!(bytes >= needed, "{header:?}");
        }
    }
    assert!(seen > 0);
    assert_eq!(longest, MAX_FRAME_BYTES);
}

#[test]
fn a_stream_keeps_its_version_and_rate_but_not_its_bit_rate_or_channels() {
    let a = parse(A);
    assert!(a.same_stream(&parse(A_PADDED)));
    assert!(a.same_stream(&parse([0xFF, 0xFA, 0xE0, 0xC0])));
    assert!(!a.same_stream(&parse(B)));
    assert!(!a.same_stream(&parse(C)));
    assert!(!a.same_stream(&parse(FREE)));
}

#[test]
fn the_reach_into_the_bit_reservoir_is_read_behind_the_header_and_the_crc() {
    let reach = |header: [u8; 4], at: usize, bytes: [u8; 2]| {
        let mut first = frame(header);
        first[at..at + 2].copy_from_slice(&bytes);
        let (frames, _) = parse_cut(&first, &[]);
        frames.expect("one frame")[0].main_data_begin
    };
    assert_eq!(reach(A, 4, [0xFF, 0x80]), 511);
    assert_eq!(reach(A, 4, [0x01, 0x7F]), 2);
    assert_eq!(reach([0xFF, 0xFA, 0x90, 0x64], 6, [0x80, 0x80]), 257);
    assert_eq!(reach(C, 4, [0xFF, 0xFF]), 255);
    assert_eq!(reach([0xFF, 0xF2, 0x80, 0xC4], 6, [0x07, 0xFF]), 7);
}
