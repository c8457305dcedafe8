//! A station that sends a 128 kbit/s broadcast, and knows when each frame left.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use skywave_client::publish::Pacer;
use skywave_client::source::{Encoder, PcmFormat};
use skywave_client::{Client, Identity};
use skywave_wire::ChannelId;
use skywave_wire::control::{Delivery, Join, Show, Start};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

/// Remembered frames; a listener later than this is not measured.
const REMEMBERED: usize = 1 << 14;
const SAMPLE_RATE: u32 = 44_100;
const BITRATE: u32 = 128_000;

/// On the air until it is dropped.
pub(crate) struct Station {
    task: JoinHandle<()>,
}

/// When each frame of a station was sent, in µs since it was made.
#[derive(Clone)]
pub(crate) struct Sent {
    origin: std::time::Instant,
    at: Arc<[AtomicU64]>,
}

impl Sent {
    fn new() -> Self {
        Self {
            origin: std::time::Instant::now(),
            at: (0..REMEMBERED).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    fn note(&self, frame: u64) {
        let now = self.origin.elapsed().as_micros() as u64;
        self.at[frame as usize % REMEMBERED].store(now, Ordering::Release);
    }

    /// How long ago frame `n` of the broadcast was sent.
    pub(crate) fn age(&self, frame: u64) -> Duration {
        let sent = self.at[frame as usize % REMEMBERED].load(Ordering::Acquire);
        let now = self.origin.elapsed().as_micros() as u64;
        Duration::from_micros(now.saturating_sub(sent))
    }
}

impl Station {
    /// Goes on the air and sends at the pace of the audio.
    pub(crate) async fn start(
        client: &Client,
        channel: &ChannelId,
    ) -> anyhow::Result<(Self, Sent)> {
        let frames = frames()?;
        let session = client.connect(&Identity::default()).await?;
        let mut broadcast = session
            .start(Start {
                channel_id: channel.clone(),
                show: Show::default(),
            })
            .await?;
        let sent = Sent::new();
        let task = tokio::spawn({
            let sent = sent.clone();
            async move {
                let mut pacer = Pacer::default();
                for (n, frame) in frames.iter().cycle().enumerate() {
                    sleep_until(pacer.due(&frame.header, Instant::now())).await;
                    sent.note(n as u64);
                    if broadcast.write(&frame.data).await.is_err() {
                        return;
                    }
                }
            }
        });
        Ok((Self { task }, sent))
    }
}

impl Drop for Station {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The channel that benches use.
pub(crate) fn channel() -> anyhow::Result<ChannelId> {
    Ok("bench".parse()?)
}

pub(crate) fn join(latency_ms: u64) -> anyhow::Result<Join> {
    Ok(Join {
        channel_id: channel()?,
        latency_ms,
        delivery: Delivery::Stream,
        wait: true,
    })
}

/// Half a minute of a chord.
fn frames() -> anyhow::Result<Vec<skywave_wire::mp3::Frame>> {
    let format = PcmFormat {
        sample_rate: SAMPLE_RATE,
        channels: 2,
    };
    let mut encoder = Encoder::new(format, BITRATE)?;
    let pcm: Vec<f32> = (0..SAMPLE_RATE * 30)
        .flat_map(|n| {
            let t = n as f32 / SAMPLE_RATE as f32 * std::f32::consts::TAU;
            let left = (t * 220.0).sin() * 0.3 + (t * 331.0).sin() * 0.2;
            let right = (t * 277.0).sin() * 0.3;
            [left, right]
        })
        .collect();
    let mut frames = encoder.push(&pcm)?;
    frames.extend(encoder.finish()?);
    Ok(frames.into_iter().map(|frame| frame.mp3).collect())
}
