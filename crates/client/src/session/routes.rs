//! Which subscription what arrives is for.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use skywave_wire::control::Metadata;
use skywave_wire::datagram::Fragment;
use skywave_wire::group::Frame;
use skywave_wire::{ChannelId, FrameSeq, Handle, Revision};
use tokio::sync::{Notify, mpsc};

use super::lock;

/// Arrivals that wait for a subscription's reader. Past it streams wait, and with
/// them the relay; datagrams are dropped.
const MAX_ARRIVALS: usize = 2_048;
/// Arrivals for a channel whose join is not answered yet.
const MAX_EARLY: usize = 256;

/// Something for one channel's subscription.
#[derive(Clone, Debug)]
pub(crate) enum Arrival {
    /// A stream of audio begins, with this frame.
    StreamBegins(FrameSeq),
    Frames(Vec<Frame>),
    Fragment(Fragment),
    Title(Metadata),
    Listeners(Option<Revision>, u64),
    Live,
    Offline,
}

#[derive(Default)]
pub(super) struct Routes {
    table: Mutex<Table>,
    joins_under_way: Arc<AtomicUsize>,
    changed: Notify,
}

#[derive(Default)]
struct Table {
    by_handle: HashMap<Handle, mpsc::Sender<Arrival>>,
    handles: HashMap<ChannelId, Handle>,
    early: VecDeque<(Handle, Arrival)>,
    ended: bool,
}

/// While it lives, what comes for an unknown channel is kept.
pub(super) struct Expectation(Arc<AtomicUsize>);

impl Drop for Expectation {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Routes {
    /// A join is under way, whose handle is not known yet.
    pub(super) fn expect_join(&self) -> Expectation {
        self.joins_under_way.fetch_add(1, Ordering::Relaxed);
        Expectation(self.joins_under_way.clone())
    }

    /// From now on what comes for the channel goes to the returned end.
    pub(super) fn open(&self, id: ChannelId, handle: Handle) -> mpsc::Receiver<Arrival> {
        let (arrivals_tx, arrivals_rx) = mpsc::channel(MAX_ARRIVALS);
        let mut table = lock(&self.table);
        if !table.ended {
            let early = std::mem::take(&mut table.early);
            for (for_handle, arrival) in early {
                if for_handle == handle {
                    // Holds fewer than the new queue.
                    let _ = arrivals_tx.try_send(arrival);
                } else {
                    table.early.push_back((for_handle, arrival));
                }
            }
            table.by_handle.insert(handle, arrivals_tx);
            table.handles.insert(id, handle);
        }
        drop(table);
        self.changed.notify_waiters();
        arrivals_rx
    }

    pub(super) fn close(&self, id: &ChannelId) {
        let mut table = lock(&self.table);
        if let Some(handle) = table.handles.remove(id) {
            table.by_handle.remove(&handle);
        }
    }

    /// Nothing more comes.
    pub(super) fn end(&self) {
        let mut table = lock(&self.table);
        *table = Table {
            ended: true,
            ..Table::default()
        };
        drop(table);
        self.changed.notify_waiters();
    }

    /// Hands it over if there is room.
    pub(super) fn offer(&self, handle: Handle, arrival: Arrival) {
        let mut table = lock(&self.table);
        if let Some(arrivals_tx) = table.by_handle.get(&handle) {
            // A full queue loses datagrams, as the network might.
            let _ = arrivals_tx.try_send(arrival);
        } else if self.joins_under_way.load(Ordering::Relaxed) > 0 {
            if table.early.len() == MAX_EARLY {
                table.early.pop_front();
            }
            table.early.push_back((handle, arrival));
        }
    }

    /// Hands it over once there is room, and once the channel's join is answered;
    /// `false` where nobody wants it any more.
    pub(super) async fn deliver(&self, handle: Handle, arrival: Arrival) -> bool {
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            changed.as_mut().enable();
            let known = lock(&self.table).by_handle.get(&handle).cloned();
            if let Some(arrivals_tx) = known {
                return arrivals_tx.send(arrival).await.is_ok();
            }
            if self.joins_under_way.load(Ordering::Relaxed) == 0 {
                return false;
            }
            changed.await;
        }
    }

    /// The handle of a joined channel.
    pub(super) fn handle(&self, id: &ChannelId) -> Option<Handle> {
        lock(&self.table).handles.get(id).copied()
    }
}
