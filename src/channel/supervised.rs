//! The channel as administrators see it, and what they do to it.

use std::sync::atomic::Ordering;

use skywave_wire::Micros;
use skywave_wire::control::{
    AirState, Audience, ErrorCode, Fault, OccurrenceKind, Show, StreamState, told,
};

use super::{Broadcast, Channel};
use crate::supervision::{About, ended_by_admin};

impl Channel {
    /// How many listen, whether or not anything is on the air.
    pub(crate) fn listeners(&self) -> u64 {
        self.lock().audience.count()
    }

    /// How many listen, or `None` when nothing is on the air.
    pub(crate) fn audience(&self) -> Option<Audience> {
        let state = self.lock();
        state.broadcast.as_ref().map(|_| Audience {
            channel_id: self.id.clone(),
            listeners: state.audience.count(),
        })
    }

    /// The broadcast in figures, or `None` when nothing is on the air.
    pub(crate) fn state(&self, now: Micros) -> Option<StreamState> {
        let state = self.lock();
        let broadcast = state.broadcast.as_ref()?;
        let title = state.titles.newest().cloned().unwrap_or_default();
        let cut = |text: &Option<String>| text.as_deref().map(told);
        Some(StreamState {
            channel_id: self.id.clone(),
            stream_id: broadcast.stream_id,
            subject: told(&broadcast.subject),
            session: broadcast.holder.as_ref().map(|holder| holder.session),
            show: Show {
                show_title: cut(&broadcast.show.show_title),
                host_name: cut(&broadcast.show.host_name),
                show_type: cut(&broadcast.show.show_type),
            },
            started_at: broadcast.started_at,
            state: match broadcast.holder {
                Some(_) => AirState::Live,
                None => AirState::Waiting,
            },
            kbps: state.ring.kbps(now),
            lag_ms: now.since(broadcast.frame_at) / 1_000,
            listeners: state.audience.count(),
            skipped_frames: self.skipped_frames.load(Ordering::Relaxed),
            track_name: cut(&title.track_name),
            artist_name: cut(&title.artist_name),
        })
    }

    /// A listener was too slow to take so many frames.
    pub(super) fn skipped(&self, frames: u64) {
        self.skipped_frames.fetch_add(frames, Ordering::Relaxed);
    }

    /// Takes the channel off the air, and tells its publisher why.
    ///
    /// # Errors
    /// Nothing is on the air.
    pub(crate) fn end_by_admin(&self, admin: &str, message: Option<&str>) -> Result<(), Fault> {
        let mut state = self.lock();
        let Some(broadcast) = &state.broadcast else {
            let words = format!("nobody is on the air on {}", self.id);
            return Err(Fault::new(ErrorCode::UnknownChannel, words));
        };
        let why = ended_by_admin("the broadcast", message).on(&self.id);
        let words = format!("{admin} ended it: {}", why.message);
        if let Some(holder) = &broadcast.holder {
            holder.eviction.evict(why);
        }
        self.end(&mut state, &words);
        Ok(())
    }

    /// Something happened to the broadcast.
    pub(super) fn occurred(&self, kind: OccurrenceKind, broadcast: &Broadcast, words: &str) {
        let about = About {
            channel: Some(&self.id),
            session: broadcast.holder.as_ref().map(|holder| holder.session),
            subject: Some(&broadcast.subject),
        };
        self.occurrences.tell(kind, about, || words.to_owned());
    }
}
