//! One session with a relay: requests and their answers, events, the clock, and
//! the way of everything else to whom it is for.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use serde_json::Value;
use skywave_wire::control::{
    ErrorCode, Event, Fault, Hello, Join, Joined, Request, Start, Started, Welcome, answer,
    encode_request,
};
use skywave_wire::{ChannelId, Micros, PROTOCOL, StreamId};
use tokio::sync::{broadcast, oneshot, watch};
use wtransport::{SendStream, VarInt};

use crate::clock::ClockEstimate;
use crate::{Broadcast, Error, Identity, Subscription};
use routes::Routes;

mod driver;
mod routes;

pub(crate) use routes::Arrival;

/// How long an answer may take.
const ANSWER_PATIENCE: Duration = Duration::from_secs(10);
/// Events that wait for a reader; a slow one loses the oldest.
const MAX_EVENTS: usize = 256;

/// A session. Clones share it; it ends with the last of them.
#[derive(Clone)]
pub struct Session {
    inner: Arc<Inner>,
    _close: Arc<CloseOnDrop>,
}

struct Inner {
    wt: wtransport::Connection,
    send: tokio::sync::Mutex<SendStream>,
    next_id: AtomicU64,
    pending: Mutex<HashMap<u64, oneshot::Sender<Result<Value, Fault>>>>,
    routes: Routes,
    events_tx: broadcast::Sender<Event>,
    /// The last fault that answered no request.
    fault_tx: watch::Sender<Option<Fault>>,
    ended_tx: watch::Sender<Option<Error>>,
    clock: Mutex<ClockEstimate>,
    origin: Instant,
}

struct CloseOnDrop(wtransport::Connection);

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        self.0.close(VarInt::from_u32(0), b"");
    }
}

impl Session {
    pub(crate) async fn begin(
        wt: wtransport::Connection,
        identity: &Identity,
    ) -> Result<Self, Error> {
        let lost = |why: String| Error::Lost(why);
        let opening = wt.open_bi().await.map_err(|e| lost(e.to_string()))?;
        let (send, recv) = opening.await.map_err(|e| lost(e.to_string()))?;
        let inner = Arc::new(Inner {
            wt: wt.clone(),
            send: tokio::sync::Mutex::new(send),
            next_id: AtomicU64::new(1),
            pending: Mutex::default(),
            routes: Routes::default(),
            events_tx: broadcast::channel(MAX_EVENTS).0,
            fault_tx: watch::channel(None).0,
            ended_tx: watch::channel(None).0,
            clock: Mutex::default(),
            origin: Instant::now(),
        });
        let session = Self {
            _close: Arc::new(CloseOnDrop(wt)),
            inner,
        };
        tokio::spawn(driver::run(session.inner.clone(), recv));
        session.hello(identity).await?;
        Ok(session)
    }

    async fn hello(&self, identity: &Identity) -> Result<Welcome, Error> {
        let program = concat!("skywave-client/", env!("CARGO_PKG_VERSION"));
        self.ask(&Request::Hello(Hello {
            versions: vec![PROTOCOL.to_owned()],
            token: identity.token.clone(),
            subject: identity.subject.clone(),
            client: Some(identity.program.clone().unwrap_or_else(|| program.into())),
        }))
        .await
    }

    /// Sends a request and reads its answer.
    ///
    /// # Errors
    /// The relay refuses, does not answer, or the session has ended.
    pub async fn ask<T: DeserializeOwned>(&self, request: &Request) -> Result<T, Error> {
        let id = self.inner.next_id.fetch_add(1, Ordering::Relaxed);
        let (answer_tx, answer_rx) = oneshot::channel();
        lock(&self.inner.pending).insert(id, answer_tx);
        let line = encode_request(id, request);
        let answered = async {
            self.send_line(line.as_bytes()).await?;
            answer_rx.await.map_err(|_| self.why_ended())
        };
        let answered = tokio::time::timeout(ANSWER_PATIENCE, answered).await;
        lock(&self.inner.pending).remove(&id);
        let fields = answered
            .map_err(|_| Error::Lost(format!("no answer to {}", request.kind())))??
            .map_err(Error::Refused)?;
        answer(fields).map_err(Error::Protocol)
    }

