//! The certificate that the relay shows: made for development, or read from
//! files, and replaced while the relay runs.
//!
//! [`Certificates`] owns the current one; every endpoint resolves through it
//! at each handshake, so that a new certificate needs no restart. It binds
//! nothing.

mod development;
mod files;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use rustls::crypto::aws_lc_rs;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio_util::sync::CancellationToken;

pub use development::{CERTIFICATE_FILE, KEY_FILE, LIFETIME, RENEW_BEFORE};
use files::Stamp;

use crate::config::Tls;
use crate::metrics::Metrics;

/// How often files are looked at, and expiry is thought about.
const POLL: Duration = Duration::from_secs(5);

/// The protocol of HTTP/3, over which WebTransport runs (RFC 9114, section
/// 3.1).
const ALPN: &[u8] = b"h3";

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The certificate file cannot be read, or is none.
    #[error("certificate {}: {problem}", path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// The key file cannot be read, or is none, or belongs to another
    /// certificate.
    #[error("key {}: {problem}", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// A development certificate could not be made.
    #[error("making a development certificate failed: {0}")]
    Make(#[from] rcgen::Error),
    /// A development certificate could not be kept.
    #[error("{}: {source}", path.display())]
    Store {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// rustls refuses the settings.
    #[error("TLS settings: {0}")]
    Settings(#[from] rustls::Error),
}

/// What a look at the files led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refresh {
    /// Nothing is new.
    Unchanged,
    /// The files had changed and were read.
    Reread,
    /// The development certificate was close to its end and was made anew.
    Renewed,
}

/// A certificate with its key, as read.
#[derive(Debug)]
struct Pair {
    certified: Arc<CertifiedKey>,
    sha256: [u8; 32],
    not_after: SystemTime,
}

/// The certificate that the relay shows now.
#[derive(Debug)]
pub struct Certificates {
    certificate: PathBuf,
    key: PathBuf,
    development: Option<PathBuf>,
    current: ArcSwap<Pair>,
    seen: Mutex<Stamp>,
    failures: AtomicU64,
}

impl Certificates {
    /// Reads the certificate; in development makes one first where there is
    /// none that lasts beyond `now` by [`RENEW_BEFORE`].
    ///
    /// # Errors
    /// Which file, and what is wrong with it.
    pub fn load(tls: &Tls, now: SystemTime) -> Result<Arc<Self>, Error> {
        let (certificate, key, development) = match tls {
            Tls::Development { dir } => {
                development::ensure(dir, now)?;
                (
                    dir.join(CERTIFICATE_FILE),
                    dir.join(KEY_FILE),
                    Some(dir.clone()),
                )
            }
            Tls::Files { certificate, key } => (certificate.clone(), key.clone(), None),
        };
        let seen = Stamp::of(&certificate, &key);
        let pair = files::read(&certificate, &key)?;
        Ok(Arc::new(Self {
            certificate,
            key,
            development,
            current: ArcSwap::from_pointee(pair),
            seen: Mutex::new(seen),
            failures: AtomicU64::new(0),
        }))
    }

    /// Renews what is close to its end at `now`, and re-reads what changed.
    /// When that fails the current certificate stays, and the failure is
    /// counted. Each change is tried once.
    ///
    /// # Errors
    /// Which file, and what is wrong with it.
    pub fn refresh(&self, now: SystemTime) -> Result<Refresh, Error> {
        let outcome = self.try_refresh(now);
        if outcome.is_err() {
            self.failures.fetch_add(1, Ordering::Relaxed);
        }
        outcome
    }

    fn try_refresh(&self, now: SystemTime) -> Result<Refresh, Error> {
        let renewed = match &self.development {
            Some(dir) => development::ensure(dir, now)?,
            None => false,
        };
        let stamp = Stamp::of(&self.certificate, &self.key);
        {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            if *seen == stamp {
                return Ok(Refresh::Unchanged);
            }
            *seen = stamp;
        }
        let pair = files::read(&self.certificate, &self.key)?;
        self.current.store(Arc::new(pair));
        Ok(if renewed {
            Refresh::Renewed
        } else {
            Refresh::Reread
        })
    }

    /// Keeps the certificate fresh until `shutdown`. Never fails: what goes
    /// wrong is logged and counted, and the current certificate stays.
    pub async fn watch(self: Arc<Self>, metrics: Metrics, shutdown: CancellationToken) {
        let mut ticks = tokio::time::interval(POLL);
        let mut logged = None;
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                _ = ticks.tick() => {}
            }
            let certificates = Arc::clone(&self);
            let work = move || certificates.refresh(SystemTime::now());
            match tokio::task::spawn_blocking(work).await {
                Ok(Ok(Refresh::Unchanged)) => {}
                Ok(Ok(refresh)) => {
                    tracing::info!(?refresh, sha256 = self.sha256_hex(), "certificate replaced");
                }
                Ok(Err(error)) => {
                    metrics.certificate_failures.increment(1);
                    // A directory that cannot be written fails at every poll.
                    let text = error.to_string();
                    if logged.as_ref() != Some(&text) {
                        tracing::error!(error = text, "certificate kept: no new one can be used");
                        logged = Some(text);
                    }
                }
                // The runtime is stopping.
                Err(_) => return,
            }
            metrics
                .certificate_expiry
                .set(self.remaining(SystemTime::now()).as_secs_f64());
        }
    }

    /// SHA-256 of the leaf's DER, for `serverCertificateHashes` of a browser's
    /// `WebTransport` (W3C WebTransport, section 6.9) and `--cert-sha256`.
    pub fn sha256(&self) -> [u8; 32] {
        self.current.load().sha256
    }

    /// The same as 64 hexadecimal digits.
    pub fn sha256_hex(&self) -> String {
        self.sha256()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    /// When the leaf ends.
    pub fn expires(&self) -> SystemTime {
        self.current.load().not_after
    }

    /// How long the leaf still lasts; zero when it has ended.
    pub fn remaining(&self, now: SystemTime) -> Duration {
        self.expires().duration_since(now).unwrap_or_default()
    }

    /// How often a new certificate could not be used.
    pub fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current.load().certified))
    }
}

/// What is wrong with a pair of files; empty when they can be used.
pub(crate) fn check_files(certificate: &Path, key: &Path) -> Vec<Error> {
    let mut errors = Vec::new();
    if let Err(error) = files::read_chain(certificate) {
        errors.push(error);
    }
    if let Err(error) = files::read_key(key) {
        errors.push(error);
    }
    if errors.is_empty()
        && let Err(error) = files::read(certificate, key)
    {
        errors.push(error);
    }
    errors
}

/// TLS for the pages: versions 1.2 and 1.3, protocol `http/1.1` (RFC 7301,
/// section 6).
///
/// # Errors
/// When rustls refuses the settings.
pub fn https_crypto(certificates: Arc<Certificates>) -> Result<rustls::ServerConfig, Error> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut crypto = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
        .with_no_client_auth()
        .with_cert_resolver(certificates);
    crypto.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(crypto)
}

/// TLS for QUIC: version 1.3 alone, protocol `h3`, no early data (a replayed
/// request could start a second session).
///
/// # Errors
/// When rustls refuses the settings.
pub fn server_crypto(certificates: Arc<Certificates>) -> Result<rustls::ServerConfig, Error> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut crypto = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_no_client_auth()
        .with_cert_resolver(certificates);
    crypto.alpn_protocols = vec![ALPN.to_vec()];
    crypto.max_early_data_size = 0;
    Ok(crypto)
}
