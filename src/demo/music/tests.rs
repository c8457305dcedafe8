use super::*;

/// Plays to the end, or for so many seconds, in blocks of an odd size.
fn render(track: &mut Track, seconds: usize) -> Vec<f32> {
    let mut samples = Vec::new();
    let mut block = [0.0; 2 * 1_050];
    while samples.len() < seconds * 88_200 {
        let pairs = track.fill(&mut block);
        if pairs == 0 {
            break;
        }
        samples.extend_from_slice(&block[..2 * pairs]);
    }
    samples
}

fn peak(samples: &[f32]) -> f32 {
    samples
        .iter()
        .fold(0.0, |peak, sample| peak.max(sample.abs()))
}

fn rms(samples: &[f32]) -> f32 {
    let sum: f32 = samples.iter().map(|sample| sample * sample).sum();
    (sum / samples.len() as f32).sqrt()
}

#[test]
fn a_seed_always_plays_the_same_and_another_does_not() {
    let play = |seed| {
        let mut music = Music::new(seed);
        let [mut first, mut second] = [music.next_track(), music.next_track()];
        [render(&mut first, 3), render(&mut second, 3)].concat()
    };
    let first = play(7);
    assert!(first == play(7), "the same seed plays differently");
    assert!(first != play(8), "another seed plays the same");
    let (one, two) = first.split_at(first.len() / 2);
    assert!(one != two, "two tracks play the same");
}

#[test]
fn a_track_is_audible_within_bounds_and_as_long_as_it_says() {
    let mut track = Music::new(1).next_track();
    let samples = render(&mut track, 100);
    let seconds = track.duration().as_secs_f64();
    assert!((samples.len() as f64 / 88_200.0 - seconds).abs() < 0.001);
    assert!(peak(&samples) < 0.9, "{}", peak(&samples));
    for (second, samples) in samples.chunks(88_200).enumerate().take(36).skip(2) {
        assert!(rms(samples) > 0.02, "silent at {second} s");
    }
    let mean = samples.iter().sum::<f32>() / samples.len() as f32;
    assert!(mean.abs() < 0.001, "{mean}");
    let ends = [&samples[..200], &samples[samples.len() - 200..]].map(peak);
    assert!(ends[0] < 0.01 && ends[1] < 0.01, "{ends:?}");
    assert_eq!(track.fill(&mut [0.0; 64]), 0);
}

#[test]
fn every_track_lasts_40_to_60_seconds() {
    for seed in 0..200 {
        let seconds = Music::new(seed).next_track().duration().as_secs_f64();
        assert!((40.0..=60.0).contains(&seconds), "seed {seed}: {seconds} s");
    }
}

#[test]
fn titles_change_from_track_to_track() {
    let mut music = Music::new(3);
    let titles: Vec<String> = (0..200)
        .map(|_| music.next_track().title().to_owned())
        .collect();
    for pair in titles.windows(2) {
        assert_ne!(pair[0], pair[1]);
    }
    let mut different = titles.clone();
    different.sort();
    different.dedup();
    assert!(
        different.len() > 60,
        "{} titles in 200 tracks",
        different.len()
    );
}
