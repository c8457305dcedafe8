//! One listener is stopped among others, and continues: what the others miss,
//! what the relay holds for it, and how soon it is at live again.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use skywave_client::{Client, Heard, Identity, Subscription, Trust};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::task::JoinSet;

use crate::relay::Relay;
use crate::station::{Station, channel, join};

const SETTLE: Duration = Duration::from_secs(3);
/// A frame no older than this when it is heard is live.
const LIVE: Duration = Duration::from_millis(500);
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) async fn run(program: &Path, listeners: usize, stop: Duration) -> anyhow::Result<Value> {
    let relay = Relay::start(program, 1)?;
    let client = relay.client()?;
    let _station = Station::start(&client, &channel()?).await?;
    let mut others = JoinSet::new();
    let ended = tokio::sync::watch::channel(false);
    for _ in 1..listeners {
        let session = client.connect(&Identity::default()).await?;
        let subscription = session.join(join(200)?).await?;
        others.spawn(listen_until(subscription, ended.1.clone()));
    }
    let mut stopped = Process::start(relay.url(), 1)?;
    stopped.until_line("frame").await?;
    tokio::time::sleep(SETTLE).await;

    let before = relay.usage()?;
    stopped.signal(Signal::SIGSTOP)?;
    let mut most = before.resident_bytes;
    let until = Instant::now() + stop;
    while Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(250)).await;
        most = most.max(relay.usage()?.resident_bytes);
    }
    stopped.discard_pending().await?;
    stopped.signal(Signal::SIGCONT)?;
    let continued = Instant::now();
    let (skipped, live_after) = stopped.until_live(continued).await?;
    ended.0.send(true)?;
    let mut missing = 0;
    let mut heard = 0;
    for outcome in others.join_all().await {
        let (frames, missed) = outcome?;
        ensure!(frames > 0, "a listener heard nothing");
        heard += frames;
        missing += missed;
    }
    Ok(json!({
        "scenario": "stall",
        "others": listeners - 1,
        "stoppedSeconds": stop.as_secs(),
        "othersHeard": heard,
        "othersMissing": missing,
        "relayGrewBytes": most.saturating_sub(before.resident_bytes),
        "toldSkippedFrames": skipped,
        "liveAfterMs": live_after.as_millis() as u64,
    }))
}

/// Frames heard and missing until it is told to end.
async fn listen_until(
    mut subscription: Subscription,
    mut ended: tokio::sync::watch::Receiver<bool>,
) -> anyhow::Result<(u64, u64)> {
    loop {
        tokio::select! {
            heard = subscription.next() => { heard?; }
            _ = ended.wait_for(|ended| *ended) => {
                let stats = subscription.stats();
                return Ok((stats.frames, stats.missing));
            }
        }
    }
}

/// The hidden command: listeners in a process of their own. The first one prints
/// a line for each frame, with its age in ms, and for each skip.
pub(crate) async fn listen(url: &str, listeners: usize) -> anyhow::Result<()> {
    let client = Client::new(url, &Trust::Usual)?;
    let mut quiet = JoinSet::new();
    for _ in 1..listeners {
        let session = client.connect(&Identity::default()).await?;
        let mut subscription = session.join(join(200)?).await?;
        quiet.spawn(async move { while subscription.next().await.is_ok() {} });
    }
    let session = client.connect(&Identity::default()).await?;
    let mut subscription = session.join(join(200)?).await?;
    println!("joined");
    loop {
        match subscription.next().await? {
            Heard::Frame(frame) => {
                let now = session.relay_time().map(|(now, _)| now.since(frame.time));
                println!("frame {}", now.unwrap_or(u64::MAX) / 1_000);
            }
            Heard::Skipped(skipped) => println!("skipped {}", skipped.frames),
            _ => {}
        }
    }
}

/// Such a process. Killed when it is dropped.
pub(crate) struct Process {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Process {
    pub(crate) fn start(url: &str, listeners: usize) -> anyhow::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args([
                "listener",
                "--url",
                url,
                "--listeners",
                &listeners.to_string(),
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let stdout = child.stdout.take().context("a piped stdout")?;
        Ok(Self {
            child,
            lines: BufReader::new(stdout).lines(),
        })
    }

    /// Waits for a line that begins so; gives the rest of it.
    pub(crate) async fn until_line(&mut self, begins: &str) -> anyhow::Result<String> {
        loop {
            let line = tokio::time::timeout(PATIENCE, self.lines.next_line()).await??;
            let line = line.context("the listener ended")?;
            if let Some(rest) = line.strip_prefix(begins) {
                return Ok(rest.trim().to_owned());
            }
        }
    }

    pub(crate) fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        let pid = self.child.id().context("the listener has ended")?;
        Ok(kill(Pid::from_raw(pid as i32), signal)?)
    }

    /// Takes what was printed before it was stopped.
    async fn discard_pending(&mut self) -> anyhow::Result<()> {
        let moment = Duration::from_millis(50);
        while tokio::time::timeout(moment, self.lines.next_line())
            .await
            .is_ok()
        {}
        Ok(())
    }

    /// Frames that it was told were skipped, and when it heard live audio again.
    async fn until_live(&mut self, continued: Instant) -> anyhow::Result<(u64, Duration)> {
        let mut skipped = 0;
        loop {
            let line = tokio::time::timeout(PATIENCE, self.lines.next_line()).await??;
            let line = line.context("the listener ended")?;
            match line.split_once(' ') {
                Some(("skipped", frames)) => skipped += frames.parse::<u64>()?,
                Some(("frame", age)) if age.parse::<u128>()? < LIVE.as_millis() => {
                    return Ok((skipped, continued.elapsed()));
                }
                _ => {}
            }
        }
    }
}
