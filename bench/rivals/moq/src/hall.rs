//! All listeners, and what entered for them. A frame is known by its number, which
//! its group's sequence tells, and checked by its bytes.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::ops::Range;
use std::rc::Rc;
use std::time::Instant;

use bytes::Bytes;

use crate::lines::{Delays, Heard};

/// Frames whose entry is remembered, longer than any delay that is measured.
const REMEMBERED: usize = 1 << 13;

#[derive(Clone)]
pub(crate) struct Hall(Rc<RefCell<State>>);

struct State {
    material: Vec<Bytes>,
    channels: Vec<Channel>,
    seats: Vec<Seat>,
    measuring: bool,
    figures: Heard,
    joined: Delays,
    settled: usize,
}

#[derive(Default)]
struct Channel {
    /// When the newest frames entered; `next` is the number of the one after them.
    entered: VecDeque<Instant>,
    next: u64,
    window: Range<u64>,
}

struct Seat {
    channel: usize,
    standing: bool,
    open: bool,
    has_heard: bool,
    /// Frames of the window.
    heard: u64,
    /// The highest number heard, and which of the 64 up to it were: groups are
    /// streams of their own and may overtake each other.
    newest: u64,
    recent: u64,
}

/// One listener's; it has failed or was lost once this is dropped.
pub(crate) struct Ear {
    hall: Hall,
    seat: usize,
    began: Instant,
}

impl Hall {
    pub(crate) fn new(material: Vec<Bytes>, channels: usize) -> Self {
        Self(Rc::new(RefCell::new(State {
            material,
            channels: (0..channels).map(|_| Channel::default()).collect(),
            seats: Vec::new(),
            measuring: false,
            figures: Heard::default(),
            joined: Delays::default(),
            settled: 0,
        })))
    }

    /// The next frame of a channel enters now.
    pub(crate) fn enter(&self, channel: usize) -> Bytes {
        let state = &mut *self.0.borrow_mut();
        let channel = &mut state.channels[channel];
        if channel.entered.len() == REMEMBERED {
            channel.entered.pop_front();
        }
        channel.entered.push_back(Instant::now());
        let at = channel.next as usize % state.material.len();
        channel.next += 1;
        state.material[at].clone()
    }

    pub(crate) fn ear(&self, channel: usize) -> Ear {
        let mut state = self.0.borrow_mut();
        state.seats.push(Seat {
            channel,
            standing: false,
            open: true,
            has_heard: false,
            heard: 0,
            newest: 0,
            recent: 0,
        });
        Ear {
            hall: self.clone(),
            seat: state.seats.len() - 1,
            began: Instant::now(),
        }
    }

    /// Whether everyone has heard a frame or failed; and how many there are.
    pub(crate) fn settled(&self) -> (bool, usize) {
        let state = self.0.borrow();
        (state.settled == state.seats.len(), state.seats.len())
    }

    pub(crate) fn take_joined(&self) -> Delays {
        std::mem::take(&mut self.0.borrow_mut().joined)
    }

    pub(crate) fn open_window(&self) {
        let state = &mut *self.0.borrow_mut();
        state.figures = Heard::default();
        state.measuring = true;
        for seat in &mut state.seats {
            seat.standing = seat.open && seat.has_heard;
            seat.heard = 0;
        }
        state.figures.listeners = state.seats.iter().filter(|seat| seat.standing).count();
        for channel in &mut state.channels {
            channel.window = channel.next..u64::MAX;
        }
    }

    pub(crate) fn end_window(&self) {
        let state = &mut *self.0.borrow_mut();
        for channel in &mut state.channels {
            channel.window.end = channel.next;
        }
        let standing = state.seats.iter().filter(|seat| seat.standing);
        state.figures.expected = standing
            .map(|seat| {
                let window = &state.channels[seat.channel].window;
                window.end - window.start
            })
            .sum();
    }

    pub(crate) fn is_complete(&self) -> bool {
        let state = self.0.borrow();
        state.came() >= state.figures.expected && state.settled == state.seats.len()
    }

    pub(crate) fn close_window(&self) -> Heard {
        let mut state = self.0.borrow_mut();
        state.measuring = false;
        let silent = state
            .seats
            .iter()
            .filter(|s| s.open && !s.has_heard)
            .count();
        state.figures.failed_joins += silent as u64;
        state.figures.missing = state.figures.expected.saturating_sub(state.came());
        std::mem::take(&mut state.figures)
    }
}

