//! Scenarios: what is measured of which servers, from `bench/scenarios/*.toml`.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

/// One scenario, checked: every list has something in it, and every number can be.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Scenario {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) kind: Kind,
    /// For everything that is drawn by lot.
    pub(crate) seed: u64,
    /// Names of servers; none: all there are.
    pub(crate) servers: Vec<String>,
    pub(crate) listeners: Listeners,
    /// Frames that go together to each listener; each is a measurement of its own.
    pub(crate) frames: Vec<usize>,
    pub(crate) channels: Vec<usize>,
    pub(crate) shards: Vec<usize>,
    /// Listeners that join a second before the window.
    pub(crate) rate: f64,
    /// Seconds between the last join and the window.
    pub(crate) settle: f64,
    pub(crate) seconds: f64,
    /// Seconds of the window with `--long`.
    pub(crate) long_seconds: Option<f64>,
    pub(crate) repetitions: usize,
    pub(crate) storm: Option<Storm>,
    /// Every listener's port changes so often, in seconds.
    pub(crate) rebind: Option<f64>,
    /// Ends a growth: frames later than this at p99, in ms.
    pub(crate) until_p99_ms: Option<f64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// Listeners hear stations; CPU, delays and memory are measured.
    #[default]
    Load,
    /// How soon everyone knows how many listen. Of the relay alone.
    Counts,
}

/// How many listen.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) enum Listeners {
    /// One after another in one run of the server: growth.
    Steps(Vec<usize>),
    /// As many as take this share of a core, by what was measured before.
    Load { load: f64, most: usize },
}

/// Listeners that come in the window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Storm {
    pub(crate) joins: usize,
    /// They come spread over so many seconds.
    pub(crate) seconds: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    name: String,
    title: String,
    #[serde(default)]
    kind: Kind,
    #[serde(default = "one_seed")]
    seed: u64,
    #[serde(default)]
    servers: Vec<String>,
    listeners: RawListeners,
    #[serde(default = "three")]
    frames: OneOrMore,
    #[serde(default = "one")]
    channels: OneOrMore,
    #[serde(default = "one")]
    shards: OneOrMore,
    #[serde(default = "usual_rate")]
    rate: f64,
    #[serde(default = "usual_settle")]
    settle: f64,
    seconds: f64,
    long_seconds: Option<f64>,
    #[serde(default = "one_repetition")]
    repetitions: usize,
    storm: Option<Storm>,
    rebind: Option<f64>,
    until_p99_ms: Option<f64>,
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected a number, a list of numbers, or { load, most }"
)]
enum RawListeners {
    // First: a list could be read as the fields of the other.
    Steps(OneOrMore),
    Load(RawLoad),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLoad {
    load: f64,
    most: usize,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a number or a list of numbers")]
enum OneOrMore {
    One(usize),
    More(Vec<usize>),
}

fn one_seed() -> u64 {
    1
}

fn one() -> OneOrMore {
    OneOrMore::One(1)
}

fn three() -> OneOrMore {
    OneOrMore::One(3)
}

fn usual_rate() -> f64 {
    400.0
}

fn usual_settle() -> f64 {
    2.0
}

fn one_repetition() -> usize {
    1
}

impl OneOrMore {
    fn list(self) -> Vec<usize> {
        match self {
            Self::One(number) => vec![number],
            Self::More(numbers) => numbers,
        }
    }
}

/// All scenarios of a directory, by the order of their files' names.
///
/// # Errors
/// Every file that cannot be read and every value that cannot be, each with its file
/// and key.
pub(crate) fn read_all(directory: &Path, servers: &[&str]) -> anyhow::Result<Vec<Scenario>> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(directory).with_context(|| directory.display().to_string())? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            files.insert(name.into_owned(), std::fs::read_to_string(&path)?);
        }
    }
    let mut scenarios: Vec<Scenario> = Vec::new();
    let mut errors = Vec::new();
    for (file, text) in &files {
        match parse(text, servers) {
            Ok(scenario) if scenarios.iter().any(|s| s.name == scenario.name) => {
                errors.push(format!("{file}: name: {:?} is taken", scenario.name));
            }
            Ok(scenario) => scenarios.push(scenario),
            Err(wrong) => errors.extend(wrong.iter().map(|why| format!("{file}: {why}"))),
        }
    }
    if !errors.is_empty() {
        bail!("{}", errors.join("\n"));
    }
    Ok(scenarios)
}

