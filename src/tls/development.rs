//! Certificates for development: self-signed, for loopback, short-lived.
//!
//! Browsers accept such a certificate by its hash alone if it is ECDSA and
//! valid for at most two weeks (W3C WebTransport, section 6.9, "custom
//! certificate requirements"); these last 13 days.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
};
use time::OffsetDateTime;

use super::{Error, files};

/// The certificate's name in its directory.
pub const CERTIFICATE_FILE: &str = "development.crt";

/// The key's name in its directory; readable by its owner alone.
pub const KEY_FILE: &str = "development.key";

/// Held while the pair is looked at or made: relays that share a directory
/// would otherwise leave the key of one beside the certificate of another.
const LOCK_FILE: &str = "development.lock";

/// From a certificate's start to its end.
pub const LIFETIME: Duration = Duration::from_secs(13 * 86_400);

/// A certificate that lasts no longer than this is made anew.
pub const RENEW_BEFORE: Duration = Duration::from_secs(2 * 86_400);

/// How far the clock of a client may be behind ours.
const CLOCK_SLACK: Duration = Duration::from_secs(3600);

/// Makes sure that `dir` has a pair that lasts. Whether it was made anew.
pub(super) fn ensure(dir: &Path, now: SystemTime) -> Result<bool, Error> {
    let (certificate, key) = (dir.join(CERTIFICATE_FILE), dir.join(KEY_FILE));
    if lasts(&certificate, &key, now) {
        return Ok(false);
    }
    let store = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::Store { path, source }
    };
    fs::create_dir_all(dir).map_err(store(dir))?;
    let lock_path = dir.join(LOCK_FILE);
    let lock = File::create(&lock_path).map_err(store(&lock_path))?;
    lock.lock().map_err(store(&lock_path))?;
    if lasts(&certificate, &key, now) {
        return Ok(false);
    }
    let (certificate_pem, key_pem) = make(now)?;
    replace(&key, &key_pem, 0o600).map_err(store(&key))?;
    replace(&certificate, &certificate_pem, 0o644).map_err(store(&certificate))?;
    Ok(true)
}

fn lasts(certificate: &Path, key: &Path, now: SystemTime) -> bool {
    files::read(certificate, key).is_ok_and(|pair| {
        pair.not_after
            .duration_since(now)
            .is_ok_and(|left| left > RENEW_BEFORE && left <= LIFETIME)
    })
}

fn make(now: SystemTime) -> Result<(String, String), Error> {
    let from = whole_seconds(now - CLOCK_SLACK);
    let mut params = CertificateParams::new(
        ["localhost", "127.0.0.1", "::1"]
            .map(str::to_owned)
            .to_vec(),
    )?;
    params.not_before = from;
    params.not_after = from + LIFETIME;
    params.distinguished_name = DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, "Skywave development");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let certificate = params.self_signed(&key)?;
    Ok((certificate.pem(), key.serialize_pem()))
}

fn whole_seconds(time: SystemTime) -> OffsetDateTime {
    let time = OffsetDateTime::from(time);
    time - Duration::from_nanos(u64::from(time.nanosecond()))
}

/// Whoever reads `path` sees the old file or the new one, never a part.
fn replace(path: &Path, text: &str, mode: u32) -> std::io::Result<()> {
    let temporary = path.with_extension("new");
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = File::options()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&temporary)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&temporary, path)
}
