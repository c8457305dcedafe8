//! The command line: one module a command, and what several of them share.
//!
//! A command's `run` owns its runtime and returns once everything that it
//! started has ended. Nothing but this module knows exit codes.

mod air;
mod check;
mod failure;
mod feed;
mod listen;
mod options;
mod plain;
mod progress;
mod publish;
mod runtime;
mod serve;
mod token;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub(crate) use air::broadcast;
pub(crate) use failure::Failure;
pub(crate) use feed::Feed;
use options::ConfigFile;
pub(crate) use options::PROGRAM;
pub(crate) use runtime::{multi_thread, stoppable};

use crate::demo;

const EXAMPLES: &str = "\
Examples:
  skywave demo                                      a relay with music, to try it out
  skywave serve                                     a relay for this machine
  skywave publish --channel jazz *.flac             go on the air
  skywave listen --channel jazz | ffplay -nodisp -  hear it

Exit codes: 0, 1 (it failed), 2 (usage or config).";

/// Live radio without the delay: an MP3 relay over QUIC and WebTransport.
#[derive(Debug, Parser)]
#[command(name = "skywave", version, after_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Args),
    Check(check::Args),
    Token(token::Args),
    Publish(publish::Args),
    Listen(listen::Args),
    Demo(demo::Args),
}

/// Runs the command; what went wrong is told on stderr.
pub(crate) fn run(cli: Cli) -> ExitCode {
    let done = match cli.command {
        Command::Serve(args) => serve::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Token(args) => token::run(args),
        Command::Publish(args) => publish::run(args),
        Command::Listen(args) => listen::run(args),
        Command::Demo(args) => demo::run(args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
