//! Why a command did not succeed, and the exit code that says so.

use std::io::{self, Write};
use std::process::ExitCode;

use skywave::config::ConfigErrors;
use skywave::logging;
use skywave_client::source;

use super::plain::plain;

/// Why a command did not succeed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line asks for what cannot be.
    Usage(String),
    /// The config cannot be used.
    Config(ConfigErrors),
    /// It was tried.
    Failed(anyhow::Error),
    /// It failed, and that has been told.
    Told,
    /// A second signal came before it had ended.
    Forced,
}

impl Failure {
    /// Words are enough.
    pub(crate) fn failed(words: impl Into<String>) -> Self {
        Self::Failed(anyhow::Error::msg(words.into()))
    }

    /// Tells it on stderr, and gives the exit code.
    pub(super) fn report(self) -> ExitCode {
        let mut stderr = io::stderr().lock();
        // Nobody is left to tell it to where stderr is closed.
        let _ = match &self {
            Self::Usage(words) => writeln!(stderr, "skywave: {}", plain(words)),
            Self::Config(errors) => writeln!(stderr, "{errors}"),
            Self::Failed(error) => writeln!(stderr, "skywave: {}", plain(&format!("{error:#}"))),
            Self::Told => Ok(()),
            Self::Forced => writeln!(stderr, "skywave: ended at once by a second signal"),
        };
        match self {
            Self::Usage(_) | Self::Config(_) => ExitCode::from(2),
            Self::Failed(_) | Self::Told | Self::Forced => ExitCode::FAILURE,
        }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<ConfigErrors> for Failure {
    fn from(errors: ConfigErrors) -> Self {
        Self::Config(errors)
    }
}

impl From<logging::Error> for Failure {
    fn from(error: logging::Error) -> Self {
        Self::Usage(error.to_string())
    }
}

impl From<source::Error> for Failure {
    fn from(error: source::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<skywave_client::Error> for Failure {
    fn from(error: skywave_client::Error) -> Self {
        match error {
            skywave_client::Error::Setup(words) => Self::Usage(words),
            other => Self::Failed(other.into()),
        }
    }
}
