//! The station and the listeners of [`crate::floor`].

use std::cell::RefCell;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::rc::Rc;

use anyhow::{Context, bail};
use aws_lc_rs::aead::LessSafeKey;
use bytes::Bytes;
use tokio::io::Interest;
use tokio::sync::oneshot;
use tokio::task::spawn_local;

use super::plain::Prefixed;
use super::webtransport::task;
use super::{Fleet, Station, Task};
use crate::ear::Ear;
use crate::floor::batch::{Inbox, Outbox, enlarge};
use crate::floor::{self, ACK_BODY, HEAD_BYTES, Head, Kind, TAG_BYTES};
use crate::generator::Plan;

/// As many as WebTransport listeners share one.
const LISTENERS_A_SOCKET: usize = 64;
const RECEIVE_BUFFER: usize = 4 << 20;

pub(super) struct Floor {
    server: SocketAddr,
    sockets: RefCell<Vec<Rc<Socket>>>,
}

struct Socket {
    udp: tokio::net::UdpSocket,
    /// The first listener's number; the others follow.
    base: u32,
    listeners: RefCell<Vec<Listener>>,
}

struct Listener {
    ear: Ear,
    key: LessSafeKey,
    frames: Prefixed,
    counter: u64,
    _joined: oneshot::Sender<()>,
}

impl Floor {
    pub(super) fn new(plan: &Plan) -> anyhow::Result<Self> {
        Ok(Self {
            server: plan.address.parse()?,
            sockets: RefCell::default(),
        })
    }

    /// The socket for one more listener.
    fn socket(&self) -> anyhow::Result<Rc<Socket>> {
        let mut sockets = self.sockets.borrow_mut();
        let full = |socket: &Rc<Socket>| socket.listeners.borrow().len() == LISTENERS_A_SOCKET;
        if sockets.last().is_none_or(full) {
            let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
            enlarge(&udp, RECEIVE_BUFFER)?;
            udp.set_nonblocking(true)?;
            let socket = Rc::new(Socket {
                udp: tokio::net::UdpSocket::from_std(udp)?,
                base: (sockets.len() * LISTENERS_A_SOCKET) as u32,
                listeners: RefCell::default(),
            });
            let reading = socket.clone();
            let server = self.server;
            spawn_local(async move {
                if let Err(error) = read(&reading, server).await {
                    eprintln!("a socket of the generator failed: {error}");
                }
            });
            sockets.push(socket);
        }
        sockets.last().cloned().context("no socket")
    }
}

impl Fleet for Floor {
    fn station(&self, channel: usize) -> Task<'_, Box<dyn Station>> {
        task(async move {
            if channel > 0 {
                bail!("the floor has one channel");
            }
            let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
            udp.connect(self.server)?;
            Ok(Box::new(OnAir(udp)) as Box<dyn Station>)
        })
    }

    fn listen(&self, _channel: usize, ear: Ear) -> Task<'static, ()> {
        let server = self.server;
        let joining = self.join(ear);
        task(async move {
            let (socket, head, ended) = joining?;
            socket.udp.send_to(&head.encode(), server).await?;
            // Its socket's task hears for it, and lives as long as the fleet.
            let _ = ended.await;
            bail!("the socket ended")
        })
    }
}

impl Floor {
    /// Its socket, what to say to the server, and when it has ended.
    fn join(&self, ear: Ear) -> anyhow::Result<(Rc<Socket>, Head, oneshot::Receiver<()>)> {
        let socket = self.socket()?;
        let mut listeners = socket.listeners.borrow_mut();
        let number = socket.base + listeners.len() as u32;
        let (joined, ended) = oneshot::channel();
        listeners.push(Listener {
            ear,
            key: floor::key(number)?,
            frames: Prefixed::default(),
            counter: 0,
            _joined: joined,
        });
        let head = Head {
            kind: Kind::Join,
            listener: number,
            counter: 0,
        };
        drop(listeners);
        Ok((socket, head, ended))
    }
}

async fn read(socket: &Socket, server: SocketAddr) -> anyhow::Result<()> {
    let mut inbox = Inbox::new();
    let mut outbox = Outbox::new();
    loop {
        socket.udp.ready(Interest::READABLE).await?;
        let mut came = 0;
        let read = socket.udp.try_io(Interest::READABLE, || {
            let fd = &socket.udp;
            let took = inbox.receive(fd, false, |_, packet| {
                came += 1;
                hear(socket, server, packet, &mut outbox);
            });
            took.map_err(std::io::Error::other)?;
            if came == 0 {
                return Err(std::io::ErrorKind::WouldBlock.into());
            }
            Ok(())
        });
        match read {
            Ok(()) => outbox.send(&socket.udp)?,
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Opens one packet, and acknowledges it.
fn hear(socket: &Socket, server: SocketAddr, packet: &mut [u8], outbox: &mut Outbox) {
    let Some((head, _)) = Head::decode(packet) else {
        return;
    };
    let mut listeners = socket.listeners.borrow_mut();
    let place = head.listener.wrapping_sub(socket.base) as usize;
    let Some(listener) = listeners.get_mut(place) else {
        return;
    };
    let Some(body) = floor::open(&listener.key, head, &mut packet[HEAD_BYTES..]) else {
        return;
    };
    if head.kind == Kind::Begin {
        listener.frames.clear();
    }
    let ear = &mut listener.ear;
    listener.frames.push(body, |frame| ear.heard(frame));
    let ack = Head {
        kind: Kind::Ack,
        listener: head.listener,
        counter: listener.counter,
    };
    listener.counter += 1;
    let key = &listener.key;
    let acknowledged = outbox.push(&socket.udp, server, |out| {
        floor::seal(key, ack, &ACK_BODY, out)
    });
    if let Err(error) = acknowledged {
        eprintln!("an ACK was not sent: {error}");
    }
}

struct OnAir(UdpSocket);

impl Station for OnAir {
    fn write<'a>(&'a mut self, frame: &'a Bytes) -> Task<'a, ()> {
        let head = Head {
            kind: Kind::Frame,
            listener: 0,
            counter: 0,
        };
        let mut packet = Vec::with_capacity(HEAD_BYTES + frame.len() + TAG_BYTES);
        packet.extend_from_slice(&head.encode());
        packet.extend_from_slice(frame);
        let sent = self.0.send(&packet);
        task(async move {
            sent?;
            Ok(())
        })
    }
}
