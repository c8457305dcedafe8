//! The demo, where there is no terminal to draw on.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::process::Stdio;

use crate::program::{Program, Room, finish, skywave, text};

#[test]
fn the_demo_tells_how_to_hear_it_and_it_is_music() {
    let room = Room::new();
    let config = room.config("127.0.0.1:0", "");
    let mut demo = skywave(&["demo", "--config", &config]);
    let mut demo = Program::start(demo.stdout(Stdio::piped()));
    let mut lines = BufReader::new(demo.stdout()).lines().map_while(Result::ok);
    let command = lines
        .find(|line| line.contains("ffplay"))
        .expect("a command");
    let mut words = command.split_whitespace();
    assert_eq!(words.next(), Some(env!("CARGO_BIN_EXE_skywave")));
    let args: Vec<&str> = words.take_while(|word| *word != "|").collect();
    let mut listen = skywave(&args);
    listen.args(["--wait", "--duration", "3s", "-o", &room.name("heard.mp3")]);
    let output = finish(&mut listen);
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert!(told.contains("title: Skywave Demo - "), "{told}");

    let mut measure = std::process::Command::new("ffmpeg");
    measure.args(["-hide_banner", "-i", &room.name("heard.mp3")]);
    let measured = finish(measure.args(["-af", "volumedetect", "-f", "null", "-"]));
    let measured = text(&measured.stderr);
    let volume = measured
        .lines()
        .find_map(|line| line.split("max_volume: ").nth(1)?.split(' ').next())
        .and_then(|decibels| decibels.parse::<f32>().ok());
    let volume = volume.unwrap_or_else(|| panic!("no volume in {measured}"));
    assert!((-40.0..0.0).contains(&volume), "{volume} dB");
    demo.ends_well_on("INT");
}

#[test]
fn the_demo_names_a_page_that_is_there() {
    let room = Room::new();
    let config = room.config("127.0.0.1:0", "");
    let mut demo = skywave(&["demo", "--config", &config]);
    let mut demo = Program::start(demo.stdout(Stdio::piped()));
    let mut lines = BufReader::new(demo.stdout()).lines().map_while(Result::ok);
    let address = lines
        .find_map(|line| {
            let address = line.trim().strip_prefix("http://")?;
            address.strip_suffix("/?channel=demo").map(str::to_owned)
        })
        .expect("an address");
    let mut stream = TcpStream::connect(address.replace("localhost", "127.0.0.1")).expect("there");
    let request =
        format!("GET /api/relay HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("asked");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("answered");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("\"protocol\":\"skywave/1\""), "{answer}");
    demo.ends_well_on("INT");
}

#[test]
fn a_demo_whose_page_has_no_port_says_how_to_use_another() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a socket");
    let address = taken.local_addr().expect("an address").to_string();
    let room = Room::new();
    let config = room.config("127.0.0.1:0", "");
    let written = std::fs::read_to_string(&config).expect("a config");
    let listen = "pages.listen = [\"127.0.0.1:0\"]";
    assert!(written.contains(listen), "{written}");
    let config = room.write(
        "config.toml",
        &written.replace(listen, &format!("pages.listen = [\"{address}\"]")),
    );
    let output = finish(&mut skywave(&["demo", "--config", &config]));
    assert_eq!(output.status.code(), Some(1));
    let errors = text(&output.stderr);
    for words in [
        format!("cannot listen on {address} (pages, TCP)"),
        format!("The demo needs 127.0.0.1:0 (UDP), {address} (TCP)"),
        "pages.listen =".to_owned(),
    ] {
        assert!(errors.contains(&words), "{words} in {errors}");
    }
}

#[test]
fn a_demo_whose_port_is_taken_says_how_to_use_another() {
    let taken = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let address = taken.local_addr().expect("an address").to_string();
    let room = Room::new();
    let config = room.config(&address, "");
    let output = finish(&mut skywave(&["demo", "--config", &config]));
    assert_eq!(output.status.code(), Some(1));
    let errors = text(&output.stderr);
    assert!(
        errors.contains(&format!("cannot listen on {address}")),
        "{errors}"
    );
    assert!(errors.contains("server.listen ="), "{errors}");
}
