//! What a listener hears are the frames that the owner sent: every one, byte for
//! byte, in order, whatever kind of MP3 they are and however they are delivered.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use bytes::Bytes;
use skywave_client::{Heard, Subscription};
use skywave_wire::control::{Delivery, Join};

use crate::support::{self, PATIENCE, Relay, Studio, channel, data_of, frames_of, run, within};

/// How long the files play.
const SECONDS: f64 = 2.0;

/// A file, and the frames that ffprobe finds in it, where it can read it at all.
struct Source {
    name: &'static str,
    path: PathBuf,
    probed: Option<usize>,
}

fn sources(studio: &Studio) -> Vec<Source> {
    let ffmpeg: [(&str, &[&str]); 13] = [
        ("cbr-32", &["-b:a", "32k"]),
        ("cbr-128", &["-b:a", "128k"]),
        ("cbr-320-48k", &["-b:a", "320k", "-ar", "48000"]),
        ("cbr-320-32k", &["-b:a", "320k", "-ar", "32000"]),
        ("vbr-best", &["-q:a", "0"]),
        ("vbr-least", &["-q:a", "9"]),
        ("mono", &["-ac", "1", "-b:a", "64k"]),
        ("stereo", &["-joint_stereo", "0", "-b:a", "192k"]),
        ("mpeg-2", &["-ar", "22050", "-b:a", "48k"]),
        ("mpeg-2.5", &["-ar", "8000", "-b:a", "16k", "-ac", "1"]),
        ("no-info-frame", &["-write_xing", "0", "-b:a", "128k"]),
        ("no-reservoir", &["-reservoir", "0", "-b:a", "160k"]),
        (
            "id3",
            &[
                "-b:a",
                "128k",
                "-metadata",
                "title=Ünïcode",
                "-write_id3v1",
                "1",
            ],
        ),
    ];
    let mut sources: Vec<Source> = ffmpeg
        .into_iter()
        .map(|(name, options)| {
            let path = studio.ffmpeg(&format!("{name}.mp3"), SECONDS, options);
            let probed = Some(probe(&path));
            Source { name, path, probed }
        })
        .collect();
    let wav = studio.ffmpeg("music.wav", SECONDS, &[]);
    let cover = studio.path("cover.png");
    run(Command::new("ffmpeg")
        .args([
            "-v",
            "error",
            "-f",
            "lavfi",
            "-i",
            "testsrc=s=300x300",
            "-frames:v",
            "1",
        ])
        .arg(&cover));
    let cover_option = cover.to_str().expect("a path");
    let path = studio.lame(
        "cover.mp3",
        &wav,
        &["-V2", "--ti", cover_option, "--tt", "Covered"],
    );
    sources.push(Source {
        name: "cover",
        probed: Some(probe(&path)),
        path,
    });
    let path = studio.lame("crc.mp3", &wav, &["-p", "-b", "128"]);
    sources.push(Source {
        name: "crc",
        probed: Some(probe(&path)),
        path,
    });
    sources.push(Source {
        name: "free-format",
        path: studio.lame("free.mp3", &wav, &["--freeformat", "-b", "400"]),
        // ffmpeg reads no free format.
        probed: None,
    });
    sources.push(cut_mid_frame(studio));
    sources
}

/// A stream joined somewhere in the middle of a frame.
fn cut_mid_frame(studio: &Studio) -> Source {
    let whole = studio.mp3("whole.mp3", SECONDS);
    let frames = frames_of(&whole);
    let bytes = std::fs::read(&whole).expect("a file");
    let path = studio.path("cut.mp3");
    let from = frames[3].offset as usize + 100;
    std::fs::write(&path, &bytes[from..]).expect("written");
    Source {
        name: "cut-mid-frame",
        path,
        probed: Some(frames.len() - 4),
    }
}

fn probe(path: &Path) -> usize {
    let packets = run(Command::new("ffprobe")
        .args([
            "-v",
            "error",
            "-select_streams",
            "a",
            "-show_entries",
            "packet=size",
            "-of",
            "csv",
        ])
        .arg(path));
    packets
        .lines()
        .filter(|line| line.starts_with("packet"))
        .count()
}

/// Hears until the channel goes off the air.
async fn hear_all(mut subscription: Subscription) -> Vec<Bytes> {
    let mut heard = Vec::new();
    let mut offline = false;
    loop {
        let next = subscription.next();
        let moment = Duration::from_secs(1);
        match tokio::time::timeout(moment, next).await {
            Ok(Ok(Heard::Frame(frame))) => heard.push(frame.data),
            Ok(Ok(Heard::Offline)) => offline = true,
            Ok(Ok(_)) => {}
            Ok(Err(error)) => panic!("{error}"),
            Err(_) if offline => return heard,
            Err(_) => {}
        }
    }
}

