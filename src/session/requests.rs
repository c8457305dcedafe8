//! What clients ask for, and what they are answered.

use std::rc::Rc;
use std::time::Duration;

use bytes::BytesMut;
use governor::RateLimiter;
use serde::Serialize;
use serde_json::{Value, json};
use skywave_transport::RecvStream;
use skywave_wire::ChannelId;
use skywave_wire::control::{
    Delivery, ErrorCode, Fault, Join, Joined, Lines, Request, Start, Started, Stop, UpdateMetadata,
    decode_request, encode_error, encode_ok,
};
use tokio::time::timeout;

use super::datagrams::quota;
use super::{End, Session, forbidden};
use crate::gate::Grant;
use crate::shard::Wish;
use crate::supervision::Hearing;

/// Channels that one session may listen to.
const MAX_HEARD: usize = 16;
/// Channels that one session may publish on: each takes one of the streams that a
/// client may have open, and a takeover one more for a moment.
pub(super) const MAX_PUBLISHED: usize = 4;

/// How much longer than they play the last bytes of a broadcast may take to come.
const LAST_BYTES: Duration = Duration::from_secs(2);
/// How long after its last byte the end of an ingest stream may take to come.
const LAST_FRAME: Duration = Duration::from_millis(250);

pub(super) type Answer = Result<Value, Fault>;

impl Session {
    /// Answers requests one by one. A client that asks too fast is read slower.
    pub(super) async fn requests(
        &self,
        grant: &Grant,
        recv: &mut RecvStream,
        lines: &mut Lines,
    ) -> End {
        let limits = &self.relay.config.limits;
        let rate = RateLimiter::direct(quota(limits.control_per_second, limits.control_burst));
        loop {
            self.outbox.until_read().await;
            rate.until_ready().await;
            match self.line(recv, lines).await {
                None => return End::Gone,
                Some(Ok(line)) => self.answer(grant, &line).await,
                Some(Err(fault)) => self.complain(&fault),
            }
        }
    }

    async fn answer(&self, grant: &Grant, line: &BytesMut) {
        let (id, answer) = match decode_request(line) {
            Ok((id, request)) => (id, self.handle(grant, request).await),
            Err(rejected) => (rejected.id, Err(rejected.fault)),
        };
        self.outbox.answer(match answer {
            Ok(fields) => encode_ok(id, &fields),
            Err(fault) => {
                self.count_fault(&fault);
                encode_error(id, &fault)
            }
        });
    }

    async fn handle(&self, grant: &Grant, request: Request) -> Answer {
        match request {
            Request::Hello(_) => Err(Fault::new(
                ErrorCode::HelloExpected,
                "hello comes once, at the beginning",
            )),
            Request::Heartbeat => Ok(json!({})),
            Request::Join(join) => self.join(grant, join),
            Request::Leave(leave) => self.leave(&leave.channel_id),
            Request::Start(start) => self.start(grant, start),
            Request::UpdateMetadata(update) => self.update_metadata(update),
            Request::Stop(stop) => self.stop(stop).await,
            Request::WatchStreams => self.watch_streams(),
            Request::WatchRelay => self.watch_relay(grant),
            Request::ListSessions(list) => self.list_sessions(grant, list).await,
            Request::EndSession(end) => self.end_session(grant, end),
            Request::EndStream(end) => self.end_stream(grant, end),
        }
    }

