//! Tokens: JSON Web Tokens (RFC 7519) that say who somebody is and what they
//! may do.
//!
//! The [gate](crate::gate) reads them; `skywave token` mints them. Nothing
//! here knows the time or reads a file: both come in as arguments.

mod key;
mod pattern;

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Deserializer, Serialize};

pub use key::{Algorithm, Key, KeyError};
pub use pattern::{Pattern, PatternError};

use crate::config::Auth;

/// Longest token that is looked at, in bytes.
pub const MAX_TOKEN_BYTES: usize = 8 * 1024;

/// Longest subject, in characters.
pub const MAX_SUBJECT_CHARS: usize = 128;

/// Most channel patterns in one token.
pub const MAX_PATTERNS: usize = 256;

/// What a token's holder may do on the channels that the token names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Hears.
    Listener,
    /// Hears, broadcasts and moderates.
    Owner,
    /// Hears and moderates.
    Moderator,
    /// Everything, and what concerns the relay as a whole.
    Admin,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 4] = [Self::Listener, Self::Owner, Self::Moderator, Self::Admin];

    /// The name on the wire, in tokens and in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Listener => "listener",
            Self::Owner => "owner",
            Self::Moderator => "moderator",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A text that is not a role.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be listener, owner, moderator or admin, got {0:?}")]
pub struct RoleError(String);

impl FromStr for Role {
    type Err = RoleError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|role| role.name() == text)
            .ok_or_else(|| RoleError(text.chars().take(64).collect()))
    }
}

/// What a token says (RFC 7519, section 4). Times are seconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Who the holder is; shown to others.
    pub sub: String,
    /// What the holder may do.
    pub role: Role,
    /// On which channels.
    pub channels: Vec<Pattern>,
    /// When the token ends.
    #[serde(deserialize_with = "numeric_date")]
    pub exp: u64,
    /// When it was made.
    #[serde(
        default,
        deserialize_with = "optional_numeric_date",
        skip_serializing_if = "Option::is_none"
    )]
    pub iat: Option<u64>,
    /// From when it holds.
    #[serde(
        default,
        deserialize_with = "optional_numeric_date",
        skip_serializing_if = "Option::is_none"
    )]
    pub nbf: Option<u64>,
}

impl Claims {
    /// Whether the claims keep to their bounds; says which does not.
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        if self.sub.is_empty() {
            Err("sub is empty")
        } else if self.sub.chars().count() > MAX_SUBJECT_CHARS {
            Err("sub is longer than 128 characters")
        } else if self.sub.chars().any(char::is_control) {
            Err("sub has control characters")
        } else if self.channels.len() > MAX_PATTERNS {
            Err("channels has more than 256 patterns")
        } else {
            Ok(())
        }
    }
}

/// A NumericDate may have a fraction (RFC 7519, section 2); it is dropped.
fn numeric_date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Date {
        Whole(u64),
        Fraction(f64),
    }
    match Date::deserialize(deserializer) {
        Ok(Date::Whole(seconds)) => Ok(seconds),
        Ok(Date::Fraction(seconds)) if (0.0..9.0e15).contains(&seconds) => Ok(seconds as u64),
        _ => Err(serde::de::Error::custom(
            "times must be seconds since 1970, as a number",
        )),
    }
}

fn optional_numeric_date<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<u64>, D::Error> {
    numeric_date(deserializer).map(Some)
}

/// Why no token was minted.
#[derive(Debug, thiserror::Error)]
pub enum MintError {
    /// No key is configured.
    #[error("auth.mode is \"open\": no token is needed, and there is no key to sign one with")]
    Open,
    /// Only public keys are configured.
    #[error(
        "no configured key can sign: add a key with `secret`, or `private_key_file` beside \
         `public_key_file`"
    )]
    NoSigningKey,
    /// The claims are out of bounds.
    #[error("such a token would be refused: {0}")]
    Claims(&'static str),
    /// The lifetime is nothing, or too long to be counted.
    #[error("the lifetime must be at least 1s and at most 10 years")]
    Lifetime,
    /// The signature could not be made.
    #[error("signing failed: {0}")]
    Signing(#[source] jsonwebtoken::errors::Error),
}

/// Signs claims.
///
/// # Errors
/// When the key only verifies, or the claims are out of bounds.
pub fn mint(key: &Key, claims: &Claims) -> Result<String, MintError> {
    claims.check().map_err(MintError::Claims)?;
    key.sign(claims)
}

/// What `skywave token` is asked for.
#[derive(Clone, Debug)]
pub struct Request {
    /// What the holder may do.
    pub role: Role,
    /// On which channels.
    pub channels: Vec<Pattern>,
    /// For how long from now.
    pub ttl: Duration,
    /// Who the holder is; the role's name when absent.
    pub subject: Option<String>,
}

const LONGEST_TTL: Duration = Duration::from_secs(10 * 366 * 86_400);

/// Mints a token with the first configured key that can sign.
///
/// # Errors
/// When there is no such key, or the request is out of bounds.
pub fn issue(auth: &Auth, request: &Request, now: SystemTime) -> Result<String, MintError> {
    let Auth::Keys(keys) = auth else {
        return Err(MintError::Open);
    };
    let key = keys
        .iter()
        .find(|key| key.can_sign())
        .ok_or(MintError::NoSigningKey)?;
    if request.ttl < Duration::from_secs(1) || request.ttl > LONGEST_TTL {
        return Err(MintError::Lifetime);
    }
    if request.channels.is_empty() {
        return Err(MintError::Claims("it names no channel"));
    }
    let iat = seconds_since_1970(now);
    let claims = Claims {
        sub: request
            .subject
            .clone()
            .unwrap_or_else(|| request.role.name().to_owned()),
        role: request.role,
        channels: request.channels.clone(),
        exp: iat.saturating_add(request.ttl.as_secs()),
        iat: Some(iat),
        nbf: None,
    };
    mint(key, &claims)
}

/// A clock before 1970 counts as 1970.
pub(crate) fn seconds_since_1970(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}
