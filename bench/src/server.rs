//! A server under test: how one is started, and what is measured of it.

use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use nix::sched::{CpuSet, sched_setaffinity};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

/// One kind of server. Its listeners and stations are in [`crate::fleet`], under
/// the same name.
pub(crate) trait Server {
    /// In scenarios, JSONL and file names: `a-z`, `0-9` and `-`.
    fn name(&self) -> &'static str;

    /// For people, in tables and plots.
    fn title(&self) -> &'static str;

    /// What is installed here. Quick; starts nothing that stays.
    ///
    /// # Errors
    /// Why it cannot be measured, in words for the table.
    fn installed(&self) -> anyhow::Result<Installed>;

    /// Which numbers of frames a write make a difference to it; each other one is
    /// measured as the first. Icecast, which writes what it has, has one.
    fn classes(&self) -> &'static [usize] {
        &[1, 3, 8]
    }

    /// The most listeners that it is asked to serve here, so that its row takes no
    /// longer than the others.
    fn most_listeners(&self) -> usize {
        usize::MAX
    }

    /// Threads that serve listeners can be told.
    fn has_shards(&self) -> bool {
        false
    }

    /// Starts it on loopback, on free ports, and returns once it takes clients.
    /// Its processes must run on `need.cpus` alone: make them with [`spawn`].
    ///
    /// # Errors
    /// It does not start.
    fn start(&self, need: &Need) -> anyhow::Result<Running>;

    /// The program that carries its station and listeners and speaks the lines of
    /// [`crate::generator`]; `None` is this program itself.
    fn generator(&self) -> Option<Command> {
        None
    }
}

/// What a server is to be ready for.
#[derive(Clone, Debug)]
pub(crate) struct Need {
    pub(crate) channels: usize,
    pub(crate) listeners: usize,
    /// Frames that go together to each listener: 1, 3 or 8.
    pub(crate) frames: usize,
    pub(crate) shards: usize,
    pub(crate) cpus: Vec<usize>,
}

/// What there is to measure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Installed {
    pub(crate) version: String,
    /// Such as "Debian package" or "npm, package-lock.json".
    pub(crate) from: String,
}

/// A server that takes clients. Stopped when it is dropped.
pub(crate) struct Running {
    pub(crate) processes: Vec<Process>,
    /// How its generator reaches it, in the words of its own fleet: an URL, or an
    /// address with a port.
    pub(crate) address: String,
    /// Its configuration; goes with it.
    #[expect(dead_code, reason = "held until the server has stopped")]
    pub(crate) directory: Option<TempDir>,
}

impl Running {
    /// The processes whose figures are added up.
    pub(crate) fn pids(&self) -> Vec<u32> {
        self.processes.iter().map(|p| p.0.id()).collect()
    }
}

/// Killed when it is dropped.
pub(crate) struct Process(pub(crate) Child);

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a process on these cores alone, with all threads that it will have.
///
/// # Errors
/// The program is not there, or the kernel refuses the cores.
pub(crate) fn spawn(command: &mut Command, cpus: &[usize]) -> anyhow::Result<Process> {
    let before = nix::sched::sched_getaffinity(Pid::from_raw(0))?;
    pin(cpus)?;
    let child = command.spawn();
    sched_setaffinity(Pid::from_raw(0), &before)?;
    let program = command.get_program().display().to_string();
    Ok(Process(
        child.with_context(|| format!("cannot start {program}"))?,
    ))
}

/// Keeps this thread, and what it starts from now on, on these cores.
///
/// # Errors
/// A core is not there.
pub(crate) fn pin(cpus: &[usize]) -> anyhow::Result<()> {
    let mut set = CpuSet::new();
    for cpu in cpus {
        set.set(*cpu)?;
    }
    sched_setaffinity(Pid::from_raw(0), &set)
        .with_context(|| format!("cannot run on cores {cpus:?}"))
}

/// A port of 127.0.0.1 that was free a moment ago, for servers that cannot choose
/// one by themselves.
pub(crate) fn free_udp_port() -> anyhow::Result<u16> {
    Ok(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?
        .local_addr()?
        .port())
}

/// As [`free_udp_port`], for TCP.
pub(crate) fn free_tcp_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
        .local_addr()?
        .port())
}

/// Asks again and again, for 15 s, until `ready` is true.
///
/// # Errors
/// It never was.
pub(crate) fn until(what: &str, mut ready: impl FnMut() -> bool) -> anyhow::Result<()> {
    const PATIENCE: Duration = Duration::from_secs(15);
    const PAUSE: Duration = Duration::from_millis(50);
    let end = Instant::now() + PATIENCE;
    while !ready() {
        if Instant::now() > end {
            bail!("{what} is not ready after {PATIENCE:?}");
        }
        std::thread::sleep(PAUSE);
    }
    Ok(())
}
