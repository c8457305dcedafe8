//! A station and listeners for moq-relay, on its own client crate: the generator
//! that the bench runs beside it. Orders come on stdin, reports go to stdout, and it
//! ends when stdin does.

use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use bytes::Bytes;
use nix::sys::resource::{Resource, UsageWho, getrlimit, getrusage, setrlimit};
use nix::sys::time::TimeValLike;
use skywave_wire::mp3::Parser;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::task::{LocalSet, spawn_local};
use tokio::time::{sleep, sleep_until};

use hall::Hall;
use lines::{Delays, Heard, Order, Plan, Report};

mod hall;
mod lines;
mod relay;

/// How long listeners that connect may take to hear a frame.
const FIRST_FRAME_PATIENCE: Duration = Duration::from_secs(20);
/// How long the last frames of a window may be under way.
const LAST_FRAMES_PATIENCE: Duration = Duration::from_secs(4);
const LOOK: Duration = Duration::from_millis(20);
const LAG_EVERY: Duration = Duration::from_millis(5);

fn main() -> anyhow::Result<()> {
    moq_tokio::crypto::install_default()
        .map_err(|_| anyhow::anyhow!("a crypto provider is there already"))?;
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, most, most)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    LocalSet::new().block_on(&runtime, async {
        match run().await {
            Ok(()) => Ok(()),
            Err(error) => say(&Report::Failed {
                why: format!("{error:#}"),
            }),
        }
    })
}

async fn run() -> anyhow::Result<()> {
    let mut orders = BufReader::new(tokio::io::stdin()).lines();
    let mut load: Option<Load> = None;
    while let Some(line) = orders.next_line().await? {
        match (serde_json::from_str(&line)?, &load) {
            (Order::Open { plan }, None) => {
                load = Some(Load::open(&plan).await?);
                say(&Report::Opened)?;
            }
            (Order::Join { listeners, rate }, Some(load)) => {
                let first_frame = load.join(listeners, rate).await?;
                let (_, listeners) = load.hall.settled();
                say(&Report::Joined {
                    listeners,
                    first_frame,
                })?;
            }
            (
                Order::Measure {
                    seconds,
                    joins,
                    rate,
                    rebind,
                },
                Some(load),
            ) => {
                ensure!(rebind == 0.0, "these connections stay at their ports");
                let heard = load.measure(seconds, joins, rate).await?;
                say(&Report::Measured(Box::new(heard)))?;
            }
            _ => bail!("this order does not come here: {line}"),
        }
    }
    Ok(())
}

fn say(report: &Report) -> anyhow::Result<()> {
    let mut line = serde_json::to_vec(report)?;
    line.push(b'\n');
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(&line)?;
    Ok(stdout.flush()?)
}

/// On the air, with its listeners.
struct Load {
    hall: Hall,
    listeners: relay::Listeners,
    channels: usize,
}

impl Load {
    async fn open(plan: &Plan) -> anyhow::Result<Self> {
        let (frames, lasts) = material(&plan.material)?;
        let hall = Hall::new(frames, plan.channels);
        let publisher = relay::Publisher::start(plan).await?;
        spawn_local(play(publisher, hall.clone(), plan.channels, lasts));
        Ok(Self {
            hall,
            listeners: relay::Listeners::new(plan)?,
            channels: plan.channels,
        })
    }

    async fn join(&self, listeners: usize, rate: f64) -> anyhow::Result<Delays> {
        self.spread(listeners, rate).await?;
        let end = Instant::now() + FIRST_FRAME_PATIENCE;
        while !self.hall.settled().0 {
            ensure!(Instant::now() < end, "some listeners heard nothing");
            sleep(LOOK).await;
        }
        Ok(self.hall.take_joined())
    }

    /// Lets so many more come, one after the other at this rate a second.
    async fn spread(&self, listeners: usize, rate: f64) -> anyhow::Result<()> {
        let begin = tokio::time::Instant::now();
        let (_, before) = self.hall.settled();
        for n in 0..listeners {
            sleep_until(begin + Duration::from_secs_f64(n as f64 / rate)).await;
            let channel = (before + n) % self.channels;
            let ear = self.hall.ear(channel);
            self.listeners.listen(channel, ear)?;
        }
        Ok(())
    }

    async fn measure(&self, seconds: f64, joins: usize, rate: f64) -> anyhow::Result<Heard> {
        let lag = spawn_local(lag(Duration::from_secs_f64(seconds)));
        self.hall.open_window();
        say(&Report::Began)?;
        let busy = busy()?;
        let begin = tokio::time::Instant::now();
        self.spread(joins, rate).await?;
        sleep_until(begin + Duration::from_secs_f64(seconds)).await;
        self.hall.end_window();
        let busy = self::busy()? - busy;
        let seconds = begin.elapsed().as_secs_f64();
        let patience = if joins > 0 {
            FIRST_FRAME_PATIENCE
        } else {
            LAST_FRAMES_PATIENCE
        };
        let end = Instant::now() + patience;
        while !self.hall.is_complete() && Instant::now() < end {
            sleep(LOOK).await;
        }
        Ok(Heard {
            busy,
            seconds,
            lag: lag.await?,
            ..self.hall.close_window()
        })
    }
}

/// Writes each frame when it is due.
async fn play(mut publisher: relay::Publisher, hall: Hall, channels: usize, lasts: Duration) {
    let begin = tokio::time::Instant::now();
    for n in 0u64.. {
        sleep_until(begin + Duration::from_nanos(lasts.as_nanos() as u64 * n)).await;
        for channel in 0..channels {
            if let Err(error) = publisher.write(channel, &hall.enter(channel)) {
                eprintln!("the station went off the air: {error:#}");
                return;
            }
        }
    }
}

/// How late a timer of this thread is.
async fn lag(time: Duration) -> Delays {
    let mut delays = Delays::default();
    let end = tokio::time::Instant::now() + time;
    while tokio::time::Instant::now() < end {
        let due = tokio::time::Instant::now() + LAG_EVERY;
        sleep_until(due).await;
        delays.record(due.elapsed());
    }
    delays
}

/// CPU seconds of this process so far.
fn busy() -> anyhow::Result<f64> {
    let usage = getrusage(UsageWho::RUSAGE_SELF)?;
    let time = usage.user_time() + usage.system_time();
    Ok(time.num_microseconds() as f64 / 1e6)
}

/// The frames of one loop, and how long one lasts.
fn material(file: &Path) -> anyhow::Result<(Vec<Bytes>, Duration)> {
    let bytes = std::fs::read(file).with_context(|| file.display().to_string())?;
    let mut parser = Parser::new();
    let mut frames = Vec::new();
    let mut micros = 0;
    let mut rest = &bytes[..];
    while !rest.is_empty() {
        rest = &rest[parser.push(rest)..];
        while let Some(frame) = parser.next_frame()? {
            micros += frame.header.duration_micros();
            frames.push(frame.data);
        }
    }
    while let Some(frame) = parser.finish()? {
        micros += frame.header.duration_micros();
        frames.push(frame.data);
    }
    ensure!(!frames.is_empty(), "no frame in {}", file.display());
    let lasts = Duration::from_micros(micros) / frames.len() as u32;
    Ok((frames, lasts))
}
