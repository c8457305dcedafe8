//! What a session asks for to see or rule others: counts for everybody, the rest
//! for administrators.

use skywave_wire::control::{EndSession, EndStream, ErrorCode, Fault, ListSessions};

use super::requests::{Answer, fields};
use super::{End, Session, forbidden};
use crate::gate::Grant;
use crate::supervision::ended_by_admin;

impl Session {
    pub(super) fn watch_streams(&self) -> Answer {
        self.counts_watch
            .get_or_init(|| self.relay.directory.watch_counts());
        self.tell_all_counts();
        Ok(serde_json::json!({}))
    }

    pub(super) fn watch_relay(&self, grant: &Grant) -> Answer {
        self.admin(grant, "watch the relay")?;
        self.watch.get_or_init(|| self.relay.supervision.watch());
        self.watching.notify_one();
        Ok(serde_json::json!({}))
    }

    pub(super) async fn list_sessions(&self, grant: &Grant, list: ListSessions) -> Answer {
        self.admin(grant, "list sessions")?;
        let table = self.relay.supervision.sessions();
        fields(&table.list(list.channel_id.as_ref(), list.after).await)
    }

    pub(super) fn end_session(&self, grant: &Grant, end: EndSession) -> Answer {
        self.admin(grant, "end sessions")?;
        let number = end.session;
        let why = ended_by_admin("the session", end.message.as_deref());
        if !self.relay.supervision.sessions().end(number, why) {
            let words = format!("there is no session {number}");
            return Err(Fault::new(ErrorCode::UnknownSession, words));
        }
        tracing::info!(session = number, by = grant.subject, "session ended");
        Ok(serde_json::json!({}))
    }

    pub(super) fn end_stream(&self, grant: &Grant, end: EndStream) -> Answer {
        self.admin(grant, "end streams")?;
        let id = &end.channel_id;
        if !grant.may_publish(id.as_str()) {
            return Err(forbidden(grant, "end streams on", id));
        }
        let channel = self.relay.directory.find(id).ok_or_else(|| {
            let words = format!("nobody is on the air on {id}");
            Fault::new(ErrorCode::UnknownChannel, words)
        })?;
        channel.end_by_admin(&grant.subject, end.message.as_deref())?;
        tracing::info!(channel = %id, by = grant.subject, "taken off the air");
        Ok(serde_json::json!({}))
    }

    /// Tells what the session watches, no faster than it reads.
    pub(super) async fn tell_watched(&self) -> End {
        let watch = loop {
            match self.watch.get() {
                Some(watch) => break watch,
                None => self.watching.notified().await,
            }
        };
        loop {
            for line in watch.next().await.iter() {
                self.outbox.until_empty().await;
                self.outbox.event(line.clone());
            }
        }
    }

    fn admin(&self, grant: &Grant, what: &str) -> Result<(), Fault> {
        if grant.is_admin() {
            return Ok(());
        }
        let words = format!("{} ({}) may not {what}", grant.subject, grant.role.name());
        Err(Fault::new(ErrorCode::Forbidden, words))
    }
}
