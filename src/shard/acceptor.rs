//! Lets sessions in: address validation under load, limits, the handshake under
//! a timeout and never in the accept loop.

use std::cell::Cell;
use std::rc::Rc;

use skywave_transport::{Endpoint, Incoming, Session};
use tokio_util::task::TaskTracker;

use super::Shard;
use crate::admission::{Full, Place};
use crate::gate::Whereabouts;
use crate::session;
use skywave_wire::SESSION_PATH;

/// Handshakes under way may be this many times those from which on addresses
/// have to be validated.
const MOST_PENDING: usize = 16;

/// Takes connections from an endpoint until the relay drains.
pub(super) async fn run(shard: Rc<Shard>, endpoint: Endpoint, sessions: TaskTracker) {
    let pending = Rc::new(Cell::new(0));
    loop {
        let incoming = tokio::select! {
            () = shard.relay.stopping.cancelled() => return,
            incoming = endpoint.accept() => incoming,
        };
        let Some(incoming) = incoming else { return };
        if shard.relay.draining.is_cancelled() {
            incoming.refuse();
            continue;
        }
        if let Some((incoming, place)) = admit(&shard, incoming, pending.get()) {
            let pending = Pending::new(&pending);
            sessions.spawn_local(handshake(shard.clone(), incoming, place, pending));
        }
    }
}

fn admit(shard: &Shard, incoming: Incoming, pending: usize) -> Option<(Incoming, Place)> {
    let calm = shard.relay.config.limits.handshakes_pending;
    let failed = |class| shard.relay.metrics.handshake_failures(class).increment(1);
    let proved = incoming.remote_address_validated();
    let retry = |incoming: Incoming| {
        failed("retry-asked");
        incoming.retry();
        None
    };
    if pending >= calm && !proved {
        return retry(incoming);
    }
    if pending >= calm * MOST_PENDING {
        failed("too-many-handshakes");
        incoming.refuse();
        return None;
    }
    let address = incoming.remote_address().ip();
    match shard.relay.admission.admit(address, proved) {
        Ok(place) => Some((incoming, place)),
        Err(Full::Rate) if !proved => retry(incoming),
        Err(full) => {
            tracing::debug!(peer = %incoming.remote_address(), reason = %full, "session refused");
            failed(full.class());
            incoming.refuse();
            None
        }
    }
}

async fn handshake(shard: Rc<Shard>, incoming: Incoming, place: Place, pending: Pending) {
    let peer = incoming.remote_address();
    let patience = shard.relay.config.limits.hello_timeout;
    let outcome = tokio::time::timeout(patience, request(&shard, incoming)).await;
    drop(pending);
    let class = match outcome {
        Ok(Ok((session, whereabouts))) => {
            session::run(shard, session, whereabouts).await;
            drop(place);
            return;
        }
        Ok(Err(class)) => class,
        Err(_) => "timeout",
    };
    tracing::debug!(%peer, class, "handshake failed");
    shard.relay.metrics.handshake_failures(class).increment(1);
}

async fn request(
    shard: &Shard,
    incoming: Incoming,
) -> Result<(Session, Whereabouts), &'static str> {
    let request = incoming.request().await.map_err(|_| "quic")?;
    let path = request.path().split('?').next().unwrap_or_default();
    if path != SESSION_PATH {
        request.reject(404).await;
        return Err("path");
    }
    let (origin, authority) = (request.origin(), request.authority());
    if !shard.relay.config.allows_origin(origin, authority) {
        request.reject(403).await;
        return Err("origin");
    }
    let whereabouts = Whereabouts::of(request.remote_address().ip(), request.origin());
    let session = request.accept().map_err(|_| "session")?;
    Ok((session, whereabouts))
}

/// Counts a handshake under way.
struct Pending(Rc<Cell<usize>>);

impl Pending {
    fn new(count: &Rc<Cell<usize>>) -> Self {
        count.set(count.get() + 1);
        Self(count.clone())
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}
