//! Clients that knock: let in, asked to prove themselves, refused, rejected.

use skywave_transport::quic::{ConnectionError, TransportErrorCode};
use skywave_transport::{Closed, ConnectError};

use crate::support::{accept, client, client_config, connect, local, request, server, transport};

#[tokio::test]
async fn the_request_says_what_is_asked_for() {
    local(async {
        let (server, address) = server();
        let client = client();
        let url = format!("https://localhost:{}/live?channel=x", address.port());
        let config = client_config(transport());
        let (session, _far) =
            tokio::join!(client.connect(config, address, "localhost", &url), async {
                let request = request(&server).await;
                assert_eq!(request.path(), "/live?channel=x");
                assert_eq!(request.authority(), format!("localhost:{}", address.port()));
                assert_eq!(request.origin(), None);
                assert!(request.remote_address().ip().is_loopback());
                let session = request.accept().unwrap();
                assert_eq!(session.remote_address(), client.local_address().unwrap());
                session
            });
        session.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_refused_client_is_told() {
    local(async {
        let (server, address) = server();
        let client = client();
        for drop_it in [false, true] {
            let config = client_config(transport());
            let connecting = client.connect(config, address, "localhost", "https://localhost/");
            let (session, ()) = tokio::join!(connecting, async {
                let incoming = server.accept().await.unwrap();
                if drop_it {
                    drop(incoming);
                } else {
                    incoming.refuse();
                }
            });
            let Err(ConnectError::Quic(ConnectionError::ConnectionClosed(close))) = session else {
                panic!("not refused");
            };
            assert_eq!(close.error_code, TransportErrorCode::CONNECTION_REFUSED);
        }
        assert_eq!(server.connections(), 0);
    })
    .await;
}

#[tokio::test]
async fn a_client_proves_its_address() {
    local(async {
        let (server, address) = server();
        let client = client();
        let (near, far) = tokio::join!(connect(&client, address), async {
            let stranger = server.accept().await.unwrap();
            assert!(!stranger.remote_address_validated());
            stranger.retry();
            let known = server.accept().await.unwrap();
            assert!(known.remote_address_validated());
            assert_eq!(known.remote_address(), client.local_address().unwrap());
            known.request().await.unwrap().accept().unwrap()
        });
        far.close(5, b"");
        assert!(matches!(near.closed().await, Closed::Peer { code: 5, .. }));
    })
    .await;
}

#[tokio::test]
async fn a_rejected_client_learns_the_status() {
    local(async {
        let (server, address) = server();
        let client = client();
        for status in [403, 404, 429, 503] {
            let config = client_config(transport());
            let connecting = client.connect(config, address, "localhost", "https://localhost/");
            let (session, ()) = tokio::join!(connecting, async {
                request(&server).await.reject(status).await;
            });
            assert!(matches!(session, Err(ConnectError::Rejected(with)) if with == status));
        }
        server.idle().await;
        client.idle().await;
    })
    .await;
}

#[tokio::test]
async fn a_dropped_request_closes() {
    local(async {
        let (server, address) = server();
        let client = client();
        let config = client_config(transport());
        let connecting = client.connect(config, address, "localhost", "https://localhost/");
        let (session, ()) = tokio::join!(connecting, async {
            drop(request(&server).await);
        });
        let Err(ConnectError::Quic(ConnectionError::ApplicationClosed(close))) = session else {
            panic!("not closed");
        };
        assert_eq!(close.error_code.into_inner(), 0);
        server.idle().await;
    })
    .await;
}

#[tokio::test]
async fn a_client_without_a_url_does_not_knock() {
    local(async {
        let client = client();
        let address = ([127, 0, 0, 1], 1).into();
        for url in ["http://localhost/", "radio", ""] {
            let config = client_config(transport());
            let session = client.connect(config, address, "localhost", url).await;
            assert!(matches!(session, Err(ConnectError::Url(_))), "{url}");
        }
        assert_eq!(client.connections(), 0);
    })
    .await;
}

#[tokio::test]
async fn both_roles_share_a_socket() {
    local(async {
        let (one, one_address) = server();
        let (other, other_address) = server();
        let (near, far) = tokio::join!(connect(&one, other_address), accept(&other));
        let (back, forth) = tokio::join!(connect(&other, one_address), accept(&one));
        assert_eq!(far.remote_address(), one_address);
        assert_eq!(forth.remote_address(), other_address);
        assert_eq!(one.connections(), 2);
        near.close(1, b"");
        back.close(2, b"");
        assert!(matches!(far.closed().await, Closed::Peer { code: 1, .. }));
        assert!(matches!(forth.closed().await, Closed::Peer { code: 2, .. }));
    })
    .await;
}
