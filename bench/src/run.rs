//! Runs scenarios: every server in turn on the same work, so that what the machine
//! does meanwhile hits all alike.

use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::Context;
use nix::unistd::Pid;

use crate::generator::{Generator, Order, Plan};
use crate::material::Material;
use crate::proc::{Kernel, Usage};
use crate::record::{Journal, Participant, Point, Record, Row, Sample};
use crate::scenario::{Kind, Listeners, Scenario};
use crate::server::{Need, Running, Server, pin};

/// The figures of a window with this many listeners tell how many make up a load.
const PROBE: usize = 300;
const PROBE_SECONDS: f64 = 3.0;
const PAUSE: Duration = Duration::from_millis(200);
/// What starting and stopping takes, for the time left.
const OVERHEAD: f64 = 2.5;

/// One run of the bench.
pub(crate) struct Runner {
    pub(crate) journal: Journal,
    /// For the MP3 that stations play.
    pub(crate) directory: PathBuf,
    pub(crate) servers: Vec<Box<dyn Server>>,
    /// The relay's program, for the scenarios of its own.
    pub(crate) relay: PathBuf,
    /// What this process may run on.
    pub(crate) cores: Vec<usize>,
}

/// One start of one server.
struct Job<'a> {
    scenario: &'a Scenario,
    server: &'a dyn Server,
    at: Point,
}

/// Which cores do what.
struct Cores {
    server: Vec<usize>,
    generator: Vec<usize>,
}

impl Runner {
    /// Measures everything; what fails is written down, and the rest goes on.
    ///
    /// # Errors
    /// The journal cannot be written, or the machine not be asked.
    pub(crate) fn run(&self, scenarios: &[Scenario]) -> anyhow::Result<()> {
        let present = self.introduce()?;
        for scenario in scenarios {
            self.journal.write(&Record::Scenario {
                name: scenario.name.clone(),
                title: scenario.title.clone(),
                seed: scenario.seed,
            })?;
        }
        let jobs: Vec<_> = scenarios
            .iter()
            .flat_map(|scenario| jobs(scenario, &present))
            .collect();
        let whole: f64 = jobs.iter().map(Job::estimate).sum();
        let began = Instant::now();
        let mut done = 0.0;
        for (n, job) in jobs.iter().enumerate() {
            let left = if done > 0.0 {
                (whole - done) * began.elapsed().as_secs_f64() / done
            } else {
                whole
            };
            eprintln!(
                "[{}/{}] {}, about {:.0} min left",
                n + 1,
                jobs.len(),
                job.words(),
                (left / 60.0).ceil()
            );
            let outcome = match job.scenario.kind {
                Kind::Load => self.measure(job),
                Kind::Counts => pin(&self.cores).and_then(|()| self.counts(job.scenario)),
            };
            if let Err(error) = outcome {
                let why = format!("{error:#}");
                eprintln!("    failed: {why}");
                let at = job.at.clone();
                self.journal.write(&Record::Failed { at, why })?;
            }
            done += job.estimate();
            std::thread::sleep(PAUSE);
        }
        Ok(())
    }

    /// Says who takes part and who cannot.
    fn introduce(&self) -> anyhow::Result<Vec<&dyn Server>> {
        let mut present = Vec::new();
        for server in &self.servers {
            let (installed, absent) = match server.installed() {
                Ok(installed) => (Some(installed), None),
                Err(why) => (None, Some(format!("{why:#}"))),
            };
            match &absent {
                None => present.push(&**server),
                Some(why) => eprintln!("{}: not measured: {why}", server.title()),
            }
            self.journal.write(&Record::Server(Participant {
                name: server.name().to_owned(),
                title: server.title().to_owned(),
                installed,
                absent,
            }))?;
        }
        Ok(present)
    }

