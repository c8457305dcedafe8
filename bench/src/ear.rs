//! What listeners hear: each frame is known by its bytes, and its delay is the time
//! since it entered.

use std::cell::{Cell, RefCell};
use std::ops::Range;
use std::rc::Rc;
use std::time::Instant;

use crate::delays::Delays;
use crate::generator::Heard;
use crate::material::Material;

/// All listeners of a generator, and what entered for them. Shared by clones.
#[derive(Clone)]
pub(crate) struct Hall(Rc<Inner>);

struct Inner {
    material: Rc<Material>,
    channels: Vec<Channel>,
    state: RefCell<State>,
}

/// What entered on one channel.
struct Channel {
    /// Its first frame in the loop: channels do not play in step.
    offset: usize,
    /// When each frame of the loop entered last, with its number in the channel.
    entered: RefCell<Vec<Option<(u64, Instant)>>>,
    next: Cell<u64>,
    window: RefCell<Range<u64>>,
}

#[derive(Default)]
struct State {
    ears: Vec<Seat>,
    /// A window is open, or its last frames are under way.
    measuring: bool,
    figures: Heard,
    joined: Delays,
    /// Ears that have heard a frame, and those that never will.
    heard_first: usize,
    failed: usize,
}

#[derive(Clone, Copy)]
struct Seat {
    channel: u32,
    /// It had joined when the window opened.
    standing: bool,
    open: bool,
    has_heard: bool,
    /// The highest number it has heard, plus one.
    next: u64,
    /// Frames of the window.
    heard: u64,
}

/// One listener's.
pub(crate) struct Ear {
    hall: Hall,
    seat: usize,
    began: Instant,
}

impl Hall {
    pub(crate) fn new(material: Rc<Material>, channels: usize) -> Self {
        let len = material.frames.len();
        let channel = |n| Channel {
            offset: n * len / channels,
            entered: RefCell::new(vec![None; len]),
            next: Cell::new(0),
            window: RefCell::new(0..0),
        };
        Self(Rc::new(Inner {
            material,
            channels: (0..channels).map(channel).collect(),
            state: RefCell::default(),
        }))
    }

    /// The next frame of a channel enters now: its place in the loop.
    pub(crate) fn enter(&self, channel: usize, now: Instant) -> usize {
        let channel = &self.0.channels[channel];
        let number = channel.next.get();
        channel.next.set(number + 1);
        let mut entered = channel.entered.borrow_mut();
        let index = (channel.offset + number as usize) % entered.len();
        entered[index] = Some((number, now));
        index
    }

    /// A listener that begins to connect now.
    pub(crate) fn ear(&self, channel: usize) -> Ear {
        let mut state = self.0.state.borrow_mut();
        state.ears.push(Seat {
            channel: channel as u32,
            standing: false,
            open: true,
            has_heard: false,
            next: 0,
            heard: 0,
        });
        Ear {
            hall: self.clone(),
            seat: state.ears.len() - 1,
            began: Instant::now(),
        }
    }

    /// All listeners so far, and how many of them have heard a frame or failed.
    pub(crate) fn settled(&self) -> (usize, usize) {
        let state = self.0.state.borrow();
        (state.ears.len(), state.heard_first + state.failed)
    }

    /// Times to the first frame since the last call, out of windows.
    pub(crate) fn take_joined(&self) -> Delays {
        std::mem::take(&mut self.0.state.borrow_mut().joined)
    }

    /// Those who listen now are standing; frames that enter from now on count.
    pub(crate) fn open_window(&self) {
        let mut state = self.0.state.borrow_mut();
        state.figures = Heard::default();
        state.measuring = true;
        for seat in &mut state.ears {
            seat.standing = seat.open && seat.has_heard;
            seat.heard = 0;
        }
        state.figures.listeners = state.ears.iter().filter(|seat| seat.standing).count();
        for channel in &self.0.channels {
            *channel.window.borrow_mut() = channel.next.get()..u64::MAX;
        }
    }

    /// Frames that enter from now on do not count.
    pub(crate) fn end_window(&self) {
        let mut state = self.0.state.borrow_mut();
        for channel in &self.0.channels {
            channel.window.borrow_mut().end = channel.next.get();
        }
        let standing = state.ears.iter().filter(|seat| seat.standing);
        state.figures.expected = standing
            .map(|seat| {
                let window = self.0.channels[seat.channel as usize].window.borrow();
                window.end - window.start
            })
            .sum();
    }

    /// Every frame of the ended window has come to every standing listener, and
    /// everyone who came in it has heard one.
    pub(crate) fn is_complete(&self) -> bool {
        let state = self.0.state.borrow();
        let heard: u64 = heard(&state);
        heard >= state.figures.expected && state.heard_first + state.failed == state.ears.len()
    }

    /// What was heard of the ended window.
    pub(crate) fn close_window(&self) -> Heard {
        let mut state = self.0.state.borrow_mut();
        state.measuring = false;
        let came = heard(&state);
        let silent = state.ears.iter().filter(|s| s.open && !s.has_heard).count();
        state.figures.failed_joins += silent as u64;
        state.figures.missing = state.figures.expected.saturating_sub(came);
        std::mem::take(&mut state.figures)
    }
}