/// One scenario, or everything that is wrong with it.
fn parse(text: &str, servers: &[&str]) -> Result<Scenario, Vec<String>> {
    let raw: Raw = toml::from_str(text).map_err(|error| vec![error.to_string()])?;
    let mut wrong = Vec::new();
    let mut ensure = |is_right: bool, key: &str, why: &str| {
        if !is_right {
            wrong.push(format!("{key}: {why}"));
        }
    };
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    ensure(
        !raw.name.is_empty() && raw.name.chars().all(is_word),
        "name",
        "a-z, 0-9 and - alone",
    );
    for server in &raw.servers {
        let known = servers.contains(&server.as_str());
        let why = format!("there is no {server:?}; there are {}", servers.join(", "));
        ensure(known, "servers", &why);
    }
    let listeners = match raw.listeners {
        RawListeners::Steps(steps) => {
            let steps = steps.list();
            let grows = steps.windows(2).all(|pair| pair[0] < pair[1]);
            let some = steps.first().is_some_and(|first| *first > 0);
            ensure(
                some && grows,
                "listeners",
                "one number or more, each higher, from 1",
            );
            Listeners::Steps(steps)
        }
        RawListeners::Load(RawLoad { load, most }) => {
            let can_be = load > 0.0 && load <= 1.0;
            ensure(can_be, "listeners.load", "more than 0, at most 1");
            ensure(most > 0, "listeners.most", "at least 1");
            Listeners::Load { load, most }
        }
    };
    let frames = raw.frames.list();
    let known = frames.iter().all(|frames| [1, 3, 8].contains(frames));
    ensure(known && !frames.is_empty(), "frames", "out of 1, 3 and 8");
    let channels = raw.channels.list();
    let shards = raw.shards.list();
    for (key, numbers) in [("channels", &channels), ("shards", &shards)] {
        let some = !numbers.is_empty() && numbers.iter().all(|number| *number > 0);
        ensure(some, key, "one number or more, from 1");
    }
    let positive = |number: f64| number.is_finite() && number > 0.0;
    ensure(positive(raw.rate), "rate", "more than 0");
    ensure(
        raw.settle >= 0.0 && raw.settle.is_finite(),
        "settle",
        "0 or more",
    );
    ensure(positive(raw.seconds), "seconds", "more than 0");
    ensure(
        raw.long_seconds.is_none_or(positive),
        "long_seconds",
        "more than 0",
    );
    ensure(raw.repetitions > 0, "repetitions", "at least 1");
    ensure(raw.rebind.is_none_or(positive), "rebind", "more than 0");
    ensure(
        raw.until_p99_ms.is_none_or(positive),
        "until_p99_ms",
        "more than 0",
    );
    if let Some(storm) = &raw.storm {
        ensure(storm.joins > 0, "storm.joins", "at least 1");
        ensure(positive(storm.seconds), "storm.seconds", "more than 0");
        ensure(
            storm.seconds <= raw.seconds,
            "storm.seconds",
            "no longer than the window (seconds)",
        );
    }
    if !wrong.is_empty() {
        return Err(wrong);
    }
    Ok(Scenario {
        name: raw.name,
        title: raw.title,
        kind: raw.kind,
        seed: raw.seed,
        servers: raw.servers,
        listeners,
        frames,
        channels,
        shards,
        rate: raw.rate,
        settle: raw.settle,
        seconds: raw.seconds,
        long_seconds: raw.long_seconds,
        repetitions: raw.repetitions,
        storm: raw.storm,
        rebind: raw.rebind,
        until_p99_ms: raw.until_p99_ms,
    })
}

