//! Load and figures for Skywave: each command starts a relay of its own on
//! loopback, measures one thing, and prints one JSON object a line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};

mod counts;
mod fanout;
mod joins;
mod relay;
mod stall;
mod station;

#[derive(Parser)]
#[command(about = "Figures of a Skywave relay", version)]
struct Arguments {
    /// The relay to measure.
    #[arg(long, default_value = "target/release/skywave", global = true)]
    relay: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Delay from a frame's sending to each listener, and the relay's CPU.
    Fanout {
        #[arg(long, default_value_t = 500)]
        listeners: usize,
        /// What the listeners ask for.
        #[arg(long, default_value_t = 200)]
        latency_ms: u64,
        #[arg(long, default_value_t = 20)]
        seconds: u64,
        #[arg(long, default_value_t = 1)]
        shards: usize,
    },
    /// Time from a join to the first frame.
    Joins {
        #[arg(long, default_value_t = 100)]
        count: usize,
    },
    /// Counts while listeners join, leave, are killed and vanish.
    Counts {
        #[arg(long, default_value_t = 200)]
        listeners: usize,
        #[arg(long, default_value_t = 60)]
        seconds: u64,
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// One listener stopped among others.
    Stall {
        #[arg(long, default_value_t = 50)]
        listeners: usize,
        #[arg(long, default_value_t = 30)]
        seconds: u64,
    },
    /// Listens and prints what it hears: what `counts` and `stall` stop and kill.
    #[command(hide = true)]
    Listener {
        #[arg(long)]
        url: String,
        #[arg(long, default_value_t = 1)]
        listeners: usize,
    },
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let Arguments { relay, command } = Arguments::parse();
    let figures = match command {
        Command::Fanout {
            listeners,
            latency_ms,
            seconds,
            shards,
        } => {
            let load = fanout::Load {
                listeners,
                latency_ms,
                time: Duration::from_secs(seconds),
                shards,
            };
            fanout::run(&relay, load).await?
        }
        Command::Joins { count } => joins::run(&relay, count).await?,
        Command::Counts {
            listeners,
            seconds,
            seed,
        } => counts::run(&relay, listeners, Duration::from_secs(seconds), seed).await?,
        Command::Stall { listeners, seconds } => {
            stall::run(&relay, listeners, Duration::from_secs(seconds)).await?
        }
        Command::Listener { url, listeners } => return stall::listen(&url, listeners).await,
    };
    println!("{figures}");
    Ok(())
}
