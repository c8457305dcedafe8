//! Files made by real encoders, framed here and by ffprobe: both must find the same frames at the
//! same places. Needs Debian's `ffmpeg` and `lame`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use skywave_wire::mp3::{ChannelMode, Frame, Header, Parser, Skipped, Version};
use tempfile::TempDir;

const SECONDS: u64 = 3;

#[test]
fn constant_bit_rates() {
    let studio = Studio::new();
    let wav = studio.wav(44_100, 2);
    for kbits in [32, 56, 96, 128, 192, 256, 320] {
        let file = studio.lame(&wav, &["-b", &kbits.to_string()]);
        let parsed = assert_as_ffprobe(&file);
        assert!(parsed.headers().all(|h| h.bitrate() == Some(kbits * 1000)));
        // LAME's information frame needs a frame of 192 bytes.
        assert_eq!(parsed.skipped.info_frames, u64::from(kbits >= 64));
    }
}

#[test]
fn variable_and_average_bit_rates() {
    let studio = Studio::new();
    let wav = studio.wav(44_100, 2);
    for quality in [&["-V0"][..], &["-V4"], &["-V9"], &["--abr", "137"]] {
        let parsed = assert_as_ffprobe(&studio.lame(&wav, quality));
        let first = parsed.frames[0].header.bitrate();
        assert!(parsed.headers().any(|header| header.bitrate() != first));
    }
}

#[test]
fn every_sample_rate_of_every_version() {
    let studio = Studio::new();
    for rate in [
        8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 48_000,
    ] {
        let version = match rate {
            ..16_000 => Version::V2_5,
            16_000..32_000 => Version::V2,
            _ => Version::V1,
        };
        let wav = studio.wav(rate, 2);
        let options = [
            "--resample",
            &(f64::from(rate) / 1000.0).to_string(),
            "-b",
            "64",
        ];
        let parsed = assert_as_ffprobe(&studio.lame(&wav, &options));
        assert!(
            parsed
                .headers()
                .all(|h| (h.version(), h.sample_rate()) == (version, rate))
        );
    }
}

#[test]
fn every_channel_mode() {
    let studio = Studio::new();
    let modes = [
        ("s", ChannelMode::Stereo),
        ("f", ChannelMode::JointStereo),
        ("d", ChannelMode::DualChannel),
        ("m", ChannelMode::Mono),
    ];
    for rate in [44_100, 22_050] {
        let wav = studio.wav(rate, 2);
        for (letter, mode) in modes {
            let parsed = assert_as_ffprobe(&studio.lame(&wav, &["-m", letter, "-b", "96"]));
            assert!(parsed.headers().all(|header| header.mode() == mode));
        }
    }
}

#[test]
fn a_crc_behind_every_header() {
    let studio = Studio::new();
    for rate in [44_100, 24_000] {
        let parsed = assert_as_ffprobe(&studio.lame(&studio.wav(rate, 2), &["-p", "-V5"]));
        assert!(parsed.headers().all(|header| header.has_crc()));
        assert_eq!(parsed.skipped.info_frames, 1);
        assert_reservoir_holds(&parsed.frames);
    }
}

/// The reach of a frame is right where the frames before it hold that many bytes of main data.
#[test]
fn frames_reach_no_further_back_than_there_is_audio() {
    let studio = Studio::new();
    for (rate, channels) in [(44_100, 2), (44_100, 1), (22_050, 2), (8_000, 1)] {
        let wav = studio.wav(rate, channels);
        let parsed = assert_as_ffprobe(&studio.lame(&wav, &["-V6"]));
        assert_reservoir_holds(&parsed.frames);
    }
}

#[test]
fn a_file_without_an_information_frame() {
    let studio = Studio::new();
    let file = studio.lame(&studio.wav(44_100, 2), &["-t", "-b", "128"]);
    let parsed = assert_as_ffprobe(&file);
    assert_eq!(parsed.skipped, Skipped::default());
    assert_eq!(parsed.frames[0].offset, 0);
}

