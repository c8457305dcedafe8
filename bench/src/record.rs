//! What a run writes down: one JSON object a line, in `bench/out/`.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use serde::{Deserialize, Serialize};

use crate::generator::Heard;
use crate::proc::{Kernel, Usage};
use crate::server::Installed;

/// One line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "kebab-case")]
pub(crate) enum Record {
    /// The first line.
    Run(Run),
    /// One server that takes part, or why it cannot.
    Server(Participant),
    /// The title of a scenario of this run.
    Scenario {
        name: String,
        title: String,
        seed: u64,
    },
    Row(Box<Row>),
    /// A measurement that came to nothing.
    Failed {
        at: Point,
        why: String,
    },
    /// Once a second.
    Sample(Box<Sample>),
    /// Of the scenarios that measure how soon counts are right.
    Counts {
        scenario: String,
        figures: serde_json::Value,
    },
    Instructions(Instructions),
    /// The last line of a run that came to its end.
    End {
        minutes: f64,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Run {
    /// UTC, to the minute.
    pub(crate) date: String,
    pub(crate) command: String,
    pub(crate) processor: String,
    pub(crate) cores: usize,
    pub(crate) memory: String,
    pub(crate) kernel: String,
    pub(crate) system: String,
    pub(crate) quick: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Participant {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) installed: Option<Installed>,
    pub(crate) absent: Option<String>,
}

/// Which measurement.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Point {
    pub(crate) scenario: String,
    pub(crate) server: String,
    pub(crate) frames: usize,
    pub(crate) channels: usize,
    pub(crate) shards: usize,
    /// From 0; growth has several.
    pub(crate) step: usize,
    pub(crate) repetition: usize,
}

/// The figures of one window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) at: Point,
    pub(crate) heard: Heard,
    /// The server's, before it had listeners, at the window's begin and at its end.
    pub(crate) empty: Usage,
    pub(crate) begin: Usage,
    pub(crate) end: Usage,
    pub(crate) kernel_empty: Kernel,
    pub(crate) kernel_begin: Kernel,
    pub(crate) kernel_end: Kernel,
    /// Seconds between the readings of `begin` and `end`.
    pub(crate) seconds: f64,
    /// What the generator has used between them, on its one core.
    pub(crate) generator_busy: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sample {
    pub(crate) at: Point,
    /// Since the server started.
    pub(crate) seconds: f64,
    pub(crate) usage: Usage,
    pub(crate) kernel: Kernel,
}

/// Of callgrind, in user space alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Instructions {
    pub(crate) listeners: usize,
    pub(crate) frames: usize,
    /// Instructions for each frame that came to a listener.
    pub(crate) per_frame: f64,
    pub(crate) valgrind: String,
}

impl Row {
    /// CPU seconds of the server in the window. The exact reading leaves out threads
    /// that ended; where it lacks much, the coarse one is taken.
    pub(crate) fn cpu(&self) -> f64 {
        /// What the coarse reading may be off.
        const COARSE: f64 = 0.05;
        let exact = self.end.exact - self.begin.exact;
        let coarse = self.end.cpu_since(&self.begin).as_secs_f64();
        if exact + COARSE < coarse {
            coarse
        } else {
            exact
        }
    }

    /// Share of one core that the server took.
    pub(crate) fn share(&self) -> f64 {
        self.cpu() / self.seconds
    }

    /// µs of the server's CPU for each second of each listener.
    pub(crate) fn cpu_per_listener_second(&self) -> f64 {
        self.cpu() * 1e6 / (self.heard.listeners as f64 * self.seconds)
    }

    /// µs of the server's CPU for each frame that came to a listener.
    pub(crate) fn cpu_per_frame(&self) -> f64 {
        let frames = self.heard.delays.count() as f64 * self.seconds / self.heard.seconds;
        self.cpu() * 1e6 / frames.max(1.0)
    }

    /// The busiest thread's share of its core.
    pub(crate) fn busiest_share(&self) -> f64 {
        (self.end.busiest - self.begin.busiest) / self.seconds
    }

    /// Bytes that a listener takes of the server's own memory.
    pub(crate) fn user_bytes(&self) -> f64 {
        let grown = self.end.resident_bytes as f64 - self.empty.resident_bytes as f64;
        grown / self.all_listeners()
    }

    /// Those that came in the window too.
    fn all_listeners(&self) -> f64 {
        (self.heard.listeners as u64 + self.heard.first_frame.count()).max(1) as f64
    }

    /// Bytes that a listener takes of the kernel's, both ends of its connection.
    pub(crate) fn kernel_bytes(&self) -> f64 {
        let of = |k: &Kernel| (k.slab_bytes + k.tcp_bytes + k.udp_bytes) as f64;
        (of(&self.kernel_end) - of(&self.kernel_empty)) / self.all_listeners()
    }

    /// Share of one core that the generator took.
    pub(crate) fn generator_share(&self) -> f64 {
        self.generator_busy / self.seconds
    }

    /// The generator was so busy that the figures are its own.
    pub(crate) fn is_saturated(&self) -> bool {
        const BUSY: f64 = 0.85;
        self.generator_share() > BUSY
    }

    /// How late the generator's timers were, in ms (p99), where that is more than a
    /// few: as late were its ears at times.
    pub(crate) fn lateness_ms(&self) -> Option<f64> {
        const LATE_MS: f64 = 5.0;
        Some(self.heard.lag.ms(0.99)).filter(|&late| late > LATE_MS)
    }

    /// How often a thread of the server waited or was put off, a second.
    pub(crate) fn switches(&self) -> f64 {
        let of = |usage: &Usage| (usage.waits + usage.preemptions) as f64;
        (of(&self.end) - of(&self.begin)) / self.seconds
    }
}

