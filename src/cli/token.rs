//! `skywave token`: mints tokens with the configured key.

use std::io::{self, Write};
use std::time::{Duration, SystemTime};

use skywave::config::parse_duration;
use skywave::token::{self, MintError, Pattern, Request, Role};

use super::{ConfigFile, Failure};

const EXAMPLES: &str = "\
Examples:
  skywave token --role owner --channel jazz --ttl 12h --subject radio-one
  skywave token --role listener --channel 'jazz-*' --channel news --ttl 1h";

/// Mint a token with the configured key, and print it alone
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// What its holder may do: listener, owner, moderator or admin
    #[arg(long)]
    role: Role,

    /// A channel that it is for, or a prefix such as jazz-*; may be repeated
    #[arg(long = "channel", value_name = "CHANNEL", required = true)]
    channels: Vec<Pattern>,

    /// How long it holds, such as 30m, 1h30m or 7d
    #[arg(long, value_parser = parse_duration)]
    ttl: Duration,

    /// Who its holder is [default: the role]
    #[arg(long, value_name = "NAME")]
    subject: Option<String>,

    #[command(flatten)]
    config: ConfigFile,
}

pub(super) fn run(args: Args) -> Result<(), Failure> {
    let config = args.config.load()?;
    let request = Request {
        role: args.role,
        channels: args.channels,
        ttl: args.ttl,
        subject: args.subject,
    };
    let token = token::issue(&config.auth, &request, SystemTime::now()).map_err(refused)?;
    writeln!(io::stdout(), "{token}")?;
    Ok(())
}

fn refused(error: MintError) -> Failure {
    match error {
        MintError::Signing(_) => Failure::Failed(error.into()),
        _ => Failure::Usage(error.to_string()),
    }
}