    fn measure(&self, job: &Job<'_>) -> anyhow::Result<()> {
        let Job {
            scenario, server, ..
        } = job;
        let material = material(&self.directory, scenario.seed);
        Material::prepare(&material, scenario.seed)?;
        let cores = cores(&self.cores, job.at.shards)?;
        let steps = job.steps();
        let most = steps.last().copied().unwrap_or(PROBE);
        let storm = scenario.storm.as_ref();
        let running = server.start(&Need {
            channels: job.at.channels,
            listeners: most + storm.map_or(0, |storm| storm.joins),
            frames: job.at.frames,
            shards: job.at.shards,
            cpus: cores.server.clone(),
        })?;
        let plan = Plan {
            server: server.name().to_owned(),
            address: running.address.clone(),
            material,
            channels: job.at.channels,
            frames: job.at.frames,
            migrating: scenario.rebind.is_some(),
        };
        let generator = Generator::start(server.generator(), &cores.generator, plan)?;
        // The server has its cores for itself.
        pin(&cores.generator)?;
        let _sampler = Sampler::start(&running, &job.at, &self.journal);
        let mut bench = Bench {
            empty: Usage::of(&running.pids())?,
            kernel_empty: Kernel::now()?,
            running,
            generator,
            joined: 0,
        };
        let steps = match scenario.listeners {
            Listeners::Steps(_) => steps,
            Listeners::Load { load, most } => vec![bench.listeners_for(job, load, most)?],
        };
        for (step, listeners) in steps.into_iter().enumerate() {
            let mut at = job.at.clone();
            at.step = step;
            bench.grow(listeners, scenario.rate)?;
            std::thread::sleep(Duration::from_secs_f64(scenario.settle));
            let order = Order::Measure {
                seconds: scenario.seconds,
                joins: storm.map_or(0, |storm| storm.joins),
                rate: storm.map_or(0.0, |storm| storm.joins as f64 / storm.seconds),
                rebind: scenario.rebind.unwrap_or(0.0),
            };
            let is_late = |row: &Row| {
                let heard = &row.heard;
                let is_over = |bound| heard.delays.ms(0.99) > bound || heard.missing > 0;
                scenario.until_p99_ms.is_some_and(is_over)
            };
            let mut row = bench.window(at.clone(), &order, scenario.seconds)?;
            eprintln!("    {}", summary(&row));
            if is_late(&row) {
                // The host may have stood still: once more.
                row = bench.window(at, &order, scenario.seconds)?;
                eprintln!("    {}", summary(&row));
            }
            let late = is_late(&row);
            let full = scenario.until_p99_ms.is_some() && row.is_saturated();
            self.journal.write(&Record::Row(Box::new(row)))?;
            if late || full {
                break;
            }
        }
        Ok(())
    }

    fn counts(&self, scenario: &Scenario) -> anyhow::Result<()> {
        let Listeners::Steps(steps) = &scenario.listeners else {
            anyhow::bail!("counts need a number of listeners");
        };
        let listeners = steps.last().copied().context("a number of listeners")?;
        let time = Duration::from_secs_f64(scenario.seconds);
        let runtime = tokio::runtime::Runtime::new()?;
        let figures = runtime.block_on(crate::counts::run(
            &self.relay,
            listeners,
            time,
            scenario.seed,
        ))?;
        eprintln!("    {figures}");
        let scenario = scenario.name.clone();
        self.journal.write(&Record::Counts { scenario, figures })
    }
}

/// A server with its generator.
struct Bench {
    generator: Generator,
    running: Running,
    empty: Usage,
    kernel_empty: Kernel,
    joined: usize,
}

impl Bench {
    fn grow(&mut self, listeners: usize, rate: f64) -> anyhow::Result<()> {
        let more = listeners.saturating_sub(self.joined);
        if more > 0 {
            self.generator.join(more, rate)?;
            self.joined += more;
        }
        Ok(())
    }

    /// How many listeners take this share of a core, by what some of them take.
    fn listeners_for(&mut self, job: &Job<'_>, load: f64, most: usize) -> anyhow::Result<usize> {
        let few = PROBE.min(most);
        self.grow(few, job.scenario.rate)?;
        std::thread::sleep(Duration::from_secs_f64(job.scenario.settle));
        let order = Order::Measure {
            seconds: PROBE_SECONDS,
            joins: 0,
            rate: 0.0,
            rebind: 0.0,
        };
        let row = self.window(job.at.clone(), &order, PROBE_SECONDS)?;
        let each = row.share() / row.heard.listeners.max(1) as f64;
        Ok(((load / each) as usize).clamp(few, most))
    }

    fn window(&mut self, at: Point, order: &Order, seconds: f64) -> anyhow::Result<Row> {
        let pids = self.running.pids();
        let generator = [self.generator.pid()];
        self.generator.measure(order)?;
        let began = Instant::now();
        let begin = Usage::of(&pids)?;
        let kernel_begin = Kernel::now()?;
        let generator_begin = Usage::of(&generator)?;
        std::thread::sleep(Duration::from_secs_f64(seconds).saturating_sub(began.elapsed()));
        let end = Usage::of(&pids)?;
        let lasted = began.elapsed().as_secs_f64();
        let generator_end = Usage::of(&generator)?;
        let kernel_end = Kernel::now()?;
        let heard = self.generator.measured()?;
        Ok(Row {
            at,
            heard,
            empty: self.empty.clone(),
            begin,
            end,
            kernel_empty: self.kernel_empty.clone(),
            kernel_begin,
            kernel_end,
            seconds: lasted,
            generator_busy: generator_end.exact - generator_begin.exact,
        })
    }
}

impl Job<'_> {
    fn steps(&self) -> Vec<usize> {
        let most = self.server.most_listeners();
        match &self.scenario.listeners {
            Listeners::Steps(steps) => {
                let mut steps: Vec<_> = steps.iter().map(|n| (*n).min(most)).collect();
                steps.dedup();
                steps
            }
            Listeners::Load { most: asked, .. } => vec![(*asked).min(most)],
        }
    }

    /// Seconds that it takes, roughly.
    fn estimate(&self) -> f64 {
        let scenario = self.scenario;
        let steps = self.steps();
        let joins = steps.last().copied().unwrap_or(0) as f64 / scenario.rate;
        let window = scenario.settle + scenario.seconds + 0.3;
        OVERHEAD + joins + window * steps.len() as f64
    }

    fn words(&self) -> String {
        let at = &self.at;
        let mut words = format!("{}: {}, {} a write", at.scenario, at.server, at.frames);
        if self.scenario.channels.len() > 1 {
            words += &format!(", {} channels", at.channels);
        }
        if self.scenario.shards.len() > 1 {
            words += &format!(", {} shards", at.shards);
        }
        if self.scenario.repetitions > 1 {
            words += &format!(", {} of {}", at.repetition + 1, self.scenario.repetitions);
        }
        words
    }
}

