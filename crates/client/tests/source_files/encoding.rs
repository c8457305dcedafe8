use skywave_client::source::{Encoder, Error, Options, PcmFormat, Playlist};
use skywave_wire::mp3::ChannelMode;

use crate::media::{Media, Played};

/// Rising zero crossings a second of the first channel.
fn pitch(pcm: &[f32], channels: usize, rate: u32) -> f64 {
    let first: Vec<f32> = pcm.iter().copied().step_by(channels).collect();
    let rising = first
        .windows(2)
        .filter(|pair| pair[0] < 0.0 && pair[1] >= 0.0);
    rising.count() as f64 * f64::from(rate) / first.len() as f64
}

#[test]
fn every_format_comes_out_as_long_as_loud_and_as_high_as_it_went_in() {
    for (coded, name) in [
        ("-c:a pcm_s16le", "a.wav"),
        ("-c:a pcm_f32le", "b.wav"),
        ("-c:a flac", "c.flac"),
        ("-c:a libvorbis -q:a 6", "d.ogg"),
        ("-c:a aac -b:a 192k", "e.m4a"),
        ("-c:a aac -b:a 192k -movflags +faststart", "f.m4a"),
        ("-c:a aac -b:a 192k", "g.aac"),
    ] {
        let media = Media::new();
        let tags = "-metadata title=Lied -metadata artist=Anna -metadata album=Meer";
        let played = Played::new(&[&media.sine(3.0, &format!("{coded} {tags}"), name)]);
        let first = played.frames[0].mp3.header;
        assert_eq!(first.bitrate(), Some(128_000), "{name}");
        assert_eq!(first.sample_rate(), 44_100, "{name}");
        assert_eq!(first.mode(), ChannelMode::JointStereo, "{name}");
        assert!(
            (played.seconds() - 3.0).abs() < 0.12,
            "{name}: {}",
            played.seconds()
        );
        let pcm = media.decode(&played.bytes());
        assert!(
            (pcm.len() as f64 / 88_200.0 - played.seconds()).abs() < 0.03,
            "{name}"
        );
        let middle = &pcm[44_100..220_500];
        assert!((pitch(middle, 2, 44_100) - 441.0).abs() < 2.0, "{name}");
        let peak = middle
            .iter()
            .fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
        assert!((peak - 0.125).abs() < 0.01, "{name}: {peak}");
        let level = played.frames[50].level.expect("measured from PCM");
        assert!((level.peak_dbfs + 18.06).abs() < 0.5, "{name}: {level:?}");
        assert!((level.rms_dbfs + 21.07).abs() < 0.5, "{name}: {level:?}");
        let title = if name.ends_with("aac") { "g" } else { "Lied" };
        assert_eq!(played.titles(), [title], "{name}");
        assert_eq!(played.tracks[0].0, 0, "{name}");
    }
}

#[test]
fn sample_rates_of_mpeg_stay_and_others_become_44_1_khz() {
    for (rate, encoded) in [
        (96_000, 44_100),
        (88_200, 44_100),
        (48_000, 48_000),
        (22_050, 22_050),
        (8_000, 8_000),
        (6_000, 44_100),
    ] {
        let media = Media::new();
        let file = media.sine(2.0, &format!("-ar {rate} -c:a flac"), "a.flac");
        let played = Played::new(&[&file]);
        assert_eq!(played.frames[0].mp3.header.sample_rate(), encoded, "{rate}");
        assert!(
            (played.seconds() - 2.0).abs() < 0.25,
            "{rate}: {}",
            played.seconds()
        );
        let pcm = media.decode(&played.bytes());
        let middle = &pcm[encoded as usize / 2..encoded as usize * 3];
        assert!((pitch(middle, 2, encoded) - 441.0).abs() < 3.0, "{rate}");
    }
}

#[test]
fn mono_stays_mono() {
    let media = Media::new();
    let played = Played::new(&[&media.sine(1.0, "-ac 1 -c:a pcm_s16le", "a.wav")]);
    assert!(played.frames.len() > 30);
    for frame in &played.frames {
        assert_eq!(frame.mp3.header.mode(), ChannelMode::Mono);
    }
}

#[test]
fn surround_is_heard_from_the_right_side() {
    let media = Media::new();
    for (channel, left, right) in [("FL", true, false), ("FC", true, true), ("BR", false, true)] {
        let pan = format!("pan=5.1|{channel}=c0");
        let source = "-f lavfi -i sine=frequency=441:duration=1";
        let arguments = format!("{source} -af {pan} -c:a flac");
        let played = Played::new(&[&media.ffmpeg(&arguments, &format!("{channel}.flac"))]);
        let pcm = media.decode(&played.bytes());
        let loud = |side: usize| {
            let side = pcm.iter().skip(side).step_by(2);
            side.fold(0.0_f32, |peak, sample| peak.max(sample.abs())) > 0.01
        };
        assert_eq!((loud(0), loud(1)), (left, right), "{channel}");
    }
}

#[test]
fn full_scale_on_all_surround_channels_does_not_clip() {
    let media = Media::new();
    let tone = "aevalsrc=sin(2*PI*441*t)|sin(2*PI*441*t)|sin(2*PI*441*t)|0\
                |sin(2*PI*441*t)|sin(2*PI*441*t):c=5.1:d=1";
    let file = media.ffmpeg(&format!("-f lavfi -i {tone} -c:a flac"), "full.flac");
    let played = Played::new(&[&file]);
    let level = played.frames[20].level.expect("measured from PCM");
    assert!((level.peak_dbfs).abs() < 0.2, "{level:?}");
}

#[test]
fn encoder_survives_samples_that_are_no_numbers() {
    let format = PcmFormat {
        sample_rate: 48_000,
        channels: 2,
    };
    let mut encoder = Encoder::new(format, 64_000).expect("a usual format");
    let odd = [f32::NAN, f32::INFINITY, 1e30, -0.5].repeat(12_000);
    let mut frames = encoder.push(&odd).expect("encodes");
    frames.extend(encoder.finish().expect("ends"));
    assert!((21..=24).contains(&frames.len()), "{}", frames.len());
}

#[test]
fn what_mp3_does_not_have_is_refused() {
    let stereo = |sample_rate| PcmFormat {
        sample_rate,
        channels: 2,
    };
    assert!(matches!(
        Encoder::new(stereo(44_100), 130_000),
        Err(Error::Bitrate(130_000))
    ));
    assert!(matches!(
        Encoder::new(stereo(0), 128_000),
        Err(Error::Pcm { .. })
    ));
    let media = Media::new();
    let file = media.sine(1.0, "-c:a flac", "a.flac");
    let options = Options {
        bitrate: 1,
        looping: false,
    };
    let error = Playlist::open(vec![file], options)
        .map(drop)
        .expect_err("no such rate");
    assert!(
        error
            .to_string()
            .contains("bit rate 1 bit/s is not one of MP3: 8000, 16000,")
    );
}