    fn join(&self, grant: &Grant, join: Join) -> Answer {
        let id = &join.channel_id;
        if !grant.may_listen(id.as_str()) {
            return Err(forbidden(grant, "listen to", id));
        }
        if self.entry.has_joined(id) {
            let words = format!("this session listens to {id} already");
            return Err(Fault::new(ErrorCode::AlreadyJoined, words));
        }
        if self.entry.presence().channels() >= MAX_HEARD {
            return Err(too_many("listens to", MAX_HEARD));
        }
        if join.delivery == Delivery::Datagram && !self.entry.line().takes_datagrams() {
            let words = "delivery: this client's connection takes no datagrams";
            return Err(Fault::new(ErrorCode::BadField, words));
        }
        let channel = match join.wait {
            true => self.relay.directory.find_or_create(id)?,
            false => self.relay.directory.find(id).ok_or_else(|| {
                let words = format!("nobody is on the air on {id}");
                Fault::new(ErrorCode::UnknownChannel, words)
            })?,
        };
        let wish = Wish {
            delivery: join.delivery,
            latency_micros: join.latency_ms * 1_000,
        };
        let (found, skipped) = self.entry.join(&channel, wish, join.wait)?;
        self.supervised(|entry| {
            let hearing = Hearing {
                delivery: join.delivery,
                latency_ms: join.latency_ms,
                skipped,
            };
            entry.listens(id, Some(hearing));
        });
        let first = found
            .burst
            .first()
            .map_or(found.next_seq, |frame| frame.seq);
        fields(&Joined {
            handle: channel.handle(),
            live: found.live,
            stream_id: found.stream_id,
            delivery: join.delivery,
            latency_ms: join.latency_ms,
            target_delay_ms: self.relay.config.channels.target_delay.as_millis() as u64,
            next_seq: first,
            metadata: found.titles,
            listeners: found.listeners,
            show: found.show,
        })
    }

    fn leave(&self, id: &ChannelId) -> Answer {
        match self.entry.leave(id) {
            true => {
                self.supervised(|entry| entry.listens(id, None));
                Ok(json!({}))
            }
            false => {
                let words = format!("this session does not listen to {id}");
                Err(Fault::new(ErrorCode::NotJoined, words))
            }
        }
    }

    fn start(&self, grant: &Grant, start: Start) -> Answer {
        let id = &start.channel_id;
        if !grant.may_publish(id.as_str()) {
            return Err(forbidden(grant, "publish on", id));
        }
        if self.relay.draining.is_cancelled() {
            let words = "the relay is about to stop and takes no new broadcast";
            return Err(Fault::new(ErrorCode::Draining, words));
        }
        let mut publications = self.publications.borrow_mut();
        if publications.len() >= MAX_PUBLISHED && !publications.contains_key(id) {
            return Err(too_many("publishes on", MAX_PUBLISHED));
        }
        let channel = self.relay.directory.find_or_create(id)?;
        let publication = channel.start(&grant.subject, self.id, start.show)?;
        tracing::info!(channel = %id, resumed = publication.resumed(), "on the air");
        let started = Started {
            stream_id: publication.stream_id(),
            resumed: publication.resumed(),
        };
        publications.insert(id.clone(), Rc::new(publication));
        self.supervised(|entry| entry.publishes(id, true));
        self.entry.presence().set_publishing(true);
        self.publications_changed.notify_one();
        fields(&started)
    }

    fn update_metadata(&self, update: UpdateMetadata) -> Answer {
        let publications = self.publications.borrow();
        let publication = publications
            .get(&update.channel_id)
            .ok_or_else(|| not_publishing(&update.channel_id))?;
        publication.update_title(update.title, update.at_byte)?;
        Ok(json!({}))
    }

    async fn stop(&self, stop: Stop) -> Answer {
        let id = &stop.channel_id;
        let held = self.publications.borrow().get(id).cloned();
        let publication = held.ok_or_else(|| not_publishing(id))?;
        if let Some(bytes) = stop.at_byte {
            // What the publisher is ahead of real time takes this long to be read.
            let patience = self.relay.config.channels.max_lead + LAST_BYTES;
            let _ = timeout(patience, publication.until_taken(bytes)).await;
            // What its end still brings: a last frame, or that it was no MP3.
            let _ = timeout(LAST_FRAME, publication.until_ingest_ended()).await;
        }
        if let Some(why) = publication.eviction().why() {
            return Err(why);
        }
        self.release(&publication);
        publication.stop("the publisher stopped")?;
        tracing::info!(channel = %id, "off the air");
        Ok(json!({}))
    }
}

pub(super) fn fields(answer: &impl Serialize) -> Answer {
    serde_json::to_value(answer).map_err(|error| Fault::new(ErrorCode::Internal, error.to_string()))
}

fn too_many(does: &str, most: usize) -> Fault {
    let words = format!("a session {does} at most {most} channels");
    Fault::new(ErrorCode::LimitReached, words)
}

fn not_publishing(id: &ChannelId) -> Fault {
    let words = format!("this session does not publish on {id}");
    Fault::new(ErrorCode::NotPublishing, words)
}
