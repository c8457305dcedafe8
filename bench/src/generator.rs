//! The lines between the bench and a load generator, which is a process of its own
//! so that its cost is its own. One JSON object a line: orders on its stdin, reports
//! on its stdout. It ends when stdin does.
//!
//! ```text
//! {"do":"open","plan":{..}}                            -> {"said":"opened"}
//! {"do":"join","listeners":1000,"rate":500.0}          -> {"said":"joined",..}
//! {"do":"measure","seconds":6.0,"joins":0,"rate":0.0}  -> {"said":"began"} , {"said":"measured",..}
//! ```
//!
//! `open`: every station is on the air. `join`: so many more listeners have joined
//! and heard a frame. `measure`: `began` is said when the window opens, and
//! `measured` once the frames that entered in the window had time to arrive. Figures
//! are of frames whose entry lies in the window, and of no others. What cannot be
//! done is said with `failed`, and nothing follows.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

use crate::delays::Delays;
use crate::server::{Process, spawn};

/// What a generator is to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub(crate) enum Order {
    Open {
        plan: Plan,
    },
    /// So many more, at so many a second.
    Join {
        listeners: usize,
        rate: f64,
    },
    /// A window of so many seconds, in which `joins` more come at `rate` a second.
    Measure {
        seconds: f64,
        joins: usize,
        rate: f64,
        /// Each listener's port changes so often, in seconds; 0: never.
        rebind: f64,
    },
}

/// Whom a generator meets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Plan {
    /// A [`crate::server::Server::name`].
    pub(crate) server: String,
    /// Of [`crate::server::Running`].
    pub(crate) address: String,
    /// MP3 that every station plays in a loop; see [`crate::material`].
    pub(crate) material: PathBuf,
    /// One station each; listener n listens to channel n modulo this.
    pub(crate) channels: usize,
    /// Frames that go together to each listener.
    pub(crate) frames: usize,
    /// Listeners have their ports changed in this run.
    pub(crate) migrating: bool,
}

/// What a generator tells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "said", rename_all = "kebab-case")]
pub(crate) enum Report {
    Opened,
    Joined {
        /// All that there are now.
        listeners: usize,
        /// From the beginning of each listener's connecting to its first frame.
        first_frame: Delays,
    },
    Began,
    Measured(Box<Heard>),
    Failed {
        why: String,
    },
}

/// What the listeners heard of one window.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Heard {
    /// Those that had joined when the window opened.
    pub(crate) listeners: usize,
    /// From a frame's entry to its receipt, of standing listeners.
    pub(crate) delays: Delays,
    /// Frames that should have come to standing listeners.
    pub(crate) expected: u64,
    /// Of those, frames that did not come.
    pub(crate) missing: u64,
    /// Frames that came once more.
    pub(crate) doubled: u64,
    /// Bytes of frames that came to standing listeners.
    pub(crate) bytes: u64,
    /// Connections that ended by themselves.
    pub(crate) lost: u64,
    /// Of the listeners that came in the window.
    pub(crate) first_frame: Delays,
    /// Joins in the window that did not come to a first frame.
    pub(crate) failed_joins: u64,
    /// Changes of a port.
    pub(crate) rebinds: u64,
    /// CPU seconds of the generator in the window.
    pub(crate) busy: f64,
    /// How late the generator's own timer was, sampled every few milliseconds.
    pub(crate) lag: Delays,
    /// From `began` to the window's end, in seconds.
    pub(crate) seconds: f64,
}

/// A generator that runs. Stopped when it is dropped.
pub(crate) struct Generator {
    process: Process,
    orders: ChildStdin,
    reports: std::io::Lines<BufReader<ChildStdout>>,
}

impl Generator {
    /// Starts it on these cores and gives it its plan.
    pub(crate) fn start(
        program: Option<Command>,
        cpus: &[usize],
        plan: Plan,
    ) -> anyhow::Result<Self> {
        let mut command = match program {
            Some(program) => program,
            None => {
                let mut this = Command::new(std::env::current_exe()?);
                this.arg("load");
                this
            }
        };
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = spawn(&mut command, cpus)?;
        let orders = process.0.stdin.take().context("a piped stdin")?;
        let stdout = process.0.stdout.take().context("a piped stdout")?;
        let mut generator = Self {
            process,
            orders,
            reports: BufReader::new(stdout).lines(),
        };
        match generator.ask(&Order::Open { plan })? {
            Report::Opened => Ok(generator),
            other => bail!("the generator answered {other:?}"),
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.0.id()
    }

    /// Lets more listeners join; gives their times to the first frame. Fails where
    /// one of them does.
    pub(crate) fn join(&mut self, listeners: usize, rate: f64) -> anyhow::Result<Delays> {
        match self.ask(&Order::Join { listeners, rate })? {
            Report::Joined { first_frame, .. } => Ok(first_frame),
            other => bail!("the generator answered {other:?}"),
        }
    }

    /// Opens a window; returns when it is open.
    pub(crate) fn measure(&mut self, order: &Order) -> anyhow::Result<()> {
        match self.ask(order)? {
            Report::Began => Ok(()),
            other => bail!("the generator answered {other:?}"),
        }
    }

    /// The figures of the window.
    pub(crate) fn measured(&mut self) -> anyhow::Result<Heard> {
        match self.next()? {
            Report::Measured(heard) => Ok(*heard),
            other => bail!("the generator answered {other:?}"),
        }
    }

    fn ask(&mut self, order: &Order) -> anyhow::Result<Report> {
        let mut line = serde_json::to_vec(order)?;
        line.push(b'\n');
        self.orders
            .write_all(&line)
            .context("the generator ended")?;
        self.next()
    }

    fn next(&mut self) -> anyhow::Result<Report> {
        let line = self.reports.next().context("the generator ended")??;
        match serde_json::from_str(&line).with_context(|| line.clone())? {
            Report::Failed { why } => bail!("{why}"),
            report => Ok(report),
        }
    }
}
