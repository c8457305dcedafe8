//! One client's session: `hello`, requests and their answers, the datagrams and
//! the ingest streams, until one side ends it.
//!
//! A session is one task on its shard, and one for each ingest stream. It owns what
//! the client holds: its grant, its publications, its seats in rooms; all of it goes
//! when the session does.

use std::cell::{OnceCell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use skywave_transport::{RecvStream, SendStream, Session as Transport};
use skywave_wire::control::{
    Cut, ErrorCode, Event, Fault, Lines, MAX_LINE_BYTES, OccurrenceKind, encode_error, encode_event,
};
use skywave_wire::{ChannelId, StreamId};
use tokio::sync::Notify;
use tokio::time::timeout;
use tracing::Instrument;

use crate::channel::Publication;
use crate::directory::CountsWatch;
use crate::gate::{Grant, Whereabouts};
use crate::relay::Relay;
use crate::shard::{Entry, Shard};
use crate::supervision::{About, SessionEntry, Watch};
use outbox::Next;

mod datagrams;
mod hello;
mod ingest;
mod outbox;
mod requests;
mod streams;
mod supervising;

pub(crate) use outbox::Outbox;

/// How long the last words of a session may take to arrive.
const LAST_WORDS: Duration = Duration::from_secs(1);

static NEXT_SESSION: AtomicU64 = AtomicU64::new(1);

struct Session {
    id: u64,
    relay: std::sync::Arc<Relay>,
    transport: Transport,
    whereabouts: Whereabouts,
    entry: Entry,
    outbox: Rc<Outbox>,
    publications: RefCell<HashMap<ChannelId, Rc<Publication>>>,
    /// A publication was added.
    publications_changed: Notify,
    /// Streams that were let go of before their ingest stream came.
    unclaimed: RefCell<VecDeque<StreamId>>,
    /// From `hello` on.
    supervised: OnceCell<SessionEntry>,
    counts_watch: OnceCell<CountsWatch>,
    watch: OnceCell<Watch>,
    /// `watch` was set.
    watching: Notify,
}

/// Why a session ends.
#[derive(Debug)]
enum End {
    /// The client went.
    Gone,
    /// The relay ends it, for this reason.
    Fault(Fault),
}

impl From<Fault> for End {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// Serves a session to its end.
pub(crate) async fn run(shard: Rc<Shard>, transport: Transport, whereabouts: Whereabouts) {
    let id = NEXT_SESSION.fetch_add(1, Ordering::Relaxed);
    let span = tracing::debug_span!("session", id, peer = %transport.remote_address());
    serve(shard, transport, whereabouts, id)
        .instrument(span)
        .await;
}

async fn serve(shard: Rc<Shard>, transport: Transport, whereabouts: Whereabouts, id: u64) {
    let relay = shard.relay().clone();
    let patience = relay.config.limits.hello_timeout;
    let Ok(Ok((send, recv))) = timeout(patience, transport.accept_bi()).await else {
        relay
            .metrics
            .handshake_failures("no-control-stream")
            .increment(1);
        return transport.close(0, b"no control stream was opened");
    };
    let outbox = Rc::<Outbox>::default();
    let session = Rc::new(Session {
        id,
        relay,
        entry: shard.enter(transport.clone(), outbox.clone()),
        transport,
        whereabouts,
        outbox,
        publications: RefCell::default(),
        publications_changed: Notify::new(),
        unclaimed: RefCell::default(),
        supervised: OnceCell::new(),
        counts_watch: OnceCell::new(),
        watch: OnceCell::new(),
        watching: Notify::new(),
    });
    session.converse(send, recv).await;
}

impl Session {
    async fn converse(self: &Rc<Self>, send: SendStream, mut recv: RecvStream) {
        let mut writer = pin!(self.write(send));
        let mut lines = Lines::default();
        let end = tokio::select! {
            end = self.attend(&mut recv, &mut lines) => end,
            () = &mut writer => End::Gone,
            _ = self.transport.closed() => End::Gone,
        };
        // Publications that were not stopped are lost, not ended.
        self.publications.borrow_mut().clear();
        self.entry.leave_all();
        match end {
            End::Gone => tracing::debug!("session ended"),
            End::Fault(fault) => {
                self.supervised(|entry| entry.ends(&fault.message));
                self.last_words(&fault, writer).await;
            }
        }
    }

    async fn attend(self: &Rc<Self>, recv: &mut RecvStream, lines: &mut Lines) -> End {
        let patience = self.relay.config.limits.hello_timeout;
        let grant = match timeout(patience, self.hello(recv, lines)).await {
            Ok(Ok(grant)) => grant,
            Ok(Err(end)) => return end,
            Err(_) => {
                let words = format!("no hello came within {patience:?}");
                return Fault::new(ErrorCode::HelloTimeout, words).into();
            }
        };
        let _counted = self.relay.metrics.session(grant.role);
        tokio::select! {
            end = self.requests(&grant, recv, lines) => end,
            end = self.datagrams() => end,
            end = self.streams() => end,
            end = self.watch_evictions() => end,
            end = self.tell_watched() => end,
            why = self.evicted() => End::Fault(why),
            end = self.refuse_more_control_streams() => end,
            () = until(grant.expires) => {
                Fault::new(ErrorCode::TokenExpired, "the session's token has ended").into()
            }
            () = self.entry.presence().lost().cancelled() => {
                Fault::new(ErrorCode::TooSlow, "the client answered nothing").into()
            }
            () = self.relay.stopping.cancelled() => {
                Fault::new(ErrorCode::Draining, "the relay stops").into()
            }
        }
    }

    /// Waits until an administrator ends the session.
    async fn evicted(&self) -> Fault {
        match self.supervised.get() {
            Some(entry) => entry.eviction().evicted().await,
            None => std::future::pending().await,
        }
    }

    /// Notes something in the table of sessions.
    fn supervised(&self, note: impl FnOnce(&SessionEntry)) {
        if let Some(entry) = self.supervised.get() {
            note(entry);
        }
    }

    /// The next line of the control stream; `None` at its end.
    async fn line(
        &self,
        recv: &mut RecvStream,
        lines: &mut Lines,
    ) -> Option<Result<bytes::BytesMut, Fault>> {
        const AT_ONCE: usize = 4096;
        loop {
            match lines.next_cut() {
                Cut::Line(line) => return Some(Ok(line)),
                Cut::TooLong => {
                    let words = format!("a line has at most {} bytes", MAX_LINE_BYTES);
                    return Some(Err(Fault::new(ErrorCode::Malformed, words)));
                }
                Cut::More => {}
            }
            lines.push(&recv.read_chunk(AT_ONCE).await.ok()??);
        }
    }

    async fn write(&self, mut send: SendStream) {
        loop {
            let line = match self.outbox.next().await {
                Next::Line(line) => line,
                Next::Resync => {
                    self.relay.metrics.drops("events-unread").increment(1);
                    self.tell_what_is_on_the_air();
                    if self.counts_watch.get().is_some() {
                        self.tell_all_counts();
                    }
                    continue;
                }
                Next::Closed => break,
            };
            let line = Bytes::copy_from_slice(line.as_bytes());
            if send.write_all(line).await.is_err() {
                return;
            }
        }
        // Until the client has it all; it may be gone.
        send.finish();
        send.stopped().await;
    }

    /// As much as fits a line is told at once, and the rest one by one.
    fn tell_what_is_on_the_air(&self) {
        const AROUND_THE_LIST: usize = 64;
        let mut active = self.relay.directory.active();
        let mut bytes = AROUND_THE_LIST;
        let fit = active.iter().take_while(|stream| {
            // By itself it takes some bytes more than in the list.
            bytes += encode_event(&Event::Started((*stream).clone())).len();
            bytes <= MAX_LINE_BYTES
        });
        let rest = active.split_off(fit.count());
        self.outbox.answer(encode_event(&Event::Active(active)));
        for stream in rest {
            self.outbox.answer(encode_event(&Event::Started(stream)));
        }
    }

    /// The session, which watches the counts, is told all of them at the next turn.
    fn tell_all_counts(&self) {
        self.entry.presence().tell_counts_anew();
        self.relay.directory.tell_counts_again();
    }

    /// A fault that answers no request.
    fn complain(&self, fault: &Fault) {
        self.count_fault(fault);
        self.outbox.answer(encode_error(None, fault));
    }

    fn count_fault(&self, fault: &Fault) {
        let code = fault.code.as_str();
        self.relay.metrics.control_errors(code).increment(1);
        tracing::debug!(code, fault.message, "error told");
        if is_refusal(fault.code) {
            self.tell_refusal(fault);
        }
    }

    fn tell_refusal(&self, fault: &Fault) {
        let about = About {
            channel: fault.channel_id.as_ref(),
            session: Some(self.id),
            subject: self.supervised.get().map(SessionEntry::subject),
        };
        let occurrences = self.relay.supervision.occurrences();
        occurrences.tell(OccurrenceKind::Refused, about, || fault.to_string());
    }

    async fn last_words(&self, fault: &Fault, writer: Pin<&mut impl Future<Output = ()>>) {
        self.complain(fault);
        self.outbox.close();
        // A client that does not take them loses them.
        let _ = timeout(LAST_WORDS, writer).await;
        self.transport.close(0, fault.message.as_bytes());
    }

    async fn refuse_more_control_streams(&self) -> End {
        loop {
            let Ok((_, mut recv)) = self.transport.accept_bi().await else {
                return End::Gone;
            };
            recv.stop(0);
            self.complain(&Fault::new(
                ErrorCode::BadStream,
                "a session has one bidirectional stream, its control stream",
            ));
        }
    }
}

/// Waits for a moment of the system's clock, if there is one.
async fn until(moment: Option<SystemTime>) {
    /// The system's clock may be set, so it is looked at again.
    const LONGEST: Duration = Duration::from_secs(60);
    let Some(moment) = moment else {
        return std::future::pending().await;
    };
    while let Ok(rest) = moment.duration_since(SystemTime::now()) {
        tokio::time::sleep(rest.clamp(Duration::from_millis(1), LONGEST)).await;
    }
}

/// What a grant says no to.
fn forbidden(grant: &Grant, what: &str, channel: &ChannelId) -> Fault {
    let words = format!(
        "{} ({}) may not {what} {channel}",
        grant.subject,
        grant.role.name()
    );
    Fault::new(ErrorCode::Forbidden, words).on(channel)
}

/// Whether an operator should know that somebody was told this: somebody did not
/// get what they wanted, which is neither a slip of their program nor passing.
fn is_refusal(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::VersionUnsupported
            | ErrorCode::TokenMissing
            | ErrorCode::TokenInvalid
            | ErrorCode::TokenExpired
            | ErrorCode::Forbidden
            | ErrorCode::ChannelBusy
            | ErrorCode::NotMp3
            | ErrorCode::LimitReached
    )
}
