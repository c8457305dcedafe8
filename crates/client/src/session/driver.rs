//! The task behind a session: reads everything that the relay sends.

use std::sync::Arc;
use std::time::Duration;

use skywave_wire::control::{Cut, Event, FromRelay as Message, Lines, Metadata, decode_from_relay};
use skywave_wire::datagram::{FromClient, FromRelay};
use skywave_wire::stream::AudioReader;
use skywave_wire::{ChannelId, Handle};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};
use wtransport::{RecvStream, VarInt};

use super::{Arrival, Inner, lock};
use crate::Error;

/// How often the relay's clock is asked for.
const PING: Duration = Duration::from_secs(1);
/// The first pings follow each other faster.
const FIRST_PING: Duration = Duration::from_millis(100);
const FIRST_PINGS: u64 = 8;
/// A relay that leaves so many pings without an answer is gone. Pings are counted
/// and not seconds, so that a process that was stopped does not blame the relay.
const MAX_UNANSWERED: u32 = 5;
/// Read at once from an audio stream.
const READ_BYTES: usize = 16 * 1024;

pub(super) async fn run(inner: Arc<Inner>, recv: RecvStream) {
    let why = tokio::select! {
        // Where the connection has ended, the relay's last words are read first.
        biased;
        why = control(&inner, recv) => why,
        why = datagrams(&inner) => why,
        why = streams(&inner) => why,
    };
    inner.wt.close(VarInt::from_u32(0), b"");
    inner.end(why);
}

async fn control(inner: &Inner, mut recv: RecvStream) -> Error {
    let mut lines = Lines::default();
    let mut buffer = [0; 4096];
    loop {
        match lines.next_cut() {
            Cut::Line(line) => match decode_from_relay(&line) {
                Ok(message) => dispatch(inner, message),
                Err(why) => return Error::Protocol(why),
            },
            Cut::TooLong => return Error::Protocol("a control line is too long".into()),
            Cut::More => match recv.read(&mut buffer).await {
                Ok(Some(len)) => lines.push(&buffer[..len]),
                Ok(None) => return Error::Lost("the relay ended it".into()),
                Err(_) => return closed(inner).await,
            },
        }
    }
}

fn dispatch(inner: &Inner, message: Message) {
    let (id, arrival) = match message {
        Message::Ok { re, fields } => {
            return inner.resolve(re.unwrap_or(0), Ok(fields));
        }
        Message::Error {
            re: Some(re),
            fault,
        } => return inner.resolve(re, Err(fault)),
        Message::Error { re: None, fault } => {
            inner.fault_tx.send_replace(Some(fault));
            return;
        }
        Message::Unknown(_) => return,
        Message::Event(event) => match event {
            Event::Live(id) => (id, Arrival::Live),
            Event::Offline(id) => (id, Arrival::Offline),
            Event::Metadata(id, metadata) => (id, Arrival::Title(metadata)),
            Event::Listeners(id, count) => (id, Arrival::Listeners(None, count)),
            Event::Active(_)
            | Event::Started(_)
            | Event::Stopped { .. }
            | Event::Skipped(_)
            | Event::Draining
            | Event::Audiences(_)
            | Event::Status(_)
            | Event::Streams { .. }
            | Event::Occurred(_) => {
                // Nobody has to be interested.
                let _ = inner.events_tx.send(event);
                return;
            }
        },
    };
    offer(inner, &id, arrival);
}

fn offer(inner: &Inner, id: &ChannelId, arrival: Arrival) {
    if let Some(handle) = inner.routes.handle(id) {
        inner.routes.offer(handle, arrival);
    }
}

async fn datagrams(inner: &Inner) -> Error {
    let mut pings = interval(FIRST_PING);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut sent, mut unanswered) = (0, 0);
    loop {
        tokio::select! {
            _ = pings.tick() => {
                if unanswered == MAX_UNANSWERED {
                    return Error::Lost("the relay answers no more".into());
                }
                sent += 1;
                if sent == FIRST_PINGS {
                    pings = interval(PING);
                    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
                }
                if sent >= FIRST_PINGS {
                    unanswered += 1;
                }
                send(inner, FromClient::Ping { id: sent, client_time: inner.now() });
            }
            datagram = inner.wt.receive_datagram() => match datagram {
                Err(_) => return closed(inner).await,
                // What cannot be read is of a later version.
                Ok(datagram) => if let Ok(datagram) = FromRelay::decode(datagram.payload()) {
                    if let FromRelay::Pong(_) = datagram {
                        unanswered = 0;
                    }
                    receive(inner, datagram);
                }
            }
        }
    }
}

fn receive(inner: &Inner, datagram: FromRelay) {
    let (handle, arrival) = match datagram {
        FromRelay::Pong(pong) => {
            lock(&inner.clock).add(&pong, inner.now());
            return;
        }
        FromRelay::Audio { handle, frames } => (handle, Arrival::Frames(frames)),
        FromRelay::Fragment(fragment) => (fragment.handle, Arrival::Fragment(fragment)),
        FromRelay::Listeners {
            handle,
            revision,
            count,
        } => (handle, Arrival::Listeners(Some(revision), count)),
        FromRelay::Metadata {
            handle,
            revision,
            seq,
            json,
        } => {
            send(inner, FromClient::Ack { handle, revision });
            let Ok(title) = serde_json::from_slice(&json) else {
                return;
            };
            (
                handle,
                Arrival::Title(Metadata {
                    revision,
                    seq,
                    title,
                }),
            )
        }
    };
    inner.routes.offer(handle, arrival);
}

fn send(inner: &Inner, datagram: FromClient) {
    // Fails on a connection that ended, which the readers notice.
    let _ = inner.wt.send_datagram(datagram.encode());
}

async fn streams(inner: &Arc<Inner>) -> Error {
    let mut readers = JoinSet::new();
    loop {
        tokio::select! {
            accepted = inner.wt.accept_uni() => match accepted {
                Ok(recv) => { readers.spawn(audio(inner.clone(), recv)); }
                Err(_) => return closed(inner).await,
            },
            Some(_) = readers.join_next() => {}
        }
    }
}

/// Reads one audio stream. One that is reset, or cannot be read, just ends: the
/// relay opens a fresh one where it goes on.
async fn audio(inner: Arc<Inner>, mut recv: RecvStream) {
    let mut reader = AudioReader::new();
    let mut buffer = vec![0; READ_BYTES];
    let mut began = false;
    while let Ok(Some(len)) = recv.read(&mut buffer).await {
        reader.push(&buffer[..len]);
        loop {
            let frames = match reader.next_group() {
                Ok(Some(frames)) => frames,
                Ok(None) => break,
                Err(_) => return recv.stop(VarInt::from_u32(0)),
            };
            let (Some(handle), Some(first)) = (reader.handle(), frames.first()) else {
                continue;
            };
            let begins = Arrival::StreamBegins(first.seq);
            if !std::mem::replace(&mut began, true) && !hand(&inner, handle, begins).await {
                return recv.stop(VarInt::from_u32(0));
            }
            if !hand(&inner, handle, Arrival::Frames(frames)).await {
                return recv.stop(VarInt::from_u32(0));
            }
        }
    }
}

async fn hand(inner: &Inner, handle: Handle, arrival: Arrival) -> bool {
    inner.routes.deliver(handle, arrival).await
}

/// Why the connection ended.
async fn closed(inner: &Inner) -> Error {
    Error::Lost(inner.wt.closed().await.to_string())
}
