//! Listeners that hear with a whole QUIC stack, until their socket is handed over.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use anyhow::bail;
use skywave_transport::{ReadError, RecvStream, Session};
use skywave_wire::varint;
use tokio::sync::oneshot;
use tokio::time::{MissedTickBehavior, interval_at, sleep};

use super::lean::{Audio, Lean, Listener, Room, SAY};
use super::tap::Tap;
use super::{Connected, Hearing, Socket};

/// How often it is looked whether a socket can be handed over.
const LOOK: Duration = Duration::from_millis(100);
const READ_BYTES: usize = 64 << 10;

/// A listener's place on its socket.
#[derive(Clone)]
pub(super) struct Seat(Rc<RefCell<Option<Hearer>>>);

struct Hearer {
    session: Session,
    tap: Arc<Tap>,
    /// `None`: it has ended, and there is no other yet.
    stream: Option<RecvStream>,
    stream_id: u64,
    /// Bytes of the stream's audio.
    heard: u64,
    hearing: Box<dyn Hearing>,
    ended_tx: oneshot::Sender<anyhow::Error>,
}

impl Connected {
    /// Hears this stream, and those that follow it, until something fails.
    ///
    /// # Errors
    /// What failed.
    pub(in crate::fleet) async fn hear(
        self,
        stream: RecvStream,
        hearing: impl Hearing + 'static,
    ) -> anyhow::Result<()> {
        let (ended_tx, ended_rx) = oneshot::channel();
        let seat = Seat(Rc::new(RefCell::new(Some(Hearer {
            session: self.session,
            tap: self.tap,
            stream_id: stream.id(),
            stream: Some(stream),
            heard: 0,
            hearing: Box::new(hearing),
            ended_tx,
        }))));
        // Whoever hears holds the socket.
        let socket = self.arrival.0.clone();
        socket.seats.borrow_mut().push(seat.clone());
        drop(self.arrival);
        let mut says = interval_at(tokio::time::Instant::now() + SAY, SAY);
        says.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                heard = poll_fn(|cx| seat.poll_hear(cx)) => {
                    heard?;
                    break;
                }
                _ = says.tick() => seat.say(),
            }
        }
        match ended_rx.await {
            Ok(why) => Err(why),
            Err(_) => bail!("its socket failed"),
        }
    }
}

impl Seat {
    /// Whether its connection can be handed over: nothing has come of its audio before
    /// which something is missing.
    pub(super) fn is_ready(&self) -> bool {
        self.0.borrow().as_ref().is_some_and(|hearer| {
            hearer.tap.furthest() == Some((hearer.stream_id, hearer.offset()))
        })
    }

    /// Hears what comes; ready once it has been handed over.
    fn poll_hear(&self, cx: &mut Context<'_>) -> Poll<anyhow::Result<()>> {
        match &mut *self.0.borrow_mut() {
            Some(hearer) => hearer.poll(cx).map(Err),
            None => Poll::Ready(Ok(())),
        }
    }

    fn say(&self) {
        if let Some(hearer) = &mut *self.0.borrow_mut()
            && let Some(datagram) = hearer.hearing.say()
        {
            hearer.session.send_prefixed_datagram(datagram.into());
        }
    }
}

impl Hearer {
    /// Hears what comes, until something fails.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<anyhow::Error> {
        loop {
            if let Err(why) = std::task::ready!(self.poll_next(cx)) {
                return Poll::Ready(why);
            }
        }
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<anyhow::Result<()>> {
        let Some(stream) = &mut self.stream else {
            let stream = std::task::ready!(pin!(self.session.accept_uni()).poll(cx))?;
            self.stream_id = stream.id();
            self.heard = 0;
            self.stream = Some(stream);
            return Poll::Ready(Ok(()));
        };
        let read = std::task::ready!(pin!(stream.read_chunk(READ_BYTES)).poll(cx));
        Poll::Ready(match read {
            Ok(Some(bytes)) => {
                self.heard += bytes.len() as u64;
                self.hearing.hear(&bytes, Instant::now())
            }
            Ok(None) | Err(ReadError::Reset(_)) => {
                self.stream = None;
                self.hearing.ended()
            }
            Err(error) => Err(error.into()),
        })
    }

    /// Where its audio stands, in bytes of the QUIC stream.
    fn offset(&self) -> u64 {
        // What names the session begins each stream (draft-ietf-webtrans-http3, 4.2).
        const KIND: u64 = 0x54;
        let head = varint::len(KIND) + varint::len(self.session.id());
        head as u64 + self.heard
    }
}

/// Waits until all of a socket's listeners hear, and goes on with them alone.
pub(super) async fn hand_over_when_all_hear(socket: Weak<Socket>, room: Rc<RefCell<Room>>) {
    loop {
        sleep(LOOK).await;
        let Some(socket) = socket.upgrade() else {
            return;
        };
        if !socket.is_complete() {
            continue;
        }
        if let Err(error) = hand_over(&socket, room).await {
            eprintln!("a socket of the generator failed: {error:#}");
        }
        return;
    }
}

async fn hand_over(socket: &Socket, room: Rc<RefCell<Room>>) -> anyhow::Result<()> {
    socket.is_handed_over.set(true);
    let seats = socket.seats.take();
    let mut listeners = Vec::with_capacity(seats.len());
    let mut sessions = Vec::with_capacity(seats.len());
    for mut hearer in seats.iter().filter_map(|seat| seat.0.take()) {
        // What has come and was acknowledged does not come again.
        let ended = match hearer.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(why) => Err(why),
            Poll::Pending => hearer
                .tap
                .take()
                .ok_or_else(|| anyhow::anyhow!("no keys were noted")),
        };
        match ended {
            Ok(keys) => listeners.push(Listener {
                keys,
                audio: Audio::of(hearer.stream_id, hearer.offset(), hearer.stream.is_none()),
                hearing: hearer.hearing,
                ended_tx: hearer.ended_tx,
            }),
            Err(why) => drop(hearer.ended_tx.send(why)),
        }
        sessions.push(hearer.session);
    }
    // From here on nobody else reads from the socket.
    if let Some(driver) = socket.driver.take() {
        driver.abort();
        // It says that it was aborted.
        let _ = driver.await;
    }
    // Without a driver they say no goodbye.
    drop(sessions);
    let udp = socket.udp.try_clone()?;
    Lean::new(udp, socket.server, listeners, room)?.run().await
}
