//! Lines that wait for a session's control stream.
//!
//! Answers are always taken: a session that does not read its answers is not
//! read from either (see [`Outbox::until_read`]). Events are taken up to a
//! bound; past it they are dropped, and once the session reads again it gets
//! `streams:active` instead, which says all that it missed.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::Notify;

/// Events that wait at the most.
const MAX_EVENTS: usize = 256;
/// Answers that wait before no more requests are read.
const MAX_ANSWERS: usize = 32;

#[derive(Debug, Default)]
pub(crate) struct Outbox {
    lines: RefCell<VecDeque<Line>>,
    answers: Cell<usize>,
    missed: Cell<bool>,
    closed: Cell<bool>,
    filled: Notify,
    drained: Notify,
    emptied: Notify,
}

#[derive(Debug)]
enum Line {
    Answer(String),
    Event(Arc<str>),
}

/// What the writer does next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Write this line.
    Line(Arc<str>),
    /// Write what is on the air: events were dropped.
    Resync,
    /// Nothing more comes.
    Closed,
}

impl Outbox {
    /// An answer, what is on the air, or the reason for the session's end: a line
    /// that is not dropped.
    pub(crate) fn answer(&self, line: String) {
        self.answers.set(self.answers.get() + 1);
        self.lines.borrow_mut().push_back(Line::Answer(line));
        self.filled.notify_one();
    }

    /// Something that happened. Dropped where too much waits already.
    pub(crate) fn event(&self, line: Arc<str>) {
        let mut lines = self.lines.borrow_mut();
        if lines.len() - self.answers.get() >= MAX_EVENTS || self.missed.get() {
            self.missed.set(true);
        } else {
            lines.push_back(Line::Event(line));
        }
        self.filled.notify_one();
    }

    /// The lines that wait are the last ones.
    pub(super) fn close(&self) {
        self.closed.set(true);
        self.filled.notify_one();
    }

    /// Waits until the session has read some of its answers.
    pub(super) async fn until_read(&self) {
        while self.answers.get() >= MAX_ANSWERS {
            self.drained.notified().await;
        }
    }

    /// Waits until the session has read all but what is being written. One task
    /// calls it.
    pub(super) async fn until_empty(&self) {
        while !self.lines.borrow().is_empty() {
            self.emptied.notified().await;
        }
    }

    /// The next line to write. One writer calls it.
    pub(super) async fn next(&self) -> Next {
        loop {
            let line = self.lines.borrow_mut().pop_front();
            match line {
                Some(Line::Answer(line)) => {
                    self.answers.set(self.answers.get() - 1);
                    self.drained.notify_one();
                    return Next::Line(line.into());
                }
                Some(Line::Event(line)) => return Next::Line(line),
                None if self.missed.take() => return Next::Resync,
                None if self.closed.get() => return Next::Closed,
                None => {
                    self.emptied.notify_one();
                    self.filled.notified().await;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_session_that_missed_events_is_told_what_is_on_the_air_instead() {
        let outbox = Outbox::default();
        for n in 0..1_000 {
            outbox.event(format!("event {n}\n").into());
        }
        outbox.answer("answer\n".into());
        outbox.close();
        let mut written = Vec::new();
        let end = loop {
            match outbox.next().await {
                Next::Line(line) => written.push(line),
                other => break other,
            }
        };
        assert_eq!(written.len(), MAX_EVENTS + 1);
        assert_eq!(&*written[MAX_EVENTS], "answer\n");
        assert_eq!(end, Next::Resync);
        assert_eq!(outbox.next().await, Next::Closed);
    }

    #[tokio::test]
    async fn what_may_wait_waits_until_all_is_being_written() {
        let outbox = Outbox::default();
        outbox.until_empty().await;
        outbox.event("event\n".into());
        outbox.answer("answer\n".into());
        let mut waiting = std::pin::pin!(outbox.until_empty());
        for _ in 0..2 {
            assert!(futures_util::poll!(waiting.as_mut()).is_pending());
            outbox.next().await;
        }
        let mut writer = std::pin::pin!(outbox.next());
        assert!(futures_util::poll!(writer.as_mut()).is_pending());
        waiting.await;
    }

    #[tokio::test]
    async fn requests_wait_for_a_session_that_does_not_read_its_answers() {
        let outbox = Outbox::default();
        for _ in 0..MAX_ANSWERS {
            outbox.answer("answer\n".into());
        }
        let mut waiting = std::pin::pin!(outbox.until_read());
        assert!(futures_util::poll!(waiting.as_mut()).is_pending());
        outbox.next().await;
        waiting.await;
    }
}
