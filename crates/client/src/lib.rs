//! Skywave's Rust client: connect to a relay, listen to channels, go on the air.
//!
//! [`Client`] opens [`Session`]s. A session joins channels ([`Subscription`]) and
//! publishes on them ([`Broadcast`]). [`listen::Listener`] and
//! [`publish::Publisher`] do the same over as many sessions as it takes: they
//! reconnect by themselves. The command line, the tests and the bench all use
//! this crate; it knows nothing of the relay but the protocol.

mod backoff;
mod broadcast;
mod client;
mod clock;
mod error;
pub mod listen;
mod order;
pub mod publish;
mod session;
#[cfg(feature = "files")]
pub mod source;
mod subscription;

pub use backoff::Backoff;
pub use broadcast::Broadcast;
pub use client::{Client, Identity, Trust};
pub use clock::ClockEstimate;
pub use error::Error;
pub use session::Session;
pub use subscription::{Heard, Stats, Subscription};
