//! Load and figures for Skywave, beside what people would pick instead. Everything
//! runs on loopback, and every server in a process of its own.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use relay::Acknowledging;
use server::Server;

mod counts;
mod delays;
mod ear;
mod fleet;
mod floor;
mod generator;
mod instructions;
mod load;
mod material;
mod plain;
mod proc;
mod record;
mod relay;
mod report;
mod rival;
mod run;
mod scenario;
mod server;
mod stall;
mod station;
mod suite;

#[derive(Parser)]
#[command(about = "Figures of a Skywave relay, and of others", version)]
struct Arguments {
    /// The relay to measure.
    #[arg(long, default_value = "target/release/skywave", global = true)]
    relay: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs scenarios and writes the report.
    Run(RunOptions),
    /// Writes RESULTS.md, the plots and the README's table anew.
    Report {
        /// A file of bench/out/; the newest unless told.
        #[arg(long)]
        from: Option<PathBuf>,
    },
    /// Instructions of the relay for each frame delivered, by valgrind.
    Instructions {
        #[arg(long, default_value_t = 20)]
        listeners: usize,
        /// Frames that go together to each listener: 1, 3 or 8.
        #[arg(long, default_value_t = 3)]
        frames: usize,
        /// How much longer the second of the two runs is.
        #[arg(long, default_value_t = 10.0)]
        seconds: f64,
        /// Adds the figure to the newest run, for the report.
        #[arg(long)]
        record: bool,
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
    /// Carries stations and listeners; orders come on stdin.
    #[command(hide = true)]
    Load,
    #[command(hide = true)]
    FloorServer {
        #[arg(long)]
        port: u16,
        #[arg(long)]
        frames: usize,
    },
    #[command(hide = true)]
    PlainServer {
        #[arg(long)]
        port: u16,
    },
}

/// What to run.
#[derive(Args)]
pub(crate) struct RunOptions {
    /// Scenarios to run, by name; all unless told.
    #[arg(long = "scenario")]
    scenarios: Vec<String>,
    /// Servers to measure, by name, with commas between; all unless told.
    #[arg(long, value_delimiter = ',')]
    servers: Vec<String>,
    /// On a small scale: that everything works.
    #[arg(long)]
    quick: bool,
    /// With the windows of ten minutes.
    #[arg(long)]
    long: bool,
    /// So many listeners rather than those of the scenarios.
    #[arg(long)]
    listeners: Option<usize>,
    /// Where the records go, and a report that is not published.
    #[arg(long)]
    out: Option<PathBuf>,
}

fn main() -> anyhow::Result<()> {
    let Arguments { relay, command } = Arguments::parse();
    match command {
        Command::Run(options) => suite::run(&relay, &options),
        Command::Report { from } => suite::report(from.as_deref()),
        Command::Instructions {
            listeners,
            frames,
            seconds,
            record,
        } => {
            let figure = instructions::measure(&relay, listeners, frames, seconds)?;
            println!("{}", serde_json::to_string(&figure)?);
            if record {
                suite::add(&record::Record::Instructions(figure))?;
            }
            Ok(())
        }
        Command::Load => load::run(),
        Command::FloorServer { port, frames } => floor::serve(port, frames),
        other => tokio::runtime::Runtime::new()?.block_on(converse(&relay, other)),
    }
}

/// The commands that use the project's own client.
async fn converse(relay: &Path, command: Command) -> anyhow::Result<()> {
    let figures = match command {
        Command::Counts {
            listeners,
            seconds,
            seed,
        } => counts::run(relay, listeners, Duration::from_secs(seconds), seed).await?,
        Command::Stall { listeners, seconds } => {
            stall::run(relay, listeners, Duration::from_secs(seconds)).await?
        }
        Command::Listener { url, listeners } => return stall::listen(&url, listeners).await,
        Command::PlainServer { port } => return plain::serve(port).await,
        _ => return Ok(()),
    };
    println!("{figures}");
    Ok(())
}

/// Everything that can be measured, in the order of the tables.
pub(crate) fn servers(relay: &Path) -> Vec<Box<dyn Server>> {
    let ours = [Acknowledging::AsAsked, Acknowledging::AsBrowsers];
    let mut servers: Vec<Box<dyn Server>> = Vec::new();
    for listeners in ours {
        let program = relay.to_owned();
        servers.push(Box::new(relay::Skywave { program, listeners }));
    }
    servers.extend(rival::servers());
    servers.push(Box::new(plain::Plain));
    servers.push(Box::new(floor::Floor));
    servers
}
