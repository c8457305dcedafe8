//! MP3 frames in a byte stream that may begin anywhere, as cheaply as thousands of
//! listeners on one thread need it.
//!
//! The wire crate's parser keeps a buffer for each stream and copies each frame;
//! this one keeps the part of a frame that a read cut off, and trusts what it reads
//! to be one plain CBR or VBR stream.

use anyhow::bail;
use skywave_wire::mp3::Header;

const HEADER_BYTES: usize = 4;

/// Where frames begin and end in one stream.
#[derive(Debug, Default)]
pub(crate) struct Scanner {
    /// The beginning of a frame; while out of step, the bytes to search. Never more
    /// than one `push` and a frame.
    kept: Vec<u8>,
    in_step: bool,
}

enum Length {
    Short,
    Known(usize),
    NoFrame,
}

impl Scanner {
    /// Takes the next bytes of the stream and hands out each frame that they
    /// complete.
    pub(crate) fn push(&mut self, bytes: &[u8], frame: &mut impl FnMut(&[u8])) {
        let mut rest = bytes;
        while self.in_step && !rest.is_empty() {
            rest = if self.kept.is_empty() {
                self.take_whole(rest, frame)
            } else {
                self.complete(rest, frame)
            };
        }
        if !rest.is_empty() || !self.in_step {
            self.search(rest, frame);
        }
    }

    /// A frame that lies whole in `rest`, or what there is of it.
    fn take_whole<'a>(&mut self, rest: &'a [u8], frame: &mut impl FnMut(&[u8])) -> &'a [u8] {
        match length(rest) {
            Length::Known(bytes) if bytes <= rest.len() => {
                frame(&rest[..bytes]);
                &rest[bytes..]
            }
            Length::Known(_) | Length::Short => {
                self.kept.extend_from_slice(rest);
                &[]
            }
            Length::NoFrame => {
                self.in_step = false;
                rest
            }
        }
    }

    /// Brings what was kept one step further: to a header, or to a frame.
    fn complete<'a>(&mut self, rest: &'a [u8], frame: &mut impl FnMut(&[u8])) -> &'a [u8] {
        let wanted = match length(&self.kept) {
            Length::Short => HEADER_BYTES,
            Length::Known(bytes) => bytes,
            Length::NoFrame => {
                self.in_step = false;
                return rest;
            }
        };
        let taken = (wanted - self.kept.len()).min(rest.len());
        self.kept.extend_from_slice(&rest[..taken]);
        if let Length::Known(bytes) = length(&self.kept)
            && bytes == self.kept.len()
        {
            frame(&self.kept);
            self.kept.clear();
        }
        &rest[taken..]
    }

    /// Looks for a header with a second one right behind its frame.
    fn search(&mut self, rest: &[u8], frame: &mut impl FnMut(&[u8])) {
        self.kept.extend_from_slice(rest);
        let mut at = 0;
        while at < self.kept.len() {
            let here = &self.kept[at..];
            match length(here) {
                Length::Known(bytes) => match here.get(bytes..).map(length) {
                    Some(Length::Known(_)) => {
                        let found = self.kept.split_off(at);
                        self.kept = Vec::new();
                        self.in_step = true;
                        return self.push(&found, frame);
                    }
                    Some(Length::NoFrame) => at += 1,
                    Some(Length::Short) | None => break,
                },
                Length::NoFrame => at += 1,
                Length::Short => break,
            }
        }
        self.kept.drain(..at);
    }
}

/// Frames that lie whole in `bytes`, one right behind the other.
///
/// # Errors
/// Something else lies there; the frames before it were handed out.
pub(crate) fn split(bytes: &[u8], frame: &mut impl FnMut(&[u8])) -> anyhow::Result<()> {
    let mut rest = bytes;
    while !rest.is_empty() {
        match length(rest) {
            Length::Known(bytes) if bytes <= rest.len() => {
                frame(&rest[..bytes]);
                rest = &rest[bytes..];
            }
            _ => bail!("{} bytes that are no whole frame", rest.len()),
        }
    }
    Ok(())
}

/// Length of the frame that begins with `bytes`.
fn length(bytes: &[u8]) -> Length {
    let Some(&header) = bytes.first_chunk::<HEADER_BYTES>() else {
        return Length::Short;
    };
    match Header::parse(header)
        .ok()
        .and_then(|header| header.frame_bytes())
    {
        Some(bytes) => Length::Known(bytes),
        None => Length::NoFrame,
    }
}

#[cfg(test)]
mod tests {
    use super::{Scanner, split};

    /// Frames of 128 kbit/s, 44.1 kHz; every third has padding. Each holds its number.
    fn frames(count: u8) -> Vec<Vec<u8>> {
        (0..count)
            .map(|n| {
                let padding = n % 3 == 0;
                let mut frame = vec![n; 417 + usize::from(padding)];
                frame[..4].copy_from_slice(&[0xFF, 0xFB, 0x90 | u8::from(padding) << 1, 0x64]);
                frame
            })
            .collect()
    }

    fn scanned(stream: &[u8], cut: usize) -> Vec<Vec<u8>> {
        let mut scanner = Scanner::default();
        let mut found = Vec::new();
        for bytes in stream.chunks(cut) {
            scanner.push(bytes, &mut |frame| found.push(frame.to_vec()));
        }
        found
    }

    #[test]
    fn frames_are_found_in_any_cut() {
        let frames = frames(12);
        for cut in [1, 3, 4, 5, 400, 417, 418, 1400, 100_000] {
            assert_eq!(scanned(&frames.concat(), cut), frames, "cut at {cut}");
        }
    }

    #[test]
    fn a_stream_that_begins_within_a_frame_is_joined_at_the_next() {
        let frames = frames(12);
        for cut in [1, 7, 1400, 100_000] {
            assert_eq!(
                scanned(&frames.concat()[100..], cut),
                frames[1..],
                "cut at {cut}"
            );
        }
    }

    #[test]
    fn garbage_between_frames_is_left_out() {
        let frames = frames(12);
        let stream = [
            &frames[..6].concat(),
            &[0x55; 1000][..],
            &frames[6..].concat(),
        ]
        .concat();
        for cut in [1, 7, 1400, 100_000] {
            assert_eq!(scanned(&stream, cut), frames, "cut at {cut}");
        }
    }

    #[test]
    fn a_header_with_no_other_behind_its_frame_is_none() {
        let frames = frames(12);
        let false_header = [0xFF, 0xFB, 0x90, 0x64, 0x55];
        let stream = [&false_header[..], &frames.concat()].concat();
        for cut in [1, 7, 1400, 100_000] {
            assert_eq!(scanned(&stream, cut), frames, "cut at {cut}");
        }
    }

    #[test]
    fn garbage_is_not_kept() {
        let mut scanner = Scanner::default();
        for _ in 0..100 {
            scanner.push(&[0x55; 1000], &mut |_| panic!("a frame in garbage"));
        }
        assert!(scanner.kept.len() < 2000);
    }

    #[test]
    fn whole_frames_are_split_and_anything_else_is_refused() {
        let frames = frames(8);
        let mut found = Vec::new();
        let whole = split(&frames.concat(), &mut |frame| found.push(frame.to_vec()));
        assert!(whole.is_ok());
        assert_eq!(found, frames);
        let cut_off = &frames.concat()[..1000];
        assert!(split(cut_off, &mut |_| ()).is_err());
        assert!(split(&[0x55; 500], &mut |_| ()).is_err());
    }
}
