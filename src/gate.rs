//! The one gate that every way in goes through: a token in, what its holder
//! may do out.
//!
//! It holds keys and nothing else; it logs nothing, and no error of it
//! contains a token.

use std::net::IpAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jsonwebtoken::errors::ErrorKind;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use url::{Host, Url};

use crate::config::Auth;
use crate::token::{Claims, Key, MAX_TOKEN_BYTES, Pattern, Role, seconds_since_1970};

/// Longest subject that is taken from a client's own word, in characters.
pub const MAX_HINT_CHARS: usize = 64;

/// How far the clock of whoever made a token may be ahead of ours. It applies
/// to `nbf` alone: a session ends when its token does, so one that has ended
/// admits nobody.
const LEEWAY: Duration = Duration::from_secs(5);

/// Decides who comes in.
#[derive(Clone, Debug)]
pub struct Gate {
    auth: Auth,
}

/// From where a client comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whereabouts {
    /// This machine: a program, or a page that it serves itself.
    ThisMachine,
    /// The network, or a page of another site in a browser on this machine.
    Elsewhere,
}

impl Whereabouts {
    /// Of a client at this address, and of the page that it runs on, which browsers
    /// name by its origin (RFC 6454, section 7).
    pub fn of(peer: IpAddr, page: Option<&str>) -> Self {
        match peer.to_canonical().is_loopback() && page.is_none_or(is_local_page) {
            true => Self::ThisMachine,
            false => Self::Elsewhere,
        }
    }
}

fn is_local_page(origin: &str) -> bool {
    let Ok(origin) = Url::parse(origin) else {
        return false;
    };
    match origin.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// What somebody may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Who they are; never empty, no control characters.
    pub subject: String,
    /// What they may do on `channels`.
    pub role: Role,
    /// The channels that this grant is for.
    pub channels: Vec<Pattern>,
    /// When it ends, and every session under it.
    pub expires: Option<SystemTime>,
}

impl Grant {
    /// Whether they may hear the channel.
    pub fn may_listen(&self, channel: &str) -> bool {
        self.channels.iter().any(|pattern| pattern.covers(channel))
    }

    /// Whether they may broadcast on the channel.
    pub fn may_publish(&self, channel: &str) -> bool {
        matches!(self.role, Role::Owner | Role::Admin) && self.may_listen(channel)
    }

    /// Whether they may moderate the channel.
    pub fn may_moderate(&self, channel: &str) -> bool {
        matches!(self.role, Role::Moderator | Role::Owner | Role::Admin) && self.may_listen(channel)
    }

    /// Whether they may do what concerns the relay as a whole. On channels an
    /// admin too is bound to those that the token names.
    pub fn is_admin(&self) -> bool {
        self.role == Role::Admin
    }
}

/// Why somebody does not come in. Safe to show to them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No token came, and one is needed.
    #[error("a token is needed")]
    Missing,
    /// More than anybody needs.
    #[error("the token has {0} bytes; at most {MAX_TOKEN_BYTES} are read")]
    TooLong(usize),
    /// Not three parts, or a header that cannot be read, or an algorithm that
    /// is none of ours.
    #[error("not a JSON Web Token signed with HS256, ES256, EdDSA or RS256")]
    Malformed,
    /// It demands an extension (RFC 7515, section 4.1.11).
    #[error("the token demands extensions that are not known here")]
    Extensions,
    /// It names a key that is not configured.
    #[error("the token names the key {0:?}, which is not known here")]
    UnknownKey(String),
    /// It is signed in a way that none of the keys is for.
    #[error("the token is signed with {0}, which none of the keys here is for")]
    Algorithm(String),
    /// No key of ours made the signature.
    #[error("the token's signature does not match")]
    Signature,
    /// What it says is not what a token must say.
    #[error("the token's claims cannot be used: {0}")]
    Claims(String),
    /// It is for another service.
    #[error("the token is for another audience")]
    Audience,
    /// It holds only from later on.
    #[error("the token holds only from {0}")]
    NotYet(Moment),
    /// It has ended.
    #[error("the token expired at {0}")]
    Expired(Moment),
}

impl Refusal {
    /// The code on the wire.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing => "token-missing",
            Self::Expired(_) => "token-expired",
            Self::TooLong(_)
            | Self::Malformed
            | Self::Extensions
            | Self::UnknownKey(_)
            | Self::Algorithm(_)
            | Self::Signature
            | Self::Claims(_)
            | Self::Audience
            | Self::NotYet(_) => "token-invalid",
        }
    }
}

/// A time that displays as RFC 3339, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment(SystemTime);

impl std::fmt::Display for Moment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = OffsetDateTime::from(self.0).format(&Rfc3339);
        f.write_str(text.as_deref().unwrap_or("a time beyond the year 9999"))
    }
}

