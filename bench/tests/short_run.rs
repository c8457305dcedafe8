//! The bench itself, on a small scale: its servers start, its listeners hear every
//! frame, and its records tell so.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

fn run(servers: &str) -> Vec<Value> {
    let bench = Path::new(env!("CARGO_BIN_EXE_skywave-bench"));
    let relay = bench.with_file_name("skywave");
    assert!(
        relay.exists(),
        "no {}: cargo build --workspace",
        relay.display()
    );
    let out = tempfile::tempdir().expect("a directory");
    let status = Command::new(bench)
        .args(["run", "--quick", "--scenario", "joins", "--listeners", "20"])
        .args(["--servers", servers, "--relay"])
        .arg(&relay)
        .arg("--out")
        .arg(out.path())
        .status()
        .expect("the bench starts");
    assert!(status.success(), "{status}");
    assert!(out.path().join("RESULTS.md").exists());
    let files = std::fs::read_dir(out.path()).expect("the records' directory");
    let mut files = files.map(|file| file.expect("a file").path());
    let file = files
        .find(|path| path.extension().is_some_and(|e| e == "jsonl"))
        .expect("a file of records");
    let text = std::fs::read_to_string(file).expect("records");
    text.lines()
        .map(|line| serde_json::from_str(line).expect("one JSON object a line"))
        .collect()
}

#[test]
fn listeners_of_each_server_of_ours_hear_every_frame() {
    let records = run("skywave,wtransport,floor");
    for server in ["skywave", "wtransport", "floor"] {
        let row = records
            .iter()
            .find(|r| r["record"] == "row" && r["at"]["server"] == server)
            .unwrap_or_else(|| panic!("no row of {server} in {records:#?}"));
        let heard = &row["heard"];
        assert_eq!(heard["listeners"], 20, "{server}: {heard}");
        assert!(
            heard["expected"].as_u64() > Some(20 * 50),
            "{server}: {heard}"
        );
        for figure in ["missing", "doubled", "lost", "failed_joins"] {
            assert_eq!(heard[figure], 0, "{figure} of {server}: {heard}");
        }
        let joined = heard["first_frame"]["counts"].as_array().map(Vec::len);
        assert!(joined > Some(0), "{server}: {heard}");
        let cpu = |at: &str| row[at]["exact"].as_f64().expect("CPU seconds");
        assert!(cpu("end") > cpu("begin"), "{server}: {row}");
    }
}
