//! Stations and listeners of the relay, in its own protocol (`docs/protocol.md`).

use std::time::Instant;

use anyhow::{Context, bail};
use bytes::Bytes;
use skywave_transport::{RecvStream, SendStream, Session};
use skywave_wire::control::{
    Cut, Delivery, FromRelay, Hello, Join, Lines, Request, Show, Start, Started, answer,
    decode_from_relay, encode_request,
};
use skywave_wire::datagram::FromClient;
use skywave_wire::stream::{AudioReader, Header};
use skywave_wire::{ChannelId, PROTOCOL, SESSION_PATH};

use super::webtransport::{Connected, Hearing, Sockets, task};
use super::{Fleet, Station, Task};
use crate::ear::Ear;
use crate::generator::Plan;
use crate::relay::Acknowledging;

pub(super) struct Skywave {
    listeners: Sockets,
    stations: Sockets,
    latency_ms: u64,
}

impl Skywave {
    pub(super) fn new(plan: &Plan, acknowledging: Acknowledging) -> anyhow::Result<Self> {
        Ok(Self {
            listeners: Sockets::new(&plan.address, plan.migrating, acknowledging)?,
            stations: Sockets::new(&plan.address, false, Acknowledging::AsAsked)?,
            latency_ms: latency_ms(plan.frames)?,
        })
    }
}

/// What a listener asks for, so that so many frames of 26 ms go together.
fn latency_ms(frames: usize) -> anyhow::Result<u64> {
    Ok(match frames {
        1 => 0,
        3 => 60,
        8 => 200,
        other => bail!("no latency gives {other} frames a write"),
    })
}

fn channel_id(channel: usize) -> anyhow::Result<ChannelId> {
    Ok(format!("channel-{channel}").parse()?)
}

impl Fleet for Skywave {
    fn station(&self, channel: usize) -> Task<'_, Box<dyn Station>> {
        task(async move {
            let connected = self.stations.connect(SESSION_PATH).await?;
            let session = &connected.session;
            let mut control = Control::open(session, None).await?;
            let start = Request::Start(Start {
                channel_id: channel_id(channel)?,
                show: Show::default(),
            });
            let started: Started = answer(control.ask(&start).await?)
                .map_err(|why| anyhow::anyhow!("stream:start: {why}"))?;
            let mut send = session.open_uni().context("no stream for the audio")?;
            let mut head = Vec::new();
            Header::Ingest(started.stream_id).put(&mut head);
            send.write_all(head.into()).await?;
            Ok(Box::new(OnAir {
                send,
                connected,
                _control: control,
            }) as Box<dyn Station>)
        })
    }

    fn listen(&self, channel: usize, ear: Ear) -> Task<'static, ()> {
        let sockets = self.listeners.clone();
        let latency_ms = self.latency_ms;
        task(async move {
            let connected = sockets.connect(SESSION_PATH).await?;
            let session = &connected.session;
            let join = Request::Join(Join {
                channel_id: channel_id(channel)?,
                latency_ms,
                delivery: Delivery::Stream,
                wait: false,
            });
            let mut control = Control::open(session, Some(&join)).await?;
            let audio = loop {
                tokio::select! {
                    audio = session.accept_uni() => break audio?,
                    line = control.next() => drop(line?),
                }
            };
            let listener = Listener {
                ear,
                reader: AudioReader::new(),
                prefix: session.datagram_prefix().to_vec(),
                pings: 0,
                _control: control,
            };
            connected.hear(audio, listener).await
        })
    }

    fn rebind(&self) -> Task<'_, u64> {
        task(self.listeners.rebind())
    }
}

struct OnAir {
    send: SendStream,
    connected: Connected,
    _control: Control,
}

impl Station for OnAir {
    fn write<'a>(&'a mut self, frame: &'a Bytes) -> Task<'a, ()> {
        task(async move {
            let mut left = frame.clone();
            self.send.try_write(&mut left)?;
            self.connected.session.flush();
            self.connected.send_batch();
            if !left.is_empty() {
                self.send.write_all(left).await?;
            }
            Ok(())
        })
    }
}

/// The control stream, after `hello`.
struct Control {
    send: SendStream,
    recv: RecvStream,
    lines: Lines,
    next_id: u64,
}

impl Control {
    /// Says `hello`, and `then` in the same breath; reads the answer to `hello`.
    async fn open(session: &Session, then: Option<&Request>) -> anyhow::Result<Self> {
        let (mut send, recv) = session.open_bi().context("no control stream")?;
        let hello = Request::Hello(Hello {
            versions: vec![PROTOCOL.to_owned()],
            client: Some("skywave-bench".to_owned()),
            ..Hello::default()
        });
        let mut lines = encode_request(1, &hello);
        if let Some(request) = then {
            lines.push_str(&encode_request(2, request));
        }
        send.write_all(lines.into()).await?;
        let mut control = Self {
            send,
            recv,
            lines: Lines::default(),
            next_id: 3,
        };
        control.answer(1).await?;
        Ok(control)
    }

    async fn ask(&mut self, request: &Request) -> anyhow::Result<serde_json::Value> {
        let id = self.next_id;
        self.next_id += 1;
        self.send
            .write_all(encode_request(id, request).into())
            .await?;
        self.answer(id).await
    }

    async fn answer(&mut self, id: u64) -> anyhow::Result<serde_json::Value> {
        loop {
            if let FromRelay::Ok {
                re: Some(re),
                fields,
            } = self.next().await?
                && re == id
            {
                return Ok(fields);
            }
        }
    }

    /// The next line, where it is no error.
    async fn next(&mut self) -> anyhow::Result<FromRelay> {
        const READ: usize = 16 << 10;
        loop {
            match self.lines.next_cut() {
                Cut::Line(line) => {
                    return match decode_from_relay(&line) {
                        Ok(FromRelay::Error { fault, .. }) => {
                            bail!("the relay refuses: {}", fault.message)
                        }
                        Ok(message) => Ok(message),
                        Err(why) => bail!("a control line cannot be read: {why}"),
                    };
                }
                Cut::TooLong => bail!("a control line is too long"),
                Cut::More => match self.recv.read_chunk(READ).await? {
                    Some(bytes) => self.lines.push(&bytes),
                    None => bail!("the relay ended the session"),
                },
            }
        }
    }
}

/// Does what a listener does: hears everything, and asks for the clock once a second,
/// as the project's own clients do. Titles would want an answer, but these stations
/// have none.
struct Listener {
    ear: Ear,
    reader: AudioReader,
    /// Of the session's datagrams.
    prefix: Vec<u8>,
    pings: u64,
    _control: Control,
}

impl Hearing for Listener {
    fn hear(&mut self, bytes: &[u8], now: Instant) -> anyhow::Result<()> {
        self.reader.push(bytes);
        while let Some(frames) = self.reader.next_group()? {
            for frame in frames {
                self.ear.heard_at(&frame.data, now);
            }
        }
        Ok(())
    }

    /// After a skip the audio goes on on a fresh stream.
    fn ended(&mut self) -> anyhow::Result<()> {
        self.reader = AudioReader::new();
        Ok(())
    }

    fn say(&mut self) -> Option<Vec<u8>> {
        self.pings += 1;
        let ping = FromClient::Ping {
            id: self.pings,
            client_time: 0,
        };
        let mut datagram = self.prefix.clone();
        datagram.extend_from_slice(&ping.encode());
        Some(datagram)
    }
}
