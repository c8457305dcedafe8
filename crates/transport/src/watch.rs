//! When the socket is looked at. While little comes, the runtime says when something
//! does. A busy socket of many connections is looked at by the clock: a thread that is
//! woken for a packet or two pays more for waking than for the packets, and what gathers
//! meanwhile is taken in one call.

use std::io;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::io::Interest;
use tokio::net::UdpSocket;

/// The time between two looks by the clock. A packet waits so long: a client that asks
/// for the time takes the wait for its way, and is wrong by half of it at the most.
const LONGEST: Duration = Duration::from_millis(4);
/// The same after a look that found more than [`MANY`], until one finds fewer than
/// [`FEW`]: so many packets would fill the socket's buffer.
const SHORTEST: Duration = Duration::from_millis(2);
const MANY: usize = 160;
const FEW: usize = 64;
/// With fewer connections the runtime always watches: the clock would cost them its
/// waiting, and save nothing.
const CROWD: usize = 64;
/// Looks in a row, each sooner than the longest time after the one before, that make it
/// busy.
const BUSY: u32 = 32;
/// Looks in vain, or for few connections, less those that were not, that make it quiet
/// again.
const QUIET: u32 = 32;

/// Says when to read from a socket.
pub(crate) struct Watch {
    /// Its handle in the runtime, while that says when.
    watched: Option<UdpSocket>,
    /// When it was last looked at.
    last: Instant,
    period: Duration,
    /// Packets taken in this look.
    packets: usize,
    /// Looks that speak for the other way, see [`BUSY`] and [`QUIET`].
    streak: u32,
}

impl Watch {
    pub(crate) fn new(watched: UdpSocket) -> Self {
        Self {
            watched: Some(watched),
            last: Instant::now(),
            period: LONGEST,
            packets: 0,
            streak: 0,
        }
    }

    /// Whether to read now.
    pub(crate) fn poll_look(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &self.watched {
            Some(socket) => socket.poll_recv_ready(cx),
            None if self.last.elapsed() < self.period => Poll::Pending,
            None => Poll::Ready(Ok(())),
        }
    }

    /// Reads with `receive`, which fails with `WouldBlock` once there is no more.
    ///
    /// # Errors
    /// Those of `receive`.
    pub(crate) fn look(&self, receive: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        match &self.watched {
            Some(socket) => socket.try_io(Interest::READABLE, receive),
            None => receive(),
        }
    }

    /// So many packets were taken.
    pub(crate) fn took(&mut self, packets: usize) {
        self.packets += packets;
    }

    /// All there was has been taken, the last of it at `now`; so many connections share
    /// the socket. `handle` gives another handle in the runtime; where it cannot, the
    /// clock goes on.
    pub(crate) fn looked(
        &mut self,
        connections: usize,
        now: Instant,
        handle: impl FnOnce() -> io::Result<UdpSocket>,
    ) {
        let passed = now.saturating_duration_since(self.last);
        self.last = now;
        let packets = std::mem::take(&mut self.packets);
        let is_crowd = connections >= CROWD;
        if self.watched.is_some() {
            self.streak = if passed < LONGEST && is_crowd {
                self.streak + 1
            } else {
                0
            };
            if self.streak == BUSY {
                self.watched = None;
                self.streak = 0;
                self.period = LONGEST;
            }
            return;
        }
        if packets > MANY {
            self.period = SHORTEST;
        } else if packets < FEW {
            self.period = LONGEST;
        }
        if packets > 0 && is_crowd {
            self.streak = self.streak.saturating_sub(1);
        } else {
            self.streak += 1;
        }
        if self.streak == QUIET {
            self.watched = handle().ok();
            self.streak = 0;
        }
    }

