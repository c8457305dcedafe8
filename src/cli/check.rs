//! `skywave check`: what `serve` would run.

use std::io::{self, Write};

use skywave::config::describe;

use super::{ConfigFile, Failure};

/// Read the config as `serve` would: what would run, or every error at once
///
/// Exit code 0 if it can be used, 2 if not.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  skywave check --config /etc/skywave/config.toml")]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigFile,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let config = args.config.load()?;
    io::stdout().write_all(describe(&config).as_bytes())?;
    Ok(())
}
