//! Streams: every byte, in order, in both directions, for as long as the peer reads.

use std::time::Duration;

use bytes::Bytes;
use skywave_transport::quic::VarInt;
use skywave_transport::{ReadError, WriteError};
use tokio::time::sleep;

use crate::support::{local, pair, pair_with, pattern, read_to_end, send, transport};

#[tokio::test]
async fn megabytes_go_through_in_all_four_directions() {
    local(async {
        let pair = pair().await;
        let bytes = pattern(3_000_000);
        for (here, there) in [(&pair.near, &pair.far), (&pair.far, &pair.near)] {
            let uni = here.open_uni().unwrap();
            let (mut incoming, ()) =
                tokio::join!(async { there.accept_uni().await.unwrap() }, async {
                    tokio::task::spawn_local(send(uni, bytes.clone()));
                });
            assert!(read_to_end(&mut incoming).await == bytes);

            let (out, mut back) = here.open_bi().unwrap();
            tokio::task::spawn_local(send(out, bytes.clone()));
            let (answer, mut asked) = there.accept_bi().await.unwrap();
            assert!(read_to_end(&mut asked).await == bytes);
            tokio::task::spawn_local(send(answer, bytes.clone()));
            assert!(read_to_end(&mut back).await == bytes);
        }
    })
    .await;
}

