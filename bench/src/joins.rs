//! How long after a join the first frame is heard.

use std::path::Path;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use serde_json::{Value, json};
use skywave_client::{Heard, Identity, Subscription};

use crate::relay::Relay;
use crate::station::{Station, channel, join};

/// Until the channel has a full burst to give.
const FILL: Duration = Duration::from_secs(3);

pub(crate) async fn run(program: &Path, count: usize) -> anyhow::Result<Value> {
    let relay = Relay::start(program, 1).await?;
    let client = relay.client()?;
    let (_station, _) = Station::start(&client, &channel()?).await?;
    tokio::time::sleep(FILL).await;
    let mut joins = Histogram::<u64>::new(3)?;
    let mut connects = Histogram::<u64>::new(3)?;
    for _ in 0..count {
        let began = Instant::now();
        let session = client.connect(&Identity::default()).await?;
        connects.record(began.elapsed().as_micros() as u64)?;
        let began = Instant::now();
        let mut subscription = session.join(join(200)?).await?;
        first_frame(&mut subscription).await?;
        joins.record(began.elapsed().as_micros() as u64)?;
    }
    let ms = |histogram: &Histogram<u64>, q| histogram.value_at_quantile(q) as f64 / 1e3;
    Ok(json!({
        "scenario": "joins",
        "joins": count,
        "connectMs": {"p50": ms(&connects, 0.5), "p99": ms(&connects, 0.99)},
        "firstFrameMs": {"p50": ms(&joins, 0.5), "p99": ms(&joins, 0.99), "max": ms(&joins, 1.0)},
    }))
}

async fn first_frame(subscription: &mut Subscription) -> anyhow::Result<()> {
    loop {
        if let Heard::Frame(_) = subscription.next().await? {
            return Ok(());
        }
    }
}
