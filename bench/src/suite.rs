//! A whole run, from the scenarios' files to the report.

use std::fs::read_to_string;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, ensure};
use time::OffsetDateTime;
use time::macros::format_description;

use crate::RunOptions;
use crate::record::{self, Journal, Record, Run};
use crate::run::{Runner, allowed};
use crate::scenario::{self, Listeners, Scenario};
use crate::{report, servers};

/// `bench/`, where this program was built.
fn home() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn out() -> PathBuf {
    home().join("out")
}

/// Runs what was asked for and writes the report. The report of a part or of a quick
/// run goes to `bench/out/`, so that it does not replace that of a whole one.
pub(crate) fn run(relay: &Path, options: &RunOptions) -> anyhow::Result<()> {
    let mut servers = servers(relay);
    let names: Vec<_> = servers.iter().map(|server| server.name()).collect();
    let all = scenario::read_all(&home().join("scenarios"), &names)?;
    for server in &options.servers {
        let known = names.contains(&server.as_str());
        ensure!(
            known,
            "there is no server {server:?}; there are {}",
            names.join(", ")
        );
    }
    let scenarios = chosen(all, options)?;
    if !options.servers.is_empty() {
        servers.retain(|server| options.servers.iter().any(|name| name == server.name()));
    }
    let now = OffsetDateTime::now_utc();
    let stamp = now.format(format_description!(
        "[year][month][day]-[hour][minute][second]"
    ))?;
    let directory = options.out.clone().unwrap_or_else(out);
    let file = directory.join(format!("{stamp}.jsonl"));
    let journal = Journal::create(&file)?;
    let date = now.format(format_description!(
        "[year]-[month]-[day] [hour]:[minute] UTC"
    ))?;
    journal.write(&Record::Run(machine(date, options)?))?;
    eprintln!("writing {}", file.display());
    for scenario in &scenarios {
        eprintln!(
            "{}: {} (seed {})",
            scenario.name, scenario.title, scenario.seed
        );
    }
    let began = Instant::now();
    let runner = Runner {
        journal: journal.clone(),
        directory: directory.clone(),
        servers,
        relay: relay.to_owned(),
        cores: allowed()?,
    };
    runner.run(&scenarios)?;
    journal.write(&Record::End {
        minutes: began.elapsed().as_secs_f64() / 60.0,
    })?;
    let is_whole = options.scenarios.is_empty()
        && options.servers.is_empty()
        && options.listeners.is_none()
        && options.out.is_none()
        && !options.quick;
    let paths = if is_whole {
        published()
    } else {
        report::Paths {
            results: directory.join("RESULTS.md"),
            plots: directory.join("plots"),
            readme: None,
        }
    };
    report::write(&record::read(&file)?, &paths)
}

/// Writes the published report anew.
pub(crate) fn report(from: Option<&Path>) -> anyhow::Result<()> {
    let file = match from {
        Some(file) => file.to_owned(),
        None => record::newest(&out())?,
    };
    report::write(&record::read(&file)?, &published())
}

/// Adds to the newest run.
pub(crate) fn add(record: &Record) -> anyhow::Result<()> {
    Journal::append(&record::newest(&out())?)?.write(record)
}

fn published() -> report::Paths {
    report::Paths {
        results: home().join("RESULTS.md"),
        plots: home().join("plots"),
        readme: home().parent().map(|root| root.join("README.md")),
    }
}

fn chosen(all: Vec<Scenario>, options: &RunOptions) -> anyhow::Result<Vec<Scenario>> {
    for name in &options.scenarios {
        let names: Vec<_> = all.iter().map(|s| s.name.as_str()).collect();
        let known = names.contains(&name.as_str());
        ensure!(
            known,
            "there is no scenario {name:?}; there are {}",
            names.join(", ")
        );
    }
    let mut scenarios = all;
    if !options.scenarios.is_empty() {
        scenarios.retain(|scenario| options.scenarios.contains(&scenario.name));
    }
    if options.long {
        scenarios = scenarios.into_iter().map(Scenario::long).collect();
    }
    if options.quick {
        scenarios = scenarios.into_iter().map(Scenario::quick).collect();
    }
    if let Some(listeners) = options.listeners {
        ensure!(listeners > 0, "--listeners: at least 1");
        for scenario in &mut scenarios {
            scenario.listeners = Listeners::Steps(vec![listeners]);
        }
    }
    Ok(scenarios)
}

/// What was asked for, without the paths of this machine.
fn command(options: &RunOptions) -> String {
    let mut words = vec!["skywave-bench run".to_owned()];
    words.extend(
        options
            .scenarios
            .iter()
            .map(|name| format!("--scenario {name}")),
    );
    if !options.servers.is_empty() {
        words.push(format!("--servers {}", options.servers.join(",")));
    }
    words.extend(options.listeners.map(|n| format!("--listeners {n}")));
    words.extend(options.quick.then(|| "--quick".to_owned()));
    words.extend(options.long.then(|| "--long".to_owned()));
    words.join(" ")
}

fn machine(date: String, options: &RunOptions) -> anyhow::Result<Run> {
    let cpuinfo = read_to_string("/proc/cpuinfo")?;
    let meminfo = read_to_string("/proc/meminfo")?;
    let release = read_to_string("/etc/os-release").unwrap_or_default();
    let after = |text: &str, name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.map(|rest| rest.trim_matches([' ', '\t', ':', '=', '"']).to_owned())
    };
    let kilobytes: u64 = after(&meminfo, "MemTotal")
        .and_then(|text| text.split(' ').next()?.parse().ok())
        .context("MemTotal")?;
    let unknown = || "unknown".to_owned();
    Ok(Run {
        date,
        command: command(options),
        processor: after(&cpuinfo, "model name").unwrap_or_else(unknown),
        cores: allowed()?.len(),
        memory: format!("{:.1} GB", kilobytes as f64 / 1e6),
        kernel: read_to_string("/proc/sys/kernel/osrelease")?
            .trim()
            .to_owned(),
        system: after(&release, "PRETTY_NAME").unwrap_or_else(unknown),
        quick: options.quick,
    })
}
