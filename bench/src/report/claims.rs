//! What the relay has to show beside the others, judged by one run's figures. Where
//! it matters how listeners acknowledge, what it is with those that cannot be asked to
//! do so seldom, as browsers cannot, stands beside it.

use std::fmt::Write;

use super::figures::{Cell, Figures, Scenario};
use super::tables::thousands;
use crate::record::Row;
use crate::relay::Acknowledging;

const OURS: &str = Acknowledging::AsAsked.server();
const BROWSERS: &str = Acknowledging::AsBrowsers.server();
/// Before what it is with those.
const AS_BROWSERS: &str = "; acknowledged as by browsers ";

/// One claim with what was measured; not judged where the run lacks it.
struct Claim {
    words: &'static str,
    measured: String,
    holds: Option<bool>,
}

/// All claims as a table.
pub(super) fn table(figures: &Figures<'_>) -> String {
    let mut out = String::from("| | measured | |\n|---|---|---|\n");
    for claim in claims(figures) {
        let verdict = match claim.holds {
            Some(true) => "yes",
            Some(false) => "**no**",
            None => "not measured",
        };
        let _ = writeln!(out, "| {} | {} | {verdict} |", claim.words, claim.measured);
    }
    out
}

fn claims(figures: &Figures<'_>) -> Vec<Claim> {
    let mut claims = beside_icecast(figures);
    claims.extend([
        per_frame(
            figures,
            "moq-relay",
            10.0,
            "At least 10 times cheaper than moq-relay for each delivered frame",
        ),
        per_frame(
            figures,
            "socketio",
            3.0,
            "At least 3 times cheaper than socket.io for each delivered frame",
        ),
        lowest(figures),
        relaxed(figures),
        memory(figures),
        flat(figures),
        storm(figures),
        channels(figures),
        shards(figures),
        migration(figures),
        ordering(figures),
        in_time(figures),
    ]);
    claims
}

fn claim(words: &'static str, measured: Option<(String, bool)>) -> Claim {
    match measured {
        Some((measured, holds)) => Claim {
            words,
            measured,
            holds: Some(holds),
        },
        None => Claim {
            words,
            measured: String::new(),
            holds: None,
        },
    }
}

/// Pairs of one server and another at the same listeners, three frames a write.
fn pairs<'a>(
    figures: &'a Figures<'_>,
    one: &str,
    other: &str,
) -> Vec<(&'a Cell<'a>, &'a Cell<'a>)> {
    const FEWEST: usize = 1_000;
    let scenarios = ["classes", "growth"];
    let scenarios = scenarios.iter().filter_map(|name| figures.scenario(name));
    let mut pairs = Vec::new();
    for scenario in scenarios {
        for ours in scenario.of(one) {
            let theirs = scenario.at(other, 3, ours.at.step);
            if let Some(theirs) = theirs
                && ours.at.frames == 3
                && ours.listeners() >= FEWEST.min(figures_most(scenario))
            {
                pairs.push((ours, theirs));
            }
        }
    }
    pairs
}

/// The most listeners of a scenario: a quick run has fewer than are asked for.
fn figures_most(scenario: &Scenario<'_>) -> usize {
    let all = scenario.of(OURS).map(Cell::listeners);
    all.max().unwrap_or(0)
}

