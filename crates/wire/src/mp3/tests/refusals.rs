use super::*;
use crate::mp3::{Format, SEARCH_BYTES};

fn refusal(stream: &[u8]) -> Error {
    parse_cut(stream, &[]).0.expect_err("the stream is not MP3")
}

#[test]
fn layers_one_and_two_are_refused_by_name_and_place() {
    // MPEG-1 Layer II, 44.1 kHz, 192 kbit/s: 626 bytes; Layer I, 48 kHz, 384 kbit/s: 384 bytes.
    let second = frame_of([0xFF, 0xFD, 0xA0, 0x04], 626).repeat(2);
    let error = refusal(&[&[0; 50], &second[..]].concat());
    assert_eq!(
        error,
        Error::Layer {
            layer: 2,
            offset: 50
        }
    );
    let words = "this is MPEG audio Layer 2, not MP3 (Layer 3): its frames begin at byte 50";
    assert_eq!(error.to_string(), words);

    let first = frame_of([0xFF, 0xFF, 0xC4, 0x04], 384).repeat(2);
    assert_eq!(
        refusal(&first),
        Error::Layer {
            layer: 1,
            offset: 0
        }
    );
}

#[test]
fn aac_is_refused_by_name_and_place() {
    let frame = frame_of([0xFF, 0xF1, 0x50, 0x80], 200);
    let mut frame = frame;
    frame[4..7].copy_from_slice(&[(200 >> 3) as u8, (200 << 5 & 0xE0) as u8 | 0x1F, 0xFC]);
    let error = refusal(&frame.repeat(2));
    assert_eq!(error, Error::Adts { offset: 0 });
    assert_eq!(
        error.to_string(),
        "this is AAC (ADTS), not MP3: its frames begin at byte 0"
    );
}

#[test]
fn one_header_of_another_layer_is_only_garbage() {
    let stream = [frame_of([0xFF, 0xFD, 0xA0, 0x04], 626), frame(A).repeat(2)].concat();
    let (found, skipped) = offsets(&stream);
    assert_eq!(found, [626, 1043]);
    assert_eq!(skipped.garbage_bytes, 626);
}

#[test]
fn another_layer_amid_a_stream_does_not_end_it() {
    let second = frame_of([0xFF, 0xFD, 0xA0, 0x04], 626).repeat(3);
    let stream = [frame(A).repeat(2), second, frame(A).repeat(2)].concat();
    let (found, _) = offsets(&stream);
    assert_eq!(found.len(), 4);
}

#[test]
fn known_formats_are_refused_at_their_first_bytes() {
    let cases: [(&[u8], Format); 11] = [
        (b"OggS\0\x02", Format::Ogg),
        (b"fLaC\0\0\0\x22", Format::Flac),
        (b"RIFF\x24\0\0\0WAVE", Format::Wave),
        (b"FORM\0\0\0\0AIFF", Format::Aiff),
        (b"\0\0\0\x20ftypM4A ", Format::Mp4),
        (b"\x1A\x45\xDF\xA3", Format::WebM),
        (b"\r\n <!DOCTYPE html>", Format::Html),
        (b"\xEF\xBB\xBF<html>", Format::Html),
        (b"<?xml version='1.0'?>", Format::Html),
        (b"#EXTM3U\n", Format::Playlist),
        (b"[playlist]\n", Format::Playlist),
    ];
    for (opening, format) in cases {
        assert_eq!(refusal(opening), Error::Foreign { format, offset: 0 });
    }
    assert_eq!(
        refusal(b"OggS").to_string(),
        "this is Ogg, not MP3: it begins at byte 0"
    );
}

#[test]
fn a_format_is_recognised_alike_however_its_beginning_is_cut() {
    let early = [&b"\n".repeat(20)[..], b"<html>"].concat();
    let late = [&b"\n".repeat(40)[..], b"<html>"].concat();
    for stream in [early, late] {
        assert_eq!(parse_cut(&stream, &[1]), parse_cut(&stream, &[]));
    }
}

#[test]
fn a_tag_before_another_format_does_not_hide_it() {
    let stream = b"ID3\x03\0\0\0\0\0\x02..fLaC\0\0\0\x22";
    let format = Format::Flac;
    assert_eq!(refusal(stream), Error::Foreign { format, offset: 12 });
}

#[test]
fn garbage_without_a_frame_is_refused_at_the_limit() {
    let error = refusal(&vec![0; SEARCH_BYTES as usize + 1]);
    let expected = Error::NoFrame {
        searched: SEARCH_BYTES,
        text: false,
    };
    assert_eq!(error, expected);

    let mut late = vec![0; SEARCH_BYTES as usize - 1];
    late.extend(frame(A).repeat(2));
    assert_eq!(offsets(&late).0.len(), 2);
}

#[test]
fn text_is_refused_when_it_ends() {
    let error = refusal(b"Once upon a midnight dreary");
    assert_eq!(
        error.to_string(),
        "no MP3 frame found in 27 bytes: they are plain text"
    );
    let error = refusal(b"Once upon\0a midnight dreary");
    assert_eq!(error.to_string(), "no MP3 frame found in 27 bytes");
}

#[test]
fn an_empty_stream_holds_no_frame() {
    assert_eq!(refusal(&[]).to_string(), "no MP3 frame found in 0 bytes");
}

#[test]
fn a_refusal_is_final_and_takes_all_further_bytes() {
    let mut parser = Parser::new();
    assert_eq!(parser.push(b"OggS"), 4);
    let refused = Err(Error::Foreign {
        format: Format::Ogg,
        offset: 0,
    });
    assert_eq!(parser.next_frame(), refused);
    assert_eq!(parser.push(&frame(A).repeat(100)), 41_700);
    assert_eq!(parser.next_frame(), refused);
    assert_eq!(parser.finish(), refused);
    assert_eq!(parser.kept_bytes(), 0);
}
