//! Which channels a token is for.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Longest pattern, in bytes.
const MAX_BYTES: usize = 128;

/// A channel's id, or a prefix of ids: `jazz`, `jazz-*`, `*`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pattern {
    text: String,
}

impl Pattern {
    /// Every channel.
    pub fn any() -> Self {
        Self {
            text: "*".to_owned(),
        }
    }

    /// Whether it covers this channel.
    pub fn covers(&self, channel: &str) -> bool {
        match self.text.strip_suffix('*') {
            Some(prefix) => channel.starts_with(prefix),
            None => channel == self.text,
        }
    }
}

/// A text that is not a pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// It has no characters.
    #[error("a channel pattern must not be empty")]
    Empty,
    /// It is longer than any channel's id.
    #[error("a channel pattern must be at most 128 bytes, got {0}")]
    TooLong(usize),
    /// It has a star that is not the last character.
    #[error("a channel pattern may have one * and only at its end, got {0:?}")]
    Star(String),
}

impl TryFrom<String> for Pattern {
    type Error = PatternError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.is_empty() {
            Err(PatternError::Empty)
        } else if text.len() > MAX_BYTES {
            Err(PatternError::TooLong(text.len()))
        } else if text.strip_suffix('*').unwrap_or(&text).contains('*') {
            Err(PatternError::Star(text))
        } else {
            Ok(Self { text })
        }
    }
}

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::try_from(text.to_owned())
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.text
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