impl Scenario {
    /// The same on a small scale: it shows that all works, and its figures are not
    /// worth much.
    pub(crate) fn quick(mut self) -> Self {
        const MOST: usize = 200;
        const SECONDS: f64 = 2.0;
        self.repetitions = 1;
        self.settle = self.settle.min(1.0);
        self.listeners = match self.listeners {
            Listeners::Steps(steps) => {
                let most = steps.last().copied().unwrap_or(1).max(MOST);
                let mut few: Vec<_> = steps.iter().map(|n| (n * MOST / most).max(1)).collect();
                few.dedup();
                Listeners::Steps(few)
            }
            Listeners::Load { load, most } => Listeners::Load {
                load,
                most: most.min(MOST),
            },
        };
        self.channels = self.channels.iter().map(|n| (*n).min(10)).collect();
        if let Some(storm) = &mut self.storm {
            storm.joins = storm.joins.min(MOST);
            storm.seconds = storm.seconds.min(SECONDS);
        }
        self.rebind = self.rebind.map(|every| every.min(0.5));
        self.seconds = self.seconds.min(SECONDS);
        self
    }

    /// With its long window, where it has one.
    pub(crate) fn long(mut self) -> Self {
        self.seconds = self.long_seconds.unwrap_or(self.seconds);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVERS: [&str; 2] = ["skywave", "floor"];

    #[test]
    fn what_is_left_out_has_its_usual_value() {
        let text = "name = 'a'\ntitle = 'A'\nlisteners = 10\nseconds = 5.0";
        let scenario = parse(text, &SERVERS).expect("a good scenario");
        assert_eq!(scenario.listeners, Listeners::Steps(vec![10]));
        assert_eq!((scenario.frames, scenario.shards), (vec![3], vec![1]));
        assert_eq!(scenario.kind, Kind::Load);
        assert!(scenario.servers.is_empty());
    }

    #[test]
    fn lists_and_shares_are_read() {
        let text = "name = 'a'\ntitle = 'A'\nlisteners = { load = 0.5, most = 900 }\nframes = [1, 8]\n\
                    seconds = 5.0\nrebind = 2.0\nstorm = { joins = 30, seconds = 4.0 }";
        let scenario = parse(text, &SERVERS).expect("a good scenario");
        let half = Listeners::Load {
            load: 0.5,
            most: 900,
        };
        assert_eq!((scenario.listeners, scenario.frames), (half, vec![1, 8]));
    }

    #[test]
    fn everything_that_is_wrong_is_told_with_its_key() {
        let text = "name = 'A b'\ntitle = ''\nservers = ['floor', 'nginx']\nlisteners = [5, 5]\n\
                    frames = [2]\nchannels = []\nseconds = 0.0\nrepetitions = 0\n\
                    storm = { joins = 0, seconds = 9.0 }";
        let wrong = parse(text, &SERVERS).expect_err("much is wrong");
        let keys: Vec<_> = wrong
            .iter()
            .map(|why| why.split_once(": ").expect("a key").0)
            .collect();
        assert_eq!(
            keys,
            [
                "name",
                "servers",
                "listeners",
                "frames",
                "channels",
                "seconds",
                "repetitions",
                "storm.joins",
                "storm.seconds"
            ]
        );
    }

    #[test]
    fn unknown_keys_are_refused_and_files_are_named() {
        let directory = tempfile::tempdir().expect("a directory");
        let write = |name: &str, text: &str| {
            std::fs::write(directory.path().join(name), text).expect("written");
        };
        let good = "name = 'a'\ntitle = 'A'\nlisteners = 10\nseconds = 5.0\n";
        write("1.toml", good);
        write("2.toml", &format!("{good}colour = 'red'"));
        write("3.toml", &good.replace("10", "0"));
        write("4.toml", good);
        write("5.txt", "not a scenario");
        let error = read_all(directory.path(), &SERVERS).expect_err("three are wrong");
        let error = error.to_string();
        for expected in [
            "2.toml: ",
            "colour",
            "3.toml: listeners: ",
            "4.toml: name: ",
        ] {
            assert!(error.contains(expected), "{expected:?} not in {error}");
        }
        assert!(!error.contains("1.toml"), "{error}");
    }

    #[test]
    fn the_scenarios_of_this_repository_are_good() {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
        let names: Vec<_> = crate::servers(Path::new("skywave"))
            .iter()
            .map(|server| server.name())
            .collect();
        let scenarios = read_all(&directory, &names).expect("good scenarios");
        assert!(!scenarios.is_empty());
        for scenario in scenarios {
            let quick = scenario.quick();
            assert!(quick.seconds <= 2.0, "{}", quick.name);
        }
    }
}
