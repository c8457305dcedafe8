//! What bad input gets: a clear error to its sender, or a counted skip within the
//! MP3. The session goes on where it can, and a listener on another channel does
//! not miss one frame.

use std::sync::OnceLock;
use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::StdRng;
use skywave_client::{Broadcast, Heard, Identity, Subscription};
use skywave_wire::mp3;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until};

use crate::support::{PATIENCE, Relay, Studio, frames_of, join, start, within};

pub(crate) mod bare;
mod network;
mod publishing;
mod requests;
mod tokens;

/// The bystander's channel.
const ELSEWHERE: &str = "elsewhere";
/// Frames that the bystander still has to hear after the abuse.
const AFTERWARDS: u64 = 20;

/// A channel on which all is well: a publisher who sends real MP3 as it plays,
/// and a listener who hears every frame of it.
pub(crate) struct Bystander {
    enough_tx: oneshot::Sender<()>,
    publishing: JoinHandle<u64>,
    listening: JoinHandle<()>,
    heard_rx: watch::Receiver<u64>,
}

impl Bystander {
    /// Returns once the first frame was heard.
    pub(crate) async fn begin(relay: &Relay) -> Self {
        let identity = Identity {
            subject: Some("bystander".into()),
            ..Identity::default()
        };
        Self::begin_as(relay, &identity).await
    }

    /// The same, where a token is needed.
    pub(crate) async fn begin_as(relay: &Relay, identity: &Identity) -> Self {
        let session = relay.client().connect(identity).await.expect("a session");
        let subscription = session.join(join(ELSEWHERE)).await.expect("joined");
        let (heard_tx, mut heard_rx) = watch::channel(0);
        let listening = tokio::spawn(listen(subscription, heard_tx));
        let session = relay.client().connect(identity).await.expect("a session");
        let broadcast = session.start(start(ELSEWHERE)).await.expect("on the air");
        let (enough_tx, enough_rx) = oneshot::channel();
        let publishing = tokio::spawn(publish(broadcast, enough_rx));
        reach(&mut heard_rx, 1).await;
        Self {
            enough_tx,
            publishing,
            listening,
            heard_rx,
        }
    }

    /// Hears on for a moment, goes off the air, and checks that every frame which
    /// was sent has been heard.
    pub(crate) async fn end(mut self) {
        let before = *self.heard_rx.borrow();
        reach(&mut self.heard_rx, before + AFTERWARDS).await;
        self.enough_tx
            .send(())
            .expect("the publisher is on the air");
        let sent = within(self.publishing).await.expect("all was published");
        reach(&mut self.heard_rx, sent).await;
        self.listening.abort();
    }
}

async fn reach(heard_rx: &mut watch::Receiver<u64>, count: u64) {
    let heard = within(heard_rx.wait_for(|&heard| heard >= count)).await;
    heard.expect("the bystander hears every frame");
}

/// Sends frame after frame, each at its time; says how many.
async fn publish(mut broadcast: Broadcast, mut enough_rx: oneshot::Receiver<()>) -> u64 {
    let mut due = Instant::now();
    let mut sent = 0;
    for frame in music().iter().cycle() {
        broadcast.write(&frame.data).await.expect("taken");
        sent += 1;
        due += Duration::from_micros(frame.header.duration_micros());
        tokio::select! {
            () = sleep_until(due) => {}
            _ = &mut enough_rx => break,
        }
    }
    broadcast.stop().await.expect("off the air");
    sent
}

async fn listen(mut subscription: Subscription, heard_tx: watch::Sender<u64>) {
    let mut first = None;
    for (count, sent) in (0..).zip(music().iter().cycle()) {
        let frame = loop {
            match subscription.next().await.expect("the session goes on") {
                Heard::Frame(frame) => break frame,
                Heard::Skipped(skipped) => panic!("the bystander missed {skipped:?}"),
                _ => {}
            }
        };
        let first = *first.get_or_insert(frame.seq);
        assert_eq!(
            frame.seq,
            first.plus(count),
            "the bystander's frames follow each other"
        );
        assert_eq!(frame.data, sent.data, "frame {count} arrives byte for byte");
        heard_tx.send_replace(count + 1);
    }
}

/// The frames of four seconds of music: 128 kbit/s, 44.1 kHz.
pub(crate) fn music() -> &'static [mp3::Frame] {
    static MUSIC: OnceLock<Vec<mp3::Frame>> = OnceLock::new();
    MUSIC.get_or_init(|| frames_of(&Studio::open().mp3("music.mp3", 4.0)))
}

/// Random bytes, the same in every run.
pub(crate) fn noise(seed: u64, len: usize) -> Vec<u8> {
    use rand::Rng;
    let mut bytes = vec![0; len];
    StdRng::seed_from_u64(seed).fill_bytes(&mut bytes);
    bytes
}

/// The value of one series of the relay's metrics, as scraped; 0 before it moved.
pub(crate) fn figure(relay: &Relay, series: &str) -> u64 {
    let text = relay.server.metrics().render();
    let value = text
        .lines()
        .find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    value.map_or(0, |value| value.parse().expect("a number"))
}

/// Waits until the series has at least this value.
pub(crate) async fn figure_reaches(relay: &Relay, series: &str, least: u64) {
    let waiting = async {
        while figure(relay, series) < least {
            sleep(Duration::from_millis(10)).await;
        }
    };
    let reached = tokio::time::timeout(PATIENCE, waiting).await;
    reached.unwrap_or_else(|_| panic!("{series} is {}, not {least}", figure(relay, series)));
}
