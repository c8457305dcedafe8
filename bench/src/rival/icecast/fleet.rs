//! Sources and listeners of an Icecast: HTTP over TCP or TLS.

use std::cell::RefCell;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context as Polled, Poll, ready};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use bytes::Bytes;
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::{cipher_suite, default_provider};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::Address;
use super::config::AUTHORIZATION;
use crate::ear::Ear;
use crate::fleet::{Fleet, Station, Task};
use crate::generator::Plan;
use crate::rival::scanner::Scanner;

/// More than a listener is sent at once when it joins.
const READ_BYTES: usize = 128 << 10;
/// Of a response.
const MOST_HEADER_BYTES: usize = 8 << 10;
const ATTEMPTS: usize = 4;
const ANSWER_PATIENCE: Duration = Duration::from_secs(4);
const END_OF_HEADER: &[u8] = b"\r\n\r\n";

/// All read into one buffer, which only lives for the time of one read.
type Scratch = Rc<RefCell<Box<[u8]>>>;

pub(in crate::rival) struct Listeners {
    address: Address,
    tls: Option<TlsConnector>,
    scratch: Scratch,
}

impl Listeners {
    pub(in crate::rival) fn new(plan: &Plan) -> anyhow::Result<Self> {
        let address: Address = serde_json::from_str(&plan.address)?;
        let tls = match &address.certificate {
            Some(file) => Some(connector(CertificateDer::from_pem_file(file)?)?),
            None => None,
        };
        Ok(Self {
            address,
            tls,
            scratch: Rc::new(RefCell::new(vec![0; READ_BYTES].into())),
        })
    }
}

impl Fleet for Listeners {
    fn station(&self, channel: usize) -> Task<'_, Box<dyn Station>> {
        Box::pin(async move {
            let mut stream = TcpStream::connect(self.address.source).await?;
            stream.set_nodelay(true)?;
            let request = format!(
                "PUT {} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {AUTHORIZATION}\r\n\
                 Content-Type: audio/mpeg\r\nIce-Public: 0\r\nExpect: 100-continue\r\n\r\n",
                mount(channel)
            );
            stream.write_all(request.as_bytes()).await?;
            let (header, _) = response(&mut stream).await?;
            ensure!(
                header.contains(" 100 ") || header.contains(" 200 "),
                "the source was refused: {header}"
            );
            Ok(Box::new(Source(stream)) as Box<dyn Station>)
        })
    }

    fn listen(&self, channel: usize, mut ear: Ear) -> Task<'static, ()> {
        let tls = self.tls.clone();
        let address = self.address.listeners;
        let scratch = self.scratch.clone();
        Box::pin(async move {
            let (mut stream, audio) = join(address, tls, channel).await?;
            let mut scanner = Scanner::default();
            let now = Instant::now();
            scanner.push(&audio, &mut |frame| ear.heard_at(frame, now));
            drop(audio);
            poll_fn(|polled| poll_audio(polled, &mut stream, &scratch, &mut scanner, &mut ear))
                .await
        })
    }
}

struct Source(TcpStream);

impl Station for Source {
    fn write<'a>(&'a mut self, frame: &'a Bytes) -> Task<'a, ()> {
        Box::pin(async move {
            self.0
                .write_all(frame)
                .await
                .context("the source was cut off")
        })
    }
}

fn mount(channel: usize) -> String {
    format!("/channel-{channel}.mp3")
}

/// With or without TLS.
trait Stream: AsyncRead + AsyncWrite + Unpin {}

impl<S: AsyncRead + AsyncWrite + Unpin> Stream for S {}

/// Asks for a channel; gives the first audio. Once more where no answer comes, as
/// players do: Icecast lets five connections wait, and what the kernel drops beyond
/// that is not missed for seconds.
async fn join(
    address: SocketAddr,
    tls: Option<TlsConnector>,
    channel: usize,
) -> anyhow::Result<(Box<dyn Stream>, Vec<u8>)> {
    for _ in 1..ATTEMPTS {
        if let Ok(joined) = timeout(ANSWER_PATIENCE, ask(address, tls.as_ref(), channel)).await {
            return joined;
        }
    }
    ask(address, tls.as_ref(), channel).await
}

async fn ask(
    address: SocketAddr,
    tls: Option<&TlsConnector>,
    channel: usize,
) -> anyhow::Result<(Box<dyn Stream>, Vec<u8>)> {
    let stream = TcpStream::connect(address).await?;
    let mut stream: Box<dyn Stream> = match tls {
        Some(tls) => {
            let name = ServerName::try_from("localhost")?;
            Box::new(tls.connect(name, stream).await?)
        }
        None => Box::new(stream),
    };
    let request = format!(
        "GET {} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: skywave-bench\r\n\r\n",
        mount(channel)
    );
    stream.write_all(request.as_bytes()).await?;
    stream.flush().await?;
    let (header, audio) = response(&mut stream).await?;
    ensure!(
        header.contains(" 200 "),
        "the listener was refused: {header}"
    );
    Ok((stream, audio))
}

/// Until the server ends it.
fn poll_audio(
    polled: &mut Polled<'_>,
    stream: &mut Box<dyn Stream>,
    scratch: &Scratch,
    scanner: &mut Scanner,
    ear: &mut Ear,
) -> Poll<anyhow::Result<()>> {
    let mut scratch = scratch.borrow_mut();
    loop {
        let mut read = ReadBuf::new(&mut scratch);
        ready!(Pin::new(&mut *stream).poll_read(polled, &mut read))?;
        if read.filled().is_empty() {
            return Poll::Ready(Err(anyhow::anyhow!("Icecast ended the stream")));
        }
        let now = Instant::now();
        scanner.push(read.filled(), &mut |frame| ear.heard_at(frame, now));
    }
}

/// The header of a response, and what was read behind it.
async fn response(stream: &mut (impl AsyncRead + Unpin)) -> anyhow::Result<(String, Vec<u8>)> {
    let mut read = Vec::with_capacity(MOST_HEADER_BYTES);
    loop {
        ensure!(
            stream.read_buf(&mut read).await? > 0,
            "the server closed the connection"
        );
        let end = read
            .windows(END_OF_HEADER.len())
            .position(|bytes| bytes == END_OF_HEADER);
        if let Some(at) = end {
            let rest = read.split_off(at + END_OF_HEADER.len());
            return Ok((String::from_utf8_lossy(&read).into_owned(), rest));
        }
        if read.len() > MOST_HEADER_BYTES {
            bail!("a response header without an end");
        }
    }
}

/// TLS 1.3 with AES-128, as browsers offer it first; just this certificate is
/// trusted.
fn connector(certificate: CertificateDer<'_>) -> anyhow::Result<TlsConnector> {
    let provider = CryptoProvider {
        cipher_suites: vec![
            cipher_suite::TLS13_AES_128_GCM_SHA256,
            cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        ],
        ..default_provider()
    };
    let mut roots = RootCertStore::empty();
    roots.add(certificate)?;
    let config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}
