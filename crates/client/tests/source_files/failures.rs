use skywave_client::source::{Cause, Error, Options, Playlist};

use crate::media::{LOOP, Media, Played};

const TEXT: &[u8] = b"Dear listeners, this is not a song.\n";

fn refusal(paths: Vec<std::path::PathBuf>) -> Error {
    let opened = Playlist::open(paths, Options::default());
    opened.map(drop).expect_err("nothing to play")
}

#[test]
fn files_that_cannot_be_opened_are_listed_at_once() {
    let media = Media::new();
    let good = media.sine(0.5, "-c:a flac", "good.flac");
    let gone = [media.path("one.mp3"), media.path("two.flac")];
    let directory = media.path("music");
    std::fs::create_dir(&directory).expect("the temporary directory is writable");
    let [one, two] = gone.clone();
    let error = refusal(vec![one, good, two, directory.clone()]);
    let Error::Unreadable(errors) = &error else {
        panic!("{error}")
    };
    let paths: Vec<_> = errors.iter().map(|error| error.path.clone()).collect();
    assert_eq!(paths, [gone[0].clone(), gone[1].clone(), directory]);
    let words = error.to_string();
    assert!(words.contains("one.mp3: No such file"), "{words}");
    assert!(words.contains("music: not a regular file"), "{words}");
}

#[test]
fn a_list_without_audio_is_refused_with_every_reason() {
    let media = Media::new();
    let text = media.write("intro.txt", TEXT);
    let empty = media.write("empty.wav", b"");
    let picture = media.ffmpeg("-f lavfi -i color=red:size=8x8 -frames:v 1", "cover.png");
    let opus = media.sine(0.5, "-c:a libopus -ar 48000", "speech.opus");
    let silent = media.ffmpeg("-f lavfi -i color=red:d=0.2:size=32x32", "film.mp4");
    let error = refusal(vec![text, empty, picture, opus, silent]);
    let Error::NothingPlayable(errors) = &error else {
        panic!("{error}")
    };
    assert_eq!(errors.len(), 5);
    let words = error.to_string();
    for expected in [
        "intro.txt: not audio: no MP3 frame found in 36 bytes: they are plain text",
        "empty.wav: not audio: no MP3 frame found in 0 bytes",
        "cover.png: not audio: no MP3 frame found",
        "speech.opus: cannot be decoded: ",
        "film.mp4: cannot be decoded: it has no audio track",
    ] {
        assert!(words.contains(expected), "{expected:?} is not in {words:?}");
    }
    assert!(matches!(refusal(Vec::new()), Error::NoFiles));
}

#[test]
fn the_broadcast_goes_on_after_a_file_that_fails() {
    let media = Media::new();
    let first = media.sine(0.5, "-c:a flac", "first.flac");
    let text = media.write("intro.txt", TEXT);
    let bare = media.ffmpeg("-f lavfi -i anullsrc=d=0.0 -t 0 -c:a pcm_s16le", "bare.wav");
    let last = media.sine(0.5, "-c:a libmp3lame -map_metadata -1", "last.mp3");
    let played = Played::new(&[&text, &first, &bare, &text, &last]);
    assert_eq!(played.titles(), ["first", "last"]);
    let skipped: Vec<_> = played
        .skipped
        .iter()
        .map(|error| error.path.clone())
        .collect();
    assert_eq!(skipped, [text.clone(), bare, text]);
    assert!(matches!(played.skipped[0].cause, Cause::NotAudio(_)));
    assert!(played.seconds() > 1.0, "{}", played.seconds());
}

#[test]
fn a_file_that_breaks_off_plays_to_where_it_breaks() {
    for (coded, name) in [
        ("-c:a pcm_s16le", "a.wav"),
        ("-c:a flac", "a.flac"),
        ("-c:a libvorbis", "a.ogg"),
        ("-c:a aac -movflags +faststart", "a.m4a"),
        ("-c:a libmp3lame", "a.mp3"),
    ] {
        let media = Media::new();
        let whole = media.sine(8.0, coded, name);
        let bytes = std::fs::read(whole).expect("the file was made");
        let half = media.write(&format!("half-{name}"), &bytes[..bytes.len() / 2]);
        let next = media.sine(1.0, "-c:a flac", "next.flac");
        let played = Played::new(&[&half, &next]);
        let seconds = played.seconds();
        assert!((3.5..6.5).contains(&seconds), "{name}: {seconds}");
        assert_eq!(played.tracks.len(), 2, "{name}: {:?}", played.skipped);
    }
}

#[test]
fn content_decides_where_the_name_is_wrong() {
    let media = Media::new();
    let wave = media.sine(0.5, "-f wav -c:a pcm_s16le", "wave.mp3");
    let mp3 = media.sine(0.5, "-f mp3 -c:a libmp3lame", "mp3.wav");
    let played = Played::new(&[&wave, &mp3]);
    assert_eq!(played.tracks.len(), 2);
    let kept = std::fs::read(mp3).expect("the file was made");
    let last = &played.frames.last().expect("frames").mp3.data;
    assert!(kept.ends_with(last));
}

#[test]
fn a_looping_list_whose_files_vanish_ends_with_an_error() {
    let media = Media::new();
    let file = media.sine(0.5, "-c:a flac", "a.flac");
    let mut playlist = Playlist::open(vec![file.clone()], LOOP).expect("a track");
    std::fs::remove_file(file).expect("the file was made");
    let mut frames = Played::default();
    let error = loop {
        match playlist.next_item() {
            Ok(item) => frames.add(item.expect("a looping list does not end")),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, Error::NothingPlayable(_)), "{error}");
    assert!(frames.frames.len() >= 19, "{}", frames.frames.len());
}