impl Gate {
    /// A gate with these keys, or without any.
    pub fn new(auth: &Auth) -> Self {
        Self { auth: auth.clone() }
    }

    /// Whether everyone comes in without a token.
    pub fn is_open(&self) -> bool {
        matches!(self.auth, Auth::Open)
    }

    /// Decides on one session, at the time `now`.
    ///
    /// An open gate lets everyone do everything on every channel under the name
    /// that they give (`subject_hint`), and reads no token: clients on this machine
    /// are admins, others owners. Otherwise the token alone counts.
    ///
    /// # Errors
    /// Why not, in words for the client.
    pub fn admit(
        &self,
        token: Option<&str>,
        subject_hint: Option<&str>,
        whereabouts: Whereabouts,
        now: SystemTime,
    ) -> Result<Grant, Refusal> {
        let keys = match &self.auth {
            Auth::Open => return Ok(open_grant(subject_hint, whereabouts)),
            Auth::Keys(keys) => keys,
        };
        let token = token
            .filter(|token| !token.is_empty())
            .ok_or(Refusal::Missing)?;
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Refusal::TooLong(token.len()));
        }
        grant(verify(keys, token)?, now)
    }
}

fn open_grant(hint: Option<&str>, whereabouts: Whereabouts) -> Grant {
    let subject: String = hint
        .unwrap_or_default()
        .chars()
        .filter(|c| !c.is_control())
        .take(MAX_HINT_CHARS)
        .collect();
    let subject = subject.trim();
    Grant {
        subject: if subject.is_empty() {
            "anonymous".to_owned()
        } else {
            subject.to_owned()
        },
        role: match whereabouts {
            Whereabouts::ThisMachine => Role::Admin,
            Whereabouts::Elsewhere => Role::Owner,
        },
        channels: vec![Pattern::any()],
        expires: None,
    }
}

fn verify(keys: &[Key], token: &str) -> Result<Claims, Refusal> {
    let header = jsonwebtoken::decode_header(token).map_err(|_| Refusal::Malformed)?;
    if header.crit.is_some() {
        return Err(Refusal::Extensions);
    }
    // A key without an id cannot be ruled out by one.
    let named: Vec<&Key> = keys
        .iter()
        .filter(|key| match (&header.kid, key.id()) {
            (Some(wanted), Some(id)) => wanted == id,
            _ => true,
        })
        .collect();
    if let (true, Some(kid)) = (named.is_empty(), &header.kid) {
        return Err(Refusal::UnknownKey(kid.chars().take(64).collect()));
    }
    let mut refusal = Refusal::Algorithm(format!("{:?}", header.alg));
    for key in named {
        if key.algorithm().jwt() != header.alg {
            continue;
        }
        match key.verify(token) {
            Ok(claims) => return Ok(claims),
            Err(error) => refusal = refusal_of(error.kind()),
        }
        if refusal != Refusal::Signature {
            break;
        }
    }
    Err(refusal)
}

fn refusal_of(error: &ErrorKind) -> Refusal {
    match error {
        ErrorKind::InvalidAudience => Refusal::Audience,
        ErrorKind::MissingRequiredClaim(claim) => Refusal::Claims(format!("{claim} is missing")),
        ErrorKind::Json(error) => {
            let words = error.to_string();
            // Where in the decoded JSON helps nobody who sees only the token.
            let words = words.split(" at line ").next().unwrap_or_default();
            Refusal::Claims(words.chars().take(160).collect())
        }
        ErrorKind::InvalidClaimFormat(claim) => {
            Refusal::Claims(format!("{claim} has the wrong form"))
        }
        ErrorKind::InvalidToken | ErrorKind::Base64(_) | ErrorKind::Utf8(_) => Refusal::Malformed,
        _ => Refusal::Signature,
    }
}

fn grant(claims: Claims, now: SystemTime) -> Result<Grant, Refusal> {
    claims
        .check()
        .map_err(|problem| Refusal::Claims(problem.to_owned()))?;
    let now = seconds_since_1970(now);
    let expires = moment(claims.exp)?;
    if claims.exp <= now {
        return Err(Refusal::Expired(Moment(expires)));
    }
    if let Some(from) = claims.nbf
        && from > now.saturating_add(LEEWAY.as_secs())
    {
        return Err(Refusal::NotYet(Moment(moment(from)?)));
    }
    Ok(Grant {
        subject: claims.sub,
        role: claims.role,
        channels: claims.channels,
        expires: Some(expires),
    })
}

/// Seconds since 1970 up to the year 9999, which is as far as they display.
fn moment(seconds: u64) -> Result<SystemTime, Refusal> {
    const YEAR_9999: u64 = 253_402_300_799;
    if seconds > YEAR_9999 {
        return Err(Refusal::Claims("a time is beyond the year 9999".to_owned()));
    }
    Ok(UNIX_EPOCH + Duration::from_secs(seconds))
}
