//! The tables of the report, in Markdown.

use std::fmt::Write;

use super::figures::{Cell, Figures, Scenario, Spread};
use crate::record::{Point, Row};

/// Where, with what, when, and who took part.
pub(super) fn head(figures: &Figures<'_>) -> String {
    let run = figures.run;
    let mut out = format!(
        "Written by `skywave-bench report`; do not edit.\n\n\
         {} ({} cores), {}, {}, Linux {}, {}.\n\n```sh\n{}\n```\n\n",
        run.processor, run.cores, run.memory, run.system, run.kernel, run.date, run.command
    );
    if run.quick {
        out += "A quick run: it shows that everything works, and its figures are worth little.\n\n";
    }
    if let Some(minutes) = figures.minutes {
        let _ = writeln!(out, "The run took {minutes:.0} minutes.\n");
    }
    out += "| server | version | installed from |\n|---|---|---|\n";
    for server in &figures.servers {
        let (version, from) = match (&server.installed, &server.absent) {
            (Some(installed), _) => (installed.version.as_str(), installed.from.as_str()),
            (None, Some(why)) => ("not measured", why.as_str()),
            (None, None) => ("not measured", ""),
        };
        let _ = writeln!(out, "| {} | {version} | {} |", server.title, one_line(from));
    }
    out
}

/// A scenario's table, with the columns that say something in it.
pub(super) fn scenario(figures: &Figures<'_>, scenario: &Scenario<'_>) -> String {
    let mut out = format!("Scenario `{}`, seed {}.\n\n", scenario.name, scenario.seed);
    if let Some(counts) = scenario.counts {
        out += &table_of(counts);
    }
    if !scenario.cells.is_empty() {
        out += &cells(figures, scenario);
    }
    if scenario.name == "capacity" {
        out += &held(figures, scenario);
    }
    for (at, why) in &scenario.failures {
        let _ = writeln!(
            out,
            "\n{}, {} frames a write: failed: {}",
            figures.title(&at.server),
            at.frames,
            one_line(why)
        );
    }
    out
}

/// The most listeners of each server that heard everything in time.
fn held(figures: &Figures<'_>, scenario: &Scenario<'_>) -> String {
    const BOUND_MS: f64 = 250.0;
    let in_time = |cell: &&Cell<'_>| {
        cell.delays().ms(0.99) <= BOUND_MS && cell.sum(|row| row.heard.missing) == 0
    };
    let mut out = String::new();
    for server in &figures.servers {
        let is_its = |(at, _): &(&Point, &str)| at.server == server.name;
        let cells: Vec<_> = scenario.of(&server.name).collect();
        let Some(last) = cells.last() else { continue };
        let most = cells.iter().copied().filter(in_time).map(Cell::listeners);
        let most = thousands(most.max().unwrap_or(0) as u64);
        let why = if !in_time(last) {
            "more came late or not at all"
        } else if last.is_saturated() {
            "at least: there the generator was at its end"
        } else if scenario.failures.iter().any(is_its) {
            "at least: with more it failed, as told below"
        } else {
            "at least: more were not tried"
        };
        let _ = writeln!(out, "\n{} held {most} listeners ({why}).", server.title);
    }
    out
}

type Column<'a> = (&'static str, Box<dyn Fn(&Cell<'_>) -> String + 'a>);

