//! Titles that wait for the frame with which they begin.

use std::collections::VecDeque;

use skywave_wire::FrameSeq;
use skywave_wire::control::Metadata;

/// Past this the oldest ones go: their frames were lost.
const MAX_WAITING: usize = 64;

/// Keeps titles until their first frame is there.
#[derive(Debug, Default)]
pub(super) struct Titles {
    waiting: VecDeque<Metadata>,
    shown: Option<Metadata>,
}

impl Titles {
    /// A title, in any order; one that is known already, as after joining again,
    /// is left out.
    pub(super) fn add(&mut self, title: Metadata) {
        if self.shown.as_ref() == Some(&title) || self.waiting.contains(&title) {
            return;
        }
        if self.waiting.len() == MAX_WAITING {
            self.waiting.pop_front();
        }
        let place = self
            .waiting
            .partition_point(|other| order(other) <= order(&title));
        self.waiting.insert(place, title);
    }

    /// The title that begins with this frame, or began before it and was not
    /// shown yet. Of several, only the last one is heard.
    pub(super) fn due(&mut self, seq: FrameSeq) -> Option<Metadata> {
        let due = self.waiting.partition_point(|title| title.seq <= seq);
        let title = self.waiting.drain(..due).next_back()?;
        self.shown = Some(title.clone());
        Some(title)
    }
}

fn order(title: &Metadata) -> (FrameSeq, skywave_wire::Revision) {
    (title.seq, title.revision)
}

#[cfg(test)]
mod tests {
    use super::*;
    use skywave_wire::Revision;
    use skywave_wire::control::Title;

    fn title(revision: u64, seq: u64) -> Metadata {
        Metadata {
            revision: Revision(revision),
            seq: FrameSeq(seq),
            title: Title::default(),
        }
    }

    #[test]
    fn a_title_waits_for_its_frame_and_comes_once() {
        let mut titles = Titles::default();
        titles.add(title(1, 100));
        assert_eq!(titles.due(FrameSeq(99)), None);
        assert_eq!(titles.due(FrameSeq(100)), Some(title(1, 100)));
        titles.add(title(1, 100));
        assert_eq!(titles.due(FrameSeq(101)), None);
    }

    #[test]
    fn of_several_that_are_due_the_last_one_counts() {
        let mut titles = Titles::default();
        titles.add(title(3, 90));
        titles.add(title(1, 50));
        titles.add(title(2, 50));
        titles.add(title(4, 200));
        assert_eq!(titles.due(FrameSeq(60)), Some(title(2, 50)));
        assert_eq!(titles.due(FrameSeq(150)), Some(title(3, 90)));
        assert_eq!(titles.due(FrameSeq(200)), Some(title(4, 200)));
    }

    #[test]
    fn titles_whose_frames_never_come_are_bounded() {
        let mut titles = Titles::default();
        for n in 0..1_000 {
            titles.add(title(n, n));
        }
        assert_eq!(titles.waiting.len(), MAX_WAITING);
    }
}
