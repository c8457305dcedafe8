use super::*;
use crate::record::tests::row;
use crate::record::{Instructions, Participant, Point, Run};
use crate::server::Installed;

fn records() -> Vec<Record> {
    let run = Run {
        date: "2026-11-22 20:00 UTC".into(),
        command: "skywave-bench run".into(),
        processor: "Some Processor".into(),
        cores: 2,
        memory: "8.0 GB".into(),
        kernel: "6.1".into(),
        system: "Debian".into(),
        quick: false,
    };
    let server = |name: &str, title: &str, absent: Option<&str>| {
        Record::Server(Participant {
            name: name.into(),
            title: title.into(),
            installed: absent.is_none().then(|| Installed {
                version: "1.0".into(),
                from: "here".into(),
            }),
            absent: absent.map(str::to_owned),
        })
    };
    let scenario = |name: &str| Record::Scenario {
        name: name.into(),
        title: format!("Title of {name}"),
        seed: 1,
    };
    let mut again = row("skywave", "classes", 1_000, 1.2);
    again.at.repetition = 1;
    let mut theirs = row("icecast-tls", "classes", 1_000, 2.0);
    theirs.generator_busy = 9.0;
    let mut moved = row("skywave", "migration", 10, 1.0);
    moved.heard.missing = 3;
    moved.heard.rebinds = 20;
    vec![
        Record::Run(run),
        server("skywave", "Skywave", None),
        server("icecast-tls", "Icecast, TLS", None),
        server("moq-relay", "moq-relay", Some("not installed:\nuse cargo")),
        scenario("classes"),
        scenario("migration"),
        Record::Row(Box::new(theirs)),
        Record::Row(Box::new(row("skywave", "classes", 1_000, 1.0))),
        Record::Row(Box::new(again)),
        Record::Row(Box::new(moved)),
        Record::Failed {
            at: Point {
                scenario: "migration".into(),
                server: "icecast-tls".into(),
                frames: 3,
                ..Point::default()
            },
            why: "it | fell".into(),
        },
        Record::Instructions(Instructions {
            listeners: 20,
            frames: 3,
            per_frame: 12_345.6,
            valgrind: "valgrind-3".into(),
        }),
        Record::End { minutes: 17.2 },
    ]
}

fn rendered() -> String {
    let records = records();
    let figures = Figures::new(&records).expect("a run");
    let plots = [("classes-cpu.svg".to_owned(), "CPU".to_owned())];
    render(&figures, &plots)
}

#[test]
fn repetitions_are_one_row_with_its_spread() {
    let text = rendered();
    let row = "| Skywave | 1,000 | 3 | 110 (100 to 120) | 1.00 | 11.0 |";
    assert!(text.contains(row), "{text}");
    let theirs = "| Icecast, TLS | 1,000 | 3 | 200 | 1.82 | 20.0 |";
    assert!(text.contains(theirs), "{text}");
}

#[test]
fn what_was_not_measured_is_named_with_its_reason() {
    let text = rendered();
    for expected in [
        "| moq-relay | not measured | not installed: use cargo |",
        "Icecast, TLS, 3 frames a write: failed: it   fell",
        "90%, **saturated**",
        "| 20 | 3 | 12,345 | valgrind-3 |",
        "![CPU](plots/classes-cpu.svg)",
    ] {
        assert!(text.contains(expected), "{expected:?} not in\n{text}");
    }
}

#[test]
fn a_capacity_says_why_no_more_were_measured() {
    let words = |ended: Option<Record>| {
        let mut records = records();
        records.push(Record::Scenario {
            name: "capacity".into(),
            title: "As many as it serves".into(),
            seed: 1,
        });
        records.push(Record::Row(Box::new(row(
            "skywave", "capacity", 3_000, 1.0,
        ))));
        records.extend(ended);
        let text = render(&Figures::new(&records).expect("a run"), &[]);
        let line = text.lines().find(|line| line.starts_with("Skywave held"));
        line.expect("a line on what it held").to_owned()
    };
    let failed = Record::Failed {
        at: Point {
            scenario: "capacity".into(),
            server: "skywave".into(),
            ..Point::default()
        },
        why: "refused".into(),
    };
    assert_eq!(
        words(None),
        "Skywave held 3,000 listeners (at least: more were not tried)."
    );
    assert_eq!(
        words(Some(failed)),
        "Skywave held 3,000 listeners (at least: with more it failed, as told below)."
    );
}

#[test]
fn claims_are_judged_by_the_figures() {
    let text = rendered();
    let verdict = |begins: &str| {
        let line = text.lines().find(|line| line.starts_with(begins));
        let line = line.unwrap_or_else(|| panic!("no {begins:?} in\n{text}"));
        line.rsplit('|').nth(1).expect("a cell").trim().to_owned()
    };
    assert_eq!(verdict("| Three frames a write"), "yes");
    assert_eq!(verdict("| There, p99"), "yes");
    assert_eq!(verdict("| Eight frames"), "not measured");
    assert_eq!(verdict("| Listeners whose port changes"), "**no**");
    assert_eq!(verdict("| The run takes less"), "**no**");
}

#[test]
fn the_lowest_delay_is_judged_by_the_middle_repetition() {
    let words = |factors: [f64; 3]| {
        let mut records = records();
        records.push(Record::Scenario {
            name: "lowest".into(),
            title: "One frame a write".into(),
            seed: 1,
        });
        for (repetition, factor) in factors.into_iter().enumerate() {
            let mut row = row("skywave", "lowest", 100, factor);
            row.at.repetition = repetition;
            records.push(Record::Row(Box::new(row)));
        }
        let text = render(&Figures::new(&records).expect("a run"), &[]);
        let line = text.lines().find(|line| line.starts_with("| One frame"));
        line.expect("a claim on it").to_owned()
    };
    let judged = words([0.2, 9.0, 0.25]);
    assert!(judged.contains("10.0 ms (of 8.0, 10.0, 360.4)"), "{judged}");
    assert!(judged.ends_with("| yes |"), "{judged}");
    let judged = words([0.2, 9.0, 0.4]);
    assert!(judged.ends_with("| **no** |"), "{judged}");
}

#[test]
fn the_readme_keeps_what_stands_around_the_table() {
    let text = format!("# A\n\n{BEGIN}\nold\n{END}\n\nmore\n");
    let records = records();
    let figures = Figures::new(&records).expect("a run");
    let table = tables::readme(&figures);
    let new = between_marks(&text, &table).expect("marks");
    assert!(
        new.starts_with(&format!("# A\n\n{BEGIN}\n1,000 listeners")),
        "{new}"
    );
    assert!(new.ends_with(&format!("{END}\n\nmore\n")), "{new}");
    assert!(!new.contains("old"));
    assert!(new.contains("| moq-relay | | not measured |"), "{new}");
    assert_eq!(between_marks(&new, &table).as_deref(), Some(new.as_str()));
    assert_eq!(between_marks("no marks", &table), None);
}

#[test]
fn a_report_is_written_with_its_plots() {
    let directory = tempfile::tempdir().expect("a directory");
    let paths = Paths {
        results: directory.path().join("RESULTS.md"),
        plots: directory.path().join("plots"),
        readme: None,
    };
    write(&records(), &paths).expect("written");
    let svg = std::fs::read_to_string(paths.plots.join("classes-cpu.svg")).expect("a plot");
    assert!(svg.contains("Icecast, TLS") && svg.contains("200"), "{svg}");
    let text = std::fs::read_to_string(&paths.results).expect("a report");
    assert!(text.contains("plots/classes-delay.svg"));
}
