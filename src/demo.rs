//! `skywave demo`: a relay, a station with music, and a look at both.
//!
//! The station publishes through the same client as anyone would; the view reads
//! the figures that operators read.

mod figures;
mod invitation;
mod music;
mod screen;
mod station;
mod view;

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::time::Duration;

use skywave::config::Config;
use skywave::{Server, logging};
use tokio::task::JoinError;
use tokio::time::interval;
use tokio_util::sync::CancellationToken;

use crate::cli::{Failure, multi_thread, stoppable};
use figures::Figures;
use invitation::Invitation;

/// How often a line is written where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(5);
/// Nobody waits long for listeners of a demo to go.
const DRAIN: Duration = Duration::from_secs(1);

const NOTES: &str = "\
Then hear it in a browser:
  http://localhost:8080/?channel=demo
or in another terminal:
  skywave listen --channel demo | ffplay -nodisp -

q or Ctrl-C ends it.";

/// Run a relay and a station with music, and watch them
#[derive(Debug, clap::Args)]
#[command(after_help = NOTES)]
pub(crate) struct Args {
    /// Config of the relay [default: open, for this machine alone]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

pub(crate) fn run(args: Args) -> Result<(), Failure> {
    let mut config = match &args.config {
        Some(path) => Config::load(Some(path))?,
        None => Config::default(),
    };
    config.server.drain = config.server.drain.min(DRAIN);
    let on_screen = io::stdout().is_terminal();
    if !(on_screen && io::stderr().is_terminal()) {
        logging::init(&config.log)?;
    }
    multi_thread(stoppable(|stop| demo(config, args, on_screen, stop)))?
}

async fn demo(
    config: Config,
    args: Args,
    on_screen: bool,
    stop: CancellationToken,
) -> Result<(), Failure> {
    let token = station::token(&config.auth)?;
    let bound = Server::bind(config.clone()).await;
    let server = bound.map_err(|error| not_bound(error, &config))?;
    let invitation = Invitation::new(&server, &config, args.config.as_deref());
    let off_air = CancellationToken::new();
    let url = invitation.url().to_owned();
    let mut station = tokio::spawn(station::run(url, token, off_air.clone()));

    let shown = tokio::select! {
        () = stop.cancelled() => Ok(()),
        part = server.failed() => Err(Failure::failed(format!("{part} failed"))),
        ended = &mut station => Err(station_ended(ended)),
        shown = show(&server, &invitation, on_screen) => shown,
    };
    off_air.cancel();
    // Where it had ended before, that has been taken up above.
    if !station.is_finished() {
        let _ = station.await;
    }
    server.stop().await;
    shown
}

async fn show(server: &Server, invitation: &Invitation, on_screen: bool) -> Result<(), Failure> {
    let mut figures = Figures::default();
    if on_screen {
        return Ok(screen::run(server, invitation, &mut figures).await?);
    }
    match write_lines(server, invitation, &mut figures).await {
        // Nobody reads them any more; the demo goes on for those who listen.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => std::future::pending().await,
        ended => Ok(ended?),
    }
}

async fn write_lines(
    server: &Server,
    invitation: &Invitation,
    figures: &mut Figures,
) -> io::Result<()> {
    writeln!(io::stdout(), "{invitation}")?;
    let mut pulse = interval(LINE_EVERY);
    figures.look(server);
    loop {
        pulse.tick().await;
        let seen = figures.look(server);
        if !seen.channels.is_empty() {
            writeln!(io::stdout(), "{seen}")?;
        }
    }
}

fn station_ended(ended: Result<Result<(), Failure>, JoinError>) -> Failure {
    match ended {
        Ok(Err(failure)) => failure,
        Ok(Ok(())) | Err(_) => Failure::failed("the station ended"),
    }
}

/// A relay that runs already is the usual reason.
fn not_bound(error: anyhow::Error, config: &Config) -> Failure {
    let in_use = |cause: &(dyn std::error::Error + 'static)| {
        let cause = cause.downcast_ref::<io::Error>();
        cause.is_some_and(|cause| cause.kind() == io::ErrorKind::AddrInUse)
    };
    if !error.chain().any(in_use) {
        return error.into();
    }
    let udp = config.server.listen.iter();
    let tcp = config.pages.listen.iter().chain(&config.operations.listen);
    let ports: Vec<String> = udp
        .map(|address| format!("{address} (UDP)"))
        .chain(tcp.map(|address| format!("{address} (TCP)")))
        .collect();
    Failure::failed(format!(
        "{error:#}\n\nThe demo needs {}. For others, write them in a file:\n\n    \
         server.listen = [\"127.0.0.1:5433\"]\n    pages.listen = [\"127.0.0.1:8081\"]\n    \
         operations.listen = \"127.0.0.1:9465\"\n\nand run `skywave demo --config FILE`.",
        ports.join(", ")
    ))
}
