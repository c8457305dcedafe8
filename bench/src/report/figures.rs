//! Records put together: repetitions of one measurement are one figure with a spread.

use anyhow::Context;
use serde_json::Value;

use crate::delays::Delays;
use crate::record::{Instructions, Participant, Point, Record, Row, Run};

/// A run, by its scenarios.
pub(crate) struct Figures<'a> {
    pub(crate) run: &'a Run,
    pub(crate) servers: Vec<&'a Participant>,
    scenarios: Vec<Scenario<'a>>,
    pub(crate) instructions: Vec<&'a Instructions>,
    pub(crate) minutes: Option<f64>,
}

pub(crate) struct Scenario<'a> {
    pub(crate) name: &'a str,
    pub(crate) title: &'a str,
    pub(crate) seed: u64,
    pub(crate) cells: Vec<Cell<'a>>,
    pub(crate) failures: Vec<(&'a Point, &'a str)>,
    pub(crate) counts: Option<&'a Value>,
}

/// All repetitions of one measurement.
pub(crate) struct Cell<'a> {
    /// Without the repetition.
    pub(crate) at: Point,
    pub(crate) rows: Vec<&'a Row>,
}

/// The mean of repetitions, with the lowest and the highest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    pub(crate) mean: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

impl<'a> Figures<'a> {
    /// # Errors
    /// No run begins here.
    pub(crate) fn new(records: &'a [Record]) -> anyhow::Result<Self> {
        let run = records.iter().find_map(|record| match record {
            Record::Run(run) => Some(run),
            _ => None,
        });
        let mut figures = Self {
            run: run.context("the first record is not that of a run")?,
            servers: Vec::new(),
            scenarios: Vec::new(),
            instructions: Vec::new(),
            minutes: None,
        };
        for record in records {
            figures.take(record);
        }
        let order: Vec<_> = figures.servers.iter().map(|server| &server.name).collect();
        let place = |server: &str| order.iter().position(|name| *name == server);
        for scenario in &mut figures.scenarios {
            scenario.cells.sort_by_key(|cell| {
                let at = &cell.at;
                let point = (at.frames, at.channels, at.shards, at.step);
                (point, place(&at.server))
            });
        }
        Ok(figures)
    }

    fn take(&mut self, record: &'a Record) {
        match record {
            Record::Server(server) => self.servers.push(server),
            Record::Scenario { name, title, seed } => self.scenarios.push(Scenario {
                name,
                title,
                seed: *seed,
                cells: Vec::new(),
                failures: Vec::new(),
                counts: None,
            }),
            Record::Row(row) => {
                if let Some(scenario) = self.named(&row.at.scenario) {
                    scenario.take(row);
                }
            }
            Record::Failed { at, why } => {
                if let Some(scenario) = self.named(&at.scenario) {
                    scenario.failures.push((at, why));
                }
            }
            Record::Counts { scenario, figures } => {
                if let Some(scenario) = self.named(scenario) {
                    scenario.counts = Some(figures);
                }
            }
            Record::Instructions(figure) => self.instructions.push(figure),
            Record::End { minutes } => self.minutes = Some(*minutes),
            Record::Run(_) | Record::Sample(_) => {}
        }
    }

    fn named(&mut self, name: &str) -> Option<&mut Scenario<'a>> {
        self.scenarios.iter_mut().find(|s| s.name == name)
    }

    pub(crate) fn scenarios(&self) -> &[Scenario<'a>] {
        &self.scenarios
    }

    pub(crate) fn scenario(&self, name: &str) -> Option<&Scenario<'a>> {
        self.scenarios.iter().find(|scenario| scenario.name == name)
    }

    /// A server's name for people.
    pub(crate) fn title<'b>(&'b self, server: &'b str) -> &'b str {
        let known = self.servers.iter().find(|known| known.name == server);
        known.map_or(server, |known| &known.title)
    }
}

impl<'a> Scenario<'a> {
    fn take(&mut self, row: &'a Row) {
        let at = Point {
            repetition: 0,
            ..row.at.clone()
        };
        match self.cells.iter_mut().find(|cell| cell.at == at) {
            Some(cell) => cell.rows.push(row),
            None => self.cells.push(Cell {
                at,
                rows: vec![row],
            }),
        }
    }

    /// Those of one server, in the order of their points.
    pub(crate) fn of(&self, server: &str) -> impl Iterator<Item = &Cell<'a>> {
        self.cells
            .iter()
            .filter(move |cell| cell.at.server == server)
    }

    /// The cell of a server, with so many frames a write, at the same step.
    pub(crate) fn at(&self, server: &str, frames: usize, step: usize) -> Option<&Cell<'a>> {
        self.of(server)
            .find(|cell| cell.at.frames == frames && cell.at.step == step)
    }
}

impl Cell<'_> {
    pub(crate) fn spread(&self, figure: impl Fn(&Row) -> f64) -> Spread {
        let figures: Vec<f64> = self.rows.iter().map(|row| figure(row)).collect();
        Spread {
            mean: figures.iter().sum::<f64>() / figures.len().max(1) as f64,
            low: figures.iter().copied().fold(f64::INFINITY, f64::min),
            high: figures.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        }
    }

    /// µs of CPU for each listener-second.
    pub(crate) fn cpu(&self) -> Spread {
        self.spread(Row::cpu_per_listener_second)
    }

    /// Of all repetitions together.
    pub(crate) fn delays(&self) -> Delays {
        self.merged(|row| &row.heard.delays)
    }

    /// Times to the first frame of those who came in the windows.
    pub(crate) fn first_frames(&self) -> Delays {
        self.merged(|row| &row.heard.first_frame)
    }

    fn merged(&self, of: impl Fn(&Row) -> &Delays) -> Delays {
        let mut all = Delays::default();
        for row in &self.rows {
            all.add(of(row));
        }
        all
    }

    pub(crate) fn listeners(&self) -> usize {
        let all: usize = self.rows.iter().map(|row| row.heard.listeners).sum();
        all / self.rows.len().max(1)
    }

    pub(crate) fn sum(&self, of: impl Fn(&Row) -> u64) -> u64 {
        self.rows.iter().map(|row| of(row)).sum()
    }

    pub(crate) fn is_saturated(&self) -> bool {
        self.rows.iter().any(|row| row.is_saturated())
    }

    /// The worst of its rows.
    pub(crate) fn lateness_ms(&self) -> Option<f64> {
        let all = self.rows.iter().filter_map(|row| row.lateness_ms());
        all.max_by(f64::total_cmp)
    }
}