/// In the order in which they run: what is to be compared runs close together, and
/// every second time the other way round.
fn jobs<'a>(scenario: &'a Scenario, present: &[&'a dyn Server]) -> Vec<Job<'a>> {
    let takes_part = |server: &&&dyn Server| {
        let named = scenario.servers.iter().any(|name| name == server.name());
        scenario.servers.is_empty() || named
    };
    let mut jobs = Vec::new();
    for repetition in 0..scenario.repetitions {
        for &frames in &scenario.frames {
            let mut servers: Vec<&dyn Server> =
                present.iter().filter(takes_part).copied().collect();
            servers.retain(|server| server.classes().contains(&frames));
            if repetition % 2 == 1 {
                servers.reverse();
            }
            for server in servers {
                for &channels in &scenario.channels {
                    for &shards in &scenario.shards {
                        if shards > 1 && !server.has_shards() {
                            continue;
                        }
                        jobs.push(Job {
                            scenario,
                            server,
                            at: Point {
                                scenario: scenario.name.clone(),
                                server: server.name().to_owned(),
                                frames,
                                channels,
                                shards,
                                step: 0,
                                repetition,
                            },
                        });
                    }
                }
            }
        }
    }
    jobs
}

/// The cores that this process may run on.
pub(crate) fn allowed() -> anyhow::Result<Vec<usize>> {
    let set = nix::sched::sched_getaffinity(Pid::from_raw(0))?;
    Ok((0..nix::sched::CpuSet::count())
        .filter(|cpu| set.is_set(*cpu).unwrap_or(false))
        .collect())
}

/// A core for each shard from the first on; the generator has the last.
fn cores(all: &[usize], shards: usize) -> anyhow::Result<Cores> {
    let last = *all.last().context("a core to run on")?;
    Ok(Cores {
        server: all.iter().copied().take(shards).collect(),
        generator: vec![last],
    })
}

fn summary(row: &Row) -> String {
    let delays = &row.heard.delays;
    let mut words = format!(
        "{} listeners: {:.0} µs, p50 {:.1} p99 {:.1} ms, {} missing, {:.0} KB, server {:.0} %, generator {:.0} %",
        row.heard.listeners,
        row.cpu_per_listener_second(),
        delays.ms(0.5),
        delays.ms(0.99),
        row.heard.missing,
        row.user_bytes() / 1024.0,
        row.share() * 100.0,
        row.generator_share() * 100.0,
    );
    if row.heard.first_frame.count() > 0 {
        let first = &row.heard.first_frame;
        words += &format!(
            ", first frame p50 {:.1} p99 {:.1} ms",
            first.ms(0.5),
            first.ms(0.99)
        );
    }
    if let Some(late) = row.lateness_ms() {
        words += &format!(", {late:.1} ms late");
    }
    if row.is_saturated() {
        words += " (saturated)";
    }
    words
}

/// Writes a sample a second until it is dropped.
struct Sampler {
    stop_tx: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Sampler {
    fn start(running: &Running, at: &Point, journal: &Journal) -> Self {
        const EVERY: Duration = Duration::from_secs(1);
        let (stop_tx, stop_rx) = mpsc::channel();
        let (pids, at, journal) = (running.pids(), at.clone(), journal.clone());
        let thread = std::thread::spawn(move || {
            let began = Instant::now();
            while stop_rx.recv_timeout(EVERY) == Err(mpsc::RecvTimeoutError::Timeout) {
                let (Ok(usage), Ok(kernel)) = (Usage::of(&pids), Kernel::now()) else {
                    // The server is gone, which is told elsewhere.
                    return;
                };
                let sample = Sample {
                    at: at.clone(),
                    seconds: began.elapsed().as_secs_f64(),
                    usage,
                    kernel,
                };
                if journal.write(&Record::Sample(Box::new(sample))).is_err() {
                    return;
                }
            }
        });
        Self {
            stop_tx: Some(stop_tx),
            thread: Some(thread),
        }
    }
}

impl Drop for Sampler {
    fn drop(&mut self) {
        drop(self.stop_tx.take());
        if let Some(thread) = self.thread.take() {
            // It only reads and writes files.
            let _ = thread.join();
        }
    }
}

/// Where the material is kept, in `directory`, so that a seed has a file of its own.
pub(crate) fn material(directory: &Path, seed: u64) -> PathBuf {
    directory.join(format!("material-{seed}.mp3"))
}
