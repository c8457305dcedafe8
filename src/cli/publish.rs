//! `skywave publish`: goes on the air with files, or with MP3 from standard
//! input.

use std::cell::RefCell;
use std::io;
use std::path::{Path, PathBuf};

use skywave_client::publish::Publisher;
use skywave_client::source::{BITRATES, Item, Mp3Reader, Options, Playlist};
use skywave_wire::ChannelId;
use skywave_wire::control::Show;
use tokio_util::sync::CancellationToken;

use super::options::Relay;
use super::progress::Progress;
use super::runtime::single_thread;
use super::{Failure, Feed, broadcast, stoppable};

/// Stands for standard input.
const STDIN: &str = "-";

const NOTES: &str = "\
Examples:
  skywave publish --channel jazz intro.mp3 *.flac
  skywave publish --channel jazz --loop --title 'Night Shift' --host Ada music/*.ogg
  ffmpeg -i SOURCE -f mp3 -b:a 128k - | skywave publish --channel live -

MP3 goes out as it is, frame by frame; FLAC, Ogg Vorbis, WAV and AAC are encoded.
Files play one after another without a gap, their tags become titles. Ctrl-C goes
off the air. Where the relay is lost, the broadcast waits and goes on when it is
back.";

/// Go on the air with audio files, at the pace of the audio
#[derive(Debug, clap::Args)]
#[command(after_help = NOTES)]
pub(super) struct Args {
    /// Files to play in order: MP3, FLAC, Ogg Vorbis, WAV, AAC/M4A; or - for MP3
    /// on standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// Channel to go on the air on
    #[arg(long)]
    channel: ChannelId,

    /// Title of the show
    #[arg(long, value_name = "SHOW")]
    title: Option<String>,

    /// Who hosts it
    #[arg(long, value_name = "NAME")]
    host: Option<String>,

    /// Bit rate for what is not MP3 yet
    #[arg(long, value_name = "RATE", default_value = "128k", value_parser = parse_bitrate)]
    bitrate: u32,

    /// Begin anew after the last file, until Ctrl-C
    #[arg(long = "loop")]
    looping: bool,

    #[command(flatten)]
    relay: Relay,
}

pub(super) fn run(args: Args) -> Result<(), Failure> {
    let stdin = args.files.iter().any(|file| file == Path::new(STDIN));
    if stdin && args.files.len() > 1 {
        let words = "- is standard input, and does not go with other files";
        return Err(Failure::Usage(words.to_owned()));
    }
    if stdin && args.looping {
        let words = "--loop needs files: standard input cannot be read again";
        return Err(Failure::Usage(words.to_owned()));
    }
    single_thread(stoppable(|stop| publish(args, stdin, stop)))?
}

async fn publish(args: Args, stdin: bool, stop: CancellationToken) -> Result<(), Failure> {
    let client = args.relay.client()?;
    let show = Show {
        show_title: args.title,
        host_name: args.host,
        show_type: None,
    };
    let options = Options {
        bitrate: args.bitrate,
        looping: args.looping,
    };
    let feed = match stdin {
        true => from_stdin()?,
        false => from_files(args.files, options)?,
    };
    let progress = RefCell::new(Progress::start(&args.channel));
    let publisher = Publisher::new(
        client.clone(),
        args.relay.identity(),
        args.channel,
        show,
        |status| progress.borrow_mut().status(&status),
    );
    let done = broadcast(publisher, feed, stop.cancelled_owned(), |item| {
        let mut progress = progress.borrow_mut();
        match item {
            Item::Track(track) => progress.track(track),
            Item::Frame(frame) => progress.frame(frame),
            Item::Skipped(failure) => progress.skipped(failure),
        }
    })
    .await;
    client.said_goodbye().await;
    progress.borrow_mut().end(done.is_ok());
    done
}

fn from_files(files: Vec<PathBuf>, options: Options) -> io::Result<Feed> {
    Feed::start(move || {
        let mut playlist = Playlist::open(files, options)?;
        Ok(move || playlist.next_item())
    })
}

fn from_stdin() -> io::Result<Feed> {
    Feed::start(|| {
        let mut reader = Mp3Reader::new(io::stdin().lock(), "standard input");
        Ok(move || reader.next_item())
    })
}

/// Reads `128k` or `128000`.
fn parse_bitrate(text: &str) -> Result<u32, String> {
    let rate = match text.strip_suffix(['k', 'K']) {
        Some(kilo) => kilo.parse().ok().and_then(|k: u32| k.checked_mul(1_000)),
        None => text.parse().ok(),
    };
    rate.filter(|rate| BITRATES.contains(rate)).ok_or_else(|| {
        let rates = BITRATES.map(|rate| format!("{}k", rate / 1_000));
        format!("MP3 has {}", rates.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bit_rate_is_one_that_mp3_has() {
        assert_eq!(parse_bitrate("128k"), Ok(128_000));
        assert_eq!(parse_bitrate("320000"), Ok(320_000));
        for wrong in ["", "k", "129k", "128", "-8k", "5000000k", "fast"] {
            let words = parse_bitrate(wrong).expect_err(wrong);
            assert!(words.contains("128k, 160k"), "{words}");
        }
    }
}
