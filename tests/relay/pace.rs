//! A station that sends a real file, over and over, at the pace of the audio.

use bytes::Bytes;
use skywave_client::{Broadcast, publish::Pacer};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use crate::support::{Relay, Studio, frames_of};

/// On the air until it is dropped; then its session just ends.
pub(crate) struct Station {
    pub(crate) frames: Vec<Bytes>,
    task: JoinHandle<()>,
    _studio: Studio,
}

impl Station {
    /// On the air on this channel with a short file that repeats.
    pub(crate) async fn start(relay: &Relay, channel: &str) -> Self {
        Self::with(relay.publisher(channel).await)
    }

    pub(crate) fn with(mut broadcast: Broadcast) -> Self {
        let studio = Studio::open();
        let parsed = frames_of(&studio.mp3("station.mp3", 1.0));
        let frames = parsed.iter().map(|frame| frame.data.clone()).collect();
        let task = tokio::spawn(async move {
            let mut pacer = Pacer::default();
            for frame in parsed.iter().cycle() {
                sleep_until(pacer.due(&frame.header, Instant::now())).await;
                if broadcast.write(&frame.data).await.is_err() {
                    return;
                }
            }
        });
        Self {
            frames,
            task,
            _studio: studio,
        }
    }

    /// Frame `n` of the broadcast.
    pub(crate) fn frame(&self, n: u64) -> &Bytes {
        &self.frames[n as usize % self.frames.len()]
    }

    /// The session ends without a word.
    pub(crate) async fn crash(self) {
        self.task.abort();
        // Ends by being aborted, and drops the broadcast with its session.
        let _ = self.task.await;
    }
}
