//! Datagrams of both sides: any bytes are read or refused, and audio that was read
//! makes the round trip.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use skywave_wire::datagram::{FromClient, FromRelay, MAX_BYTES, put_audio};

fuzz_target!(|input: &[u8]| {
    let input = Bytes::copy_from_slice(input);
    if let Ok(datagram) = FromClient::decode(input.clone()) {
        assert_eq!(FromClient::decode(datagram.encode()), Ok(datagram));
    }
    if let Ok(FromRelay::Audio { handle, frames }) = FromRelay::decode(input) {
        let mut sent = Vec::new();
        put_audio(&mut sent, &[], handle, &frames);
        let mut frames = frames.into_iter();
        for datagram in sent {
            assert!(datagram.len() <= MAX_BYTES);
            match FromRelay::decode(datagram).expect("what was encoded decodes") {
                FromRelay::Audio { frames: back, .. } => {
                    for frame in back {
                        let truth = frames.next().expect("no frame more than sent");
                        assert_eq!((frame.seq, frame.data), (truth.seq, truth.data));
                    }
                }
                FromRelay::Fragment(fragment) => {
                    if fragment.offset + fragment.piece.data.len() == fragment.total {
                        let truth = frames.next().expect("no frame more than sent");
                        assert_eq!(fragment.piece.seq, truth.seq);
                    }
                }
                other => panic!("not audio: {other:?}"),
            }
        }
        assert!(frames.next().is_none());
    }
});
