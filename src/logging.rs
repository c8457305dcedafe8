//! Where log lines go: to stderr, as text or JSON.

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

use crate::config::{Log, LogFormat};

/// The environment variable that overrides `log.level`.
pub const LEVEL_VARIABLE: &str = "RUST_LOG";

/// Why logging did not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The override is no filter.
    #[error("{LEVEL_VARIABLE}: {0}")]
    Override(LevelError),
    /// The configured level is no filter.
    #[error("log.level: {0}")]
    Level(LevelError),
    /// Another subscriber is in place.
    #[error("logging has already been started in this process")]
    Started,
}

/// A text that is not a filter.
#[derive(Debug, thiserror::Error)]
#[error("{text:?} is not a level or filter such as info or info,skywave=debug: {source}")]
pub struct LevelError {
    text: String,
    source: ParseError,
}

/// Starts logging for the process. [`LEVEL_VARIABLE`] wins over `log.level`.
///
/// # Errors
/// When the filter cannot be read, or logging has been started before.
pub fn init(log: &Log) -> Result<(), Error> {
    let filter = match std::env::var(LEVEL_VARIABLE) {
        Ok(text) if !text.is_empty() => filter(&text).map_err(Error::Override)?,
        _ => filter(&log.level).map_err(Error::Level)?,
    };
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(io::stderr().is_terminal())
        .with_writer(io::stderr);
    match log.format {
        LogFormat::Text => lines.try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    }
    .map_err(|_| Error::Started)
}

/// Whether a text is a filter.
pub(crate) fn check_level(text: &str) -> Result<(), LevelError> {
    filter(text).map(drop)
}

fn filter(text: &str) -> Result<EnvFilter, LevelError> {
    EnvFilter::builder()
        .parse(text)
        .map_err(|source| LevelError {
            text: text.chars().take(128).collect(),
            source,
        })
}
