use std::path::PathBuf;

use skywave_client::source::Playlist;

use crate::media::{LOOP, Media, Played};

/// One sine of 4 s, and the same in two files cut off any frame boundary.
fn whole_and_halves(media: &Media, coded: &str, ending: &str) -> [PathBuf; 3] {
    let whole = media.sine(4.0, "-c:a pcm_s16le", "source.wav");
    let cut = |filter: &str, name: &str| {
        let arguments = format!("-i {} -af {filter} {coded}", whole.display());
        media.ffmpeg(&arguments, &format!("{name}.{ending}"))
    };
    [
        cut("anull", "whole"),
        cut("atrim=end_sample=77777", "first"),
        cut("atrim=start_sample=77777,asetpts=N/SR/TB", "second"),
    ]
}

#[test]
fn two_files_of_one_sine_encode_to_the_bytes_of_the_whole() {
    for (coded, ending) in [("-c:a pcm_s16le", "wav"), ("-c:a flac", "flac")] {
        let media = Media::new();
        let [whole, first, second] = whole_and_halves(&media, coded, ending);
        let expected = Played::new(&[&whole]);
        let played = Played::new(&[&first, &second]);
        assert!(expected.frames.len() > 150);
        assert!(
            played.bytes() == expected.bytes(),
            "{ending}: the bytes differ"
        );
        assert_eq!(played.titles(), ["first", "second"]);
        // 77777 samples and 1105 of delay, in frames of 1152.
        assert_eq!(played.tracks[1].0, 68);
    }
}

fn left(media: &Media, played: &Played) -> Vec<f32> {
    let pcm = media.decode(&played.bytes());
    pcm.iter().copied().step_by(2).collect()
}

#[test]
fn nothing_jumps_where_vorbis_files_of_one_sine_meet() {
    let media = Media::new();
    let [whole, first, second] = whole_and_halves(&media, "-c:a libvorbis -q:a 8", "ogg");
    // A sine bends by at most its amplitude times the square of its step: 0.125 x 0.0628^2.
    let bend = |played: &Played| {
        let left = left(&media, played);
        let heard = left[4_000..left.len() - 4_000].windows(3);
        heard
            .map(|s| (s[0] - 2.0 * s[1] + s[2]).abs())
            .fold(0.0, f32::max)
    };
    let unsplit = bend(&Played::new(&[&whole]));
    let split = bend(&Played::new(&[&first, &second]));
    assert!(
        unsplit > 0.0004 && split < unsplit * 3.0,
        "{unsplit} unsplit, {split} split"
    );
}

#[test]
fn what_the_aac_encoder_padded_is_not_played() {
    let media = Media::new();
    let coded = "-c:a aac -b:a 256k -movie_timescale 44100";
    let [whole, first, second] = whole_and_halves(&media, coded, "m4a");
    let unsplit = left(&media, &Played::new(&[&whole]));
    let split = left(&media, &Played::new(&[&first, &second]));
    assert_eq!(split.len(), unsplit.len());
    let differ = |samples: std::ops::Range<usize>| {
        let pairs = split[samples.clone()].iter().zip(&unsplit[samples]);
        pairs
            .map(|(split, unsplit)| (split - unsplit).abs())
            .fold(0.0, f32::max)
    };
    // A shift of ten samples would differ by 0.08, a gap by 0.125. Left out is the packet after
    // the seam, in which ffmpeg's encoder stumbles over the sudden beginning.
    let seam = 77_777 + 1_105;
    for heard in [4_000..seam + 400, seam + 3_000..split.len() - 4_000] {
        let differ = differ(heard.clone());
        assert!(differ < 0.04, "{differ} within {heard:?}");
    }
}

#[test]
fn a_track_is_told_with_the_frame_that_carries_its_first_sample() {
    for rate in [44_100, 24_000, 96_000] {
        let media = Media::new();
        let silence = format!("-f lavfi -i anullsrc=r={rate}:d=1.9 -c:a pcm_s16le");
        let quiet = media.ffmpeg(&silence, "quiet.wav");
        let loud = media.sine(1.0, &format!("-ar {rate} -c:a pcm_s16le"), "loud.wav");
        let played = Played::new(&[&quiet, &loud]);
        let pcm = media.decode(&played.bytes());
        let onset = pcm
            .iter()
            .position(|sample| sample.abs() > 0.05)
            .expect("a sine");
        let frame_samples = 2 * played.frames[0].mp3.header.samples() as usize;
        let heard = onset / frame_samples;
        let told = played.tracks[1].0;
        assert!(
            told == heard || told + 1 == heard,
            "{rate}: told {told}, heard {heard}"
        );
    }
}

#[test]
fn a_change_of_format_begins_a_new_encoder() {
    let media = Media::new();
    let stereo = media.sine(1.0, "-c:a pcm_s16le", "stereo.wav");
    let mono = media.sine(1.0, "-ac 1 -ar 48000 -c:a pcm_s16le", "mono.wav");
    let mp3 = media.sine(1.0, "-c:a libmp3lame -map_metadata -1", "last.mp3");
    let played = Played::new(&[&stereo, &mono, &mp3]);
    assert_eq!(played.titles(), ["stereo", "mono", "last"]);
    let channels_at = |track: usize| {
        let frame = played.tracks[track].0;
        played.frames[frame].mp3.header.channels()
    };
    assert_eq!([0, 1, 2].map(channels_at), [2, 1, 2]);
    let before = played.frames[played.tracks[1].0 - 1].mp3.header;
    assert_eq!((before.channels(), before.sample_rate()), (2, 44_100));
    assert_eq!(played.frames[played.tracks[1].0].mp3.main_data_begin, 0);
}

#[test]
fn a_looping_list_repeats_its_tracks_in_order() {
    let media = Media::new();
    let encoded = media.sine(0.5, "-c:a flac", "a.flac");
    let passed = media.sine(0.5, "-c:a libmp3lame", "b.mp3");
    let mut playlist = Playlist::open(vec![encoded, passed], LOOP).expect("two tracks");
    let mut played = Played::default();
    while played.tracks.len() < 7 {
        played.add(playlist.next_item().expect("plays").expect("never ends"));
    }
    let order: Vec<_> = played.tracks.iter().map(|(_, track)| track.index).collect();
    assert_eq!(order, [0, 1, 0, 1, 0, 1, 0]);
    for pair in played.tracks.windows(2) {
        assert!(
            pair[1].0 - pair[0].0 >= 19,
            "{} to {}",
            pair[0].0,
            pair[1].0
        );
    }
}

#[test]
fn a_looping_encoded_list_has_no_gap_at_its_seam() {
    let media = Media::new();
    let once = media.sine(1.0, "-c:a pcm_s16le", "a.wav");
    let twice = Played::new(&[&once, &once]);
    let mut playlist = Playlist::open(vec![once], LOOP).expect("a track");
    let mut looped = Played::default();
    while looped.frames.len() < twice.frames.len() - 8 {
        looped.add(playlist.next_item().expect("plays").expect("never ends"));
    }
    assert!(twice.bytes().starts_with(&looped.bytes()));
    assert_eq!(looped.tracks[1].0, twice.tracks[1].0);
}