/// Publishes the file on a channel of its own to one listener.
async fn what_is_heard(
    relay: &Relay,
    source: &Source,
    delivery: Delivery,
    latency_ms: u64,
) -> Vec<Bytes> {
    let name = format!("{}-{delivery:?}-{latency_ms}", source.name);
    let join = Join {
        channel_id: channel(&name),
        latency_ms,
        delivery,
        wait: true,
    };
    let listener = relay.session("listener").await;
    let subscription = listener.join(join).await.expect("joined");
    let listening = tokio::spawn(hear_all(subscription));
    let mut broadcast = relay.publisher(&name).await;
    let bytes = std::fs::read(&source.path).expect("a file");
    // As an encoder sends: in pieces, at the pace of the audio.
    let pieces = bytes.chunks(1_000);
    let pause = Duration::from_secs_f64(SECONDS / pieces.len() as f64);
    for piece in pieces {
        broadcast.write(piece).await.expect("taken");
        tokio::time::sleep(pause).await;
    }
    broadcast.stop().await.expect("stopped");
    within(listening).await.expect("listened")
}

/// Publishes the file with `skywave publish` to `skywave listen -o`.
fn what_the_programs_write(url: &str, source: &Source, delivery: &str, most: u64) -> Vec<u8> {
    let channel = format!("{}-programs-{delivery}", source.name);
    let written = source.path.with_extension(format!("{delivery}.heard"));
    let skywave = |command: &str| {
        let mut program = Command::new(env!("CARGO_BIN_EXE_skywave"));
        program.args([command, "--url", url, "--channel", &channel]);
        program.stdin(Stdio::null()).stdout(Stdio::null());
        program
    };
    let mut listen = skywave("listen");
    listen
        .args(["--wait", "--json", "--delivery", delivery, "-o"])
        .arg(&written);
    let mut listening = listen.stderr(Stdio::piped()).spawn().expect("a listener");
    let mut lines = BufReader::new(listening.stderr.take().expect("a pipe")).lines();
    let mut until = |event: &str| {
        let told = lines.find(|line| line.as_ref().is_ok_and(|line| line.contains(event)));
        assert!(told.is_some(), "{}: no {event}", source.name);
    };
    until("\"joined\"");
    let mut publish = skywave("publish");
    run(publish.stderr(Stdio::null()).arg(&source.path));
    until("\"offline\"");
    // The last frames come on another stream than that event.
    let deadline = Instant::now() + PATIENCE;
    let written = loop {
        let bytes = std::fs::read(&written).expect("a file");
        if bytes.len() as u64 >= most || Instant::now() > deadline {
            break bytes;
        }
        std::thread::yield_now();
    };
    listening.kill().expect("it listens");
    listening.wait().expect("it ends");
    written
}

async fn check(relay: &Relay, source: &Source) {
    let sent = data_of(&frames_of(&source.path));
    assert!(sent.len() > 20, "{}", source.name);
    if let Some(probed) = source.probed {
        assert_eq!(
            sent.len(),
            probed,
            "{}: frames against ffprobe",
            source.name
        );
    }
    for delivery in [Delivery::Stream, Delivery::Datagram] {
        let heard = what_is_heard(relay, source, delivery, 0).await;
        let first_difference = sent
            .iter()
            .zip(&heard)
            .position(|(sent, heard)| sent != heard);
        assert!(
            heard == sent,
            "{} by {delivery:?}: {} of {} frames, first difference at {first_difference:?}",
            source.name,
            heard.len(),
            sent.len()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_frame_arrives_byte_for_byte_and_in_order() {
    let studio = Studio::open();
    let relay = support::relay().await;
    let sources = sources(&studio);
    assert!(sources.len() >= 12);
    futures_util::future::join_all(sources.iter().map(|source| check(&relay, source))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_listen_writes_is_what_publish_read() {
    let studio = Studio::open();
    let relay = support::relay().await;
    let sources = sources(&studio);
    assert!(sources.len() >= 12);
    std::thread::scope(|scope| {
        for source in &sources {
            let url = &relay.url;
            scope.spawn(move || {
                let sent = data_of(&frames_of(&source.path)).concat();
                for delivery in ["stream", "datagram"] {
                    let written = what_the_programs_write(url, source, delivery, sent.len() as u64);
                    assert!(
                        written == sent,
                        "{} by {delivery}: {} of {} bytes",
                        source.name,
                        written.len(),
                        sent.len()
                    );
                }
            });
        }
    });
}
