//! What all sessions of one relay share.

use tokio_util::sync::CancellationToken;

use crate::admission::Admission;
use crate::clock::Clock;
use crate::config::Config;
use crate::directory::Directory;
use crate::gate::Gate;
use crate::metrics::Metrics;
use crate::supervision::Supervision;

/// Name and version, as clients are told them.
pub(crate) const SERVER: &str = concat!("skywave/", env!("CARGO_PKG_VERSION"));

pub(crate) struct Relay {
    pub(crate) config: Config,
    pub(crate) clock: Clock,
    pub(crate) gate: Gate,
    pub(crate) admission: Admission,
    pub(crate) directory: Directory,
    pub(crate) metrics: Metrics,
    pub(crate) supervision: Supervision,
    /// No new sessions and broadcasts from now on.
    pub(crate) draining: CancellationToken,
    /// Every session ends now.
    pub(crate) stopping: CancellationToken,
}
