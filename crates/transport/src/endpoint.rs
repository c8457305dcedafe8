//! An endpoint: one socket, its connections, and the clients that knock.

use std::future::poll_fn;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use quinn_proto::{ClientConfig, EndpointConfig, ServerConfig, VarInt};

use crate::batch::Socket;
use crate::driver::Driver;
use crate::error::{ConnectError, HandshakeError};
use crate::http::fields;
use crate::session::Session;
use opening::Opening;

pub use incoming::{Incoming, Request};
pub(crate) use shared::Shared;

mod incoming;
mod opening;
mod shared;

/// One UDP socket with all its connections. Clones are the same endpoint.
#[derive(Clone)]
pub struct Endpoint {
    shared: Rc<Shared>,
}

impl Endpoint {
    /// An endpoint on `socket`, and what drives it. `server: None` makes one that only
    /// connects. Nothing is received or sent before [`Driver::run`].
    ///
    /// # Errors
    /// Where the socket cannot be set up.
    pub fn new(
        socket: UdpSocket,
        config: EndpointConfig,
        server: Option<Arc<ServerConfig>>,
    ) -> io::Result<(Self, Driver)> {
        let socket = Socket::new(socket)?;
        let largest_packet =
            usize::try_from(config.get_max_udp_payload_size()).unwrap_or(usize::MAX);
        let allow_mtud = !socket.may_fragment();
        let quic = quinn_proto::Endpoint::new(Arc::new(config), server, allow_mtud, None);
        let shared = Rc::new(Shared::new(quic, socket));
        let driver = Driver::new(shared.clone(), largest_packet);
        Ok((Self { shared }, driver))
    }

    /// Where the socket is bound.
    ///
    /// # Errors
    /// None today; the socket was asked when the endpoint was made.
    pub fn local_address(&self) -> io::Result<SocketAddr> {
        Ok(self.shared.out.borrow().socket.local())
    }

    /// The next client that knocks; `None` once the endpoint is closed. Of those that
    /// nobody lets in, the newest are refused. For one task at a time.
    pub async fn accept(&self) -> Option<Incoming> {
        poll_fn(|cx| self.shared.poll_accept(cx)).await
    }

    /// Connects to the server at `address`, whose certificate is to name `server_name`,
    /// and asks for the session at `url`. Dropping the future gives up.
    ///
    /// # Errors
    /// Where there is no connection, or the server does not want the session.
    pub async fn connect(
        &self,
        config: ClientConfig,
        address: SocketAddr,
        server_name: &str,
        url: &str,
    ) -> Result<Session, ConnectError> {
        let request =
            fields::write_request(url).map_err(|error| ConnectError::Url(error.to_string()))?;
        let connection = self.shared.connect(config, address, server_name, request)?;
        let opening = Opening::new(connection);
        let status = poll_fn(|cx| opening.poll(cx, |state| state.http.status())).await?;
        if !(200..300).contains(&status) {
            return Err(ConnectError::Rejected(status));
        }
        Ok(opening.establish().map_err(HandshakeError::from)?)
    }

    /// Closes every connection with `code` and `reason`; [`accept`](Self::accept) ends.
    pub fn close(&self, code: u32, reason: &[u8]) {
        let reason = Bytes::copy_from_slice(reason);
        let code = VarInt::from_u32(code);
        self.shared.close(code, &reason);
    }

    /// Waits until every connection has drained. Their ends are in flight for three
    /// probe timeouts after they were closed (RFC 9000, 10.2).
    pub async fn idle(&self) {
        poll_fn(|cx| self.shared.poll_idle(cx)).await;
    }

    /// Connections that have not drained yet.
    pub fn connections(&self) -> usize {
        self.shared.connections()
    }

    /// Packets that were made and not sent: refused by the kernel, or answers to
    /// strangers while the socket was full.
    pub fn dropped_packets(&self) -> u64 {
        self.shared.out.borrow().batch.dropped()
    }

    /// Hands the kernel what waits in the batch. To be called after a row of
    /// [`Session::flush`]; the driver does so by itself after each turn.
    pub fn send_batch(&self) {
        if !self.shared.out.borrow_mut().send() {
            self.shared.wake_driver();
        }
    }
}