fn cells(figures: &Figures<'_>, scenario: &Scenario<'_>) -> String {
    let cells = &scenario.cells;
    let differ = |of: fn(&Cell<'_>) -> usize| cells.iter().any(|cell| of(cell) != of(&cells[0]));
    let any = |of: fn(&Row) -> u64| cells.iter().any(|cell| cell.sum(of) > 0);
    let mut columns: Vec<Column<'_>> = vec![(
        "server",
        Box::new(|cell| figures.title(&cell.at.server).to_owned()),
    )];
    columns.push((
        "listeners",
        Box::new(|cell| thousands(cell.listeners() as u64)),
    ));
    columns.push((
        "frames a write",
        Box::new(|cell| cell.at.frames.to_string()),
    ));
    if differ(|cell| cell.at.channels) {
        columns.push(("channels", Box::new(|cell| cell.at.channels.to_string())));
    }
    if differ(|cell| cell.at.shards) {
        columns.push(("shards", Box::new(|cell| cell.at.shards.to_string())));
        columns.push((
            "busiest thread",
            Box::new(|cell| format!("{:.0}%", cell.spread(Row::busiest_share).mean * 100.0)),
        ));
    }
    columns.push((
        "CPU, µs a listener-second",
        Box::new(|cell| spread(cell.cpu())),
    ));
    columns.push((
        "to Skywave",
        Box::new(|cell| {
            let ours = scenario.cells.iter().find(|ours| {
                ours.at.server == "skywave"
                    && (
                        ours.at.frames,
                        ours.at.channels,
                        ours.at.shards,
                        ours.at.step,
                    ) == (
                        cell.at.frames,
                        cell.at.channels,
                        cell.at.shards,
                        cell.at.step,
                    )
            });
            ours.map_or_else(String::new, |ours| {
                format!("{:.2}", cell.cpu().mean / ours.cpu().mean)
            })
        }),
    ));
    columns.push((
        "µs a frame",
        Box::new(|cell| format!("{:.1}", cell.spread(Row::cpu_per_frame).mean)),
    ));
    columns.push((
        "of a core",
        Box::new(|cell| format!("{:.0}%", cell.spread(Row::share).mean * 100.0)),
    ));
    for (name, quantile) in [
        ("p50, ms", 0.5),
        ("p99", 0.99),
        ("p99.9", 0.999),
        ("max", 1.0),
    ] {
        columns.push((
            name,
            Box::new(move |cell| format!("{:.1}", cell.delays().ms(quantile))),
        ));
    }
    columns.push((
        "missing",
        Box::new(|cell| {
            let expected = cell.sum(|row| row.heard.expected);
            let missing = cell.sum(|row| row.heard.missing);
            match missing {
                0 => "0".to_owned(),
                _ => format!("{missing} of {expected}"),
            }
        }),
    ));
    if any(|row| row.heard.doubled) {
        columns.push((
            "doubled",
            Box::new(|c| c.sum(|r| r.heard.doubled).to_string()),
        ));
    }
    if any(|row| row.heard.lost) {
        columns.push(("lost", Box::new(|c| c.sum(|r| r.heard.lost).to_string())));
    }
    if any(|row| row.heard.rebinds) {
        columns.push((
            "port changes",
            Box::new(|c| c.sum(|r| r.heard.rebinds).to_string()),
        ));
    }
    if any(|row| row.heard.first_frame.count()) {
        columns.push((
            "joins",
            Box::new(|c| thousands(c.sum(|r| r.heard.first_frame.count()))),
        ));
        columns.push((
            "CPU of the window, s",
            Box::new(|cell| format!("{:.2}", cell.spread(Row::cpu).mean)),
        ));
        for (name, quantile) in [("first frame p50, ms", 0.5), ("first frame p99", 0.99)] {
            columns.push((
                name,
                Box::new(move |cell| format!("{:.1}", cell.first_frames().ms(quantile))),
            ));
        }
    }
    columns.push((
        "KB a listener, user / kernel",
        Box::new(|cell| {
            let user = cell.spread(Row::user_bytes).mean / 1024.0;
            let kernel = cell.spread(Row::kernel_bytes).mean / 1024.0;
            format!("{user:.0} / {:.0}", kernel.max(0.0))
        }),
    ));
    columns.push((
        "switches a second",
        Box::new(|cell| thousands(cell.spread(Row::switches).mean.max(0.0) as u64)),
    ));
    columns.push((
        "generator",
        Box::new(|cell| {
            let busy = cell.spread(Row::generator_share).mean * 100.0;
            let late = cell.lateness_ms();
            let late = late.map_or_else(String::new, |ms| format!(", {ms:.0} ms late"));
            let mark = if cell.is_saturated() {
                ", **saturated**"
            } else {
                ""
            };
            format!("{busy:.0}%{late}{mark}")
        }),
    ));
    let mut out = String::new();
    let names: Vec<_> = columns.iter().map(|(name, _)| *name).collect();
    let _ = writeln!(
        out,
        "| {} |\n|{}",
        names.join(" | "),
        "---|".repeat(names.len())
    );
    for cell in cells {
        let values: Vec<_> = columns.iter().map(|(_, value)| value(cell)).collect();
        let _ = writeln!(out, "| {} |", values.join(" | "));
    }
    out
}

/// What callgrind counted.
pub(super) fn instructions(figures: &Figures<'_>) -> String {
    if figures.instructions.is_empty() {
        return String::new();
    }
    let mut out = String::from(
        "\n## Instructions for each delivered frame\n\nOf the relay, in user space alone: the \
         slope between two runs under callgrind that differ in their length.\n\n\
         | listeners | frames a write | instructions a frame | counted by |\n|---|---|---|---|\n",
    );
    for figure in &figures.instructions {
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} |",
            figure.listeners,
            figure.frames,
            thousands(figure.per_frame as u64),
            figure.valgrind
        );
    }
    out
}

/// The README's table: every server at three frames a write, or as it does.
pub(super) fn readme(figures: &Figures<'_>) -> String {
    let run = figures.run;
    let mut out = format!(
        "1,000 listeners of one 128 kbit/s channel on one core of two ({}, {}), {}:\n\n\
         | server | frames a write | CPU, µs a listener-second | delay p50 | delay p99 | memory a listener |\n\
         |---|---|---|---|---|---|\n",
        run.processor,
        run.system,
        run.date.split(' ').next().unwrap_or_default()
    );
    let Some(classes) = figures.scenario("classes") else {
        return out;
    };
    for server in &figures.servers {
        if server.installed.is_none() {
            let _ = writeln!(out, "| {} | | not measured | | | |", server.title);
        }
        for cell in classes.of(&server.name) {
            let delays = cell.delays();
            let _ = writeln!(
                out,
                "| {} | {} | {:.0} | {:.1} ms | {:.1} ms | {:.0} KB |",
                server.title,
                cell.at.frames,
                cell.cpu().mean,
                delays.ms(0.5),
                delays.ms(0.99),
                cell.spread(Row::user_bytes).mean / 1024.0
            );
        }
    }
    out
}

fn table_of(figures: &serde_json::Value) -> String {
    let mut out = String::from("| figure | value |\n|---|---|\n");
    for (name, value) in figures.as_object().into_iter().flatten() {
        let _ = writeln!(out, "| {name} | {} |", one_line(&value.to_string()));
    }
    out.push('\n');
    out
}

fn spread(spread: Spread) -> String {
    if (spread.high - spread.low).abs() < 0.5 {
        return format!("{:.0}", spread.mean);
    }
    format!(
        "{:.0} ({:.0} to {:.0})",
        spread.mean, spread.low, spread.high
    )
}

pub(super) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn one_line(text: &str) -> String {
    text.replace(['\n', '|'], " ")
}
