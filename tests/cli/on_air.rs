//! What `publish` sends is what `listen` writes.

use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;

use crate::program::{Program, Relay, Room, finish, frames_of, grows_to, text};

fn number(value: &Value) -> u64 {
    value
        .as_u64()
        .unwrap_or_else(|| panic!("{value} is no number"))
}

#[test]
fn files_play_in_order_untouched_and_each_title_begins_with_its_first_frame() {
    let room = Room::new();
    let relay = Relay::start(&room);
    let wav = room.audio("one.wav", 2, "One");
    let mp3 = room.audio("two.mp3", 2, "Two");
    let heard = room.path("heard.mp3");
    let mut listen = relay.client("listen", "jazz", &["--wait", "--json", "--latency", "0ms"]);
    let listener = Program::start(listen.args(["-o", &room.name("heard.mp3")]));
    let joined = listener.event("joined");
    assert_eq!(joined["live"], false);

    let show = ["--title", "Night Shift", "--host", "Grace"];
    let mut publish = relay.client("publish", "jazz", &[&wav, &mp3]);
    let output = finish(publish.args(show));
    assert!(output.status.success(), "{}", text(&output.stderr));
    let told = text(&output.stderr);
    assert!(told.contains("playing Ada - One"), "{told}");

    let one = listener.event("title");
    let two = listener.event("title");
    listener.event("offline");
    let sent = frames_of(room.path("two.mp3").as_path());
    let first = number(&one["seq"]);
    let encoded = number(&two["seq"]) - first;
    // Two seconds of 26 ms frames, and what an encoder adds at its ends.
    assert!((77..=81).contains(&encoded), "{encoded}");
    grows_to(
        &heard,
        sent.iter().map(|frame| frame.data.len() as u64).sum(),
    );
    let lines = listener.ends_well_on("INT");
    let last: Value = serde_json::from_str(lines.last().expect("figures")).expect("JSON");
    assert_eq!(
        (&last["event"], &last["final"]),
        (&"stats".into(), &true.into())
    );

    let frames = frames_of(&heard);
    assert_eq!(frames.len() as u64, encoded + sent.len() as u64);
    assert_eq!(number(&last["frames"]), frames.len() as u64);
    assert_eq!(number(&last["missing"]), 0);
    for (n, (heard, sent)) in frames[encoded as usize..].iter().zip(&sent).enumerate() {
        assert!(heard.data == sent.data, "frame {n} of the MP3 differs");
    }
    assert_eq!(one["trackName"], "One");
    assert_eq!(
        (&two["trackName"], &two["artistName"]),
        (&"Two".into(), &"Ada".into())
    );
    assert!(number(&two["revision"]) > number(&one["revision"]));
    assert_eq!(first, number(&joined["nextSeq"]));
}

#[test]
fn standard_input_goes_on_the_air_as_it_is() {
    let room = Room::new();
    let relay = Relay::start(&room);
    let mp3 = room.audio("live.mp3", 1, "Live");
    let heard = room.path("heard.mp3");
    let mut listen = relay.client(
        "listen",
        "live",
        &["--wait", "--json", "--delivery", "datagram"],
    );
    let listener = Program::start(listen.args(["-o", &room.name("heard.mp3")]));
    listener.event("joined");
    let mut publish = relay.client("publish", "live", &["-"]);
    let mut publisher = publish.stdin(Stdio::piped()).spawn().expect("it starts");
    let bytes = std::fs::read(mp3).expect("a file");
    let mut stdin = publisher.stdin.take().expect("a pipe");
    stdin.write_all(&bytes).expect("it reads");
    drop(stdin);
    assert!(publisher.wait().expect("a status").success());
    let sent = frames_of(&room.path("live.mp3"));
    grows_to(
        &heard,
        sent.iter().map(|frame| frame.data.len() as u64).sum(),
    );
    listener.ends_well_on("INT");
    let data = |path| {
        frames_of(path)
            .into_iter()
            .map(|frame| frame.data)
            .collect::<Vec<_>>()
    };
    assert!(data(&heard) == data(&room.path("live.mp3")));
}

#[test]
fn who_listens_sees_the_show_the_figures_and_an_end_after_the_duration() {
    let room = Room::new();
    let relay = Relay::start(&room);
    let wav = room.audio("long.wav", 60, "Long");
    let mut publish = relay.client("publish", "jazz", &[&wav, "--title", "Night Shift"]);
    let publisher = Program::start(&mut publish);
    publisher.says("on the air on jazz");
    let output = finish(&mut relay.client(
        "listen",
        "jazz",
        &["--wait", "--duration", "2500ms", "--stats", "--json"],
    ));
    assert_eq!(output.status.code(), Some(0));
    let lines = text(&output.stderr);
    let events: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("every line is JSON"))
        .collect();
    assert_eq!(events[0]["event"], "joined");
    assert_eq!(events[0]["showTitle"], "Night Shift");
    let stats: Vec<&Value> = events
        .iter()
        .filter(|event| event["event"] == "stats")
        .collect();
    assert!(stats.len() >= 3, "{lines}");
    let last = stats[stats.len() - 1];
    assert_eq!(last["final"], true);
    assert!(number(&last["frames"]) > 60, "{last}");
    assert_eq!(last["bytes"], output.stdout.len());
    let [p50, p99] = ["delayP50Ms", "delayP99Ms"].map(|name| last[name].as_f64().expect("ms"));
    assert!(p50 > 0.0 && p50 <= p99, "{last}");
    publisher.ends_well_on("TERM");
}

#[test]
fn a_channel_of_another_owner_is_refused_in_the_relays_words() {
    let room = Room::new();
    let relay = Relay::start(&room);
    let wav = room.audio("long.wav", 60, "Long");
    let mut publish = relay.client("publish", "jazz", &[&wav, "--as", "first"]);
    let publisher = Program::start(&mut publish);
    publisher.says("on the air on jazz");
    let output = finish(&mut relay.client("publish", "jazz", &[&wav, "--as", "second"]));
    assert_eq!(output.status.code(), Some(1));
    let errors = text(&output.stderr);
    assert!(errors.contains("another owner is on the air"), "{errors}");
    publisher.ends_well_on("INT");
}

#[test]
fn a_looping_list_changes_its_title_at_the_first_frame_of_each_track() {
    const CHANGES: usize = 22;
    let room = Room::new();
    let relay = Relay::start(&room);
    let tracks = [
        room.audio("one.mp3", 1, "One"),
        room.audio("two.mp3", 1, "Two"),
    ];
    let lengths = tracks
        .each_ref()
        .map(|track| frames_of(Path::new(track)).len() as u64);
    let mut listen = relay.client("listen", "jazz", &["--wait", "--json"]);
    let listener = Program::start(listen.args(["-o", &room.name("heard.mp3")]));
    let joined = listener.event("joined");
    let [one, two] = &tracks;
    let mut publish = relay.client("publish", "jazz", &["--loop", one, two]);
    let publisher = Program::start(&mut publish);
    let mut begins = number(&joined["nextSeq"]);
    for n in 0..CHANGES {
        let title = listener.event("title");
        assert_eq!(title["trackName"], ["One", "Two"][n % 2]);
        assert_eq!(number(&title["seq"]), begins, "change {n}");
        begins += lengths[n % 2];
    }
    publisher.ends_well_on("INT");
    listener.ends_well_on("INT");
}
