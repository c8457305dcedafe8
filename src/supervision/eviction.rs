//! The way to put somebody out from another thread, and to say why.

use std::sync::OnceLock;

use skywave_wire::control::{ErrorCode, Fault};
use tokio_util::sync::CancellationToken;

/// Set once; whoever is to go waits for it.
#[derive(Debug, Default)]
pub(crate) struct Eviction {
    why: OnceLock<Fault>,
    told: CancellationToken,
}

impl Eviction {
    /// Tells them to go. The first reason counts.
    pub(crate) fn evict(&self, why: Fault) {
        // Fails where they were told to go before.
        let _ = self.why.set(why);
        self.told.cancel();
    }

    /// Why they have to go, once they have.
    pub(crate) fn why(&self) -> Option<Fault> {
        self.why.get().cloned()
    }

    /// Waits until they have to go.
    pub(crate) async fn evicted(&self) -> Fault {
        loop {
            self.told.cancelled().await;
            if let Some(why) = self.why() {
                return why;
            }
        }
    }
}

/// What the target of an administrator is told, in the administrator's words where
/// there are any.
pub(crate) fn ended_by_admin(what: &str, message: Option<&str>) -> Fault {
    let words = match message.map(str::trim) {
        Some(message) if !message.is_empty() => message.to_owned(),
        _ => format!("an administrator ended {what}"),
    };
    Fault::new(ErrorCode::EndedByAdmin, words)
}
