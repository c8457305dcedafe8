//! `skywave listen`: writes what it hears, frame by frame, as it was sent.

mod figures;
mod notice;
mod output;
mod titles;

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use skywave::config::parse_duration;
use skywave_client::listen::{Event, Listener};
use skywave_client::{Error, Heard};
use skywave_wire::ChannelId;
use skywave_wire::control::{Delivery, ErrorCode, Join, Joined};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::options::Relay;
use super::runtime::single_thread;
use super::{Failure, stoppable};
use figures::Figures;
use notice::{Notice, Report};
use output::Output;
use titles::Titles;

/// How long the relay may take to hear that a listener leaves.
const GOODBYE: Duration = Duration::from_secs(1);

const NOTES: &str = "\
Examples:
  skywave listen --channel jazz | ffplay -nodisp -
  skywave listen --channel jazz -o jazz.mp3 --duration 10m
  skywave listen --channel jazz --json --stats -o /dev/null

The MP3 frames go to standard output or FILE exactly as they were sent; events and
figures go to stderr. Where the relay is lost, it is tried again for ever.";

/// Hear a channel: MP3 to a file or to a player
#[derive(Debug, clap::Args)]
#[command(after_help = NOTES)]
pub(super) struct Args {
    /// Channel to hear
    #[arg(long)]
    channel: ChannelId,

    /// File to write to, replaced if it exists [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// End so long after the first frame, such as 10s or 1h
    #[arg(long, value_parser = parse_duration)]
    duration: Option<Duration>,

    /// How long frames may wait to be sent together: less is sooner, more is
    /// cheaper; at most 2s
    #[arg(long, default_value = "200ms", value_parser = parse_latency)]
    latency: Duration,

    /// How the audio comes: a stream repeats what is lost, datagrams leave it out
    #[arg(long, default_value = "stream", value_parser = ["stream", "datagram"])]
    delivery: String,

    /// Wait for the relay to be there, and for the channel to go on the air
    #[arg(long)]
    wait: bool,

    /// Tell events as JSON, one object a line
    #[arg(long)]
    json: bool,

    /// Tell figures every second
    #[arg(long)]
    stats: bool,

    #[command(flatten)]
    relay: Relay,
}

pub(super) fn run(args: Args) -> Result<(), Failure> {
    let report = Report { json: args.json };
    single_thread(stoppable(async |stop| {
        match listen(args, report, stop).await {
            Err(Failure::Failed(error)) if report.json => {
                report.tell(&Notice::Failed {
                    why: format!("{error:#}"),
                });
                Err(Failure::Told)
            }
            done => done,
        }
    }))?
}

async fn listen(args: Args, report: Report, stop: CancellationToken) -> Result<(), Failure> {
    let output = Output::open(args.output.as_deref()).await?;
    let join = Join {
        channel_id: args.channel.clone(),
        latency_ms: args.latency.as_millis() as u64,
        delivery: match args.delivery.as_str() {
            "datagram" => Delivery::Datagram,
            _ => Delivery::Stream,
        },
        wait: args.wait,
    };
    let client = args.relay.client()?;
    let listener = Listener::new(client.clone(), args.relay.identity(), join);
    let mut ear = Ear {
        args,
        report,
        listener,
        output,
        titles: Titles::default(),
        figures: Figures::default(),
        listeners: None,
        joined: false,
        ends: None,
    };
    let heard = tokio::select! {
        biased;
        () = stop.cancelled() => Ok(()),
        heard = ear.hear() => heard,
    };
    if ear.joined {
        report.tell(&ear.figures.in_all(&ear.listener));
    }
    // The relay counts one listener less at once, even where its end is not heard.
    let _ = timeout(GOODBYE, ear.listener.leave()).await;
    client.said_goodbye().await;
    heard
}

/// A listener, and what it writes and tells.
struct Ear {
    args: Args,
    report: Report,
    listener: Listener,
    output: Output,
    titles: Titles,
    figures: Figures,
    listeners: Option<u64>,
    joined: bool,
    ends: Option<Instant>,
}