impl State {
    fn came(&self) -> u64 {
        let standing = self.seats.iter().filter(|seat| seat.standing);
        standing.map(|seat| seat.heard).sum()
    }
}

impl Seat {
    /// Whether this number comes for the first time.
    fn is_new(&mut self, number: u64) -> bool {
        let Some(ahead) = number.checked_sub(self.newest) else {
            let behind = self.newest - number;
            let bit = 1u64.checked_shl(behind as u32).unwrap_or(0);
            let is_new = self.recent & bit == 0;
            self.recent |= bit;
            return is_new;
        };
        if ahead == 0 && self.recent & 1 == 1 {
            return false;
        }
        self.recent = self.recent.checked_shl(ahead as u32).unwrap_or(0) | 1;
        self.newest = number;
        true
    }
}

impl Ear {
    /// Frame `number` of the channel is here.
    pub(crate) fn heard(&mut self, number: u64, bytes: &[u8]) {
        let now = Instant::now();
        let state = &mut *self.hall.0.borrow_mut();
        if state.material[number as usize % state.material.len()] != bytes {
            return;
        }
        let seat = &mut state.seats[self.seat];
        let channel = &state.channels[seat.channel];
        if !seat.has_heard {
            seat.has_heard = true;
            state.settled += 1;
            let first = now.duration_since(self.began);
            if state.measuring {
                state.figures.first_frame.record(first);
            } else {
                state.joined.record(first);
            }
        }
        let is_new = seat.is_new(number);
        if !channel.window.contains(&number) || !seat.standing {
            return;
        }
        let back = channel.next.saturating_sub(number) as usize;
        let at = channel.entered.len().checked_sub(back);
        let Some(entered) = at.and_then(|at| channel.entered.get(at)) else {
            return;
        };
        if is_new {
            seat.heard += 1;
            state.figures.bytes += bytes.len() as u64;
            state
                .figures
                .delays
                .record(now.saturating_duration_since(*entered));
        } else {
            state.figures.doubled += 1;
        }
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        let state = &mut *self.hall.0.borrow_mut();
        let seat = &mut state.seats[self.seat];
        seat.open = false;
        if !seat.has_heard {
            state.settled += 1;
            state.figures.failed_joins += u64::from(state.measuring);
        } else if seat.standing {
            state.figures.lost += u64::from(state.measuring);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hall() -> Hall {
        let material = (0..12u8).map(|n| Bytes::from(vec![n; 100])).collect();
        Hall::new(material, 1)
    }

    #[test]
    fn frames_that_overtake_each_other_are_none_missing_and_none_doubled() {
        let hall = hall();
        let first = hall.enter(0);
        let mut ear = hall.ear(0);
        ear.heard(0, &first);
        hall.open_window();
        let frames: Vec<_> = (0..5).map(|_| hall.enter(0)).collect();
        for n in [1, 3, 2, 5, 4] {
            ear.heard(n, &frames[n as usize - 1]);
        }
        hall.end_window();
        assert!(hall.is_complete());
        let heard = hall.close_window();
        assert_eq!((heard.expected, heard.missing, heard.doubled), (5, 0, 0));
    }

    #[test]
    fn wrong_bytes_are_missing_and_second_ones_doubled() {
        let hall = hall();
        let first = hall.enter(0);
        let mut ear = hall.ear(0);
        ear.heard(0, &first);
        hall.open_window();
        let frames: Vec<_> = (0..3).map(|_| hall.enter(0)).collect();
        ear.heard(1, &frames[0]);
        ear.heard(1, &frames[0]);
        ear.heard(2, &frames[2]);
        hall.end_window();
        assert!(!hall.is_complete());
        let heard = hall.close_window();
        assert_eq!((heard.expected, heard.missing, heard.doubled), (3, 2, 1));
    }

    #[test]
    fn a_listener_that_heard_nothing_is_a_failed_join() {
        let hall = hall();
        hall.open_window();
        drop(hall.ear(0));
        hall.end_window();
        assert!(hall.settled().0);
        assert_eq!(hall.close_window().failed_joins, 1);
    }
}
