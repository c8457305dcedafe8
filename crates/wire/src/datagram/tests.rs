use super::*;
use proptest::prelude::*;

fn frame(seq: u64, len: usize) -> Frame {
    Frame {
        seq: FrameSeq(seq),
        time: Micros(77),
        discontinuity: false,
        data: (0..len).map(|n| (n + seq as usize) as u8).collect(),
    }
}

#[test]
fn small_frames_share_a_datagram_and_large_ones_are_cut() {
    let frames = [frame(1, 400), frame(2, 400), frame(3, 2881), frame(4, 10)];
    let mut sent = Vec::new();
    put_audio(&mut sent, &[0], Handle(9), &frames);
    assert!(sent.iter().all(|d| d.len() <= MAX_BYTES + 1 && d[0] == 0));

    let mut whole = Vec::new();
    let mut pieces = Vec::new();
    for datagram in &sent {
        match FromRelay::decode(datagram.slice(1..)).expect("a good datagram") {
            FromRelay::Audio { handle, frames } => {
                assert_eq!(handle, Handle(9));
                whole.push(frames.iter().map(|f| f.seq.0).collect::<Vec<_>>());
            }
            FromRelay::Fragment(fragment) => {
                assert_eq!((fragment.total, fragment.offset), (2881, pieces.len()));
                pieces.extend_from_slice(&fragment.piece.data);
            }
            other => panic!("not audio: {other:?}"),
        }
    }
    assert_eq!(whole, [vec![1, 2], vec![4]]);
    assert_eq!(pieces, frames[2].data);
}

#[test]
fn values_make_the_round_trip() {
    let count = listeners(&[], Handle(3), Revision(5), 70_000);
    assert_eq!(
        FromRelay::decode(count),
        Ok(FromRelay::Listeners {
            handle: Handle(3),
            revision: Revision(5),
            count: 70_000
        })
    );
    let title = metadata(&[], Handle(3), Revision(6), FrameSeq(8), b"{}").expect("small");
    assert_eq!(
        FromRelay::decode(title),
        Ok(FromRelay::Metadata {
            handle: Handle(3),
            revision: Revision(6),
            seq: FrameSeq(8),
            json: Bytes::from_static(b"{}")
        })
    );
    let pong = Pong {
        id: 1,
        client_time: 2,
        received: Micros(3),
        sent: Micros(4),
    };
    assert_eq!(FromRelay::decode(pong.encode()), Ok(FromRelay::Pong(pong)));
    for datagram in [
        FromClient::Ping {
            id: 1,
            client_time: 1 << 40,
        },
        FromClient::Ack {
            handle: Handle(300),
            revision: Revision(2),
        },
    ] {
        assert_eq!(FromClient::decode(datagram.encode()), Ok(datagram));
    }
}

#[test]
fn fixed_bytes_decode() {
    assert_eq!(
        FromClient::decode(Bytes::from_static(&[0x11, 7, 0x43, 0xe8])),
        Ok(FromClient::Ping {
            id: 7,
            client_time: 1000
        })
    );
    assert_eq!(
        FromRelay::decode(Bytes::from_static(&[0x04, 1, 2, 3])),
        Ok(FromRelay::Listeners {
            handle: Handle(1),
            revision: Revision(2),
            count: 3
        })
    );
}

#[test]
fn metadata_past_the_bound_makes_no_datagram() {
    let json = vec![b' '; MAX_BYTES];
    assert_eq!(
        metadata(&[0], Handle(1), Revision(1), FrameSeq(1), &json),
        None
    );
}

#[test]
fn noise_is_named() {
    assert_eq!(
        FromClient::decode(Bytes::new()),
        Err(DecodeError::Truncated("kind"))
    );
    assert_eq!(
        FromClient::decode(Bytes::from_static(b"noise")),
        Err(DecodeError::UnknownKind(b'n'))
    );
    assert_eq!(
        FromClient::decode(Bytes::from_static(&[0x11, 1, 2, 3])),
        Err(DecodeError::Trailing(1))
    );
    let past_the_end = Bytes::from_static(&[0x02, 1, 0, 1, 1, 4, 3, 9, 9]);
    assert!(matches!(
        FromRelay::decode(past_the_end),
        Err(DecodeError::TooLarge {
            field: "fragment's end",
            ..
        })
    ));
}

proptest! {
    #[test]
    fn decoding_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..1500)) {
        let bytes = Bytes::from(bytes);
        let _ = FromClient::decode(bytes.clone());
        let _ = FromRelay::decode(bytes);
    }
}
