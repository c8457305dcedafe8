//! What can be wrong with a config.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// One mistake in a config.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file could not be read.
    #[error("cannot be read: {0}")]
    Read(#[source] io::Error),
    /// The text is not TOML.
    #[error("line {line}, column {column}: {message}")]
    Syntax {
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
        /// What the TOML parser says.
        message: String,
    },
    /// A key is unknown, or its value is.
    #[error("{key}: {problem}")]
    Key {
        /// Full name, such as `limits.sessions`.
        key: String,
        /// What is wrong, and what would be right.
        problem: String,
    },
}

impl ConfigError {
    /// The full name of the key that is wrong, if it is a key.
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::Key { key, .. } => Some(key),
            Self::Read(_) | Self::Syntax { .. } => None,
        }
    }
}

/// Every mistake in a config, in the order of the text's sections. Displays
/// as one line each.
#[derive(Debug)]
pub struct ConfigErrors {
    file: Option<PathBuf>,
    errors: Vec<ConfigError>,
}

impl ConfigErrors {
    pub(super) fn new(errors: Vec<ConfigError>) -> Self {
        Self { file: None, errors }
    }

    pub(super) fn in_file(mut self, file: &Path) -> Self {
        self.file = Some(file.to_owned());
        self
    }

    /// The mistakes; never empty.
    pub fn errors(&self) -> &[ConfigError] {
        &self.errors
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.errors.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            if let Some(file) = &self.file {
                write!(f, "{}: ", file.display())?;
            }
            write!(f, "{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}
