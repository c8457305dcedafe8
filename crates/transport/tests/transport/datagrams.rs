//! Datagrams: what comes, comes whole; what nobody takes, goes.

use bytes::Bytes;

use crate::support::{datagram, local, pair, pair_with, pattern, transport};

#[tokio::test]
async fn datagrams_go_both_ways() {
    local(async {
        let pair = pair().await;
        for (here, there) in [(&pair.near, &pair.far), (&pair.far, &pair.near)] {
            assert!(here.takes_datagrams());
            for number in 0..20_u8 {
                here.send_prefixed_datagram(datagram(here, &[number; 100]));
                let received = there.receive_datagram().await.unwrap();
                assert_eq!(received, [number; 100].as_slice());
            }
        }
    })
    .await;
}

#[tokio::test]
async fn the_longest_datagram_fits() {
    local(async {
        let pair = pair().await;
        let size = pair.near.max_datagram_size().unwrap();
        assert!(size > 1_000, "{size}");
        let payload = pattern(size);
        pair.near
            .send_prefixed_datagram(datagram(&pair.near, &payload));
        assert_eq!(pair.far.receive_datagram().await.unwrap(), payload);
    })
    .await;
}

#[tokio::test]
async fn of_those_that_nobody_takes_the_newest_stay() {
    local(async {
        let pair = pair().await;
        for number in 0..200_u8 {
            pair.near
                .send_prefixed_datagram(datagram(&pair.near, &[number]));
        }
        let mut stream = pair.near.open_uni().unwrap();
        stream.write_all(Bytes::from_static(b"last")).await.unwrap();
        pair.far.accept_uni().await.unwrap();
        for number in 72..200_u8 {
            let received = pair.far.receive_datagram().await.unwrap();
            assert_eq!(received, [number].as_slice());
        }
    })
    .await;
}

#[tokio::test]
async fn a_full_buffer_drops_the_oldest() {
    local(async {
        let mut small = transport();
        small.datagram_send_buffer_size(2_000);
        let pair = pair_with(transport(), small).await;
        let space = pair.far.datagram_send_buffer_space();
        assert!(space > 0 && space <= 2_000, "{space}");
        for number in 0..10_u8 {
            pair.far
                .send_prefixed_datagram(datagram(&pair.far, &[number; 500]));
        }
        assert!(pair.far.datagram_send_buffer_space() < 500);
        let first = pair.near.receive_datagram().await.unwrap();
        assert!(first[0] > 0, "the first was dropped");
    })
    .await;
}

#[tokio::test]
async fn one_that_is_too_long_is_dropped() {
    local(async {
        let pair = pair().await;
        pair.near
            .send_prefixed_datagram(datagram(&pair.near, &[1; 5_000]));
        pair.near
            .send_prefixed_datagram(datagram(&pair.near, &[2; 5]));
        let received = pair.far.receive_datagram().await.unwrap();
        assert_eq!(received, [2; 5].as_slice());
    })
    .await;
}

#[tokio::test]
async fn a_peer_that_takes_none_says_so() {
    local(async {
        let mut none = transport();
        none.datagram_receive_buffer_size(None);
        let pair = pair_with(none, transport()).await;
        assert!(!pair.far.takes_datagrams());
        assert_eq!(pair.far.max_datagram_size(), None);
        pair.far.send_prefixed_datagram(datagram(&pair.far, b"x"));
        let mut stream = pair.far.open_uni().unwrap();
        stream.write_all(Bytes::from_static(b"y")).await.unwrap();
        pair.near.accept_uni().await.unwrap();
    })
    .await;
}