#[test]
fn tags_with_a_cover_image_before_and_behind_the_audio() {
    let studio = Studio::new();
    let cover = studio.path("cover.jpg");
    let cover_name = studio.name(&cover);
    let image = "mandelbrot=size=1200x1200";
    run(
        "ffmpeg",
        &[
            "-v",
            "error",
            "-f",
            "lavfi",
            "-i",
            image,
            "-frames:v",
            "1",
            "-q:v",
            "2",
            &cover_name,
        ],
    );
    let cover_bytes = fs::metadata(&cover).expect("the cover was made").len();
    assert!(
        cover_bytes > 60_000,
        "the tag has to be larger than any buffer"
    );

    let plain = studio.name(&studio.lame(&studio.wav(44_100, 2), &["-b", "128"]));
    let tagged = studio.path("tagged.mp3");
    let inputs = ["-v", "error", "-i", &plain, "-i", &cover_name];
    let copies = [
        "-map",
        "0:a",
        "-map",
        "1:v",
        "-c",
        "copy",
        "-write_id3v1",
        "1",
    ];
    let title = ["-metadata", "title=Skywave", &studio.name(&tagged)];
    run("ffmpeg", &[&inputs[..], &copies, &title].concat());

    let parsed = assert_as_ffprobe(&tagged);
    assert!(parsed.skipped.tag_bytes > cover_bytes + 128);
    assert_eq!(parsed.skipped.garbage_bytes, 0);
    assert!(parsed.frames.iter().all(|frame| !frame.after_gap));
}

#[test]
fn a_stream_that_begins_and_ends_amid_a_frame() {
    let studio = Studio::new();
    let whole = studio.lame(&studio.wav(44_100, 2), &["-t", "-V2"]);
    let bytes = fs::read(&whole).expect("lame wrote the file");
    let all = assert_as_ffprobe(&whole).frames;
    let (first, last) = (&all[5], &all[all.len() - 1]);
    let from = first.offset - 100;
    let cut = &bytes[from as usize..last.offset as usize + 50];

    let parsed = Parsed::of(cut);
    let places: Vec<_> = parsed
        .places()
        .map(|(at, size)| (at + from, size))
        .collect();
    let expected: Vec<_> = all[5..all.len() - 1].iter().map(place).collect();
    assert_eq!(places, expected);
    assert!(parsed.frames[0].after_gap);
    assert_eq!(parsed.skipped.garbage_bytes, 100);
    assert_eq!(parsed.skipped.truncated_frames, 1);
}

/// ffmpeg 5.1 does not know free format: it sees no frame, or frames where none are. LAME's own
/// information frame tells how many frames and bytes the file has, counted by the encoder.
#[test]
fn free_format() {
    let studio = Studio::new();
    for (rate, kbits) in [
        (44_100, "200"),
        (44_100, "640"),
        (48_000, "400"),
        (22_050, "200"),
    ] {
        let wav = studio.wav(rate, 2);
        let file = studio.lame(&wav, &["--freeformat", "-b", kbits]);
        let bytes = fs::read(&file).expect("lame wrote the file");
        let parsed = Parsed::of(&bytes);
        assert!(parsed.headers().all(|header| header.bitrate().is_none()));
        assert_eq!(parsed.skipped.garbage_bytes, 0);
        assert_eq!(parsed.skipped.info_frames, 1);
        let (frames, length) = counted_by_lame(&bytes);
        assert_eq!(parsed.frames.len(), frames);
        assert_eq!(bytes.len(), length);
        let last = parsed.frames.last().expect("at least one frame");
        assert_eq!(last.offset as usize + last.data.len(), bytes.len());
    }
}

/// A place for files, and the encoders that fill it.
struct Studio(TempDir);

