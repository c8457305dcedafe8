//! A client's unidirectional streams: each puts MP3 on the air.

use std::panic::resume_unwind;
use std::rc::Rc;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use skywave_transport::RecvStream;
use skywave_wire::StreamId;
use skywave_wire::control::{ErrorCode, Fault};
use tokio::task::JoinSet;
use tracing::Instrument;

use super::requests::MAX_PUBLISHED;
use super::{End, Session, ingest};
use crate::channel::Publication;

/// The code with which a stream is stopped that is not read (any further).
const REFUSED: u32 = 0x20;

impl Session {
    /// Takes ingest streams, as many at once as the transport allows. Each has a task
    /// of its own, so that audio that comes wakes nothing else of the session.
    pub(super) async fn streams(self: &Rc<Self>) -> End {
        let mut ingests = JoinSet::new();
        loop {
            tokio::select! {
                accepted = self.transport.accept_uni() => match accepted {
                    Ok(recv) => {
                        ingests.spawn_local(self.clone().ingest(recv).in_current_span());
                    }
                    Err(_) => return End::Gone,
                },
                Some(ended) = ingests.join_next() => {
                    let outcome = ended.unwrap_or_else(|why| resume_unwind(why.into_panic()));
                    if let Err(fault) = outcome {
                        self.complain(&fault);
                    }
                }
            }
        }
    }

    async fn ingest(self: Rc<Self>, mut recv: RecvStream) -> Result<(), Fault> {
        let publication = match ingest::header(&mut recv).await {
            Ok(stream_id) => self.publication(stream_id),
            Err(fault) => Err(fault),
        };
        let publication = match publication {
            Ok(Some(publication)) => publication,
            none => {
                recv.stop(REFUSED);
                return none.map(drop);
            }
        };
        let max_lead = self.relay.config.channels.max_lead;
        let outcome = tokio::select! {
            outcome = ingest::run(&mut recv, &publication, max_lead, &self.relay.metrics) => outcome,
            why = publication.eviction().evicted() => Err(why),
        };
        publication.end_ingest();
        match outcome {
            Err(_) if publication.eviction().why().is_some() => {
                // Told by the watch for evictions.
                recv.stop(REFUSED);
                Ok(())
            }
            Err(fault) => {
                recv.stop(REFUSED);
                self.end_publication(&publication, &fault);
                Err(fault.on(publication.channel_id()))
            }
            Ok(()) => Ok(()),
        }
    }

    /// Tells the publisher when another session takes its channel over, or an
    /// administrator ends its broadcast.
    pub(super) async fn watch_evictions(&self) -> End {
        loop {
            let held: Vec<_> = self.publications.borrow().values().cloned().collect();
            let mut evictions: FuturesUnordered<_> = held
                .into_iter()
                .map(|publication| async move {
                    let why = publication.eviction().evicted().await;
                    (publication, why)
                })
                .collect();
            tokio::select! {
                () = self.publications_changed.notified() => {}
                Some((publication, why)) = evictions.next() => {
                    // A session that starts anew takes over from itself.
                    if self.release(&publication) {
                        self.complain(&why);
                    }
                }
            }
        }
    }

    /// What an ingest stream is for; `None` where that has ended while the stream was
    /// on its way, of which the client has been told.
    fn publication(&self, stream_id: StreamId) -> Result<Option<Rc<Publication>>, Fault> {
        let bad = |words| Err(Fault::new(ErrorCode::BadStream, words));
        let publications = self.publications.borrow();
        let Some(publication) = publications.values().find(|p| p.stream_id() == stream_id) else {
            let mut unclaimed = self.unclaimed.borrow_mut();
            if let Some(place) = unclaimed.iter().position(|&id| id == stream_id) {
                unclaimed.remove(place);
                return Ok(None);
            }
            return bad(format!("this session publishes no stream {stream_id}"));
        };
        if !publication.claim_ingest() {
            return bad(format!("stream {stream_id} has its ingest stream already"));
        }
        Ok(Some(publication.clone()))
    }

    /// What cannot be played ends the broadcast.
    fn end_publication(&self, publication: &Rc<Publication>, fault: &Fault) {
        self.release(publication);
        if fault.code == ErrorCode::NotMp3 {
            // Fails where the channel is somebody else's by now.
            let _ = publication.stop(&format!("no MP3: {}", fault.message));
        }
    }

    /// The session does not hold this publication any more.
    /// Says whether it did.
    pub(super) fn release(&self, publication: &Rc<Publication>) -> bool {
        let mut publications = self.publications.borrow_mut();
        let before = publications.len();
        publications.retain(|_, held| !Rc::ptr_eq(held, publication));
        self.entry
            .presence()
            .set_publishing(!publications.is_empty());
        let held = publications.len() < before;
        if held {
            self.supervised(|entry| entry.publishes(publication.channel_id(), false));
            if publication.claim_ingest() {
                let mut unclaimed = self.unclaimed.borrow_mut();
                unclaimed.truncate(MAX_PUBLISHED - 1);
                unclaimed.push_front(publication.stream_id());
            }
        }
        held
    }
}
