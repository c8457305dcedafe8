//! Commands that end by themselves, and how they say what was wrong.

use crate::program::{Program, Relay, Room, finish, skywave, text};

const KEYS: &str = "\
auth.mode = \"tokens\"
[[auth.keys]]
secret = \"a secret of at least thirty-two bytes\"
";

#[test]
fn check_prints_every_error_one_a_line_and_exits_with_2() {
    let room = Room::new();
    let config = room.write(
        "config.toml",
        "server.drain = \"soon\"\nchannels.max = 0\nlimits.sesions = 5\n",
    );
    for command in ["check", "serve"] {
        let output = finish(&mut skywave(&[command, "--config", &config]));
        assert_eq!(output.status.code(), Some(2), "{command}");
        assert_eq!(text(&output.stdout), "");
        let errors = text(&output.stderr);
        for key in ["server.drain", "channels.max", "limits.sesions"] {
            let lines = errors.lines().filter(|line| line.contains(key));
            assert_eq!(lines.count(), 1, "{key} in {errors}");
        }
    }
}

#[test]
fn check_says_what_would_run_and_hides_the_secret() {
    let room = Room::new();
    let config = room.config("127.0.0.1:4711", KEYS);
    let output = finish(&mut skywave(&["check", "--config", &config]));
    let shown = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{shown}");
    assert!(shown.contains("udp 127.0.0.1:4711"), "{shown}");
    assert!(shown.contains("tokens signed by"), "{shown}");
    assert!(!shown.contains("thirty-two"), "{shown}");
}

#[test]
fn a_minted_token_opens_just_its_channel() {
    let room = Room::new();
    let relay = Relay::start_with(&room, "127.0.0.1:0", KEYS);
    let config = room.name("config.toml");
    let mint = |role, channel| {
        let args = ["token", "--role", role, "--channel", channel, "--ttl", "1h"];
        let output = finish(skywave(&args).args(["--config", &config]));
        assert!(output.status.success(), "{}", text(&output.stderr));
        let token = text(&output.stdout);
        assert_eq!(token.lines().count(), 1, "{token}");
        token.trim_end().to_owned()
    };
    let owner = mint("owner", "jazz");
    let file = room.audio("song.mp3", 1, "Song");
    for (token, channel, words) in [
        ("", "jazz", "token-missing"),
        (owner.as_str(), "rock", "forbidden"),
        (&mint("listener", "jazz"), "jazz", "forbidden"),
    ] {
        let mut publish = relay.client("publish", channel, &[&file]);
        if !token.is_empty() {
            publish.args(["--token", token]);
        }
        let output = finish(&mut publish);
        assert_eq!(output.status.code(), Some(1), "{words}");
        let errors = text(&output.stderr);
        assert!(errors.contains(words), "{errors}");
    }
    let mut publish = relay.client("publish", "jazz", &[&file]);
    let output = finish(publish.env("SKYWAVE_TOKEN", &owner));
    assert!(output.status.success(), "{}", text(&output.stderr));
}

#[test]
fn no_token_is_minted_where_none_is_needed() {
    let room = Room::new();
    let config = room.config("127.0.0.1:0", "");
    let args = [
        "token",
        "--role",
        "owner",
        "--channel",
        "a",
        "--ttl",
        "1h",
        "--config",
    ];
    let output = finish(skywave(&args).arg(&config));
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(text(&output.stdout), "");
    assert!(text(&output.stderr).contains("no token is needed"));
}

#[test]
fn what_cannot_be_asked_for_exits_with_2_and_says_why() {
    let publish = |rest: &[&str]| {
        let mut command = skywave(&["publish", "--channel", "jazz"]);
        command.args(rest);
        command
    };
    for (mut command, words) in [
        (
            publish(&["--url", "localhost:4433", "a.mp3"]),
            "https://localhost:4433",
        ),
        (
            publish(&["--cert-sha256", "12ab", "a.mp3"]),
            "64 hexadecimal digits",
        ),
        (publish(&["--bitrate", "129k", "a.mp3"]), "128k, 160k"),
        (publish(&["-", "a.mp3"]), "standard input"),
        (publish(&["--loop", "-"]), "--loop needs files"),
        (
            skywave(&["publish", "--channel", "two words", "a.mp3"]),
            "channel name",
        ),
        (
            skywave(&["listen", "--channel", "a", "--latency", "3s"]),
            "at most 2000ms",
        ),
        (
            skywave(&["listen", "--channel", "a", "--duration", "5"]),
            "10s, 30m",
        ),
        (
            skywave(&["serve", "--config", "nowhere.toml"]),
            "nowhere.toml: cannot be read",
        ),
    ] {
        let output = finish(&mut command);
        let errors = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{errors}");
        assert!(errors.contains(words), "{errors}");
    }
}

#[test]
fn files_that_are_no_audio_are_named_before_anything_goes_on_the_air() {
    let room = Room::new();
    let relay = Relay::start(&room);
    let waiting = Program::start(&mut relay.client(
        "listen",
        "jazz",
        &["--wait", "--json", "-o", &room.name("heard.mp3")],
    ));
    waiting.event("joined");
    let words = room.write(
        "text.txt",
        "Words are no music, however nice they are to read.",
    );
    let missing = room.name("missing.flac");
    for (file, why) in [(&words, "not audio"), (&missing, "No such file")] {
        let output = finish(&mut relay.client("publish", "jazz", &[file]));
        let errors = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{errors}");
        assert!(
            errors.contains(file.as_str()) && errors.contains(why),
            "{errors}"
        );
    }
    let lines = waiting.ends_well_on("INT");
    assert!(
        !lines.iter().any(|line| line.contains("\"live\"")),
        "{lines:#?}"
    );
}

#[test]
fn a_channel_that_is_not_there_ends_with_1_and_tells_of_wait() {
    let room = Room::new();
    let relay = Relay::start(&room);
    let output = finish(&mut relay.client("listen", "nobody", &[]));
    assert_eq!(output.status.code(), Some(1));
    let errors = text(&output.stderr);
    assert!(
        errors.contains("nobody is on the air on nobody"),
        "{errors}"
    );
    assert!(errors.contains("--wait"), "{errors}");
    let output = finish(&mut relay.client("listen", "nobody", &["--json"]));
    assert_eq!(output.status.code(), Some(1));
    let event: serde_json::Value = serde_json::from_slice(&output.stderr).expect("one object");
    assert_eq!(event["event"], "failed");
}
