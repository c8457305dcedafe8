//! WebTransport over QUIC for one thread: thousands of sessions in one loop.
//!
//! An [`Endpoint`] is one UDP socket with all its connections, in the role of a
//! server, a client or both; its [`Driver`] is the one task that serves them. Nothing
//! here is shared with other threads, and no session has a task, a lock or a timer of
//! its own. What costs is a visit of a connection, the memory that it touches; so a
//! visit does all there is to do: packets that came are taken, waiting tasks are
//! woken, and what is to be sent goes into a batch that the kernel gets in few calls.
//!
//! Whoever writes to many sessions in a row does so with [`SendStream::try_write`]
//! and [`Session::flush`] for each of them, then [`Endpoint::send_batch`] once. All
//! others just write: the driver sends what they wrote in its next turn.
//!
//! Everything lives inside a tokio `LocalSet`. One task at a time waits for each of
//! the things that can be waited for, save for [`Session::closed`].

mod acks;
mod batch;
mod connection;
mod driver;
mod endpoint;
mod error;
mod http;
mod schedule;
mod session;
mod stream;
mod watch;

pub use quinn_proto as quic;

pub use acks::{SparseAcks, without_sparse_acks};
pub use driver::Driver;
pub use endpoint::{Endpoint, Incoming, Request};
pub use error::{Closed, ConnectError, HandshakeError, ReadError, WriteError};
pub use http::HttpError;
pub use session::Session;
pub use stream::{RecvStream, SendStream};
