//! The generator's side of a server: its stations and its listeners. All of a fleet
//! lives on one thread, in a tokio `LocalSet`.

use std::future::Future;
use std::pin::Pin;

use anyhow::bail;
use bytes::Bytes;

use crate::ear::Ear;
use crate::generator::Plan;
use crate::relay::Acknowledging;

mod floor;
mod plain;
mod skywave;
mod webtransport;

/// A future of the generator's one thread.
pub(crate) type Task<'a, T> = Pin<Box<dyn Future<Output = anyhow::Result<T>> + 'a>>;

/// Stations and listeners of one kind of server.
pub(crate) trait Fleet {
    /// Goes on the air on channel `channel` (from 0).
    fn station(&self, channel: usize) -> Task<'_, Box<dyn Station>>;

    /// Listens to channel `channel`: connects, and gives the ear every whole frame
    /// as soon as its last byte is there, in order. It runs until the server ends it,
    /// which is an error.
    fn listen(&self, channel: usize, ear: Ear) -> Task<'static, ()>;

    /// Every connection continues from another port, where the fleet can do so.
    /// Gives how many did.
    fn rebind(&self) -> Task<'_, u64> {
        Box::pin(async { bail!("these connections stay at their ports") })
    }
}

/// One channel's live source.
pub(crate) trait Station {
    /// Takes the next frame, at the moment at which it is due: its delay is counted
    /// from here, also where the station holds it back to send several together. Must
    /// not wait for listeners.
    fn write<'a>(&'a mut self, frame: &'a Bytes) -> Task<'a, ()>;
}

/// The fleet for a server of this name.
///
/// # Errors
/// No such server, or it cannot be reached.
pub(crate) fn of(plan: &Plan) -> anyhow::Result<Box<dyn Fleet>> {
    Ok(match plan.server.as_str() {
        "skywave" => Box::new(skywave::Skywave::new(plan, Acknowledging::AsAsked)?),
        "skywave-browsers" => Box::new(skywave::Skywave::new(plan, Acknowledging::AsBrowsers)?),
        "wtransport" => Box::new(plain::Plain::new(plan)?),
        "floor" => Box::new(floor::Floor::new(plan)?),
        other => crate::rival::fleet(other, plan)?,
    })
}