impl Ear {
    /// Until the time is over or nobody reads any more.
    async fn hear(&mut self) -> Result<(), Failure> {
        const SECOND: Duration = Duration::from_secs(1);
        let mut seconds = interval(SECOND);
        seconds.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            if self.figures.began().is_none() {
                seconds.reset();
            }
            // Only looked at where there is an end.
            let ends = self.ends.unwrap_or_else(Instant::now);
            let event = tokio::select! {
                biased;
                () = sleep_until(ends), if self.ends.is_some() => return Ok(()),
                _ = seconds.tick(), if self.args.stats && self.figures.began().is_some() => {
                    self.report.tell(&self.figures.so_far(&self.listener));
                    continue;
                }
                event = self.listener.next() => event.map_err(refused)?,
            };
            match self.take(event).await {
                Ok(()) => {}
                Err(Ended::NobodyReads) => return Ok(()),
                Err(Ended::Failed(failure)) => return Err(failure),
            }
        }
    }

    async fn take(&mut self, event: Event) -> Result<(), Ended> {
        match event {
            Event::Joined(joined) => self.joined(&joined).await?,
            Event::Interrupted { why, retry_in } => {
                if !self.joined && !self.args.wait {
                    return Err(Ended::Failed(refused(why)));
                }
                self.figures.interrupted();
                self.report.tell(&Notice::Interrupted {
                    why: why.to_string(),
                    retry_in_ms: retry_in.as_millis() as u64,
                });
            }
            Event::Heard(Heard::Frame(frame)) => {
                if self.figures.began().is_none() {
                    self.figures.begin();
                    self.ends = self.args.duration.map(|duration| Instant::now() + duration);
                }
                self.output.write(&frame.data).await?;
                if let Some(title) = self.titles.due(frame.seq) {
                    self.report.tell(&Notice::Title(title));
                }
                let session = self.listener.subscription().map(|s| s.session());
                self.figures
                    .heard(&frame, session.and_then(|s| s.relay_time()));
            }
            Event::Heard(Heard::Title(title)) => self.titles.add(title),
            Event::Heard(Heard::Listeners(count)) => {
                if self.listeners.replace(count) != Some(count) {
                    self.report.tell(&Notice::Listeners { count });
                }
            }
            Event::Heard(Heard::Skipped(skipped)) => self.report.tell(&Notice::Skipped(skipped)),
            Event::Heard(Heard::Live) => self.report.tell(&Notice::Live),
            Event::Heard(Heard::Offline) => self.report.tell(&Notice::Offline),
        }
        Ok(())
    }

    async fn joined(&mut self, joined: &Joined) -> Result<(), Ended> {
        if !self.joined {
            self.output.begin().await?;
            self.joined = true;
        }
        for title in &joined.metadata {
            self.titles.add(title.clone());
        }
        self.listeners = Some(joined.listeners);
        self.report
            .tell(&Notice::joined(&self.args.channel, joined));
        Ok(())
    }
}

/// Why nothing more is heard.
enum Ended {
    /// The other end of the pipe is closed: the player had enough.
    NobodyReads,
    Failed(Failure),
}

impl From<io::Error> for Ended {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::NobodyReads,
            _ => Self::Failed(anyhow::Error::new(error).context("cannot write").into()),
        }
    }
}

fn refused(why: Error) -> Failure {
    match &why {
        Error::Refused(fault) if fault.code == ErrorCode::UnknownChannel => {
            Failure::failed(format!("{why}; --wait waits for it"))
        }
        _ => why.into(),
    }
}

fn parse_latency(text: &str) -> Result<Duration, String> {
    let latency = parse_duration(text).map_err(|error| error.to_string())?;
    if latency > Duration::from_millis(Join::MAX_LATENCY_MS) {
        return Err(format!("at most {}ms", Join::MAX_LATENCY_MS));
    }
    Ok(latency)
}
