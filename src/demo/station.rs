//! The demo's station: music that is made up, encoded and published in-process.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use skywave::config::Auth;
use skywave::token::{self, Pattern, Request, Role};
use skywave_client::publish::{Publisher, Status};
use skywave_client::source::{self, Encoder, Item, PcmFormat, Tags};
use skywave_client::{Client, Identity, Trust};
use skywave_wire::control::Show;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::music::{ARTIST, CHANNELS, Music, SAMPLE_RATE, Track};
use crate::cli::{Failure, Feed, PROGRAM, broadcast};

/// The channel that the station is on.
pub(super) const CHANNEL: &str = "demo";

const BITRATE: u32 = 128_000;
/// A token for the station outlives any demo.
const TOKEN_TTL: Duration = Duration::from_secs(30 * 86_400);
/// Samples that are made at once: eight frames, of two channels.
const BLOCK: usize = 8 * 1152 * CHANNELS as usize;

/// A token for the station, where the relay wants one.
///
/// # Errors
/// The config has no key to sign it with.
pub(super) fn token(auth: &Auth) -> Result<Option<String>, Failure> {
    if matches!(auth, Auth::Open) {
        return Ok(None);
    }
    let channel: Pattern = CHANNEL.parse().expect("a channel's name is a pattern");
    let request = Request {
        role: Role::Owner,
        channels: vec![channel],
        ttl: TOKEN_TTL,
        subject: Some("skywave-demo".to_owned()),
    };
    let token = token::issue(auth, &request, SystemTime::now());
    token.map(Some).map_err(|error| {
        let words = format!("the demo's station needs a token, and cannot have one: {error}");
        Failure::Usage(words)
    })
}

/// Plays until told to go off the air.
pub(super) async fn run(
    url: String,
    token: Option<String>,
    off_air: CancellationToken,
) -> Result<(), Failure> {
    let identity = Identity {
        token,
        subject: Some("skywave-demo".to_owned()),
        program: Some(PROGRAM.to_owned()),
    };
    let show = Show {
        show_title: Some("Skywave Demo".to_owned()),
        host_name: Some("a synthesizer".to_owned()),
        show_type: None,
    };
    let channel = CHANNEL.parse().expect("a channel's name");
    let on_status = |status| match status {
        Status::Live { stream_id, .. } => info!(%stream_id, "the station is on the air"),
        Status::Interrupted { why, .. } => warn!(%why, "the station is off the air"),
    };
    let client = Client::new(&url, &Trust::Usual)?;
    let publisher = Publisher::new(client, identity, channel, show, on_status);
    let feed = Feed::start(|| {
        let mut programme = Programme::new(seed())?;
        Ok(move || programme.next_item().map(Some))
    })?;
    broadcast(publisher, feed, off_air.cancelled_owned(), |_| ()).await
}

fn seed() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_nanos() as u64)
}

/// Endless music as MP3 frames, through one encoder, so without a gap.
struct Programme {
    music: Music,
    playing: Option<Track>,
    encoder: Encoder,
    /// Tracks that went into the encoder, with the frame that each begins with.
    begun: VecDeque<(u64, source::Track)>,
    frames_out: u64,
    tracks: usize,
    ready: VecDeque<Item>,
    pcm: Vec<f32>,
}

impl Programme {
    fn new(seed: u64) -> Result<Self, source::Error> {
        let format = PcmFormat {
            sample_rate: SAMPLE_RATE,
            channels: CHANNELS,
        };
        Ok(Self {
            music: Music::new(seed),
            playing: None,
            encoder: Encoder::new(format, BITRATE)?,
            begun: VecDeque::new(),
            frames_out: 0,
            tracks: 0,
            ready: VecDeque::new(),
            pcm: vec![0.0; BLOCK],
        })
    }

    fn next_item(&mut self) -> Result<Item, source::Error> {
        loop {
            if let Some(item) = self.ready.pop_front() {
                return Ok(item);
            }
            let mut playing = match self.playing.take() {
                Some(playing) => playing,
                None => self.begin(),
            };
            let pairs = playing.fill(&mut self.pcm);
            if pairs == 0 {
                continue;
            }
            self.playing = Some(playing);
            let samples = pairs * usize::from(CHANNELS);
            for frame in self.encoder.push(&self.pcm[..samples])? {
                let begins = |(first, _): &(u64, _)| *first <= self.frames_out;
                while self.begun.front().is_some_and(begins) {
                    let begun = self.begun.pop_front();
                    self.ready
                        .extend(begun.map(|(_, track)| Item::Track(track)));
                }
                self.ready.push_back(Item::Frame(frame));
                self.frames_out += 1;
            }
        }
    }

    fn begin(&mut self) -> Track {
        let composed = self.music.next_track();
        let track = source::Track {
            index: self.tracks,
            path: PathBuf::from("music"),
            tags: Tags {
                title: Some(composed.title().to_owned()),
                artist: Some(ARTIST.to_owned()),
                album: None,
            },
            duration: Some(composed.duration()),
        };
        self.begun
            .push_back((self.encoder.frame_of_next_sample(), track));
        self.tracks += 1;
        composed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_track_begins_with_its_title_and_the_music_does_not_end() {
        let mut programme = Programme::new(1).expect("a programme");
        let mut titles = Vec::new();
        let mut frames = 0_u32;
        while titles.len() < 2 {
            match programme.next_item().expect("music") {
                Item::Track(track) => titles.push((frames, track.tags.title)),
                Item::Frame(_) => frames += 1,
                Item::Skipped(failure) => panic!("{failure}"),
            }
        }
        assert_eq!(titles[0].0, 0);
        let seconds = f64::from(titles[1].0) * 1152.0 / 44_100.0;
        assert!((40.0..61.0).contains(&seconds), "{seconds}");
        assert_ne!(titles[0].1, titles[1].1);
        let next = programme.next_item().expect("music");
        assert!(matches!(next, Item::Frame(_)));
    }
}
