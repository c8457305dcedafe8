use bytes::{Buf, Bytes};
use proptest::prelude::*;

use super::{Frames, HEADERS, Item, Missing, Read, SETTINGS, Source, Varint};
use super::{put_frame, put_varint};

/// Gives what it holds in pieces of `piece` bytes, then ends.
struct Pieces {
    bytes: Bytes,
    piece: usize,
    pause: bool,
}

impl Source for Pieces {
    fn read(&mut self, max: usize) -> Read {
        self.pause = !self.pause;
        if self.pause {
            return Read::Blocked;
        }
        if self.bytes.is_empty() {
            return Read::End;
        }
        let length = max.min(self.piece).min(self.bytes.len());
        let piece = self.bytes.slice(..length);
        self.bytes.advance(length);
        Read::Bytes(piece)
    }
}

fn items(bytes: &[u8], piece: usize, bidirectional: bool) -> Vec<Item> {
    let mut source = Pieces {
        bytes: Bytes::copy_from_slice(bytes),
        piece,
        pause: false,
    };
    let mut frames = Frames::new(bidirectional);
    let mut items = Vec::new();
    loop {
        match frames.next(&mut source) {
            Item::Blocked => {}
            last @ (Item::End | Item::Cut | Item::Reset | Item::TooLarge | Item::Session(_)) => {
                items.push(last);
                return items;
            }
            item => items.push(item),
        }
    }
}

#[test]
fn frames_come_whole_however_they_are_cut() {
    let mut bytes = Vec::new();
    put_frame(&mut bytes, SETTINGS, &[1, 2, 3]);
    put_frame(&mut bytes, 0x21, &[0; 300]);
    put_frame(&mut bytes, HEADERS, &[7; 100]);
    for piece in [1, 2, 7, 1_000] {
        assert_eq!(
            items(&bytes, piece, false),
            [
                Item::Whole {
                    kind: SETTINGS,
                    payload: vec![1, 2, 3]
                },
                Item::Other(0x21),
                Item::Whole {
                    kind: HEADERS,
                    payload: vec![7; 100]
                },
                Item::End,
            ]
        );
    }
}

#[test]
fn a_stream_of_a_session_is_told_by_its_first_bytes() {
    let bytes = [0x40, 0x41, 0x04];
    assert_eq!(items(&bytes, 1, true), [Item::Session(4)]);
    assert_eq!(items(&bytes, 1, false), [Item::Other(0x41), Item::Cut]);
}

#[test]
fn a_frame_cut_off_is_told_from_an_end() {
    let mut bytes = Vec::new();
    put_frame(&mut bytes, HEADERS, &[7; 100]);
    assert_eq!(items(&bytes[..50], 9, true), [Item::Cut]);
    assert_eq!(items(&bytes[..1], 9, true), [Item::Cut]);
    assert_eq!(items(&[], 9, true), [Item::End]);
}

#[test]
fn an_oversized_frame_is_refused_before_it_is_held() {
    let mut bytes = Vec::new();
    put_varint(&mut bytes, HEADERS);
    put_varint(&mut bytes, 5_000);
    assert_eq!(items(&bytes, 9, true), [Item::TooLarge]);
}

proptest! {
    #[test]
    fn integers_are_read_as_they_were_written(value in 0_u64..1 << 62) {
        let mut bytes = Vec::new();
        put_varint(&mut bytes, value);
        let mut varint = Varint::default();
        let (last, before) = bytes.split_last().expect("at least a byte");
        for &byte in before {
            prop_assert_eq!(varint.push(byte), None);
        }
        prop_assert_eq!(varint.push(*last), Some(value));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), piece in 1..9_usize, bidirectional: bool) {
        let items = items(&bytes, piece, bidirectional);
        prop_assert!(!items.is_empty());
    }
}

#[test]
fn a_stream_that_is_reset_says_so() {
    struct Gone;
    impl Source for Gone {
        fn read(&mut self, _: usize) -> Read {
            Read::Reset
        }
    }
    assert_eq!(Varint::default().read(&mut Gone), Err(Missing::Reset));
    assert_eq!(Frames::new(true).next(&mut Gone), Item::Reset);
}
