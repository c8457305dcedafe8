//! The station and the listeners of a moq-relay: WebTransport sessions that speak
//! moq-lite. A channel is a broadcast with one track, a write of so many MP3 frames
//! is one frame of moq's, and a group is about a second of them: each group is a
//! stream of its own, so long ones are what makes it cheap.

use std::cell::RefCell;
use std::time::Duration;

use anyhow::Context;
use bytes::BytesMut;
use moq_net::{Timestamp, broadcast, group, track};
use moq_tokio::connect::Addr;
use moq_tokio::{Addrs, Client, Connection};
use skywave_wire::mp3::Header;
use tokio::task::spawn_local;
use url::Url;

use crate::hall::Ear;
use crate::lines::Plan;

const TRACK: &str = "audio";
/// The default gives up a group as soon as there is a newer one, which a listener to
/// music would hear.
const MAX_AGE: Duration = Duration::from_secs(2);
/// Listeners that share a socket: more would overflow its buffer at once.
const LISTENERS_A_SOCKET: usize = 16;
/// MP3 frames of a group, or a few less.
const GROUP: usize = 40;

pub(crate) struct Publisher {
    channels: Vec<Channel>,
    /// MP3 frames of a write.
    frames: usize,
    _connection: Connection,
}

struct Channel {
    track: track::Producer,
    group: Option<group::Producer>,
    /// Writes of the group so far.
    writes: usize,
    /// Of the next write.
    held: BytesMut,
    count: usize,
    /// Gone, it would end the track.
    _broadcast: broadcast::Producer,
}

impl Publisher {
    pub(crate) async fn start(plan: &Plan) -> anyhow::Result<Self> {
        let origin = moq_tokio::origin::spawn();
        let mut channels = Vec::new();
        for channel in 0..plan.channels {
            let broadcast = origin.create_broadcast(name(channel))?;
            let track = broadcast.create_track(TRACK, None)?;
            broadcast.announce(Default::default())?;
            channels.push(Channel {
                track,
                group: None,
                writes: 0,
                held: BytesMut::new(),
                count: 0,
                _broadcast: broadcast,
            });
        }
        let connection = client()?
            .with_publisher(&origin)
            .connect(address(plan)?)
            .established()
            .await?;
        Ok(Self {
            channels,
            frames: plan.frames,
            _connection: connection,
        })
    }

    /// Sends the frames that were held back once there are enough.
    pub(crate) fn write(&mut self, channel: usize, frame: &[u8]) -> anyhow::Result<()> {
        let channel = &mut self.channels[channel];
        channel.held.extend_from_slice(frame);
        channel.count += 1;
        if channel.count < self.frames {
            return Ok(());
        }
        channel.count = 0;
        let mut group = match channel.group.take() {
            Some(group) => group,
            None => channel.track.append_group()?,
        };
        group.write_frame(Timestamp::now(), channel.held.split().freeze())?;
        channel.writes += 1;
        if channel.writes < writes_a_group(self.frames) {
            channel.group = Some(group);
            return Ok(());
        }
        channel.writes = 0;
        Ok(group.finish()?)
    }
}

fn writes_a_group(frames: usize) -> usize {
    (GROUP / frames).max(1)
}

pub(crate) struct Listeners {
    address: Addrs,
    frames: usize,
    /// The newest socket, and how many have it.
    shared: RefCell<(Client, usize)>,
}

impl Listeners {
    pub(crate) fn new(plan: &Plan) -> anyhow::Result<Self> {
        Ok(Self {
            address: address(plan)?,
            frames: plan.frames,
            shared: RefCell::new((client()?, 0)),
        })
    }

    /// Listens until the session ends, which it says on stderr.
    pub(crate) fn listen(&self, channel: usize, ear: Ear) -> anyhow::Result<()> {
        let mut shared = self.shared.borrow_mut();
        if shared.1 == LISTENERS_A_SOCKET {
            *shared = (client()?, 0);
        }
        shared.1 += 1;
        let listening = listen(
            shared.0.clone(),
            self.address.clone(),
            channel,
            self.frames,
            ear,
        );
        spawn_local(async move {
            if let Err(error) = listening.await {
                eprintln!("a listener: {error:#}");
            }
        });
        Ok(())
    }
}

async fn listen(
    client: Client,
    address: Addrs,
    channel: usize,
    frames: usize,
    ear: Ear,
) -> anyhow::Result<()> {
    let origin = moq_tokio::origin::spawn();
    let connection = client
        .with_reconnect(false)
        .with_subscriber(origin.clone())
        .connect(address);
    let heard = async {
        let broadcast = origin.consume().routed_broadcast(name(channel)).await?;
        let subscription = track::Subscription::default().with_max_age(MAX_AGE);
        let track = broadcast.track(TRACK)?.subscribe(subscription).await?;
        hear(track, frames, ear).await
    };
    tokio::select! {
        ended = heard => ended,
        closed = connection.closed() => closed.context("the session"),
    }
}

async fn hear(mut track: track::Subscriber, frames: usize, mut ear: Ear) -> anyhow::Result<()> {
    let a_group = (writes_a_group(frames) * frames) as u64;
    while let Some(mut group) = track.recv_group().await? {
        let mut number = group.sequence * a_group;
        // A group that is given up ends with an error; the next one may come whole.
        while let Ok(Some(write)) = group.read_frame().await {
            for frame in split(&write.payload) {
                ear.heard(number, frame);
                number += 1;
            }
        }
    }
    Ok(())
}

/// MP3 frames, one right behind the other.
fn split(mut rest: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let header = Header::parse(*rest.first_chunk()?).ok()?;
        let (frame, behind) = rest.split_at_checked(header.frame_bytes()?)?;
        rest = behind;
        Some(frame)
    })
}

/// The plan's URL, without asking for the address of `localhost`.
fn address(plan: &Plan) -> anyhow::Result<Addrs> {
    let url = Url::parse(&plan.address)?;
    let port = url.port().context("a URL with a port")?;
    Ok(Addrs::new(Addr::pinned(
        url,
        [([127, 0, 0, 1], port).into()],
    )?))
}

fn name(channel: usize) -> String {
    format!("channel-{channel}")
}

/// With a socket of its own. The relay's certificate is made for the run; who it is
/// does not matter on loopback.
fn client() -> anyhow::Result<Client> {
    let mut config = moq_tokio::connect::Config::default();
    config.bind = Some(([127, 0, 0, 1], 0).into());
    config.tls.insecure = Some(true);
    Ok(config.init(Default::default())?)
}

#[cfg(test)]
mod tests {
    use super::{split, writes_a_group};

    #[test]
    fn frames_of_a_write_are_split_by_their_headers() {
        // 128 kbit/s, 44.1 kHz; the second has padding.
        let mut plain = [0; 417];
        plain[..4].copy_from_slice(&[0xFF, 0xFB, 0x90, 0x64]);
        let mut padded = [1; 418];
        padded[..4].copy_from_slice(&[0xFF, 0xFB, 0x92, 0x64]);
        let write = [&plain[..], &padded, &plain].concat();
        let frames: Vec<_> = split(&write).collect();
        assert_eq!(frames, [&plain[..], &padded, &plain]);
        assert_eq!(split(&write[..600]).count(), 1);
    }

    #[test]
    fn a_group_is_about_a_second_of_whole_writes() {
        assert_eq!([1, 3, 8, 50].map(writes_a_group), [40, 13, 5, 1]);
    }
}
