//! Programs that end, and how the others take it.

use std::io::Read;
use std::process::Stdio;

use serde_json::Value;

use crate::program::{Program, Relay, Room};

/// A relay, a station on channel `jazz`, and somebody who listens to it.
struct Evening {
    room: Room,
    relay: Relay,
    publisher: Program,
    listener: Program,
}

fn evening() -> Evening {
    let room = Room::new();
    let relay = Relay::start(&room);
    let file = room.audio("song.mp3", 2, "Song");
    let publisher = Program::start(&mut relay.client("publish", "jazz", &[&file, "--loop"]));
    publisher.says("on the air on jazz");
    let mut listen = relay.client("listen", "jazz", &["--wait", "--json"]);
    let listener = Program::start(listen.args(["-o", &room.name("heard.mp3")]));
    listener.event("title");
    Evening {
        room,
        relay,
        publisher,
        listener,
    }
}

#[test]
fn ctrl_c_takes_a_publisher_off_the_air_at_once() {
    let evening = evening();
    let lines = evening.publisher.ends_well_on("INT");
    assert!(
        lines.iter().any(|line| line == "off the air on jazz"),
        "{lines:#?}"
    );
    evening.listener.event("offline");
    // It did not just vanish: the relay keeps no place for it.
    let late = Program::start(&mut evening.relay.client("listen", "jazz", &["--json"]));
    let failed = late.event("failed");
    let why = failed["why"].as_str().expect("words");
    assert!(why.contains("nobody is on the air"), "{why}");
    evening.listener.ends_well_on("INT");
    evening.relay.program.ends_well_on("INT");
}

#[test]
fn a_relay_that_is_terminated_tells_everyone_and_all_come_back_with_the_next() {
    let evening = evening();
    let url = evening.relay.url;
    evening.relay.program.ends_well_on("TERM");
    evening.listener.event("offline");
    evening.listener.event("interrupted");
    evening.publisher.says("trying again");

    let listen = url.strip_prefix("https://").expect("the URL's form");
    let relay = Relay::start_with(&evening.room, listen, "");
    evening.publisher.says("on the air on jazz");
    let joined = evening.listener.event("joined");
    assert_eq!(joined["channelId"], "jazz");
    evening.listener.event("title");
    evening.publisher.ends_well_on("TERM");
    evening.listener.ends_well_on("TERM");
    relay.program.ends_well_on("TERM");
}

#[test]
fn a_player_that_closes_its_pipe_ends_the_listener_well() {
    let evening = evening();
    let mut listen = evening
        .relay
        .client("listen", "jazz", &["--latency", "0ms"]);
    let mut listener = Program::start(listen.stdout(Stdio::piped()));
    let mut stdout = listener.stdout();
    let mut head = [0; 1000];
    stdout.read_exact(&mut head).expect("a thousand bytes");
    assert_eq!(head[0], 0xff, "it begins with a frame");
    drop(stdout);
    let (code, lines) = listener.end();
    assert_eq!(code, Some(0), "{lines:#?}");
    assert!(
        !lines.iter().any(|line| line.contains("pipe")),
        "{lines:#?}"
    );
}

#[test]
fn a_killed_publisher_that_is_started_again_keeps_its_listeners() {
    let room = Room::new();
    let relay = Relay::start(&room);
    let file = room.audio("song.mp3", 2, "Song");
    let mut listen = relay.client("listen", "jazz", &["--wait", "--json"]);
    let listener = Program::start(listen.args(["-o", &room.name("heard.mp3")]));
    listener.event("joined");
    let publish = || Program::start(&mut relay.client("publish", "jazz", &[&file, "--loop"]));
    let publisher = publish();
    listener.event("title");
    publisher.signal("KILL");
    let (code, _) = publisher.end();
    assert_eq!(code, None, "killed");

    let returned = publish();
    returned.says("on the air again on jazz");
    listener.event("title");
    let lines = listener.ends_well_on("INT");
    assert!(
        !lines.iter().any(|line| line.contains("\"joined\"")),
        "no listener joins again: {lines:#?}"
    );
    let last: Value = serde_json::from_str(lines.last().expect("figures")).expect("JSON");
    assert_eq!(last["missing"], 0, "numbers rise by one: {last}");
    let marks = &last["discontinuities"];
    assert_eq!(marks, 2, "the beginning and the gap are marked: {last}");
    returned.ends_well_on("INT");
}