#[tokio::test]
async fn a_slow_reader_slows_the_writer_down() {
    local(async {
        let mut narrow = transport();
        narrow
            .stream_receive_window(20_000_u32.into())
            .receive_window(VarInt::from_u32(30_000));
        let pair = pair_with(narrow, transport()).await;
        let bytes = pattern(400_000);
        let mut stream = pair.far.open_uni().unwrap();
        let mut rest = bytes.clone();
        while stream.try_write(&mut rest).unwrap() > 0 {}
        assert!(!rest.is_empty(), "the peer's window bounds what is taken");
        assert!(bytes.len() - rest.len() <= 20_000);
        let writing = tokio::task::spawn_local(async move {
            stream.write_all(rest).await.unwrap();
        });
        let mut incoming = pair.near.accept_uni().await.unwrap();
        let mut read = Vec::new();
        while let Some(chunk) = incoming.read_chunk(7_000).await.unwrap() {
            assert!(!chunk.is_empty() && chunk.len() <= 7_000);
            read.extend_from_slice(&chunk);
            sleep(Duration::from_millis(1)).await;
        }
        assert!(read == bytes);
        writing.await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn the_send_window_bounds_what_is_held() {
    local(async {
        let pair = pair().await;
        pair.far.set_send_window(50_000);
        let mut stream = pair.far.open_uni().unwrap();
        let mut bytes = pattern(200_000);
        let mut taken = 0;
        loop {
            match stream.try_write(&mut bytes).unwrap() {
                0 => break,
                more => taken += more,
            }
        }
        assert!((40_000..=50_000).contains(&taken), "{taken} taken");
    })
    .await;
}

#[tokio::test]
async fn what_is_flushed_arrives_in_the_order_of_writing() {
    local(async {
        let pair = pair().await;
        let mut stream = pair.far.open_uni().unwrap();
        for number in 0..200_u32 {
            let mut bytes = Bytes::copy_from_slice(&number.to_be_bytes());
            assert_eq!(stream.try_write(&mut bytes), Ok(4));
            assert!(bytes.is_empty());
            pair.far.flush();
            pair.server.send_batch();
        }
        stream.finish();
        let mut incoming = pair.near.accept_uni().await.unwrap();
        let numbers: Vec<u8> = (0..200_u32).flat_map(u32::to_be_bytes).collect();
        assert_eq!(read_to_end(&mut incoming).await, numbers);
    })
    .await;
}

#[tokio::test]
async fn a_reset_carries_its_code() {
    local(async {
        let pair = pair().await;
        let mut stream = pair.near.open_uni().unwrap();
        stream.write_all(pattern(100)).await.unwrap();
        let mut incoming = pair.far.accept_uni().await.unwrap();
        stream.reset(77);
        let end = loop {
            match incoming.read_chunk(usize::MAX).await {
                Ok(Some(_)) => {}
                end => break end,
            }
        };
        assert_eq!(end, Err(ReadError::Reset(77)));
        assert_eq!(
            incoming.read_chunk(1).await,
            Err(ReadError::Reset(77)),
            "it stays so"
        );
        assert_eq!(stream.try_write(&mut pattern(1)), Err(WriteError::Closed));
        stream.stopped().await;
    })
    .await;
}

#[tokio::test]
async fn a_stop_carries_its_code_and_wakes_the_writer() {
    local(async {
        let pair = pair().await;
        let mut stream = pair.near.open_uni().unwrap();
        let endless = pattern(40_000_000);
        let writing = tokio::task::spawn_local(async move { stream.write_all(endless).await });
        let mut incoming = pair.far.accept_uni().await.unwrap();
        incoming.read_chunk(10).await.unwrap().unwrap();
        incoming.stop(31);
        assert_eq!(writing.await.unwrap(), Err(WriteError::Stopped(31)));
        assert_eq!(incoming.read_chunk(1).await, Err(ReadError::Closed));
    })
    .await;
}

#[tokio::test]
async fn a_dropped_sender_finishes_and_a_dropped_reader_stops() {
    local(async {
        let pair = pair().await;
        let mut stream = pair.near.open_uni().unwrap();
        stream.write_all(pattern(10)).await.unwrap();
        drop(stream);
        let mut incoming = pair.far.accept_uni().await.unwrap();
        assert_eq!(read_to_end(&mut incoming).await, pattern(10));

        let mut stream = pair.near.open_uni().unwrap();
        stream.write_all(pattern(10)).await.unwrap();
        drop(pair.far.accept_uni().await.unwrap());
        stream.stopped().await;
        assert_eq!(
            stream.try_write(&mut pattern(1)),
            Err(WriteError::Stopped(0))
        );
    })
    .await;
}

#[tokio::test]
async fn stopped_waits_until_all_is_acknowledged() {
    local(async {
        let pair = pair().await;
        let mut stream = pair.near.open_uni().unwrap();
        stream.write_all(pattern(100_000)).await.unwrap();
        stream.finish();
        let mut incoming = pair.far.accept_uni().await.unwrap();
        let (read, ()) = tokio::join!(read_to_end(&mut incoming), stream.stopped());
        assert_eq!(read.len(), 100_000);
    })
    .await;
}

#[tokio::test]
async fn no_more_streams_than_the_peer_allows() {
    local(async {
        let pair = pair().await;
        // One of eight is the control stream.
        let streams: Vec<_> = std::iter::from_fn(|| pair.near.open_uni()).collect();
        assert_eq!(streams.len(), 7);
        assert!(pair.near.open_uni().is_none());
        let mut last = None;
        for mut stream in streams {
            stream.finish();
            last = Some(pair.far.accept_uni().await.unwrap());
        }
        assert_eq!(read_to_end(&mut last.unwrap()).await, b"");
        let again = async {
            loop {
                if let Some(stream) = pair.near.open_uni() {
                    break stream;
                }
                sleep(Duration::from_millis(1)).await;
            }
        };
        again.await;
    })
    .await;
}

#[tokio::test]
async fn streams_that_come_with_the_answer_wait_for_the_session() {
    local(async {
        let pair = pair().await;
        let mut streams = Vec::new();
        for number in 0..3_u8 {
            let mut stream = pair.far.open_uni().unwrap();
            stream.write_all(Bytes::from(vec![number])).await.unwrap();
            streams.push(stream);
        }
        drop(streams);
        for number in 0..3_u8 {
            let mut incoming = pair.near.accept_uni().await.unwrap();
            assert_eq!(read_to_end(&mut incoming).await, [number]);
        }
    })
    .await;
}
