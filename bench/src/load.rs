//! The hidden command `load`: a generator (see [`crate::generator`]) that carries
//! stations and listeners on one thread, and watches how busy it is itself.

use std::cell::{Cell, RefCell};
use std::io::Write;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, bail};
use nix::sys::resource::{Resource, UsageWho, getrlimit, getrusage, setrlimit};
use nix::sys::time::TimeValLike;
use tokio::io::{AsyncBufReadExt, BufReader, stdin};
use tokio::task::{AbortHandle, LocalSet, spawn_local};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::delays::Delays;
use crate::ear::Hall;
use crate::fleet::{self, Fleet, Station};
use crate::generator::{Order, Plan, Report};
use crate::material::Material;

/// How long listeners that connect may take to hear a frame.
const FIRST_FRAME_PATIENCE: Duration = Duration::from_secs(20);
/// How long the last frames of a window may be under way.
const LAST_FRAMES_PATIENCE: Duration = Duration::from_secs(4);
const LOOK: Duration = Duration::from_millis(20);
/// Errors of listeners that are printed; there may be thousands.
const PRINTED_ERRORS: u32 = 3;

/// Follows the orders on stdin until it ends.
pub(crate) fn run() -> anyhow::Result<()> {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, most, most)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let outcome = LocalSet::new().block_on(&runtime, follow());
    if let Err(error) = &outcome {
        say(&Report::Failed {
            why: format!("{error:#}"),
        })?;
    }
    outcome
}

