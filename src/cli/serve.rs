//! `skywave serve`: the relay.

use skywave::Server;
use skywave::config::Config;
use skywave::logging;
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use super::{ConfigFile, Failure, multi_thread, stoppable};

const NOTES: &str = "\
Examples:
  skywave serve
  skywave serve --config /etc/skywave/config.toml

SIGINT or SIGTERM ends the broadcasts, tells every client and gives them
server.drain to go; a second one ends the relay at once. The log goes to stderr.";

/// Run the relay
#[derive(Debug, clap::Args)]
#[command(after_help = NOTES)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigFile,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let config = args.config.load()?;
    logging::init(&config.log)?;
    multi_thread(stoppable(|stop| serve(config, stop)))?
}

async fn serve(config: Config, stop: CancellationToken) -> Result<(), Failure> {
    let server = Server::bind(config).await?;
    for address in server.addresses() {
        info!(%address, "listening for WebTransport");
    }
    for address in server.pages_addresses() {
        info!(%address, "serving the web pages");
    }
    if let Some(address) = server.operations_address() {
        info!(%address, "serving metrics and health");
    }
    info!(
        sha256 = server.certificate_sha256(),
        "showing this certificate"
    );
    let failed = tokio::select! {
        () = stop.cancelled() => None,
        part = server.failed() => Some(part),
    };
    match failed {
        None => info!("stopping"),
        Some(part) => error!(part, "stopping: a part failed that a relay needs"),
    }
    server.stop().await;
    info!("stopped");
    match failed {
        None => Ok(()),
        Some(part) => Err(Failure::failed(format!("{part} failed"))),
    }
}