impl Studio {
    fn new() -> Studio {
        Studio(tempfile::tempdir().expect("a temporary directory can be made"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn name(&self, path: &Path) -> String {
        path.to_str()
            .expect("the temporary directory has a UTF-8 name")
            .to_owned()
    }

    /// Music of a kind: a chord that swells over noise, so that the bit rates of VBR vary.
    fn wav(&self, rate: u32, channels: u32) -> PathBuf {
        let path = self.path(&format!("{rate}-{channels}.wav"));
        let left = "0.4*sin(440*2*PI*t)*sin(PI*t)+0.3*random(0)*floor(mod(3*t,2))";
        let right = "0.4*sin(554*2*PI*t)+0.2*random(1)*floor(mod(2*t,2))";
        let music = format!("aevalsrc='{left}|{right}':s={rate}:d={SECONDS}");
        let channels = channels.to_string();
        let source = ["-v", "error", "-y", "-f", "lavfi", "-i", &music];
        run(
            "ffmpeg",
            &[&source[..], &["-ac", &channels, &self.name(&path)]].concat(),
        );
        path
    }

    fn lame(&self, wav: &Path, options: &[&str]) -> PathBuf {
        let path = self.path("encoded.mp3");
        let files = [self.name(wav), self.name(&path)];
        let fixed = ["--quiet", "-q", "7", &files[0], &files[1]];
        run("lame", &[options, &fixed].concat());
        path
    }
}

struct Parsed {
    frames: Vec<Frame>,
    skipped: Skipped,
}

impl Parsed {
    fn of(mut bytes: &[u8]) -> Parsed {
        let mut parser = Parser::new();
        let mut frames = Vec::new();
        while !bytes.is_empty() {
            let piece = bytes.len().min(1200);
            bytes = &bytes[parser.push(&bytes[..piece])..];
            while let Some(frame) = parser.next_frame().expect("the file is MP3") {
                frames.push(frame);
            }
        }
        while let Some(frame) = parser.finish().expect("the file is MP3") {
            frames.push(frame);
        }
        assert!(!frames.is_empty());
        let skipped = parser.skipped();
        Parsed { frames, skipped }
    }

    fn headers(&self) -> impl Iterator<Item = &Header> {
        self.frames.iter().map(|frame| &frame.header)
    }

    fn places(&self) -> impl Iterator<Item = (u64, usize)> {
        self.frames.iter().map(place)
    }
}

fn place(frame: &Frame) -> (u64, usize) {
    (frame.offset, frame.data.len())
}

/// Parses a file and holds the frames against ffprobe's packets, and against the time that the
/// encoder was given.
fn assert_as_ffprobe(file: &Path) -> Parsed {
    let parsed = Parsed::of(&fs::read(file).expect("the encoder wrote the file"));
    let name = file.to_string_lossy();
    let fields = ["-show_entries", "packet=pos,size", "-of", "compact=p=0"];
    let options = ["-v", "error", "-select_streams", "a", &name];
    let listing = run("ffprobe", &[&fields[..], &options].concat());
    let packets: Vec<(u64, usize)> = listing.lines().filter_map(packet).collect();
    assert_eq!(parsed.places().collect::<Vec<_>>(), packets, "{name}");

    let micros: u64 = parsed.headers().map(Header::duration_micros).sum();
    let most = SECONDS * 1_000_000 + 4 * parsed.frames[0].header.duration_micros();
    assert!((SECONDS * 1_000_000..most).contains(&micros), "{micros} µs");
    parsed
}

/// `size=417|pos=834`, with more behind where a packet has side data.
fn packet(line: &str) -> Option<(u64, usize)> {
    let field = |name: &str| line.split('|').find_map(|field| field.strip_prefix(name));
    Some((field("pos=")?.parse().ok()?, field("size=")?.parse().ok()?))
}

fn assert_reservoir_holds(frames: &[Frame]) {
    let mut before = 0;
    let mut deepest = 0;
    for frame in frames {
        let reach = usize::from(frame.main_data_begin);
        assert!(
            reach <= before,
            "{reach} of {before} bytes at {}",
            frame.offset
        );
        deepest = deepest.max(reach);
        before = reach + main_data_bytes(frame);
    }
    assert!(deepest > 0, "the encoder used its reservoir");
}

fn main_data_bytes(frame: &Frame) -> usize {
    let side_info = match (frame.header.version(), frame.header.channels()) {
        (Version::V1, 2) => 32,
        (Version::V1, _) | (_, 2) => 17,
        (_, _) => 9,
    };
    let crc = if frame.header.has_crc() { 2 } else { 0 };
    frame.data.len() - 4 - crc - side_info
}

/// The frames without the information frame, and the bytes with it, as the information frame says.
fn counted_by_lame(file: &[u8]) -> (usize, usize) {
    let info = file.windows(4).position(|bytes| bytes == b"Info");
    let info = info.expect("LAME wrote an information frame");
    let word = |index: usize| {
        let bytes = &file[info + 4 * index..];
        u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize
    };
    assert_eq!(word(1) & 3, 3, "it counts frames and bytes");
    (word(2), word(3))
}

fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .unwrap_or_else(|error| {
            panic!(
                "cannot run {program} ({error}): these tests need Debian's ffmpeg and lame packages"
            )
        });
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{program} {arguments:?} failed: {errors}"
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}