/// The worst ratio to another server, and whether it is within the bound.
fn worst(
    figures: &Figures<'_>,
    other: &str,
    of: impl Fn(&Cell<'_>) -> f64,
    unit: &str,
    bound: f64,
) -> Option<(String, bool)> {
    let ratio = |ours: &Cell<'_>, theirs: &Cell<'_>| of(ours) / of(theirs);
    let asked = pairs(figures, OURS, other);
    let (ours, theirs) = asked
        .into_iter()
        .max_by(|a, b| ratio(a.0, a.1).total_cmp(&ratio(b.0, b.1)))?;
    let mut words = format!(
        "{:.2} at the most ({:.0} to {:.0} {unit}, {} listeners)",
        ratio(ours, theirs),
        of(ours),
        of(theirs),
        thousands(ours.listeners() as u64)
    );
    let browsers = pairs(figures, BROWSERS, other).into_iter();
    let browsers = browsers.map(|(ours, theirs)| ratio(ours, theirs));
    if let Some(ratio) = browsers.max_by(f64::total_cmp) {
        let _ = write!(words, "{AS_BROWSERS}{ratio:.2}");
    }
    Some((words, ratio(ours, theirs) <= bound))
}

fn beside_icecast(figures: &Figures<'_>) -> Vec<Claim> {
    let cpu = |cell: &Cell<'_>| cell.cpu().mean;
    let p99 = |cell: &Cell<'_>| cell.delays().ms(0.99);
    vec![
        claim(
            "Three frames a write, 1,000 to 5,000 listeners: CPU at or below Icecast with TLS",
            worst(figures, "icecast-tls", cpu, "µs", 1.0),
        ),
        claim(
            "There, p99 of the delay at or below Icecast's",
            worst(figures, "icecast-tls", p99, "ms", 1.0),
        ),
        claim(
            "Aim: CPU at or below Icecast without TLS",
            worst(figures, "icecast", cpu, "µs", 1.0),
        ),
        claim(
            "Aim: within 1.5 times the floor",
            worst(figures, "floor", cpu, "µs", 1.5),
        ),
    ]
}

fn per_frame(figures: &Figures<'_>, other: &str, times: f64, words: &'static str) -> Claim {
    let of = |cell: &Cell<'_>| cell.spread(Row::cpu_per_frame).mean;
    let least = |ours: &str| {
        let classes = figures.scenario("classes")?;
        let ratios = classes.of(ours).filter_map(|ours| {
            let theirs = classes.at(other, ours.at.frames, 0)?;
            Some((of(theirs) / of(ours), ours.at.frames))
        });
        ratios.min_by(|a, b| a.0.total_cmp(&b.0))
    };
    claim(
        words,
        least(OURS).map(|(ratio, frames)| {
            let mut measured = format!("{ratio:.1} times at the least ({frames} frames a write)");
            if let Some((ratio, _)) = least(BROWSERS) {
                let _ = write!(measured, "{AS_BROWSERS}{ratio:.1}");
            }
            (measured, ratio >= times)
        }),
    )
}

/// A machine that stands still for a tenth of a second spoils the p99 of a whole window,
/// whoever serves: the middle repetition counts, and the others are named.
fn lowest(figures: &Figures<'_>) -> Claim {
    const BOUND_MS: f64 = 15.0;
    claim(
        "One frame a write, at half of one core: p99 of the delay under 15 ms in the middle repetition",
        only(figures, "lowest").map(|cell| {
            let mut each: Vec<f64> = cell
                .rows
                .iter()
                .map(|row| row.heard.delays.ms(0.99))
                .collect();
            each.sort_by(f64::total_cmp);
            let middle = each[each.len() / 2];
            let all: Vec<_> = each.iter().map(|ms| format!("{ms:.1}")).collect();
            let measured = format!(
                "{middle:.1} ms (of {}) at {:.0}% of a core, {} listeners",
                all.join(", "),
                cell.spread(Row::share).mean * 100.0,
                thousands(cell.listeners() as u64)
            );
            (measured, middle < BOUND_MS)
        }),
    )
}

fn relaxed(figures: &Figures<'_>) -> Claim {
    let measured = figures.scenario("classes").and_then(|classes| {
        let ours = classes.at(OURS, 8, 0)?.cpu().mean;
        let theirs = classes.of("icecast-tls").next()?.cpu().mean;
        let mut words = format!("{:.2} ({ours:.0} to {theirs:.0} µs)", ours / theirs);
        if let Some(browsers) = classes.at(BROWSERS, 8, 0) {
            let _ = write!(words, "{AS_BROWSERS}{:.2}", browsers.cpu().mean / theirs);
        }
        Some((words, ours <= theirs / 2.0))
    });
    claim(
        "Eight frames a write: at most half the CPU of Icecast with TLS",
        measured,
    )
}

fn memory(figures: &Figures<'_>) -> Claim {
    const BOUND_KB: f64 = 32.0;
    claim(
        "At 5,000 listeners at most 32 KB of user space each",
        only(figures, "memory").map(|cell| {
            let user = cell.spread(Row::user_bytes).mean / 1024.0;
            let kernel = cell.spread(Row::kernel_bytes).mean / 1024.0;
            let measured = format!(
                "{user:.1} KB, kernel {kernel:.1} KB, {} listeners",
                thousands(cell.listeners() as u64)
            );
            (measured, user <= BOUND_KB)
        }),
    )
}

fn flat(figures: &Figures<'_>) -> Claim {
    const LONG: f64 = 599.0;
    const GROWTH: f64 = 1.02;
    let row = only(figures, "memory").and_then(|cell| {
        let rows = cell.rows.iter().copied();
        rows.max_by(|a, b| a.seconds.total_cmp(&b.seconds))
    });
    let row = row.filter(|row| row.seconds >= LONG);
    claim(
        "Flat over ten minutes (`--long`)",
        row.map(|row| {
            let (begin, end) = (row.begin.resident_bytes, row.end.resident_bytes);
            let mb = |bytes: u64| bytes as f64 / f64::from(1 << 20);
            let measured = format!("{:.1} MB, then {:.1} MB", mb(begin), mb(end));
            (measured, end as f64 <= begin as f64 * GROWTH)
        }),
    )
}

fn storm(figures: &Figures<'_>) -> Claim {
    claim(
        "3,000 joins in 10 s at half load: standing listeners miss no frame",
        only(figures, "storm").map(|cell| {
            let missing = cell.sum(|row| row.heard.missing);
            let failed = cell.sum(|row| row.heard.failed_joins);
            let first = cell.first_frames();
            let measured = format!(
                "{missing} missing of {} standing, p99 of theirs {:.0} ms; first frame of {} new p50 {:.0} ms, p99 {:.0} ms; {failed} failed",
                thousands(cell.listeners() as u64),
                cell.delays().ms(0.99),
                thousands(first.count()),
                first.ms(0.5),
                first.ms(0.99)
            );
            (measured, missing == 0 && failed == 0)
        }),
    )
}

fn channels(figures: &Figures<'_>) -> Claim {
    const BOUND: f64 = 1.3;
    let measured = figures.scenario("channels").and_then(|scenario| {
        let mut ours: Vec<_> = scenario.of(OURS).collect();
        ours.sort_by_key(|cell| cell.at.channels);
        let (one, many) = (ours.first()?, ours.last()?);
        let ratio = many.cpu().mean / one.cpu().mean;
        let words = format!("{ratio:.2} ({} channels)", many.at.channels);
        (many.at.channels > one.at.channels).then_some((words, ratio <= BOUND))
    });
    claim("100 channels: CPU within 1.3 times that of one", measured)
}

/// One shard is full when its thread is: so many more listeners fit as the busiest
/// thread has less to do. What the generator takes of a shared core is not in it.
fn shards(figures: &Figures<'_>) -> Claim {
    const TIMES: f64 = 1.8;
    let each =
        |cell: &Cell<'_>| cell.spread(Row::busiest_share).mean / cell.listeners().max(1) as f64;
    let measured = figures.scenario("shards").and_then(|scenario| {
        let one = scenario.of(OURS).find(|cell| cell.at.shards == 1)?;
        let two = scenario.of(OURS).find(|cell| cell.at.shards == 2)?;
        let times = each(one) / each(two);
        Some((
            format!("{times:.2} times, by the busiest thread"),
            times >= TIMES,
        ))
    });
    claim(
        "Two shards carry at least 1.8 times what one carries",
        measured,
    )
}

fn migration(figures: &Figures<'_>) -> Claim {
    claim(
        "Listeners whose port changes, on two shards, miss no frame",
        only(figures, "migration").map(|cell| {
            let missing = cell.sum(|row| row.heard.missing);
            let changes = cell.sum(|row| row.heard.rebinds);
            let measured = format!("{missing} missing after {changes} changes");
            (measured, missing == 0 && changes > 0)
        }),
    )
}

/// The order of the servers by CPU, at each class, in every repetition.
fn ordering(figures: &Figures<'_>) -> Claim {
    let measured = figures.scenario("classes").and_then(|classes| {
        let repetitions = classes.cells.iter().map(|cell| cell.rows.len()).min()?;
        let mut swapped = Vec::new();
        let mut compared = 0;
        for (n, one) in classes.cells.iter().enumerate() {
            for other in &classes.cells[n + 1..] {
                let is_again_ours = |cell: &Cell<'_>| cell.at.server == BROWSERS;
                if one.at.frames != other.at.frames || is_again_ours(one) || is_again_ours(other) {
                    continue;
                }
                compared += 1;
                let (a, b) = (one.cpu(), other.cpu());
                if a.low < b.high && b.low < a.high {
                    swapped.push(format!("{} and {}", one.at.server, other.at.server));
                }
            }
        }
        let words = if swapped.is_empty() {
            format!("{repetitions} repetitions, {compared} pairs")
        } else {
            format!(
                "{repetitions} repetitions; not told apart: {}",
                swapped.join(", ")
            )
        };
        (repetitions > 1 && compared > 0).then_some((words, swapped.is_empty()))
    });
    claim(
        "The order of the servers is the same in every repetition",
        measured,
    )
}

fn in_time(figures: &Figures<'_>) -> Claim {
    // `make bench` may take 30 from an empty clone; building takes 13.0, counting
    // instructions 1.2.
    const BOUND: f64 = 15.8;
    claim(
        "The run takes less than 15.8 minutes: 30 with what is built before it",
        figures
            .minutes
            .map(|minutes| (format!("{minutes:.1} minutes"), minutes < BOUND)),
    )
}

/// The relay's last cell of a scenario.
fn only<'a>(figures: &'a Figures<'_>, scenario: &str) -> Option<&'a Cell<'a>> {
    figures.scenario(scenario)?.of(OURS).last()
}
