//! A station that sends a 128 kbit/s broadcast by the project's own client, for the
//! measurements that are made with it.

use skywave_client::publish::Pacer;
use skywave_client::source::{Encoder, PcmFormat};
use skywave_client::{Client, Identity};
use skywave_wire::ChannelId;
use skywave_wire::control::{Delivery, Join, Show, Start};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

const SAMPLE_RATE: u32 = 44_100;
const BITRATE: u32 = 128_000;

/// On the air until it is dropped.
pub(crate) struct Station {
    task: JoinHandle<()>,
}

impl Station {
    /// Goes on the air and sends at the pace of the audio.
    pub(crate) async fn start(client: &Client, channel: &ChannelId) -> anyhow::Result<Self> {
        let frames = frames()?;
        let session = client.connect(&Identity::default()).await?;
        let mut broadcast = session
            .start(Start {
                channel_id: channel.clone(),
                show: Show::default(),
            })
            .await?;
        let task = tokio::spawn(async move {
            let mut pacer = Pacer::default();
            for frame in frames.iter().cycle() {
                sleep_until(pacer.due(&frame.header, Instant::now())).await;
                if broadcast.write(&frame.data).await.is_err() {
                    return;
                }
            }
        });
        Ok(Self { task })
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
