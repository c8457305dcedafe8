//! Bad bytes and bad manners on the ingest stream.

use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use skywave_client::Subscription;
use skywave_wire::group::Frame;
use skywave_wire::mp3;
use tokio::time::{Instant, timeout};
use wtransport::SendStream;

use super::bare::{Bare, assert_error};
use super::{Bystander, figure, music, noise};
use crate::support::{
    self, Relay, Studio, data_of, frames_of, next_frame, relay, relay_with, within,
};

const CHANNEL: &str = "here";
const GARBAGE: &str = "skywave_ingest_skipped_bytes_total{kind=\"garbage\"}";
/// What the relay reads ahead of the bytes that it has judged.
const READ_BYTES: u64 = 8 << 10;
/// QUIC's window of one stream: bytes on their way that the relay has not read.
const WINDOW_BYTES: u64 = 64 << 10;

/// A publisher with an open ingest stream, its listener, and a bystander.
struct Stage {
    relay: Relay,
    bystander: Bystander,
    publisher: Bare,
    ingest: SendStream,
    listener: Subscription,
}

impl Stage {
    async fn set() -> Self {
        Self::set_in(relay().await).await
    }

    async fn set_in(relay: Relay) -> Self {
        let bystander = Bystander::begin(&relay).await;
        let listener = relay.listener(CHANNEL).await;
        let mut publisher = Bare::open(&relay).await;
        let ingest = publisher.publish(CHANNEL).await;
        Self {
            relay,
            bystander,
            publisher,
            ingest,
            listener,
        }
    }

    async fn send(&mut self, bytes: &[u8]) {
        within(self.ingest.write_all(bytes)).await.expect("taken");
    }

    async fn hear(&mut self, count: usize) -> Vec<Frame> {
        let mut heard: Vec<Frame> = Vec::with_capacity(count);
        while heard.len() < count {
            let frame = next_frame(&mut self.listener).await;
            if let Some(last) = heard.last() {
                assert_eq!(frame.seq, last.seq.plus(1));
            }
            heard.push(frame);
        }
        heard
    }

    /// Hears just these frames before the channel is off the air.
    async fn hears_all(&mut self, sent: &[Bytes]) -> Vec<Frame> {
        let heard = self.hear(sent.len()).await;
        for (n, (heard, sent)) in heard.iter().zip(sent).enumerate() {
            assert_eq!(heard.data, sent, "frame {n}");
        }
        self.ingest.finish().await.expect("finished");
        let stopped = self
            .publisher
            .ask("stream:stop", json!({"channelId": CHANNEL}))
            .await;
        assert_eq!(stopped["type"], "ok", "{stopped}");
        support::heard(&mut self.listener, |heard| match heard {
            skywave_client::Heard::Offline => Some(()),
            skywave_client::Heard::Frame(frame) => panic!("one frame too many: {frame:?}"),
            _ => None,
        })
        .await;
        heard
    }

    async fn end(mut self) {
        self.publisher.goes_on().await;
        self.bystander.end().await;
    }
}

