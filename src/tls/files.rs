//! Certificates and keys in PEM files.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use sha2::{Digest, Sha256};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::{Error, Pair};

/// By what a changed file is noticed: time of change and length of the
/// certificate and of the key. An absent file has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp([Option<(SystemTime, u64)>; 2]);

impl Stamp {
    pub(super) fn of(certificate: &Path, key: &Path) -> Self {
        Self([certificate, key].map(|path| {
            let metadata = fs::metadata(path).ok()?;
            Some((metadata.modified().ok()?, metadata.len()))
        }))
    }
}

pub(super) fn read(certificate: &Path, key: &Path) -> Result<Pair, Error> {
    let chain = read_chain(certificate)?;
    let private = read_key(key)?;
    let sha256 = Sha256::digest(&chain[0]).into();
    let not_after = not_after(certificate, &chain[0])?;
    let certified = CertifiedKey::from_der(chain, private, &aws_lc_rs::default_provider())
        .map_err(|error| Error::Key {
            path: key.to_owned(),
            problem: match error {
                rustls::Error::InconsistentKeys(_) => {
                    format!("does not belong to {}", certificate.display())
                }
                other => other.to_string(),
            },
        })?;
    Ok(Pair {
        certified: Arc::new(certified),
        sha256,
        not_after,
    })
}

/// The chain of a file, leaf first; never empty.
pub(super) fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let wrong = |problem: String| Error::Certificate {
        path: path.to_owned(),
        problem,
    };
    let pem = fs::read(path).map_err(|error| wrong(format!("cannot be read: {error}")))?;
    let chain = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| wrong(format!("is not PEM: {error}")))?;
    let leaf = chain
        .first()
        .ok_or_else(|| wrong("has no certificate in it".to_owned()))?;
    not_after(path, leaf)?;
    Ok(chain)
}

pub(super) fn read_key(path: &Path) -> Result<PrivateKeyDer<'static>, Error> {
    let wrong = |problem: String| Error::Key {
        path: path.to_owned(),
        problem,
    };
    let pem = fs::read(path).map_err(|error| wrong(format!("cannot be read: {error}")))?;
    PrivateKeyDer::from_pem_slice(&pem)
        .map_err(|_| wrong("has no PEM private key in it".to_owned()))
}

fn not_after(path: &Path, leaf: &CertificateDer<'_>) -> Result<SystemTime, Error> {
    let (_, parsed) = X509Certificate::from_der(leaf).map_err(|error| Error::Certificate {
        path: path.to_owned(),
        problem: format!("is not an X.509 certificate: {error}"),
    })?;
    let seconds = u64::try_from(parsed.validity().not_after.timestamp()).unwrap_or(0);
    Ok(UNIX_EPOCH + Duration::from_secs(seconds))
}
