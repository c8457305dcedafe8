//! Skywave's relay: live radio without the delay, over QUIC and WebTransport.
//!
//! [`Server`] is a running relay. The binary, the tests and the bench all start
//! it the same way. `docs/architecture.md` has a picture of the data's way.

mod admission;
mod channel;
mod clock;
pub mod config;
mod directory;
pub mod gate;
pub mod logging;
pub mod metrics;
pub mod operations;
mod pages;
mod relay;
mod server;
mod session;
mod shard;
mod supervision;
pub mod tls;
pub mod token;

pub use server::Server;