/// Sends bytes that are no MP3: they are refused in these words, nothing of them
/// is heard, and the same session can go on the air with what is MP3.
async fn refused(bytes: &[u8], words: &[&str]) {
    let mut stage = Stage::set().await;
    // The relay may stop the stream before it has taken all of it.
    let _ = within(stage.ingest.write_all(bytes)).await;
    let _ = stage.ingest.finish().await;
    let fault = stage.publisher.fault().await;
    assert_error(&fault, "not-mp3", words);
    let stopped = stage
        .publisher
        .ask("stream:stop", json!({"channelId": CHANNEL}))
        .await;
    assert_error(&stopped, "not-publishing", &["does not publish on here"]);

    let good = data_of(&music()[..20]);
    stage.ingest = stage.publisher.publish(CHANNEL).await;
    stage.send(&good.concat()).await;
    let heard = stage.hear(good.len()).await;
    assert_eq!(heard[0].data, good[0]);
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_no_mp3_are_refused() {
    refused(&noise(1, 200_000), &["no MP3 frame found in 65536 bytes"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_writes_no_mp3_gets_the_reason_as_its_error() {
    let relay = relay().await;
    let mut broadcast = relay.publisher(CHANNEL).await;
    let writing = async {
        loop {
            if let Err(error) = broadcast.write(&noise(2, 10_000)).await {
                return error;
            }
        }
    };
    let error = within(writing).await.to_string();
    assert!(
        error.contains("no MP3 frame found in 65536 bytes"),
        "{error}"
    );
    assert!(error.contains("not-mp3"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_file_is_refused_as_text() {
    let text = "Ladies and gentlemen, this is not music.\n".repeat(100);
    refused(
        text.as_bytes(),
        &["no MP3 frame", "4100 bytes", "plain text"],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn aac_is_refused_as_aac() {
    let studio = Studio::open();
    let aac = studio.ffmpeg("music.aac", 1.0, &["-c:a", "aac", "-f", "adts"]);
    let bytes = std::fs::read(aac).expect("a file");
    refused(&bytes, &["AAC (ADTS), not MP3", "byte 0"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn layer_2_is_refused_as_layer_2() {
    let studio = Studio::open();
    let layer_2 = studio.ffmpeg("music.mp2", 1.0, &["-c:a", "mp2", "-b:a", "192k"]);
    let bytes = std::fs::read(layer_2).expect("a file");
    refused(&bytes, &["Layer 2, not MP3", "byte 0"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_truncated_file_every_whole_frame_is_heard() {
    let mut stage = Stage::set().await;
    let whole = data_of(&music()[..30]);
    let half = &music()[30].data[..200];
    stage.send(&[&whole.concat(), half].concat()).await;
    stage.hears_all(&whole).await;
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_between_frames_is_counted_and_marked_and_costs_no_frame() {
    let mut stage = Stage::set().await;
    let frames = data_of(&music()[..40]);
    let (before, after) = frames.split_at(25);
    let garbage = noise(3, 700);
    stage
        .send(&[&before.concat(), &garbage[..], &after.concat()].concat())
        .await;
    let heard = stage.hears_all(&frames).await;
    let marked: Vec<_> = (0..heard.len())
        .filter(|&n| heard[n].discontinuity)
        .collect();
    assert_eq!(marked, [0, 25]);
    assert_eq!(figure(&stage.relay, GARBAGE), 700);
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id3_tag_that_claims_256_mb_is_garbage_and_swallows_no_frame() {
    let mut stage = Stage::set().await;
    let frames = data_of(&music()[..40]);
    let (before, after) = frames.split_at(20);
    let claim = b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f";
    stage
        .send(&[claim, &before.concat()[..], claim, &after.concat()].concat())
        .await;
    stage.hears_all(&frames).await;
    assert_eq!(figure(&stage.relay, GARBAGE), 2 * claim.len() as u64);
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_the_sample_rate_is_heard_frame_by_frame() {
    let studio = Studio::open();
    let other = studio.ffmpeg("other.mp3", 1.0, &["-ar", "22050", "-b:a", "64k"]);
    let mut frames = music()[..30].to_vec();
    frames.extend(frames_of(&other));
    frames.extend_from_slice(&music()[30..50]);
    assert_eq!(rates(&frames), [44_100, 22_050, 44_100]);
    let sent = data_of(&frames);
    let mut stage = Stage::set().await;
    stage.send(&sent.concat()).await;
    stage.hears_all(&sent).await;
    assert_eq!(figure(&stage.relay, GARBAGE), 0);
    stage.end().await;
}

/// The sample rates of the frames, each run once.
fn rates(frames: &[mp3::Frame]) -> Vec<u32> {
    let mut rates: Vec<u32> = frames
        .iter()
        .map(|frame| frame.header.sample_rate())
        .collect();
    rates.dedup();
    rates
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_tiny_writes_are_heard_as_one() {
    let mut stage = Stage::set().await;
    let frames = data_of(&music()[..72]);
    let bytes = frames.concat();
    let pieces = bytes.chunks(3);
    assert!(pieces.len() > 10_000, "{}", pieces.len());
    let connection = stage.publisher.wt.quic_connection().clone();
    let sent = || connection.stats().frame_tx.stream;
    for piece in pieces {
        let before = sent();
        stage.send(piece).await;
        // Each is to travel by itself.
        while sent() == before {
            tokio::task::yield_now().await;
        }
    }
    stage.hears_all(&frames).await;
    stage.end().await;
}

/// How long these frames play.
fn playing(frames: usize) -> Duration {
    Duration::from_micros(music()[0].header.duration_micros()) * frames as u32
}

/// How long so many bytes of the music play.
fn playing_bytes(bytes: u64) -> Duration {
    Duration::from_secs_f64(bytes as f64 * 8.0 / 128_000.0)
}

/// The stage's channel may run this far ahead of real time.
const MAX_LEAD: Duration = Duration::from_millis(500);

async fn stage_with_a_short_lead() -> Stage {
    Stage::set_in(relay_with("channels.max_lead = \"500ms\"").await).await
}

/// Hears for so long, and checks that the frames never come faster than real time
/// and the allowed lead. Says how many came.
async fn hears_at_real_time(listener: &mut Subscription, how_long: Duration) -> usize {
    let slack = playing_bytes(READ_BYTES) + Duration::from_millis(300);
    let mut heard = 0;
    let mut first_at = None;
    while first_at.is_none_or(|at: Instant| at.elapsed() < how_long) {
        next_frame(listener).await;
        let passed = first_at.get_or_insert_with(Instant::now).elapsed();
        heard += 1;
        let played = playing(heard);
        assert!(
            played <= passed + MAX_LEAD + slack,
            "{played:?} of audio were heard in {passed:?}"
        );
    }
    heard
}

#[tokio::test(flavor = "multi_thread")]
async fn one_write_of_8_mb_is_taken_no_faster_than_it_plays() {
    let mut stage = stage_with_a_short_lead().await;
    let song = data_of(music()).concat();
    let bytes: Vec<u8> = song.iter().copied().cycle().take(8 << 20).collect();
    let writing = timeout(Duration::from_millis(1_500), stage.ingest.write_all(&bytes));
    let hearing = hears_at_real_time(&mut stage.listener, Duration::from_millis(1_200));
    let (written, heard) = tokio::join!(writing, hearing);
    assert!(written.is_err(), "8 MB of audio play for nine minutes");
    assert!(heard > 40, "{heard}");

    // The rest is refused once the broadcast has been stopped.
    let stopped = stage
        .publisher
        .ask("stream:stop", json!({"channelId": CHANNEL}))
        .await;
    assert_eq!(stopped["type"], "ok", "{stopped}");
    within(stage.ingest.write_all(&bytes))
        .await
        .expect_err("nobody reads it");
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publisher_at_ten_times_real_time_is_slowed_to_real_time() {
    const HOW_LONG: Duration = Duration::from_secs(2);
    let mut stage = stage_with_a_short_lead().await;
    let ingest = &mut stage.ingest;
    let mut written = 0;
    let publishing = async {
        for (n, frame) in music().iter().cycle().enumerate() {
            tokio::time::sleep(playing(n + 1) / 10 - playing(n) / 10).await;
            ingest.write_all(&frame.data).await.expect("taken");
            written += frame.data.len() as u64;
        }
    };
    let began = Instant::now();
    let heard = tokio::select! {
        () = publishing => unreachable!("it publishes for ever"),
        heard = hears_at_real_time(&mut stage.listener, HOW_LONG) => heard,
    };
    assert!(
        playing(heard) >= HOW_LONG,
        "{heard} frames are less than real time"
    );
    let held = WINDOW_BYTES + 2 * READ_BYTES;
    let most = began.elapsed() + MAX_LEAD + playing_bytes(held);
    let sent = playing_bytes(written);
    assert!(
        sent <= most,
        "{sent:?} of audio were taken, at most {most:?} may be"
    );
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publisher_that_stops_while_it_is_slowed_did_nothing_wrong() {
    let mut stage = stage_with_a_short_lead().await;
    let frames = data_of(&music()[..40]);
    stage.send(&frames.concat()).await;
    stage.ingest.finish().await.expect("finished");
    let stop = json!({"channelId": CHANNEL, "atByte": frames.concat().len()});
    let stopped = stage.publisher.ask("stream:stop", stop).await;
    assert_eq!(stopped["type"], "ok", "{stopped}");
    stage.hear(frames.len()).await;
    let told = timeout(Duration::from_secs(1), stage.publisher.fault()).await;
    assert!(told.is_err(), "{told:?}");
    stage.end().await;
}
