//! Publishing over as many sessions as it takes, at the pace of the audio.

use std::time::Duration;

use rand::rngs::StdRng;
use skywave_wire::control::{Show, Start, Title};
use skywave_wire::{ChannelId, StreamId, mp3};
use tokio::time::Instant;

use crate::session::is_put_out;
use crate::{Backoff, Broadcast, Client, Error, Identity};

/// Behind by more than this, a pacer does not catch up: it starts anew.
const MAX_BEHIND: Duration = Duration::from_millis(500);

/// Says when each frame is due, so that frames go out as fast as they play.
#[derive(Clone, Debug, Default)]
pub struct Pacer {
    line: Option<(Instant, Duration)>,
}

impl Pacer {
    /// When the frame is due, if it follows the ones before it without a pause.
    /// `now` is when it is there to be sent.
    pub fn due(&mut self, header: &mp3::Header, now: Instant) -> Instant {
        let (start, played) = self.line.get_or_insert((now, Duration::ZERO));
        if now.saturating_duration_since(*start + *played) > MAX_BEHIND {
            (*start, *played) = (now, Duration::ZERO);
        }
        let due = *start + *played;
        let nanos = u64::from(header.samples()) * 1_000_000_000 / u64::from(header.sample_rate());
        *played += Duration::from_nanos(nanos);
        due
    }
}

/// Something that happened to a publisher.
#[derive(Clone, Debug)]
pub enum Status {
    /// On the air.
    Live {
        /// The broadcast; the same over takeovers and short interruptions.
        stream_id: StreamId,
        /// It went on from an earlier session.
        resumed: bool,
    },
    /// There is no session for now; the next attempt comes after the wait.
    Interrupted {
        /// Why.
        why: Error,
        /// How long until the next attempt.
        retry_in: Duration,
    },
}

/// A channel being published on, whatever happens to its sessions.
pub struct Publisher<F> {
    client: Client,
    identity: Identity,
    channel_id: ChannelId,
    show: Show,
    on_status: F,
    broadcast: Option<Broadcast>,
    title: Option<Title>,
    backoff: Backoff,
    rng: StdRng,
}

impl<F: FnMut(Status)> Publisher<F> {
    /// A publisher that goes on the air with its first frame. `on_status` is told
    /// whenever it gets there, or is interrupted.
    pub fn new(
        client: Client,
        identity: Identity,
        channel_id: ChannelId,
        show: Show,
        on_status: F,
    ) -> Self {
        Self {
            client,
            identity,
            channel_id,
            show,
            on_status,
            broadcast: None,
            title: None,
            backoff: Backoff::default(),
            rng: rand::make_rng(),
        }
    }

    /// Goes on the air now, in one attempt: a caller that wants to fail at once
    /// where the relay is not there, or refuses. Nothing happens on the air.
    ///
    /// # Errors
    /// The attempt failed.
    pub async fn begin(&mut self) -> Result<(), Error> {
        if self.broadcast.is_none() {
            let broadcast = self.start().await?;
            self.went_live(broadcast);
        }
        Ok(())
    }

    /// Sends a whole frame, once there is a session to send it with.
    ///
    /// # Errors
    /// Trying again cannot help.
    pub async fn frame(&mut self, frame: &[u8]) -> Result<(), Error> {
        loop {
            let broadcast = self.on_the_air().await?;
            match broadcast.write(frame).await {
                Ok(()) => return Ok(()),
                Err(why) => self.interrupted(why).await?,
            }
        }
    }

    /// Sets the title from the next frame on.
    ///
    /// # Errors
    /// Trying again cannot help.
    pub async fn title(&mut self, title: Title) -> Result<(), Error> {
        self.title = Some(title.clone());
        let Some(broadcast) = &mut self.broadcast else {
            return Ok(());
        };
        match broadcast.set_title(title).await {
            Ok(()) => Ok(()),
            Err(why) => self.interrupted(why).await,
        }
    }

    /// Goes off the air.
    ///
    /// # Errors
    /// The relay was lost just then; the grace period ends the broadcast.
    pub async fn stop(self) -> Result<(), Error> {
        match self.broadcast {
            Some(broadcast) => broadcast.stop().await,
            None => Ok(()),
        }
    }

    async fn on_the_air(&mut self) -> Result<&mut Broadcast, Error> {
        while self.broadcast.is_none() {
            match self.start().await {
                Ok(broadcast) => self.went_live(broadcast),
                Err(why) => self.interrupted(why).await?,
            }
        }
        let ended = || Error::Lost("not on the air".into());
        self.broadcast.as_mut().ok_or_else(ended)
    }

    async fn start(&self) -> Result<Broadcast, Error> {
        let session = self.client.connect(&self.identity).await?;
        let start = Start {
            channel_id: self.channel_id.clone(),
            show: self.show.clone(),
        };
        let mut broadcast = session.start(start).await?;
        if let Some(title) = &self.title {
            broadcast.set_title(title.clone()).await?;
        }
        Ok(broadcast)
    }

    fn went_live(&mut self, broadcast: Broadcast) {
        (self.on_status)(Status::Live {
            stream_id: broadcast.stream_id(),
            resumed: broadcast.resumed(),
        });
        self.broadcast = Some(broadcast);
        self.backoff.reset();
    }

    /// Waits before the next attempt, if one can help. A channel that another
    /// session took over, or that an administrator ended, is not taken back.
    async fn interrupted(&mut self, why: Error) -> Result<(), Error> {
        self.broadcast = None;
        if is_put_out(&why) || !why.is_passing() {
            return Err(why);
        }
        let retry_in = self.backoff.wait(&mut self.rng);
        (self.on_status)(Status::Interrupted { why, retry_in });
        tokio::time::sleep(retry_in).await;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> mp3::Header {
        mp3::Header::parse([0xff, 0xfb, 0x90, 0x64]).expect("an MP3 header")
    }

    #[test]
    fn frames_are_due_as_fast_as_they_play() {
        let now = Instant::now();
        let mut pacer = Pacer::default();
        let mut due = now;
        for _ in 0..=44_100 {
            due = pacer.due(&header(), due);
        }
        let error = (due - now).abs_diff(Duration::from_secs(1_152));
        assert!(error < Duration::from_millis(1), "{error:?}");
    }

    #[test]
    fn a_pause_is_not_made_up_for() {
        let now = Instant::now();
        let mut pacer = Pacer::default();
        pacer.due(&header(), now);
        let late = now + Duration::from_secs(5);
        assert_eq!(pacer.due(&header(), late), late);
        let next = pacer.due(&header(), late) - late;
        assert_eq!(next.as_millis(), 26);
    }
}
