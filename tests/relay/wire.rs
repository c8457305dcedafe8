//! A UDP relay of our own between a client and a skywave relay: what a network
//! does to a client, and what a client does that stands still.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use skywave_client::{Client, Identity, Session, Subscription, Trust};
use tokio::net::UdpSocket;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::support::join;

pub(crate) struct Wire {
    url: String,
    relay: SocketAddr,
    state_tx: watch::Sender<State>,
    returned: Arc<AtomicU64>,
    task: JoinHandle<()>,
}

#[derive(Clone)]
struct State {
    mode: Mode,
    outer: Arc<UdpSocket>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Open,
    /// What comes is lost.
    Cut,
    /// What comes stays in the kernel's buffers, as with a stopped process.
    Frozen,
}

impl Wire {
    /// Lies between one client and the relay at this URL.
    pub(crate) async fn to(relay_url: &str) -> Self {
        let relay: SocketAddr = relay_url
            .trim_start_matches("https://")
            .parse()
            .expect("an address");
        let inner = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
        let url = format!("https://{}", inner.local_addr().expect("bound"));
        let (state_tx, state_rx) = watch::channel(State {
            mode: Mode::Open,
            outer: towards(relay).await,
        });
        let returned = Arc::<AtomicU64>::default();
        let task = tokio::spawn(forward(inner, state_rx, returned.clone()));
        Self {
            url,
            relay,
            state_tx,
            returned,
            task,
        }
    }

    /// A listener at the other end.
    pub(crate) async fn listener(&self, channel: &str) -> Subscription {
        let session = self.session().await;
        session.join(join(channel)).await.expect("joined")
    }

    /// Where clients connect to.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// A session at the other end.
    pub(crate) async fn session(&self) -> Session {
        let client = Client::new(&self.url, &Trust::Usual).expect("a client");
        let session = client.connect(&Identity::default()).await;
        session.expect("a session")
    }

    /// From now on everything is lost, either way.
    pub(crate) fn cut(&self) {
        self.state_tx.send_modify(|state| state.mode = Mode::Cut);
    }

    /// From now on nothing moves, either way.
    pub(crate) fn freeze(&self) {
        self.state_tx.send_modify(|state| state.mode = Mode::Frozen);
    }

    pub(crate) fn mend(&self) {
        self.state_tx.send_modify(|state| state.mode = Mode::Open);
    }

    /// The client's packets come from another port from now on.
    pub(crate) async fn change_port(&self) {
        let outer = towards(self.relay).await;
        self.returned.store(0, Ordering::SeqCst);
        self.state_tx.send_modify(|state| state.outer = outer);
    }

    /// Packets that came back to the client on the present port.
    pub(crate) fn returned(&self) -> u64 {
        self.returned.load(Ordering::SeqCst)
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn towards(relay: SocketAddr) -> Arc<UdpSocket> {
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
    socket.connect(relay).await.expect("connected");
    Arc::new(socket)
}

async fn forward(inner: UdpSocket, mut state_rx: watch::Receiver<State>, returned: Arc<AtomicU64>) {
    let mut client = None;
    let (mut there, mut back) = (vec![0; 2_048], vec![0; 2_048]);
    loop {
        let State { mode, outer } = state_rx.borrow_and_update().clone();
        if mode == Mode::Frozen {
            if state_rx.changed().await.is_err() {
                return;
            }
            continue;
        }
        let open = mode == Mode::Open;
        tokio::select! {
            got = inner.recv_from(&mut there) => if let Ok((len, from)) = got {
                client = Some(from);
                if open {
                    // What gets lost here is sent again.
                    let _ = outer.send(&there[..len]).await;
                }
            },
            got = outer.recv(&mut back) => if let (Ok(len), Some(client), true) = (got, client, open) {
                returned.fetch_add(1, Ordering::SeqCst);
                let _ = inner.send_to(&back[..len], client).await;
            },
            changed = state_rx.changed() => if changed.is_err() {
                return;
            },
        }
    }
}
