//! Listening over as many sessions as it takes.

use std::time::Duration;

use rand::rngs::StdRng;
use skywave_wire::control::{Join, Joined};

use crate::{Backoff, Client, Error, Heard, Identity, Stats, Subscription};

/// Something that happened to a listener.
#[derive(Clone, Debug)]
pub enum Event {
    /// The channel was joined, or joined again with a fresh session.
    Joined(Joined),
    /// Something was heard.
    Heard(Heard),
    /// There is no session for now; the next attempt comes after the wait.
    Interrupted {
        /// Why.
        why: Error,
        /// How long until the next attempt.
        retry_in: Duration,
    },
}

/// A channel being heard, whatever happens to its sessions.
pub struct Listener {
    client: Client,
    identity: Identity,
    join: Join,
    subscription: Option<Subscription>,
    wait: Option<Duration>,
    backoff: Backoff,
    rng: StdRng,
    before: Stats,
}

impl Listener {
    /// A listener that joins with the first call of [`next`](Self::next).
    pub fn new(client: Client, identity: Identity, join: Join) -> Self {
        Self {
            client,
            identity,
            join,
            subscription: None,
            wait: None,
            backoff: Backoff::default(),
            rng: rand::make_rng(),
            before: Stats::default(),
        }
    }

    /// What happens next; waits for it. Safe to cancel.
    ///
    /// # Errors
    /// Trying again cannot help.
    pub async fn next(&mut self) -> Result<Event, Error> {
        if let Some(wait) = self.wait {
            tokio::time::sleep(wait).await;
            self.wait = None;
        }
        let Some(subscription) = &mut self.subscription else {
            return match self.join().await {
                Ok(joined) => Ok(Event::Joined(joined)),
                Err(why) => self.interrupted(why),
            };
        };
        match subscription.next().await {
            Ok(heard) => {
                self.backoff.reset();
                Ok(Event::Heard(heard))
            }
            Err(why) => {
                self.before = self.stats();
                self.subscription = None;
                self.interrupted(why)
            }
        }
    }

    /// What came so far, over all sessions.
    pub fn stats(&self) -> Stats {
        let now = self.subscription.as_ref().map(Subscription::stats);
        let now = now.unwrap_or_default();
        Stats {
            frames: self.before.frames + now.frames,
            bytes: self.before.bytes + now.bytes,
            missing: self.before.missing + now.missing,
            skips: self.before.skips + now.skips,
            discontinuities: self.before.discontinuities + now.discontinuities,
        }
    }

    /// The subscription of the present session.
    pub fn subscription(&self) -> Option<&Subscription> {
        self.subscription.as_ref()
    }

    /// Leaves the channel.
    ///
    /// # Errors
    /// The session has ended anyway.
    pub async fn leave(self) -> Result<(), Error> {
        match self.subscription {
            Some(subscription) => subscription.leave().await,
            None => Ok(()),
        }
    }

    async fn join(&mut self) -> Result<Joined, Error> {
        let session = self.client.connect(&self.identity).await?;
        let subscription = session.join(self.join.clone()).await?;
        let joined = subscription.joined().clone();
        self.subscription = Some(subscription);
        Ok(joined)
    }

    fn interrupted(&mut self, why: Error) -> Result<Event, Error> {
        if !why.is_passing() {
            return Err(why);
        }
        let retry_in = self.backoff.wait(&mut self.rng);
        self.wait = Some(retry_in);
        Ok(Event::Interrupted { why, retry_in })
    }
}