/// Where records go. Shared by clones.
#[derive(Clone)]
pub(crate) struct Journal(Arc<Mutex<File>>);

impl Journal {
    /// Makes the file.
    pub(crate) fn create(file: &Path) -> anyhow::Result<Self> {
        let directory = file.parent().context("a file in a directory")?;
        std::fs::create_dir_all(directory)?;
        let file = File::create(file).with_context(|| file.display().to_string())?;
        Ok(Self(Arc::new(Mutex::new(file))))
    }

    /// Goes on with a file that is there.
    pub(crate) fn append(file: &Path) -> anyhow::Result<Self> {
        let opened = File::options().append(true).open(file);
        let file = opened.with_context(|| file.display().to_string())?;
        Ok(Self(Arc::new(Mutex::new(file))))
    }

    pub(crate) fn write(&self, record: &Record) -> anyhow::Result<()> {
        let mut line = serde_json::to_vec(record)?;
        line.push(b'\n');
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(file.write_all(&line)?)
    }
}

/// All records of a file, samples left out.
pub(crate) fn read(file: &Path) -> anyhow::Result<Vec<Record>> {
    let opened = File::open(file).with_context(|| file.display().to_string())?;
    let mut records = Vec::new();
    for (n, line) in BufReader::new(opened).lines().enumerate() {
        let record = serde_json::from_str(&line?)
            .with_context(|| format!("{}, line {}", file.display(), n + 1))?;
        if !matches!(record, Record::Sample(_)) {
            records.push(record);
        }
    }
    Ok(records)
}

/// The newest file of runs in a directory: their names begin with their dates.
pub(crate) fn newest(directory: &Path) -> anyhow::Result<PathBuf> {
    let entries = std::fs::read_dir(directory)
        .with_context(|| format!("no runs in {}", directory.display()))?;
    let mut files: Vec<_> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "jsonl"))
        .collect();
    files.sort();
    files
        .pop()
        .with_context(|| format!("no runs in {}", directory.display()))
}

#[cfg(test)]
pub(crate) mod tests {
    use std::time::Duration;

    use super::*;

    /// A row of 10 s: a tenth of a millisecond of CPU for each listener-second and
    /// `factor`, delays around 40 ms and `factor`.
    pub(crate) fn row(server: &str, scenario: &str, listeners: usize, factor: f64) -> Row {
        let cpu = listeners as f64 * 10.0 * 100e-6 * factor;
        let usage = |cpu: f64, bytes: u64| Usage {
            user: cpu / 2.0,
            system: cpu / 2.0,
            exact: cpu,
            busiest: cpu,
            resident_bytes: bytes,
            threads: 1,
            ..Usage::default()
        };
        let mut heard = Heard {
            listeners,
            expected: listeners as u64 * 100,
            seconds: 10.0,
            ..Heard::default()
        };
        for n in 0..listeners as u64 * 100 {
            let micros = (30_000 + n % 20_000) as f64 * factor;
            heard.delays.record(Duration::from_micros(micros as u64));
        }
        Row {
            at: Point {
                scenario: scenario.to_owned(),
                server: server.to_owned(),
                frames: 3,
                channels: 1,
                shards: 1,
                ..Point::default()
            },
            heard,
            empty: usage(0.0, 10 << 20),
            begin: usage(1.0, (10 << 20) + listeners as u64 * 20_000),
            end: usage(1.0 + cpu, (10 << 20) + listeners as u64 * 20_000),
            kernel_empty: Kernel::default(),
            kernel_begin: Kernel::default(),
            kernel_end: Kernel {
                slab_bytes: listeners as u64 * 1_000,
                ..Kernel::default()
            },
            seconds: 10.0,
            generator_busy: 3.0,
        }
    }

    #[test]
    fn figures_are_of_a_listener_and_a_second() {
        let row = row("skywave", "classes", 50, 2.0);
        assert!((row.cpu_per_listener_second() - 200.0).abs() < 1e-6);
        assert!((row.cpu_per_frame() - 20.0).abs() < 1e-6);
        assert!((row.share() - 0.01).abs() < 1e-9);
        assert!((row.user_bytes() - 20_000.0).abs() < 1.0);
        assert!((row.kernel_bytes() - 1_000.0).abs() < 1.0);
        assert!(!row.is_saturated());
    }

    #[test]
    fn a_busy_or_late_generator_is_told() {
        let mut busy = row("skywave", "classes", 5, 1.0);
        busy.generator_busy = 8.6;
        assert!(busy.is_saturated());
        assert_eq!(busy.lateness_ms(), None);
        let mut late = row("skywave", "classes", 5, 1.0);
        for _ in 0..10 {
            late.heard.lag.record(Duration::from_millis(9));
        }
        assert!(!late.is_saturated());
        assert!(
            late.lateness_ms()
                .is_some_and(|late| (8.5..9.5).contains(&late))
        );
    }

    #[test]
    fn records_come_back_as_they_were_written_and_samples_are_left_out() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("out/1.jsonl");
        let row = Record::Row(Box::new(row("floor", "growth", 3, 1.0)));
        let end = Record::End { minutes: 2.5 };
        Journal::create(&file)
            .and_then(|journal| journal.write(&row))
            .expect("written");
        let sample = Sample {
            at: Point::default(),
            seconds: 1.0,
            usage: Usage::default(),
            kernel: Kernel::default(),
        };
        let journal = Journal::append(&file).expect("the same file");
        journal
            .write(&Record::Sample(Box::new(sample)))
            .expect("written");
        journal.write(&end).expect("written");
        assert_eq!(read(&file).expect("good records"), [row, end]);
        assert_eq!(newest(&directory.path().join("out")).expect("one"), file);
    }
}
