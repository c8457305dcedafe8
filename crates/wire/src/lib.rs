//! Skywave's protocol and MP3 framing.
//!
//! This crate owns every byte that Skywave puts on a wire: control messages,
//! groups of frames, datagrams, and the MPEG audio frames inside them. It never
//! does I/O, never reads a clock and never starts a task: time comes in as an
//! argument. The relay, the clients and the bench all call it.
//!
//! The protocol is described for strangers in `docs/protocol.md`.

pub mod control;
pub mod datagram;
pub mod group;
mod ids;
pub mod mp3;
mod reader;
pub mod stream;
pub mod varint;

pub use ids::{ChannelId, ChannelIdError, FrameSeq, Handle, Micros, Revision, StreamId};
pub use reader::DecodeError;

/// The protocol's name and version, as `hello` offers it.
pub const PROTOCOL: &str = "skywave/1";

/// The path of the one WebTransport URL of a relay.
pub const SESSION_PATH: &str = "/";
