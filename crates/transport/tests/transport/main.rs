//! What the transport does, seen from both ends and from strangers.
#![allow(clippy::unwrap_used)]

mod acks;
mod closing;
mod datagrams;
mod knocking;
mod malformed;
mod many;
mod paths;
mod streams;
mod support;
mod wtransport_peers;
