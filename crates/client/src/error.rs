use skywave_wire::control::{ErrorCode, Fault};
use thiserror::Error;

/// Why something with a relay failed.
#[derive(Clone, Debug, Error)]
pub enum Error {
    /// The URL, a certificate hash or a local socket cannot be used.
    #[error("{0}")]
    Setup(String),
    /// No session came about.
    #[error("cannot connect to {url}: {why}")]
    Connect {
        /// The relay's URL.
        url: String,
        /// What went wrong.
        why: String,
    },
    /// The relay refused a request, or ended the session, and said why.
    #[error("the relay says: {0}")]
    Refused(Fault),
    /// The session ended.
    #[error("the session ended: {0}")]
    Lost(String),
    /// The relay sent what it must not send.
    #[error("the relay broke the protocol: {0}")]
    Protocol(String),
}

impl Error {
    /// Trying again, with a fresh session, may help.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Setup(_) | Self::Protocol(_) => false,
            Self::Connect { .. } | Self::Lost(_) => true,
            Self::Refused(fault) => matches!(
                fault.code,
                ErrorCode::Draining
                    | ErrorCode::LimitReached
                    | ErrorCode::TooSlow
                    | ErrorCode::HelloTimeout
                    | ErrorCode::UnknownChannel
                    | ErrorCode::ChannelBusy
                    | ErrorCode::NotPublishing
                    | ErrorCode::Internal
            ),
        }
    }
}