fn heard(state: &State) -> u64 {
    let standing = state.ears.iter().filter(|seat| seat.standing);
    standing.map(|seat| seat.heard).sum()
}

impl Ear {
    /// One whole frame is here. Bytes that are no frame of the material count as
    /// nothing, and so will be missing.
    pub(crate) fn heard(&mut self, frame: &[u8]) {
        self.heard_at(frame, Instant::now());
    }

    /// As [`heard`](Self::heard), where several frames came at one time.
    pub(crate) fn heard_at(&mut self, frame: &[u8], now: Instant) {
        let hall = &self.hall.0;
        let Some(index) = hall.material.index(frame) else {
            return;
        };
        let mut state = hall.state.borrow_mut();
        let state = &mut *state;
        let seat = &mut state.ears[self.seat];
        let channel = &hall.channels[seat.channel as usize];
        let Some((number, entered)) = channel.entered.borrow()[index] else {
            return;
        };
        if !seat.has_heard {
            seat.has_heard = true;
            state.heard_first += 1;
            let first = now.duration_since(self.began);
            if state.measuring {
                state.figures.first_frame.record(first);
            } else {
                state.joined.record(first);
            }
        }
        let is_new = number >= seat.next;
        seat.next = seat.next.max(number + 1);
        if !channel.window.borrow().contains(&number) || !seat.standing {
            return;
        }
        if is_new {
            seat.heard += 1;
            state.figures.bytes += frame.len() as u64;
            state
                .figures
                .delays
                .record(now.saturating_duration_since(entered));
        } else {
            state.figures.doubled += 1;
        }
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        let mut state = self.hall.0.state.borrow_mut();
        let state = &mut *state;
        let seat = &mut state.ears[self.seat];
        seat.open = false;
        if !seat.has_heard {
            state.failed += 1;
            state.figures.failed_joins += u64::from(state.measuring);
        } else if seat.standing {
            state.figures.lost += u64::from(state.measuring);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn hall(channels: usize) -> (Hall, Rc<Material>) {
        let material = Rc::new(Material::of_numbers(12));
        (Hall::new(material.clone(), channels), material)
    }

    #[test]
    fn the_delay_is_since_the_entry_of_the_same_bytes() {
        let (hall, material) = hall(2);
        let mut ear = hall.ear(1);
        let start = Instant::now();
        let before = hall.enter(1, start);
        ear.heard_at(&material.frames[before], start);
        hall.open_window();
        for n in 0..3 {
            let entered = start + Duration::from_millis(n * 26);
            let index = hall.enter(1, entered);
            ear.heard_at(
                &material.frames[index],
                entered + Duration::from_millis(100),
            );
        }
        hall.end_window();
        let late = hall.enter(1, start);
        ear.heard_at(&material.frames[late], start);
        assert!(hall.is_complete());
        let heard = hall.close_window();
        assert_eq!((heard.expected, heard.missing, heard.doubled), (3, 0, 0));
        assert_eq!(heard.delays.count(), 3);
        assert!((heard.delays.ms(0.5) - 100.0).abs() < 1.5);
    }

    #[test]
    fn what_does_not_come_is_missing_and_what_comes_again_is_doubled() {
        let (hall, material) = hall(1);
        let mut ears = [hall.ear(0), hall.ear(0)];
        let now = Instant::now();
        let first = hall.enter(0, now);
        for ear in &mut ears {
            ear.heard_at(&material.frames[first], now);
        }
        hall.open_window();
        let entered: Vec<_> = (0..4).map(|_| hall.enter(0, now)).collect();
        for index in [0, 1, 1, 3] {
            ears[0].heard_at(&material.frames[entered[index]], now);
        }
        ears[0].heard_at(b"no frame at all", now);
        hall.end_window();
        assert!(!hall.is_complete());
        let heard = hall.close_window();
        assert_eq!((heard.expected, heard.missing, heard.doubled), (8, 5, 1));
    }

    #[test]
    fn who_comes_in_a_window_is_not_standing_but_timed() {
        let (hall, material) = hall(1);
        let now = Instant::now();
        let mut standing = hall.ear(0);
        let first = hall.enter(0, now);
        standing.heard_at(&material.frames[first], now);
        assert_eq!(hall.take_joined().count(), 1);
        hall.open_window();
        let mut comes = hall.ear(0);
        let fails = hall.ear(0);
        let index = hall.enter(0, now);
        standing.heard_at(&material.frames[index], now);
        comes.heard_at(&material.frames[index], now);
        drop(fails);
        hall.end_window();
        assert!(hall.is_complete());
        drop(standing);
        let heard = hall.close_window();
        assert_eq!((heard.listeners, heard.expected, heard.missing), (1, 1, 0));
        assert_eq!(heard.first_frame.count(), 1);
        assert_eq!((heard.failed_joins, heard.lost), (1, 1));
    }
}
