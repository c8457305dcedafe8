use std::io::Read;
use std::path::Path;
use std::time::Duration;

use skywave_client::source::{Item, Mp3Reader};
use skywave_wire::mp3;

use crate::media::{Media, Played};

fn frames_of(file: &Path) -> Vec<mp3::Frame> {
    let bytes = std::fs::read(file).expect("the file was made");
    let mut parser = mp3::Parser::new();
    let mut frames = Vec::new();
    let mut rest = &bytes[..];
    while !rest.is_empty() {
        rest = &rest[parser.push(rest)..];
        while let Some(frame) = parser.next_frame().expect("an MP3 file") {
            frames.push(frame);
        }
    }
    while let Some(frame) = parser.finish().expect("an MP3 file") {
        frames.push(frame);
    }
    frames
}

fn with_cover(media: &Media) -> std::path::PathBuf {
    let cover = media.ffmpeg("-f lavfi -i color=red:size=64x64 -frames:v 1", "cover.png");
    let inputs = format!(
        "-f lavfi -i sine=frequency=441:duration=3 -i {}",
        cover.display()
    );
    let tags = "-metadata title=Höhe -metadata artist=Anna -metadata album=Meer";
    let coded = "-ac 2 -c:a libmp3lame -q:a 4 -c:v copy -disposition:v attached_pic";
    let maps = "-map 0:a -map 1:v";
    media.ffmpeg(&format!("{inputs} {maps} {coded} {tags}"), "cover.mp3")
}

#[test]
fn mp3_passes_byte_for_byte_without_tags_and_info_frame() {
    let media = Media::new();
    let file = with_cover(&media);
    let played = Played::new(&[&file]);
    let expected = frames_of(&file);
    let frames: Vec<_> = played
        .frames
        .iter()
        .map(|frame| frame.mp3.clone())
        .collect();
    assert!(expected.len() > 100, "{} frames", expected.len());
    assert_eq!(frames, expected);
    assert!(!played.bytes().windows(4).any(|bytes| bytes == b"Xing"));
}

#[test]
fn id3v2_tags_and_duration_come_before_the_first_frame() {
    let media = Media::new();
    let played = Played::new(&[&with_cover(&media)]);
    let [(0, track)] = &played.tracks[..] else {
        panic!("{:?}", played.tracks)
    };
    assert_eq!(track.tags.title.as_deref(), Some("Höhe"));
    assert_eq!(track.tags.artist.as_deref(), Some("Anna"));
    assert_eq!(track.tags.album.as_deref(), Some("Meer"));
    let duration = track.duration.expect("the Xing frame tells it");
    assert!(
        duration.abs_diff(Duration::from_secs(3)) < Duration::from_millis(60),
        "{duration:?}"
    );
}

/// A field of `width` bytes, filled up with zeros.
fn field(text: &str, width: usize) -> Vec<u8> {
    let mut field = text.as_bytes().to_vec();
    field.resize(width, 0);
    field
}

fn id3v1(title: &str, artist: &str) -> Vec<u8> {
    let fields = [
        field("TAG", 3),
        field(title, 30),
        field(artist, 30),
        field("", 65),
    ];
    fields.concat()
}

fn ape(title: &str) -> Vec<u8> {
    let mut item = (title.len() as u32).to_le_bytes().to_vec();
    item.extend([0; 4]);
    item.extend(b"Title\0");
    item.extend(title.as_bytes());
    let mut footer = b"APETAGEX".to_vec();
    for number in [2000, item.len() as u32 + 32, 1, 0, 0, 0] {
        footer.extend(number.to_le_bytes());
    }
    [item, footer].concat()
}

#[test]
fn tags_at_the_end_are_read_and_an_untagged_file_is_named_after_itself() {
    let media = Media::new();
    let bare = media.sine(1.0, "-c:a libmp3lame -map_metadata -1", "Night drive.mp3");
    let audio = std::fs::read(&bare).expect("the file was made");
    let old = media.write("old.mp3", &[&audio[..], &id3v1("Ende", "Anna")].concat());
    let both = [&audio[..], &ape("Anfang"), &id3v1("Anf", "Anna")].concat();
    let both = media.write("both.mp3", &both);
    let played = Played::new(&[&old, &both, &bare]);
    assert_eq!(played.titles(), ["Ende", "Anfang", "Night drive"]);
    let artists = played
        .tracks
        .iter()
        .map(|(_, track)| track.tags.artist.as_deref());
    assert_eq!(
        artists.collect::<Vec<_>>(),
        [Some("Anna"), Some("Anna"), None]
    );
    let frames = frames_of(&bare).len();
    let begins: Vec<_> = played.tracks.iter().map(|(begins, _)| *begins).collect();
    assert_eq!(begins, [0, frames, 2 * frames]);
}