async fn follow() -> anyhow::Result<()> {
    let mut orders = BufReader::new(stdin()).lines();
    let mut load = None;
    while let Some(line) = orders.next_line().await? {
        match (serde_json::from_str(&line)?, &load) {
            (Order::Open { plan }, None) => {
                load = Some(Load::open(&plan).await?);
                say(&Report::Opened)?;
            }
            (Order::Join { listeners, rate }, Some(load)) => {
                load.join(listeners, rate).await?;
                load.until_joined().await?;
                say(&Report::Joined {
                    listeners: load.hall.settled().0,
                    first_frame: load.hall.take_joined(),
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
            ) => load.measure(seconds, joins, rate, rebind).await?,
            _ => bail!("an order out of turn: {line}"),
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

/// Stations on the air and the listeners so far.
struct Load {
    fleet: Box<dyn Fleet>,
    hall: Hall,
    channels: usize,
    next: Cell<usize>,
    errors: Rc<Errors>,
    broadcast: AbortHandle,
}

#[derive(Default)]
struct Errors {
    first: RefCell<Option<String>>,
    count: Cell<u32>,
}

impl Load {
    async fn open(plan: &Plan) -> anyhow::Result<Self> {
        let material = Rc::new(Material::read(&plan.material)?);
        let hall = Hall::new(material.clone(), plan.channels);
        let fleet = fleet::of(plan)?;
        let mut stations = Vec::new();
        for channel in 0..plan.channels {
            let station = fleet.station(channel).await;
            stations.push(station.with_context(|| format!("station {channel}"))?);
        }
        let errors = Rc::new(Errors::default());
        let broadcasting = broadcast(hall.clone(), material, stations);
        let broadcast = spawn_local({
            let errors = errors.clone();
            async move {
                if let Err(error) = broadcasting.await {
                    errors.note(&error.context("a station"));
                }
            }
        });
        Ok(Self {
            fleet,
            hall,
            channels: plan.channels,
            next: Cell::new(0),
            errors,
            broadcast: broadcast.abort_handle(),
        })
    }

    /// Lets so many more begin, at so many a second.
    async fn join(&self, listeners: usize, rate: f64) -> anyhow::Result<()> {
        let start = Instant::now();
        for n in 0..listeners {
            sleep_until(start + Duration::from_secs_f64(n as f64 / rate)).await;
            let channel = self.next.get() % self.channels;
            self.next.set(self.next.get() + 1);
            let listening = self.fleet.listen(channel, self.hall.ear(channel));
            let errors = self.errors.clone();
            spawn_local(async move {
                if let Err(error) = listening.await {
                    errors.note(&error);
                }
            });
        }
        Ok(())
    }

    async fn until_joined(&self) -> anyhow::Result<()> {
        let end = Instant::now() + FIRST_FRAME_PATIENCE;
        loop {
            let (all, settled) = self.hall.settled();
            if let Some(first) = self.errors.first.borrow().as_ref() {
                bail!(
                    "{} of {all} listeners failed: {first}",
                    self.errors.count.get()
                );
            }
            if all == settled {
                return Ok(());
            }
            if Instant::now() > end {
                bail!("{} of {all} listeners heard nothing", all - settled);
            }
            sleep(LOOK).await;
        }
    }

    async fn measure(
        &self,
        seconds: f64,
        joins: usize,
        rate: f64,
        rebind: f64,
    ) -> anyhow::Result<()> {
        let lag = Rc::new(RefCell::new(Delays::default()));
        let watching = spawn_local(watch(lag.clone()));
        self.hall.open_window();
        say(&Report::Began)?;
        let began = Instant::now();
        let end = began + Duration::from_secs_f64(seconds);
        let before = cpu_seconds()?;
        let mut rebinds = 0;
        let (joined, changed, ()) = tokio::join!(
            self.join(joins, rate),
            self.change_ports(rebind, end),
            sleep_until(end)
        );
        joined?;
        rebinds += changed?;
        let busy = cpu_seconds()? - before;
        let lasted = began.elapsed().as_secs_f64();
        watching.abort();
        self.hall.end_window();
        let patience = if joins > 0 {
            FIRST_FRAME_PATIENCE
        } else {
            LAST_FRAMES_PATIENCE
        };
        let complete = async {
            while !self.hall.is_complete() {
                sleep(LOOK).await;
            }
        };
        // What has not come by then is missing.
        let _ = timeout(patience, complete).await;
        let mut heard = self.hall.close_window();
        heard.rebinds = rebinds;
        heard.busy = busy;
        heard.seconds = lasted;
        heard.lag = lag.take();
        say(&Report::Measured(Box::new(heard)))
    }

    async fn change_ports(&self, every: f64, end: Instant) -> anyhow::Result<u64> {
        if every <= 0.0 {
            return Ok(0);
        }
        let every = Duration::from_secs_f64(every);
        let mut next = Instant::now() + every;
        let mut changed = 0;
        while next < end {
            sleep_until(next).await;
            changed += self.fleet.rebind().await?;
            next += every;
        }
        Ok(changed)
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.broadcast.abort();
    }
}

impl Errors {
    fn note(&self, error: &anyhow::Error) {
        self.count.set(self.count.get() + 1);
        if self.count.get() <= PRINTED_ERRORS {
            eprintln!("generator: {error:#}");
        }
        self.first
            .borrow_mut()
            .get_or_insert_with(|| format!("{error:#}"));
    }
}

/// Every station plays the loop at its pace; their frames are spread over the time
/// that a frame lasts.
async fn broadcast(
    hall: Hall,
    material: Rc<Material>,
    mut stations: Vec<Box<dyn Station>>,
) -> anyhow::Result<()> {
    let start = Instant::now();
    let step = material.frame.as_secs_f64() / stations.len() as f64;
    let mut n = 0u64;
    loop {
        sleep_until(start + Duration::from_secs_f64(n as f64 * step)).await;
        let channel = (n % stations.len() as u64) as usize;
        let index = hall.enter(channel, std::time::Instant::now());
        stations[channel].write(&material.frames[index]).await?;
        n += 1;
    }
}

/// How late this thread's timers are.
async fn watch(lag: Rc<RefCell<Delays>>) {
    const EVERY: Duration = Duration::from_millis(5);
    loop {
        let due = Instant::now() + EVERY;
        sleep_until(due).await;
        lag.borrow_mut().record(due.elapsed());
    }
}

/// What this process has used, all threads.
fn cpu_seconds() -> anyhow::Result<f64> {
    let usage = getrusage(UsageWho::RUSAGE_SELF)?;
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Ok(micros as f64 / 1e6)
}
