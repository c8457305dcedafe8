use bytes::{Buf, BytesMut};

use super::MAX_LINE_BYTES;

/// What the bytes of a control stream hold so far.
#[derive(Debug, PartialEq, Eq)]
pub enum Cut {
    /// A line, without its line end.
    Line(BytesMut),
    /// A line was longer than the bound and is left out. Said once a line.
    TooLong,
    /// No more until bytes come.
    More,
}

/// Cuts a control stream into lines. Holds one line at the most, and what was
/// pushed last.
#[derive(Debug, Default)]
pub struct Lines {
    buffer: BytesMut,
    searched: usize,
    skipping: bool,
}

impl Lines {
    /// Feeds the next bytes of the stream. Call [`next_cut`](Self::next_cut) until
    /// it gives [`Cut::More`] before feeding more.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next line that is whole. Empty lines are left out.
    pub fn next_cut(&mut self) -> Cut {
        loop {
            let end = self.buffer[self.searched..]
                .iter()
                .position(|&b| b == b'\n');
            let Some(end) = end.map(|at| at + self.searched) else {
                return self.unfinished();
            };
            self.searched = 0;
            let mut line = self.buffer.split_to(end);
            self.buffer.advance(1);
            if std::mem::take(&mut self.skipping) {
                continue;
            }
            if line.len() > MAX_LINE_BYTES {
                return Cut::TooLong;
            }
            if line.last() == Some(&b'\r') {
                line.truncate(line.len() - 1);
            }
            if !line.is_empty() {
                return Cut::Line(line);
            }
        }
    }

    fn unfinished(&mut self) -> Cut {
        if self.skipping {
            self.buffer.clear();
        } else if self.buffer.len() > MAX_LINE_BYTES {
            self.skipping = true;
            self.buffer.clear();
            self.searched = 0;
            return Cut::TooLong;
        }
        self.searched = self.buffer.len();
        Cut::More
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Cut {
        Cut::Line(BytesMut::from(text))
    }

    #[test]
    fn lines_come_out_of_any_cut() {
        let mut lines = Lines::default();
        lines.push(b"one\r\n\ntw");
        assert_eq!(lines.next_cut(), line("one"));
        assert_eq!(lines.next_cut(), Cut::More);
        lines.push(b"o\nthree\n");
        assert_eq!(lines.next_cut(), line("two"));
        assert_eq!(lines.next_cut(), line("three"));
        assert_eq!(lines.next_cut(), Cut::More);
    }

    #[test]
    fn a_line_past_the_bound_is_said_once_and_the_next_one_is_read() {
        let mut lines = Lines::default();
        let mut said = 0;
        for _ in 0..1024 {
            lines.push(&[b'x'; 1024]);
            match lines.next_cut() {
                Cut::TooLong => said += 1,
                cut => assert_eq!(cut, Cut::More),
            }
            assert!(lines.buffer.len() <= MAX_LINE_BYTES + 1024);
        }
        assert_eq!(said, 1);
        lines.push(b"\nnext\n");
        assert_eq!(lines.next_cut(), line("next"));
    }

    #[test]
    fn a_whole_line_past_the_bound_is_left_out_too() {
        let mut lines = Lines::default();
        let mut bytes = vec![b'x'; MAX_LINE_BYTES + 1];
        bytes.extend_from_slice(b"\nnext\n");
        lines.push(&bytes);
        assert_eq!(lines.next_cut(), Cut::TooLong);
        assert_eq!(lines.next_cut(), line("next"));
    }
}