#[test]
fn level_of_a_passed_sine_is_its_amplitude() {
    let media = Media::new();
    let played = Played::new(&[&media.sine(2.0, "-c:a libmp3lame -b:a 192k", "a.mp3")]);
    let middle = &played.frames[20..60];
    for frame in middle {
        let level = frame.level.expect("the frame decodes");
        assert!((level.peak_dbfs + 18.06).abs() < 0.5, "{level:?}");
        assert!((level.rms_dbfs + 21.07).abs() < 0.5, "{level:?}");
    }
}

#[test]
fn levels_go_on_where_the_channels_change() {
    let media = Media::new();
    let bare = "-c:a libmp3lame -map_metadata -1 -id3v2_version 0";
    let stereo = Played::new(&[&media.sine(1.0, bare, "a.mp3")]);
    let mono = Played::new(&[&media.sine(1.0, &format!("-ac 1 {bare}"), "b.mp3")]);
    let joined = media.write("c.mp3", &[stereo.bytes(), mono.bytes()].concat());
    let played = Played::new(&[&joined]);
    assert_eq!(played.frames.len(), stereo.frames.len() + mono.frames.len());
    let last = &played.frames[played.frames.len() - 5];
    assert_eq!(last.mp3.header.channels(), 1);
    assert!(last.level.expect("the frame decodes").rms_dbfs > -25.0);
}

#[test]
fn damaged_frames_pass_without_a_level() {
    let media = Media::new();
    let mut bytes = Played::new(&[&media.sine(2.0, "-c:a libmp3lame", "a.mp3")]).bytes();
    // Side information of all ones: impossible Huffman tables, headers untouched.
    let damaged = frames_of(&media.path("a.mp3"))[30].data.len();
    let start: usize = Played::new(&[&media.path("a.mp3")]).frames[..30]
        .iter()
        .map(|frame| frame.mp3.data.len())
        .sum();
    bytes[start + 4..start + damaged].fill(0xFF);
    let played = Played::new(&[&media.write("damaged.mp3", &bytes)]);
    assert_eq!(played.bytes(), bytes);
    assert_eq!(played.frames[30].level, None);
    assert!(played.frames[50].level.is_some());
}

/// Gives one byte a read, as slow pipes do.
struct Trickle<R>(R);

impl<R: Read> Read for Trickle<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let end = buffer.len().min(1);
        self.0.read(&mut buffer[..end])
    }
}

#[test]
fn a_reader_yields_a_track_and_the_same_frames() {
    let media = Media::new();
    let file = with_cover(&media);
    let open = std::fs::File::open(&file).expect("the file was made");
    let mut reader = Mp3Reader::new(Trickle(std::io::BufReader::new(open)), "-");
    let mut played = Played::default();
    while let Some(item) = reader.next_item().expect("MP3") {
        played.add(item);
    }
    let frames: Vec<_> = played
        .frames
        .iter()
        .map(|frame| frame.mp3.clone())
        .collect();
    assert_eq!(frames, frames_of(&file));
    assert_eq!(played.tracks.len(), 1);
    assert_eq!(played.tracks[0].0, 0);
}

#[test]
fn a_reader_of_something_else_says_what_it_is() {
    let media = Media::new();
    let file = media.sine(1.0, "-c:a flac", "a.flac");
    let open = std::fs::File::open(file).expect("the file was made");
    let mut reader = Mp3Reader::new(open, "-");
    assert!(matches!(reader.next_item(), Ok(Some(Item::Track(_)))));
    let error = reader.next_item().expect_err("FLAC is not MP3").to_string();
    assert!(
        error.starts_with("-: not audio: this is FLAC, not MP3"),
        "{error}"
    );
}
