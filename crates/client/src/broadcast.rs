//! A channel that a session publishes on.

use serde_json::Value;
use skywave_wire::control::{ErrorCode, Request, Started, Stop, Title, UpdateMetadata};
use skywave_wire::{ChannelId, StreamId};
use wtransport::SendStream;

use crate::{Error, Session};

/// A broadcast on the air. Dropped without [`stop`](Self::stop), it leaves the
/// channel live for the relay's grace period.
pub struct Broadcast {
    session: Session,
    channel_id: ChannelId,
    started: Started,
    stream: SendStream,
    written: u64,
}

impl Broadcast {
    pub(crate) async fn begin(
        session: Session,
        channel_id: ChannelId,
        started: Started,
    ) -> Result<Self, Error> {
        let stream = session.open_ingest(started.stream_id).await?;
        Ok(Self {
            session,
            channel_id,
            started,
            stream,
            written: 0,
        })
    }

    /// The broadcast's number; the same over takeovers.
    pub fn stream_id(&self) -> StreamId {
        self.started.stream_id
    }

    /// The broadcast went on from an earlier session of the same owner.
    pub fn resumed(&self) -> bool {
        self.started.resumed
    }

    /// The session that this is a part of.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Sends MP3 bytes, in any cut. Waits while the relay holds as much as it
    /// wants to.
    ///
    /// # Errors
    /// The relay does not take them, and says why, or the session has ended.
    pub async fn write(&mut self, mp3: &[u8]) -> Result<(), Error> {
        match self.stream.write_all(mp3).await {
            Ok(()) => {
                self.written += mp3.len() as u64;
                Ok(())
            }
            Err(_) => Err(self.session.fault_soon().await),
        }
    }

    /// Sets the title from the next written frame on.
    ///
    /// # Errors
    /// The relay refuses it, or the session has ended.
    pub async fn set_title(&mut self, title: Title) -> Result<(), Error> {
        let update = Request::UpdateMetadata(UpdateMetadata {
            channel_id: self.channel_id.clone(),
            at_byte: Some(self.written),
            title,
        });
        self.ask(&update).await
    }

    /// Goes off the air, once the relay has all that was written.
    ///
    /// # Errors
    /// The relay had ended the broadcast, as when the bytes were no MP3, or the
    /// session has ended.
    pub async fn stop(mut self) -> Result<(), Error> {
        // A stream that the relay stopped has nothing to finish.
        let _ = self.stream.finish().await;
        let stop = Request::Stop(Stop {
            channel_id: self.channel_id.clone(),
            at_byte: Some(self.written),
        });
        self.ask(&stop).await
    }

    async fn ask(&self, request: &Request) -> Result<(), Error> {
        match self.session.ask::<Value>(request).await {
            Ok(_) => Ok(()),
            // It ended before, for a reason that the relay told by itself.
            Err(Error::Refused(fault)) if fault.code == ErrorCode::NotPublishing => {
                Err(self.session.fault_soon().await)
            }
            Err(error) => Err(error),
        }
    }
}
