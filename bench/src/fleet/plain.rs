//! Stations and listeners of [`crate::plain`].

use std::time::Instant;

use anyhow::{Context, bail};
use bytes::{Buf, Bytes, BytesMut};
use skywave_transport::SendStream;

use super::webtransport::{Connected, Hearing, Sockets, task};
use super::{Fleet, Station, Task};
use crate::ear::Ear;
use crate::generator::Plan;
use crate::relay::Acknowledging;

pub(super) struct Plain {
    listeners: Sockets,
    stations: Sockets,
    frames: usize,
}

impl Plain {
    pub(super) fn new(plan: &Plan) -> anyhow::Result<Self> {
        Ok(Self {
            listeners: Sockets::new(&plan.address, plan.migrating, Acknowledging::AsAsked)?,
            stations: Sockets::new(&plan.address, false, Acknowledging::AsAsked)?,
            frames: plan.frames,
        })
    }
}

impl Fleet for Plain {
    fn station(&self, channel: usize) -> Task<'_, Box<dyn Station>> {
        task(async move {
            let path = format!("/publish/{channel}");
            let connected = self.stations.connect(&path).await?;
            let send = connected
                .session
                .open_uni()
                .context("no stream for the audio")?;
            Ok(Box::new(OnAir { send, connected }) as Box<dyn Station>)
        })
    }

    fn listen(&self, channel: usize, ear: Ear) -> Task<'static, ()> {
        let sockets = self.listeners.clone();
        let path = format!("/listen/{channel}/{}", self.frames);
        task(async move {
            let connected = sockets.connect(&path).await?;
            let audio = connected.session.accept_uni().await?;
            let frames = Prefixed::default();
            connected.hear(audio, Listener { ear, frames }).await
        })
    }

    fn rebind(&self) -> Task<'_, u64> {
        task(self.listeners.rebind())
    }
}

struct Listener {
    ear: Ear,
    frames: Prefixed,
}

impl Hearing for Listener {
    fn hear(&mut self, bytes: &[u8], now: Instant) -> anyhow::Result<()> {
        let ear = &mut self.ear;
        self.frames.push(bytes, |frame| ear.heard_at(frame, now));
        Ok(())
    }

    fn ended(&mut self) -> anyhow::Result<()> {
        bail!("the server ended the stream")
    }
}

struct OnAir {
    send: SendStream,
    connected: Connected,
}

impl Station for OnAir {
    fn write<'a>(&'a mut self, frame: &'a Bytes) -> Task<'a, ()> {
        task(async move {
            let mut prefixed = BytesMut::with_capacity(2 + frame.len());
            prefixed.extend_from_slice(&(frame.len() as u16).to_be_bytes());
            prefixed.extend_from_slice(frame);
            let mut left = prefixed.freeze();
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

/// Frames with two bytes of length before each, out of any cut.
#[derive(Default)]
pub(super) struct Prefixed(BytesMut);

impl Prefixed {
    pub(super) fn push(&mut self, bytes: &[u8], mut heard: impl FnMut(&[u8])) {
        self.0.extend_from_slice(bytes);
        while let Some(head) = self.0.first_chunk::<2>() {
            let len = usize::from(u16::from_be_bytes(*head));
            let Some(frame) = self.0.get(2..2 + len) else {
                return;
            };
            heard(frame);
            self.0.advance(2 + len);
        }
    }

    /// Forgets what has begun.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_cut_gives_the_same_frames() {
        let bytes = [0, 3, 1, 2, 3, 0, 0, 0, 2, 9, 8];
        for cut in 1..bytes.len() {
            let mut heard = Vec::new();
            let mut frames = Prefixed::default();
            for piece in bytes.chunks(cut) {
                frames.push(piece, |frame| heard.push(frame.to_vec()));
            }
            assert_eq!(heard, [vec![1, 2, 3], vec![], vec![9, 8]], "cut at {cut}");
        }
    }
}
