//! Listeners join, leave, close, are killed and vanish at random: how soon every
//! other one knows the right count.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use hdrhistogram::Histogram;
use nix::sys::signal::Signal;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use skywave_client::{Client, Heard, Identity, Session};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::relay::Relay;
use crate::stall::Process;
use crate::station::{Station, channel, join};

/// Listeners of each process that is killed or stopped.
const LISTENERS_A_PROCESS: usize = 5;
/// The most that join or leave in one step.
const MOST_AT_ONCE: usize = 20;
const PATIENCE: Duration = Duration::from_secs(15);

/// A listener of this process: leaves when told so.
struct Member {
    session: Session,
    leave_tx: mpsc::Sender<()>,
    count_rx: watch::Receiver<u64>,
    task: JoinHandle<()>,
}

#[derive(Clone, Copy, Debug)]
enum Change {
    Join,
    Leave,
    Close,
    Kill,
    Vanish,
}

pub(crate) async fn run(
    program: &Path,
    listeners: usize,
    time: Duration,
    seed: u64,
) -> anyhow::Result<Value> {
    let relay = Relay::start(program, 2)?;
    let client = relay.client()?;
    let _station = Station::start(&client, &channel()?).await?;
    let mut rng = StdRng::seed_from_u64(seed);
    let mut members = Vec::new();
    for _ in 0..listeners - listeners / 4 {
        members.push(Member::join(&client).await?);
    }
    let mut processes = Vec::new();
    // Stopped ones: they have vanished, and must not come back.
    let mut vanished = Vec::new();
    let mut orderly = Histogram::<u64>::new(3)?;
    let mut lost = Histogram::<u64>::new(3)?;
    let mut changes = 0;
    let end = Instant::now() + time;
    while Instant::now() < end {
        while members.len() + processes.len() * LISTENERS_A_PROCESS < listeners {
            let mut process = Process::start(relay.url(), LISTENERS_A_PROCESS)?;
            process.until_line("joined").await?;
            processes.push(process);
        }
        settle(&members, &processes).await?;
        let kinds = [
            Change::Join,
            Change::Leave,
            Change::Close,
            Change::Kill,
            Change::Vanish,
        ];
        let change = *kinds.choose(&mut rng).context("a kind")?;
        let many = rng.random_range(1..=MOST_AT_ONCE.min(members.len() / 2));
        let began = match change {
            Change::Join => {
                for _ in 0..many {
                    members.push(Member::join(&client).await?);
                }
                Instant::now()
            }
            Change::Leave => {
                let leaving: Vec<_> = members.drain(..many).collect();
                for member in leaving {
                    member.leave().await?;
                }
                Instant::now()
            }
            Change::Close => {
                for member in members.drain(..many) {
                    member.session.close();
                }
                Instant::now()
            }
            Change::Kill | Change::Vanish => {
                let Some(process) = processes.pop() else {
                    continue;
                };
                let began = Instant::now();
                if let Change::Kill = change {
                    process.signal(Signal::SIGKILL)?;
                } else {
                    process.signal(Signal::SIGSTOP)?;
                    vanished.push(process);
                }
                began
            }
        };
        settle(&members, &processes)
            .await
            .with_context(|| format!("after {change:?}"))?;
        let took = began.elapsed().as_micros() as u64;
        changes += 1;
        match change {
            Change::Kill | Change::Vanish => lost.record(took)?,
            _ => orderly.record(took)?,
        }
    }
    let ms = |h: &Histogram<u64>, q| h.value_at_quantile(q) as f64 / 1e3;
    Ok(json!({
        "scenario": "counts",
        "seed": seed,
        "listeners": listeners,
        "seconds": time.as_secs(),
        "changes": changes,
        "orderly": {"changes": orderly.len(), "toldToAllMs": {"p50": ms(&orderly, 0.5), "max": ms(&orderly, 1.0)}},
        "killedOrVanished": {"changes": lost.len(), "toldToAllMs": {"p50": ms(&lost, 0.5), "max": ms(&lost, 1.0)}},
    }))
}

/// Waits until every listener of this process knows the truth.
async fn settle(members: &[Member], processes: &[Process]) -> anyhow::Result<()> {
    let truth = (members.len() + processes.len() * LISTENERS_A_PROCESS) as u64;
    let deadline = tokio::time::Instant::now() + PATIENCE;
    for member in members {
        let mut count_rx = member.count_rx.clone();
        let told =
            tokio::time::timeout_at(deadline, count_rx.wait_for(|count| *count == truth)).await;
        if !matches!(told, Ok(Ok(_))) {
            let count = *member.count_rx.borrow();
            bail!("a listener was told {count}, and {truth} listen");
        }
    }
    Ok(())
}

impl Member {
    async fn join(client: &Client) -> anyhow::Result<Self> {
        let session = client.connect(&Identity::default()).await?;
        let mut subscription = session.join(join(200)?).await?;
        let (count_tx, count_rx) = watch::channel(subscription.joined().listeners);
        let (leave_tx, mut leave_rx) = mpsc::channel(1);
        let task = tokio::spawn(async move {
            loop {
                tokio::select! {
                    heard = subscription.next() => match heard {
                        Ok(Heard::Listeners(count)) => { count_tx.send_replace(count); }
                        Ok(_) => {}
                        Err(_) => return,
                    },
                    _ = leave_rx.recv() => {
                        // Fails where the session has just ended.
                        let _ = subscription.leave().await;
                        return;
                    }
                }
            }
        });
        Ok(Self {
            session,
            leave_tx,
            count_rx,
            task,
        })
    }

    async fn leave(self) -> anyhow::Result<()> {
        self.leave_tx.send(()).await?;
        Ok(self.task.await?)
    }
}
