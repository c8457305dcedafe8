//! One channel, many listeners: how late frames come, and what that costs.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::ensure;
use hdrhistogram::Histogram;
use serde_json::{Value, json};
use skywave_client::{Client, Heard, Identity, Subscription};
use tokio::task::JoinSet;

use crate::relay::Relay;
use crate::station::{Sent, Station, channel, join};

/// Listeners that share a socket here: more would overflow its buffer at once.
const LISTENERS_A_SOCKET: usize = 25;
/// Until bursts, handshakes and congestion windows have settled.
const SETTLE: Duration = Duration::from_secs(3);

pub(crate) struct Load {
    pub(crate) listeners: usize,
    pub(crate) latency_ms: u64,
    pub(crate) time: Duration,
    pub(crate) shards: usize,
}

pub(crate) async fn run(program: &Path, load: Load) -> anyhow::Result<Value> {
    let relay = Relay::start(program, load.shards).await?;
    let empty = relay.usage()?;
    let subscriptions = open(&relay, &load).await?;
    let base = subscriptions[0].joined().next_seq.0;
    let (_station, sent) = Station::start(&relay.client()?, &channel()?).await?;

    let begin = Instant::now() + SETTLE;
    let end = begin + load.time;
    let mut listening = JoinSet::new();
    for subscription in subscriptions {
        listening.spawn(measure(subscription, sent.clone(), base, begin, end));
    }
    tokio::time::sleep_until(begin.into()).await;
    let before = relay.usage()?;
    tokio::time::sleep_until(end.into()).await;
    let after = relay.usage()?;

    let mut delays = Histogram::<u64>::new(3)?;
    let mut missing = 0;
    for outcome in listening.join_all().await {
        let (heard, missed) = outcome?;
        delays.add(heard)?;
        missing += missed;
    }
    ensure!(!delays.is_empty(), "no frame was heard");
    let listener_seconds = load.listeners as f64 * load.time.as_secs_f64();
    let cpu = (after.cpu - before.cpu).as_secs_f64();
    let user_bytes = after.resident_bytes.saturating_sub(empty.resident_bytes);
    let ms = |quantile| delays.value_at_quantile(quantile) as f64 / 1e3;
    Ok(json!({
        "scenario": "fanout",
        "listeners": load.listeners,
        "latencyMs": load.latency_ms,
        "shards": load.shards,
        "seconds": load.time.as_secs(),
        "frames": delays.len(),
        "missing": missing,
        "delayMs": {"p50": ms(0.5), "p99": ms(0.99), "p999": ms(0.999), "max": ms(1.0)},
        "cpuMicrosPerListenerSecond": (cpu * 1e6 / listener_seconds).round(),
        "residentBytesPerListener": user_bytes / load.listeners as u64,
    }))
}

async fn open(relay: &Relay, load: &Load) -> anyhow::Result<Vec<Subscription>> {
    let mut subscriptions = Vec::new();
    while subscriptions.len() < load.listeners {
        let client: Client = relay.client()?;
        let here = LISTENERS_A_SOCKET.min(load.listeners - subscriptions.len());
        for _ in 0..here {
            let session = client.connect(&Identity::default()).await?;
            subscriptions.push(session.join(join(load.latency_ms)?).await?);
        }
    }
    Ok(subscriptions)
}

/// Delays of the frames heard between `begin` and `end`, in µs, and how many were
/// missing.
async fn measure(
    mut subscription: Subscription,
    sent: Sent,
    base: u64,
    begin: Instant,
    end: Instant,
) -> anyhow::Result<(Histogram<u64>, u64)> {
    let mut delays = Histogram::new(3)?;
    loop {
        let next = tokio::time::timeout_at(end.into(), subscription.next()).await;
        let Ok(heard) = next else {
            return Ok((delays, subscription.stats().missing));
        };
        if let Heard::Frame(frame) = heard?
            && Instant::now() >= begin
        {
            delays.record(sent.age(frame.seq.0 - base).as_micros() as u64)?;
        }
    }
}
