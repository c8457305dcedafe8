//! The titles of a channel: the one that plays, the ones just before it, and
//! those whose first frame has not come yet.

use std::collections::VecDeque;

use skywave_wire::control::{Metadata, Title};
use skywave_wire::{FrameSeq, Revision};

/// Titles of the past that a join may still need: a burst is short.
const MAX_KEPT: usize = 32;
/// Titles that wait for their first frame.
pub(crate) const MAX_WAITING: usize = 16;

#[derive(Debug, Default)]
pub(crate) struct Titles {
    kept: VecDeque<Metadata>,
    waiting: VecDeque<(u64, Title)>,
    revision: Revision,
}

impl Titles {
    /// A title that holds from `seq` on; it is the newest one from now on.
    pub(crate) fn set(&mut self, seq: FrameSeq, title: Title) -> Metadata {
        self.revision = Revision(self.revision.0 + 1);
        let metadata = Metadata {
            revision: self.revision,
            seq,
            title,
        };
        if self.kept.len() == MAX_KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back(metadata.clone());
        metadata
    }

    /// A title that holds from the first frame on that begins at or after byte
    /// `offset`; `false` where too many wait already.
    pub(crate) fn wait(&mut self, offset: u64, title: Title) -> bool {
        if self.waiting.len() == MAX_WAITING {
            return false;
        }
        let at = self.waiting.partition_point(|(other, _)| *other <= offset);
        self.waiting.insert(at, (offset, title));
        true
    }

    /// The frame `seq` begins at byte `offset`: the title that begins with it.
    /// Where several were due, only the last one is ever heard.
    pub(crate) fn due(&mut self, offset: u64, seq: FrameSeq) -> Option<Metadata> {
        let mut due = None;
        while self.waiting.front().is_some_and(|(at, _)| *at <= offset) {
            due = self.waiting.pop_front();
        }
        due.map(|(_, title)| self.set(seq, title))
    }

    /// The titles that hold from `seq` on, oldest first.
    pub(crate) fn from(&self, seq: FrameSeq) -> Vec<Metadata> {
        let holding = self.kept.iter().rposition(|title| title.seq <= seq);
        let skip = holding.unwrap_or(0);
        self.kept.iter().skip(skip).cloned().collect()
    }

    /// The newest title.
    pub(crate) fn newest(&self) -> Option<&Title> {
        self.kept.back().map(|metadata| &metadata.title)
    }

    /// Another ingest begins: its bytes are counted anew.
    pub(crate) fn forget_waiting(&mut self) {
        self.waiting.clear();
    }

    /// The broadcast ended: its titles do not hold for the next one.
    pub(crate) fn clear(&mut self) {
        self.kept.clear();
        self.waiting.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn title(name: &str) -> Title {
        Title {
            track_name: Some(name.into()),
            ..Title::default()
        }
    }

    fn names(titles: &[Metadata]) -> Vec<(u64, &str)> {
        titles
            .iter()
            .map(|t| (t.seq.0, t.title.track_name.as_deref().unwrap_or("")))
            .collect()
    }

    #[test]
    fn a_join_gets_the_title_of_its_first_frame_and_all_after() {
        let mut titles = Titles::default();
        for (seq, name) in [(0, "a"), (100, "b"), (200, "c")] {
            titles.set(FrameSeq(seq), title(name));
        }
        assert_eq!(names(&titles.from(FrameSeq(150))), [(100, "b"), (200, "c")]);
        assert_eq!(names(&titles.from(FrameSeq(200))), [(200, "c")]);
    }

    #[test]
    fn a_title_waits_for_the_frame_at_its_byte() {
        let mut titles = Titles::default();
        assert!(titles.wait(1_000, title("later")));
        assert!(titles.wait(417, title("soon")));
        assert_eq!(titles.due(0, FrameSeq(0)), None);
        let soon = titles.due(417, FrameSeq(1)).expect("due");
        assert_eq!((soon.seq, soon.revision), (FrameSeq(1), Revision(1)));
        let later = titles.due(1_251, FrameSeq(3)).expect("due");
        assert_eq!(later.title, title("later"));
    }

    #[test]
    fn waiting_and_kept_titles_are_bounded() {
        let mut titles = Titles::default();
        for n in 0..MAX_WAITING as u64 {
            assert!(titles.wait(n, title("x")));
        }
        assert!(!titles.wait(99, title("x")));
        for n in 0..100 {
            titles.set(FrameSeq(n), title("x"));
        }
        assert_eq!(titles.from(FrameSeq(0)).len(), MAX_KEPT);
    }
}
