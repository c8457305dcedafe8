//! The audio streams of a session, one after the other, each put in order.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::bail;
use skywave_wire::varint;

use crate::fleet::webtransport::Hearing;
use crate::fleet::webtransport::frames::is_audio;

/// Pieces that came before their turn and are kept.
const MOST_LATER: usize = 1_024;

/// Where the audio stands.
pub(in crate::fleet::webtransport) struct Audio {
    stream: Option<Stream>,
    /// The last stream that there was; later ones have higher ids.
    last_id: u64,
}

struct Stream {
    id: u64,
    next: u64,
    end: Option<u64>,
    /// Of what names the session, until it is whole.
    head: Option<Vec<u8>>,
    later: BTreeMap<u64, Vec<u8>>,
}

impl Audio {
    /// `offset` bytes of stream `id` have been heard, what names the session with
    /// them; or the stream has ended.
    pub(in crate::fleet::webtransport) fn of(id: u64, offset: u64, has_ended: bool) -> Self {
        let stream = Stream {
            id,
            next: offset,
            end: None,
            head: None,
            later: BTreeMap::new(),
        };
        Self {
            stream: (!has_ended).then_some(stream),
            last_id: id,
        }
    }

    /// A piece of a stream. Those that carry no audio are left out.
    ///
    /// # Errors
    /// Those of `hearing`; or too much waits for a piece that is missing.
    pub(super) fn take(
        &mut self,
        id: u64,
        offset: u64,
        data: &[u8],
        ends: bool,
        hearing: &mut dyn Hearing,
        now: Instant,
    ) -> anyhow::Result<()> {
        if id > self.last_id && is_audio(id) {
            if self.stream.take().is_some() {
                hearing.ended()?;
            }
            self.last_id = id;
            self.stream = Some(Stream {
                id,
                next: 0,
                end: None,
                head: Some(Vec::new()),
                later: BTreeMap::new(),
            });
        }
        let Some(stream) = self.stream.as_mut().filter(|stream| stream.id == id) else {
            return Ok(());
        };
        if ends {
            stream.end = Some(offset + data.len() as u64);
        }
        stream.take(offset, data, hearing, now)?;
        if stream.end == Some(stream.next) {
            self.stream = None;
            hearing.ended()?;
        }
        Ok(())
    }

    /// A stream was reset.
    ///
    /// # Errors
    /// Those of `hearing`.
    pub(super) fn reset(&mut self, id: u64, hearing: &mut dyn Hearing) -> anyhow::Result<()> {
        if self.stream.take_if(|stream| stream.id == id).is_some() {
            hearing.ended()?;
        }
        Ok(())
    }
}

impl Stream {
    fn take(
        &mut self,
        offset: u64,
        data: &[u8],
        hearing: &mut dyn Hearing,
        now: Instant,
    ) -> anyhow::Result<()> {
        if offset > self.next {
            let kept = self.later.entry(offset).or_default();
            if kept.len() < data.len() {
                *kept = data.to_vec();
            }
            if self.later.len() > MOST_LATER {
                bail!("byte {} of stream {} does not come", self.next, self.id);
            }
            return Ok(());
        }
        self.hear(offset, data, hearing, now)?;
        while let Some(piece) = self.later.first_entry()
            && *piece.key() <= self.next
        {
            let (offset, data) = piece.remove_entry();
            self.hear(offset, &data, hearing, now)?;
        }
        Ok(())
    }

    /// A piece that begins no later than what is next.
    fn hear(
        &mut self,
        offset: u64,
        data: &[u8],
        hearing: &mut dyn Hearing,
        now: Instant,
    ) -> anyhow::Result<()> {
        let Some(fresh) = data.get((self.next - offset) as usize..) else {
            return Ok(());
        };
        self.next += fresh.len() as u64;
        let Some(head) = &mut self.head else {
            return hearing.hear(fresh, now);
        };
        head.extend_from_slice(fresh);
        let Some(len) = head_len(head) else {
            return Ok(());
        };
        hearing.hear(&head[len..], now)?;
        self.head = None;
        Ok(())
    }
}

/// How long the kind of a stream and the id of its session are, which begin it
/// (draft-ietf-webtrans-http3, 4.2), once they are there.
fn head_len(bytes: &[u8]) -> Option<usize> {
    let (_, kind) = varint::get(bytes)?;
    let (_, session) = varint::get(&bytes[kind..])?;
    Some(kind + session)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Heard {
        bytes: Vec<u8>,
        ends: usize,
    }

    impl Hearing for Heard {
        fn hear(&mut self, bytes: &[u8], _: Instant) -> anyhow::Result<()> {
            self.bytes.extend_from_slice(bytes);
            Ok(())
        }

        fn ended(&mut self) -> anyhow::Result<()> {
            self.ends += 1;
            Ok(())
        }
    }

    fn take(audio: &mut Audio, heard: &mut Heard, id: u64, offset: u64, data: &[u8], ends: bool) {
        audio
            .take(id, offset, data, ends, heard, Instant::now())
            .expect("taken");
    }

    #[test]
    fn pieces_in_any_order_are_heard_once_and_in_order() {
        let mut audio = Audio::of(15, 10, false);
        let mut heard = Heard::default();
        take(&mut audio, &mut heard, 15, 14, &[14, 15], false);
        take(&mut audio, &mut heard, 15, 12, &[12, 13, 14], false);
        take(&mut audio, &mut heard, 15, 8, &[8, 9], false);
        take(&mut audio, &mut heard, 7, 10, &[70], false);
        take(&mut audio, &mut heard, 16, 10, &[71], false);
        assert_eq!(heard.bytes, [0; 0]);
        take(&mut audio, &mut heard, 15, 9, &[9, 10, 11], false);
        take(&mut audio, &mut heard, 15, 10, &[10, 11, 12, 13], false);
        assert_eq!(heard.bytes, [10, 11, 12, 13, 14, 15]);
        take(&mut audio, &mut heard, 15, 16, &[16], true);
        assert_eq!(heard.ends, 1);
    }

    #[test]
    fn the_next_stream_is_heard_without_its_head() {
        let mut audio = Audio::of(15, 10, false);
        let mut heard = Heard::default();
        audio.reset(15, &mut heard).expect("no error");
        take(&mut audio, &mut heard, 15, 10, &[1], false);
        take(&mut audio, &mut heard, 19, 0, &[0x40], false);
        take(&mut audio, &mut heard, 19, 1, &[0x54, 0, 5], false);
        take(&mut audio, &mut heard, 19, 4, &[6], false);
        assert_eq!(heard.bytes, [5, 6]);
        assert_eq!(heard.ends, 1);
        // One that begins before the end of the last was told.
        take(&mut audio, &mut heard, 23, 0, &[0x40, 0x54, 0, 7], false);
        assert_eq!((heard.bytes, heard.ends), (vec![5, 6, 7], 2));
    }
}
