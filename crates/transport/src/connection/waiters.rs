//! Tasks that wait for something of a connection.

use std::task::{Context, Waker};

use quinn_proto::StreamId;

/// What a task waits for on a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    Readable,
    Writable,
    /// Wholly delivered, or not wanted.
    Stopped,
}

/// One place for each thing that one task waits for. There are as many places for
/// streams as there are tasks that wait on one.
#[derive(Default)]
pub(crate) struct Waiters {
    pub(crate) opening: Option<Waker>,
    pub(crate) bi: Option<Waker>,
    pub(crate) uni: Option<Waker>,
    pub(crate) datagram: Option<Waker>,
    streams: Vec<(StreamId, Wait, Waker)>,
    closed: Vec<(u32, Waker)>,
    next_ticket: u32,
}

impl Waiters {
    pub(crate) fn stream(&mut self, id: StreamId, wait: Wait, cx: &Context<'_>) {
        match self
            .streams
            .iter_mut()
            .find(|(of, what, _)| *of == id && *what == wait)
        {
            Some((.., waker)) => waker.clone_from(cx.waker()),
            None => self.streams.push((id, wait, cx.waker().clone())),
        }
    }

    pub(crate) fn wake_stream(&mut self, id: StreamId, wait: Wait) {
        if let Some(index) = self
            .streams
            .iter()
            .position(|(of, what, _)| *of == id && *what == wait)
        {
            self.streams.swap_remove(index).2.wake();
        }
    }

    /// Nobody waits on this stream any more.
    pub(crate) fn forget_stream(&mut self, id: StreamId, waits: &[Wait]) {
        self.streams
            .retain(|(of, what, _)| *of != id || !waits.contains(what));
    }

    /// Waits for the end, under `ticket` from the second time on.
    pub(crate) fn closed(&mut self, ticket: &mut Option<u32>, cx: &Context<'_>) {
        let number = *ticket.get_or_insert_with(|| {
            self.next_ticket = self.next_ticket.wrapping_add(1);
            self.next_ticket
        });
        match self.closed.iter_mut().find(|(of, _)| *of == number) {
            Some((_, waker)) => waker.clone_from(cx.waker()),
            None => self.closed.push((number, cx.waker().clone())),
        }
    }

    pub(crate) fn forget_closed(&mut self, ticket: u32) {
        self.closed.retain(|(of, _)| *of != ticket);
    }

    /// The connection is over: nothing will come any more.
    pub(crate) fn wake_all(&mut self) {
        let all = std::mem::take(self);
        [all.opening, all.bi, all.uni, all.datagram]
            .into_iter()
            .flatten()
            .chain(all.streams.into_iter().map(|(.., waker)| waker))
            .chain(all.closed.into_iter().map(|(_, waker)| waker))
            .for_each(Waker::wake);
    }
}

/// Leaves the task's waker in a place of its own.
pub(crate) fn wait(place: &mut Option<Waker>, cx: &Context<'_>) {
    match place {
        Some(waker) => waker.clone_from(cx.waker()),
        None => *place = Some(cx.waker().clone()),
    }
}

pub(crate) fn wake(place: &mut Option<Waker>) {
    if let Some(waker) = place.take() {
        waker.wake();
    }
}
