use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

/// A channel's name: 1 to 64 characters out of `A-Z a-z 0-9 . _ -`, the first
/// one a letter or a digit. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChannelId(Arc<str>);

impl ChannelId {
    /// The longest name, in bytes.
    pub const MAX_LEN: usize = 64;

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a text is no channel name.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ChannelIdError {
    /// The text is empty.
    #[error("a channel name cannot be empty")]
    Empty,
    /// The text has this many bytes.
    #[error("a channel name has at most 64 characters, this one has {0}")]
    TooLong(usize),
    /// This character stands at this byte.
    #[error(
        "a channel name is made of A-Z, a-z, 0-9, '.', '_' and '-' and begins with a letter or digit: {0:?} at byte {1} does not fit"
    )]
    BadCharacter(char, usize),
}

impl FromStr for ChannelId {
    type Err = ChannelIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() {
            return Err(ChannelIdError::Empty);
        }
        if text.len() > Self::MAX_LEN {
            return Err(ChannelIdError::TooLong(text.len()));
        }
        let bad = text.char_indices().find(|&(at, c)| {
            !(c.is_ascii_alphanumeric() || at > 0 && matches!(c, '.' | '_' | '-'))
        });
        match bad {
            Some((at, c)) => Err(ChannelIdError::BadCharacter(c, at)),
            None => Ok(Self(text.into())),
        }
    }
}

impl fmt::Display for ChannelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for ChannelId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ChannelId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

macro_rules! number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number! {
    /// A frame's number in its channel. Rises by one a frame and never restarts
    /// while the relay runs, whoever publishes.
    FrameSeq
}
number! {
    /// Microseconds of the relay's clock: monotonic, near to Unix time.
    Micros
}
number! {
    /// The number that stands for a channel in streams and datagrams of this relay.
    Handle
}
number! {
    /// Counts the changes of a value of which only the latest matters.
    Revision
}
number! {
    /// One broadcast: from `stream:start` to `stream:stopped`, takeovers included.
    StreamId
}

impl FrameSeq {
    /// The sequence number `frames` further on.
    pub fn plus(self, frames: u64) -> Self {
        Self(self.0.saturating_add(frames))
    }

    /// How many frames lie from `earlier` to here; 0 when `earlier` is later.
    pub fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl Micros {
    /// The time `micros` later.
    pub fn plus(self, micros: u64) -> Self {
        Self(self.0.saturating_add(micros))
    }

    /// Microseconds from `earlier` to here; 0 when `earlier` is later.
    pub fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_name_says_what_does_not_fit_and_where() {
        assert_eq!("".parse::<ChannelId>(), Err(ChannelIdError::Empty));
        assert_eq!(
            "two words".parse::<ChannelId>(),
            Err(ChannelIdError::BadCharacter(' ', 3))
        );
        assert_eq!(
            ".hidden".parse::<ChannelId>(),
            Err(ChannelIdError::BadCharacter('.', 0))
        );
        assert_eq!(
            "x".repeat(10_240).parse::<ChannelId>(),
            Err(ChannelIdError::TooLong(10_240))
        );
        let name = "Jazz-24.7_hi".parse::<ChannelId>().expect("a good name");
        assert_eq!(name.as_str(), "Jazz-24.7_hi");
    }
}
