//! Options that several commands have.

use std::path::PathBuf;

use skywave::config::Config;
use skywave_client::{Client, Identity, Trust};

use super::Failure;

/// The program's name and version, for the relay's logs.
pub(crate) const PROGRAM: &str = concat!("skywave/", env!("CARGO_PKG_VERSION"));

/// Which config a command reads.
#[derive(Debug, clap::Args)]
pub(super) struct ConfigFile {
    /// Config to read [default: ./config.toml if it exists, else the defaults]
    #[arg(long = "config", value_name = "FILE")]
    path: Option<PathBuf>,
}

impl ConfigFile {
    /// # Errors
    /// Everything that is wrong with it.
    pub(super) fn load(&self) -> Result<Config, Failure> {
        Ok(Config::load(self.path.as_deref())?)
    }
}

/// Which relay a client goes to, and as whom.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Relay")]
pub(super) struct Relay {
    /// The relay
    #[arg(long, value_name = "URL", default_value = "https://localhost:4433")]
    url: String,

    /// Token, where the relay wants one; `skywave token` makes them
    #[arg(
        long,
        value_name = "TOKEN",
        env = "SKYWAVE_TOKEN",
        hide_env_values = true
    )]
    token: Option<String>,

    /// Trust just the relay whose certificate has this SHA-256 (64 hexadecimal
    /// digits), rather than the system's roots. A relay on this machine is
    /// trusted anyway
    #[arg(long, value_name = "HASH")]
    cert_sha256: Option<String>,

    /// Name to go by on an open relay; a token says it otherwise
    #[arg(long = "as", value_name = "NAME")]
    subject: Option<String>,
}

impl Relay {
    /// Call it within a runtime.
    ///
    /// # Errors
    /// The URL or the hash cannot be used.
    pub(super) fn client(&self) -> Result<Client, Failure> {
        let trust = match &self.cert_sha256 {
            Some(hash) => Trust::Certificate(hash.clone()),
            None => Trust::Usual,
        };
        Ok(Client::new(&self.url, &trust)?)
    }

    pub(super) fn identity(&self) -> Identity {
        Identity {
            token: self.token.clone(),
            subject: self.subject.clone(),
            program: Some(PROGRAM.to_owned()),
        }
    }
}
