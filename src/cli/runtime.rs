//! What a command runs on, and how signals end it.

use std::io;
use std::pin::pin;

use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::Failure;

/// Runs a command with one session: this thread is enough.
pub(super) fn single_thread<T>(work: impl Future<Output = T>) -> io::Result<T> {
    run(Builder::new_current_thread(), work)
}

/// Runs a relay: its shards have threads of their own, the rest shares two.
pub(crate) fn multi_thread<T>(work: impl Future<Output = T>) -> io::Result<T> {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(2);
    run(builder, work)
}

fn run<T>(mut builder: Builder, work: impl Future<Output = T>) -> io::Result<T> {
    let runtime: Runtime = builder.enable_all().build()?;
    let done = runtime.block_on(work);
    // A write to a pipe that nobody reads would be waited for.
    runtime.shutdown_background();
    Ok(done)
}

/// Runs work that ends soon after its token is cancelled, which the first SIGINT
/// or SIGTERM does. A second one ends it at once.
///
/// # Errors
/// Those of the work, [`Failure::Forced`], and signals that cannot be caught.
pub(crate) async fn stoppable<W>(work: impl FnOnce(CancellationToken) -> W) -> Result<(), Failure>
where
    W: Future<Output = Result<(), Failure>>,
{
    let mut signals = Signals::catch()?;
    let stop = CancellationToken::new();
    let mut work = pin!(work(stop.clone()));
    tokio::select! {
        done = &mut work => return done,
        () = signals.next() => stop.cancel(),
    }
    tokio::select! {
        done = &mut work => done,
        () = signals.next() => Err(Failure::Forced),
    }
}

struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn catch() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