    /// Listens to a channel.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub async fn join(&self, join: Join) -> Result<Subscription, Error> {
        let expectation = self.inner.routes.expect_join();
        let channel_id = join.channel_id.clone();
        let joined: Joined = self.ask(&Request::Join(join)).await?;
        let (handle, first) = (joined.handle, joined.next_seq);
        let arrivals_rx = self.inner.routes.open(channel_id.clone(), handle);
        drop(expectation);
        Ok(Subscription::new(
            self.clone(),
            channel_id,
            joined,
            first,
            arrivals_rx,
        ))
    }

    /// Goes on the air.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub async fn start(&self, start: Start) -> Result<Broadcast, Error> {
        let channel_id = start.channel_id.clone();
        let started: Started = self.ask(&Request::Start(start)).await?;
        Broadcast::begin(self.clone(), channel_id, started).await
    }

    /// What the relay tells beside the channels, from now on: broadcasts that start
    /// and stop, that the relay drains, and what the session asked to watch.
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.inner.events_tx.subscribe()
    }

    /// The relay's time now, and the round trip in µs; `None` before the first
    /// answer to a ping.
    pub fn relay_time(&self) -> Option<(Micros, u64)> {
        let clock = lock(&self.inner.clock);
        Some((clock.relay_time(self.inner.now())?, clock.round_trip()?))
    }

    /// Waits until the session has ended, and says why.
    pub async fn ended(&self) -> Error {
        let mut ended_rx = self.inner.ended_tx.subscribe();
        // The sender lives as long as this session.
        let _ = ended_rx.wait_for(Option::is_some).await;
        self.why_ended()
    }

    /// Ends the session at once.
    pub fn close(&self) {
        self.inner.wt.close(VarInt::from_u32(0), b"");
    }

    /// Sends bytes on the control stream as they are: for tests of what a relay
    /// makes of them.
    #[doc(hidden)]
    pub async fn send_line(&self, line: &[u8]) -> Result<(), Error> {
        let mut send = self.inner.send.lock().await;
        send.write_all(line).await.map_err(|_| self.why_ended())
    }

    /// The connection under the session: for tests and load generators.
    #[doc(hidden)]
    pub fn connection(&self) -> &wtransport::Connection {
        &self.inner.wt
    }

    pub(crate) fn leave_route(&self, channel_id: &ChannelId) {
        self.inner.routes.close(channel_id);
    }

    /// Opens a stream with this header, in a few milliseconds.
    pub(crate) async fn open_ingest(&self, stream_id: StreamId) -> Result<SendStream, Error> {
        let lost = |_| self.why_ended();
        let opening = self.inner.wt.open_uni().await.map_err(lost)?;
        let mut stream = opening.await.map_err(|_| self.why_ended())?;
        let mut head = Vec::new();
        skywave_wire::stream::Header::Ingest(stream_id).put(&mut head);
        stream
            .write_all(&head)
            .await
            .map_err(|_| self.why_ended())?;
        Ok(stream)
    }

    /// Waits for a fault that answers no request, and was not taken yet: of an
    /// ingest stream, or of the session as a whole.
    pub async fn next_fault(&self) -> Fault {
        let mut fault_rx = self.inner.fault_tx.subscribe();
        loop {
            // The sender lives as long as this session.
            let _ = fault_rx.wait_for(Option::is_some).await;
            let mut taken = None;
            self.inner
                .fault_tx
                .send_modify(|fault| taken = fault.take());
            if let Some(fault) = taken {
                return fault;
            }
        }
    }

    /// The fault behind a failure, which travels on another stream than what it is
    /// about and so may come a moment later.
    pub(crate) async fn fault_soon(&self) -> Error {
        const MOMENT: Duration = Duration::from_millis(500);
        match tokio::time::timeout(MOMENT, self.next_fault()).await {
            Ok(fault) => Error::Refused(fault),
            Err(_) => self.why_ended(),
        }
    }

    fn why_ended(&self) -> Error {
        let told = self.inner.fault_tx.borrow().clone();
        match (told, self.inner.ended_tx.borrow().clone()) {
            (Some(fault), _) => Error::Refused(fault),
            (None, Some(error)) => error,
            (None, None) => Error::Lost("the connection broke".into()),
        }
    }
}

impl Inner {
    /// Microseconds of this session's own clock.
    fn now(&self) -> u64 {
        self.origin.elapsed().as_micros() as u64
    }

    /// An answer for whoever asked; one that nobody awaits any more is left out.
    fn resolve(&self, re: u64, answer: Result<Value, Fault>) {
        if let Some(answer_tx) = lock(&self.pending).remove(&re) {
            let _ = answer_tx.send(answer);
        }
    }

    fn end(&self, why: Error) {
        self.ended_tx.send_if_modified(|ended| {
            let first = ended.is_none();
            if first {
                *ended = Some(why);
            }
            first
        });
        lock(&self.pending).clear();
        self.routes.end();
    }
}

/// Whether the relay said that another session took the channel over, or that an
/// administrator ended it, so that this one must not take it back.
pub(crate) fn is_put_out(error: &Error) -> bool {
    matches!(
        error,
        Error::Refused(fault)
            if matches!(fault.code, ErrorCode::TakenOver | ErrorCode::EndedByAdmin)
    )
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .expect("no call panics while it holds the lock")
}