    /// When the clock says to look; `None` where the runtime does.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.watched.is_none().then(|| self.last + self.period)
    }

    /// Tries `send` again, whenever the socket takes more, until that has sent all or the
    /// socket is full. Whether all was sent. The runtime says when a full socket takes
    /// more; while the clock is looked at, nobody does.
    ///
    /// # Errors
    /// Where the runtime cannot say.
    pub(crate) fn send(
        &self,
        cx: &mut Context<'_>,
        mut send: impl FnMut() -> bool,
    ) -> io::Result<bool> {
        let Some(socket) = &self.watched else {
            return Ok(false);
        };
        while let Poll::Ready(ready) = socket.poll_send_ready(cx) {
            ready?;
            let sent = socket.try_io(Interest::WRITABLE, || match send() {
                true => Ok(()),
                false => Err(io::ErrorKind::WouldBlock.into()),
            });
            if sent.is_ok() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn handle() -> UdpSocket {
        UdpSocket::bind("127.0.0.1:0").await.expect("a socket")
    }

    fn never() -> io::Result<UdpSocket> {
        panic!("not needed")
    }

    fn look(watch: &mut Watch, packets: usize, now: Instant) {
        watch.took(packets);
        watch.looked(CROWD, now, never);
    }

    /// A watch that went over to the clock, and the time at which it did.
    async fn busy() -> (Watch, Instant) {
        let mut watch = Watch::new(handle().await);
        let mut now = Instant::now() + LONGEST;
        look(&mut watch, 1, now);
        for _ in 0..BUSY {
            assert_eq!(watch.next(), None);
            now += LONGEST / 2;
            look(&mut watch, 1, now);
        }
        (watch, now)
    }

    #[tokio::test]
    async fn a_busy_socket_is_looked_at_by_the_clock() {
        let (watch, now) = busy().await;
        assert_eq!(watch.next(), Some(now + LONGEST));
    }

    #[tokio::test]
    async fn few_connections_are_always_watched_by_the_runtime() {
        let mut watch = Watch::new(handle().await);
        let now = Instant::now();
        for _ in 0..2 * BUSY {
            watch.looked(CROWD - 1, now, never);
        }
        assert_eq!(watch.next(), None);
    }

    #[tokio::test]
    async fn one_pause_begins_the_count_anew() {
        let mut watch = Watch::new(handle().await);
        let mut now = Instant::now() + LONGEST;
        for _ in 0..3 {
            now += LONGEST;
            for _ in 0..BUSY {
                look(&mut watch, 1, now);
                now += LONGEST / 2;
            }
        }
        assert_eq!(watch.next(), None);
    }

    #[tokio::test]
    async fn the_clock_looks_as_often_as_much_comes() {
        let (mut watch, now) = busy().await;
        for (packets, period) in [
            (FEW - 1, LONGEST),
            (MANY, LONGEST),
            (MANY + 1, SHORTEST),
            (MANY + 1, SHORTEST),
            (FEW, SHORTEST),
            (FEW - 1, LONGEST),
        ] {
            look(&mut watch, packets, now);
            assert_eq!(watch.next(), Some(now + period), "after {packets}");
        }
    }

    #[tokio::test]
    async fn the_clock_goes_on_where_the_runtime_cannot_watch() {
        let (mut watch, now) = busy().await;
        let mut asked = 0;
        for _ in 0..2 * QUIET {
            watch.looked(CROWD, now, || {
                asked += 1;
                Err(io::ErrorKind::OutOfMemory.into())
            });
            assert!(watch.next().is_some());
        }
        assert_eq!(asked, 2);
    }

    #[tokio::test]
    async fn a_quiet_socket_is_watched_by_the_runtime_again() {
        let (mut watch, now) = busy().await;
        let mut fresh = Some(handle().await);
        for packets in [0, 1].into_iter().cycle().take(3 * QUIET as usize) {
            look(&mut watch, packets, now);
        }
        for _ in 0..QUIET {
            assert!(watch.next().is_some());
            watch.looked(CROWD, now, || Ok(fresh.take().expect("asked for once")));
        }
        assert_eq!(watch.next(), None);
    }

    #[tokio::test]
    async fn a_crowd_that_went_is_watched_by_the_runtime_again() {
        let (mut watch, now) = busy().await;
        let mut fresh = Some(handle().await);
        for _ in 0..QUIET {
            assert!(watch.next().is_some());
            watch.took(1);
            watch.looked(CROWD - 1, now, || Ok(fresh.take().expect("asked for once")));
        }
        assert_eq!(watch.next(), None);
    }
}
