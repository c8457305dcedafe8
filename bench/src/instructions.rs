//! Instructions of the relay for each delivered frame, in user space: the figure that
//! does not depend on the day, nor on who else uses the machine.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::generator::{Generator, Order, Plan};
use crate::material::Material;
use crate::record::Instructions;
use crate::relay::{Acknowledging, Skywave};
use crate::run::{allowed, material};
use crate::server::{Need, Server};

/// The shorter run; it has everything that the longer one has but audio.
const SHORT_SECONDS: f64 = 3.0;
/// Slower joins: valgrind makes a handshake fifty times as long.
const JOINS_A_SECOND: f64 = 3.0;
const SETTLE: Duration = Duration::from_secs(3);
const SEED: u64 = 1;

/// The slope between two runs that differ in their length alone.
///
/// # Errors
/// valgrind is not installed, or the relay does not keep up under it.
pub(crate) fn measure(
    program: &Path,
    listeners: usize,
    frames: usize,
    seconds: f64,
) -> anyhow::Result<Instructions> {
    let Ok(output) = Command::new("valgrind").arg("--version").output() else {
        bail!("valgrind is not installed: apt-get install valgrind");
    };
    let relay = Skywave {
        program: program.to_owned(),
        listeners: Acknowledging::AsAsked,
    };
    let (few, heard_few) = run(&relay, listeners, frames, SHORT_SECONDS)?;
    let (many, heard_many) = run(&relay, listeners, frames, SHORT_SECONDS + seconds)?;
    ensure!(
        heard_many > heard_few,
        "the longer run delivered no more frames"
    );
    Ok(Instructions {
        listeners,
        frames,
        per_frame: many.saturating_sub(few) as f64 / (heard_many - heard_few) as f64,
        valgrind: String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    })
}

/// Instructions of a whole run, and frames that were heard in it.
fn run(
    relay: &Skywave,
    listeners: usize,
    frames: usize,
    seconds: f64,
) -> anyhow::Result<(u64, u64)> {
    let directory = tempfile::tempdir()?;
    let profile = directory.path().join("callgrind.out");
    let mp3 = material(directory.path(), SEED);
    Material::prepare(&mp3, SEED)?;
    let mut valgrind = Command::new("valgrind");
    valgrind
        .args(["--tool=callgrind", "--quiet"])
        .arg(format!("--callgrind-out-file={}", profile.display()))
        .arg(std::path::absolute(&relay.program)?);
    let cores = allowed()?;
    let mut running = relay.start_by(
        valgrind,
        &Need {
            channels: 1,
            listeners,
            frames,
            shards: 1,
            cpus: cores.clone(),
        },
    )?;
    let plan = Plan {
        server: relay.name().to_owned(),
        address: running.address.clone(),
        material: mp3,
        channels: 1,
        frames,
        migrating: false,
    };
    let mut generator = Generator::start(None, &cores, plan)?;
    generator.join(listeners, JOINS_A_SECOND)?;
    std::thread::sleep(SETTLE);
    generator.measure(&Order::Measure {
        seconds,
        joins: 0,
        rate: 0.0,
        rebind: 0.0,
    })?;
    let heard = generator.measured()?;
    ensure!(
        heard.missing == 0,
        "the relay does not keep up under valgrind: use fewer listeners"
    );
    drop(generator);
    let process = running.processes.first_mut().context("a process")?;
    kill(Pid::from_raw(process.0.id() as i32), Signal::SIGTERM)?;
    let end = Instant::now() + Duration::from_secs(60);
    while process.0.try_wait()?.is_none() {
        ensure!(Instant::now() < end, "the relay does not stop");
        std::thread::sleep(Duration::from_millis(100));
    }
    let text = std::fs::read_to_string(&profile).context("callgrind wrote nothing")?;
    let total = total(&text).context("no total in what callgrind wrote")?;
    Ok((total, heard.delays.count()))
}

/// The sum at a profile's end.
fn total(profile: &str) -> Option<u64> {
    let lines = profile.lines().rev();
    let mut totals = lines.filter_map(|line| {
        line.strip_prefix("totals:")
            .or_else(|| line.strip_prefix("summary:"))
    });
    totals.next()?.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_found_wherever_callgrind_put_it() {
        assert_eq!(
            total("events: Ir\nfn=(1)\n1 5\n\ntotals: 1234567\n"),
            Some(1_234_567)
        );
        assert_eq!(total("events: Ir\nsummary: 42\nfn=(1)\n1 5\n"), Some(42));
        assert_eq!(total("events: Ir\n"), None);
    }
}
