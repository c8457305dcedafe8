//! Publishers and listeners of a socket.io server, over WebSockets.

use std::net::SocketAddr;
use std::time::Instant;

use anyhow::{Context, bail, ensure};
use bytes::{Bytes, BytesMut};
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use super::packet::{self, Packet};
use crate::ear::Ear;
use crate::fleet::{Fleet, Station, Task};
use crate::generator::Plan;
use crate::rival::scanner::split;

/// Of a listener: one message of the fullest class fits. The library's own 128 KiB
/// would make a thousand listeners slow to read for.
const READ_BYTES: usize = 4 << 10;
/// Any number will do: each session asks once.
const JOIN: u64 = 0;

type Socket = WebSocketStream<TcpStream>;

pub(in crate::rival) struct Listeners {
    address: SocketAddr,
    frames: usize,
}

impl Listeners {
    pub(in crate::rival) fn new(plan: &Plan) -> anyhow::Result<Self> {
        Ok(Self {
            address: plan.address.parse()?,
            frames: plan.frames,
        })
    }
}

impl Fleet for Listeners {
    fn station(&self, channel: usize) -> Task<'_, Box<dyn Station>> {
        Box::pin(async move {
            Ok(Box::new(Publisher {
                socket: connect(self.address).await?,
                event: packet::with_attachment("publish", &room(channel)),
                frames: self.frames,
                held: BytesMut::new(),
                count: 0,
            }) as Box<dyn Station>)
        })
    }

    fn listen(&self, channel: usize, ear: Ear) -> Task<'static, ()> {
        Box::pin(listen(self.address, channel, ear))
    }
}

/// Emits so many frames at a time.
struct Publisher {
    socket: Socket,
    event: String,
    frames: usize,
    held: BytesMut,
    count: usize,
}

impl Station for Publisher {
    fn write<'a>(&'a mut self, frame: &'a Bytes) -> Task<'a, ()> {
        Box::pin(async move {
            self.held.extend_from_slice(frame);
            self.count += 1;
            if self.count < self.frames {
                return Ok(());
            }
            self.count = 0;
            let frames = self.held.split().freeze();
            self.socket.feed(Message::text(self.event.as_str())).await?;
            self.socket.send(Message::Binary(frames)).await?;
            self.answer_pings().await
        })
    }
}

impl Publisher {
    /// Of what has come, without waiting for more.
    async fn answer_pings(&mut self) -> anyhow::Result<()> {
        while let Some(message) = futures_util::FutureExt::now_or_never(self.socket.next()) {
            let message = message.context("the server ended the publisher")??;
            if let Message::Text(text) = message
                && packet::parse(&text)? == Packet::Ping
            {
                self.socket.send(Message::text(packet::PONG)).await?;
            }
        }
        Ok(())
    }
}

fn room(channel: usize) -> String {
    format!("channel-{channel}")
}

async fn connect(address: SocketAddr) -> anyhow::Result<Socket> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let url = format!("ws://{address}/socket.io/?EIO=4&transport=websocket");
    let config = WebSocketConfig::default().read_buffer_size(READ_BYTES);
    let (mut socket, _) =
        tokio_tungstenite::client_async_with_config(url, stream, Some(config)).await?;
    ensure!(
        packet::parse(&text(&mut socket).await?)? == Packet::Open,
        "no engine.io handshake"
    );
    socket.send(Message::text(packet::CONNECT)).await?;
    match packet::parse(&text(&mut socket).await?)? {
        Packet::Connected => Ok(socket),
        other => bail!("the server answered {other:?}"),
    }
}

/// The next message, which has to be text.
async fn text(socket: &mut Socket) -> anyhow::Result<String> {
    match socket
        .next()
        .await
        .context("the server ended the session")??
    {
        Message::Text(text) => Ok(text.as_str().to_owned()),
        other => bail!("a message of {} bytes that is not text", other.len()),
    }
}

async fn listen(address: SocketAddr, channel: usize, mut ear: Ear) -> anyhow::Result<()> {
    let mut socket = connect(address).await?;
    let join = packet::asking(JOIN, "join", &room(channel));
    socket.send(Message::text(join)).await?;
    let mut attachments = 0;
    while let Some(message) = socket.next().await {
        match message? {
            Message::Text(text) => match packet::parse(&text)? {
                Packet::BinaryEvent {
                    attachments: count, ..
                } => attachments = count,
                Packet::Ping => socket.send(Message::text(packet::PONG)).await?,
                Packet::Ack(JOIN) => {}
                other => bail!("the server sent {other:?}"),
            },
            Message::Binary(frames) => {
                ensure!(attachments > 0, "an attachment that nothing announced");
                attachments -= 1;
                let now = Instant::now();
                split(&frames, &mut |frame| ear.heard_at(frame, now))?;
            }
            Message::Close(_) => break,
            _ => {}
        }
    }
    bail!("the server ended the session")
}
