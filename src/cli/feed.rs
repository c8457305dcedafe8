//! What goes on the air, read ahead on a thread of its own.

use std::io;
use std::thread::{self, JoinHandle};

use skywave_client::source::{self, Item};
use tokio::sync::mpsc;

use super::Failure;

/// Items read ahead: 1.7 seconds of 26 ms frames. Full, the thread waits.
const READ_AHEAD: usize = 64;

/// Tracks and frames in order. The thread that reads them ends with its source,
/// or once the feed is dropped; one that waits for standard input ends with the
/// process, as nothing interrupts that.
pub(crate) struct Feed {
    items_rx: mpsc::Receiver<Result<Item, source::Error>>,
    reader: Option<JoinHandle<()>>,
}

impl Feed {
    /// Opens a source on a thread of its own; what `open` returns gives one item
    /// a call, and `None` at the end.
    ///
    /// # Errors
    /// No thread can be started.
    pub(crate) fn start<O, N>(open: O) -> io::Result<Self>
    where
        O: FnOnce() -> Result<N, source::Error> + Send + 'static,
        N: FnMut() -> Result<Option<Item>, source::Error>,
    {
        let (items_tx, items_rx) = mpsc::channel(READ_AHEAD);
        let reader = thread::Builder::new()
            .name("feed".to_owned())
            .spawn(move || read(open, &items_tx))?;
        Ok(Self {
            items_rx,
            reader: Some(reader),
        })
    }

    /// The next item; waits for it. Safe to cancel.
    ///
    /// # Errors
    /// The source failed.
    pub(super) async fn next(&mut self) -> Result<Option<Item>, Failure> {
        if let Some(item) = self.items_rx.recv().await {
            return Ok(Some(item?));
        }
        match self.reader.take().map(JoinHandle::join) {
            None | Some(Ok(())) => Ok(None),
            Some(Err(_)) => Err(Failure::failed("reading the audio ended in a panic")),
        }
    }
}

fn read<O, N>(open: O, items_tx: &mpsc::Sender<Result<Item, source::Error>>)
where
    O: FnOnce() -> Result<N, source::Error>,
    N: FnMut() -> Result<Option<Item>, source::Error>,
{
    let mut next = match open() {
        Ok(next) => next,
        Err(error) => {
            let _ = items_tx.blocking_send(Err(error));
            return;
        }
    };
    while let Some(item) = next().transpose() {
        let last = item.is_err();
        // The feed was dropped where the item cannot be sent.
        if items_tx.blocking_send(item).is_err() || last {
            return;
        }
    }
}
