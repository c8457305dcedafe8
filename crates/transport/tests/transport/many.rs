//! Many sessions on two sockets.

use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::support::{
    accept, client, connect, datagram, local, pattern, read_to_end, send, server,
};

const SESSIONS: usize = 200;

#[tokio::test]
async fn two_hundred_sessions_each_hear_their_own_echo() {
    local(async {
        let (server, address) = server();
        let client = client();
        let mut echoing = JoinSet::new();
        let accepting = async {
            for _ in 0..SESSIONS {
                let incoming = server.accept().await.unwrap();
                echoing.spawn_local(async move {
                    let session = incoming.request().await.unwrap().accept().unwrap();
                    let (answer, mut asked) = session.accept_bi().await.unwrap();
                    let bytes = read_to_end(&mut asked).await;
                    send(answer, bytes.into()).await;
                    while let Ok(told) = session.receive_datagram().await {
                        session.send_prefixed_datagram(datagram(&session, &told));
                    }
                });
            }
        };
        let mut asking = JoinSet::new();
        for number in 0..SESSIONS {
            let client = client.clone();
            asking.spawn_local(async move {
                let session = connect(&client, address).await;
                let bytes = pattern(20_000).slice(number..);
                let (out, mut back) = session.open_bi().unwrap();
                let ((), echo) = tokio::join!(send(out, bytes.clone()), read_to_end(&mut back));
                assert!(echo == bytes);
                // So many at once may lose some.
                let number = number.to_be_bytes();
                let echo = loop {
                    session.send_prefixed_datagram(datagram(&session, &number));
                    let echo = session.receive_datagram();
                    if let Ok(echo) = timeout(Duration::from_millis(300), echo).await {
                        break echo.unwrap();
                    }
                };
                assert_eq!(echo, number.as_slice());
            });
        }
        accepting.await;
        while let Some(done) = asking.join_next().await {
            done.unwrap();
        }
        while let Some(done) = echoing.join_next().await {
            done.unwrap();
        }
        client.idle().await;
        server.idle().await;
        assert_eq!(client.connections() + server.connections(), 0);
    })
    .await;
}

#[tokio::test]
async fn a_row_of_visits_reaches_every_session() {
    local(async {
        let (server, address) = server();
        let client = client();
        let mut rows = Vec::new();
        for _ in 0..100 {
            let (near, far) = tokio::join!(connect(&client, address), accept(&server));
            let stream = far.open_uni().unwrap();
            rows.push((near, far, stream));
        }
        let group = pattern(1_200);
        for _ in 0..10 {
            for (_, far, stream) in &mut rows {
                let mut bytes = group.clone();
                assert_eq!(stream.try_write(&mut bytes), Ok(group.len()));
                far.flush();
            }
            server.send_batch();
        }
        let all: Rc<[u8]> = group.repeat(10).into();
        for (near, _far, stream) in rows {
            drop(stream);
            let mut incoming = near.accept_uni().await.unwrap();
            assert_eq!(read_to_end(&mut incoming).await, *all);
        }
    })
    .await;
}

#[tokio::test]
async fn one_buffer_serves_all_sessions() {
    local(async {
        let (server, address) = server();
        let client = client();
        let mut sessions = Vec::new();
        for _ in 0..10 {
            sessions.push(tokio::join!(connect(&client, address), accept(&server)));
        }
        let shared: Bytes = datagram(&sessions[0].1, b"to all");
        for (near, far) in &sessions {
            far.send_prefixed_datagram(shared.clone());
            far.flush();
            server.send_batch();
            assert_eq!(near.receive_datagram().await.unwrap(), b"to all".as_slice());
        }
    })
    .await;
}
