//! The certificate for development is made, kept, renewed; one in files is
//! followed as it changes; whatever goes wrong, the old one stays.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConnection};
use skywave::config::Tls;
use skywave::metrics::Metrics;
use skywave::tls::{
    self, CERTIFICATE_FILE, Certificates, Error, KEY_FILE, LIFETIME, RENEW_BEFORE, Refresh,
};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use x509_parser::oid_registry::{OID_EC_P256, OID_KEY_TYPE_EC_PUBLIC_KEY};
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

const DAY: Duration = Duration::from_secs(86_400);

fn directory() -> TempDir {
    tempfile::tempdir().expect("a directory")
}

fn development(dir: &Path) -> Tls {
    Tls::Development {
        dir: dir.join("certs"),
    }
}

fn load(tls: &Tls, now: SystemTime) -> Arc<Certificates> {
    Certificates::load(tls, now).expect("certificates")
}

#[test]
fn the_first_run_makes_a_certificate_that_browsers_accept_by_hash() {
    let dir = directory();
    let now = SystemTime::now();
    let certificates = load(&development(dir.path()), now);
    let certs = dir.path().join("certs");
    let leaf = CertificateDer::from_pem_file(certs.join(CERTIFICATE_FILE)).expect("PEM");
    let (_, parsed) = X509Certificate::from_der(&leaf).expect("X.509");
    let spki = parsed.public_key();
    assert_eq!(spki.algorithm.algorithm, OID_KEY_TYPE_EC_PUBLIC_KEY);
    let curve = spki.algorithm.parameters.as_ref().expect("a curve");
    assert_eq!(curve.as_oid().expect("an OID"), OID_EC_P256);
    let validity = parsed.validity();
    let seconds = validity.not_after.timestamp() - validity.not_before.timestamp();
    assert!(seconds <= 14 * 86_400, "{seconds}");
    assert_eq!(seconds as u64, LIFETIME.as_secs());
    assert!(validity.is_valid());
    let names = parsed
        .subject_alternative_name()
        .expect("readable names")
        .expect("names");
    let expected: [GeneralName<'_>; 3] = [
        GeneralName::DNSName("localhost"),
        GeneralName::IPAddress(&[127, 0, 0, 1]),
        GeneralName::IPAddress(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
    ];
    assert_eq!(names.value.general_names, expected);

    let mode = |name: &str| {
        let metadata = fs::metadata(certs.join(name)).expect("a file");
        metadata.permissions().mode() & 0o777
    };
    assert_eq!(mode(KEY_FILE), 0o600);
    assert_eq!(
        certificates.sha256().as_slice(),
        aws_lc_sha256(&leaf).as_slice()
    );
    assert_eq!(certificates.sha256_hex().len(), 64);
    assert!(certificates.remaining(now) > LIFETIME - DAY);
}

/// By another implementation than the one under test.
fn aws_lc_sha256(bytes: &[u8]) -> Vec<u8> {
    let suite = rustls::crypto::aws_lc_rs::cipher_suite::TLS13_AES_128_GCM_SHA256;
    let suite = suite.tls13().expect("a suite of TLS 1.3");
    suite.common.hash_provider.hash(bytes).as_ref().to_vec()
}

#[test]
fn the_second_run_uses_the_same() {
    let dir = directory();
    let now = SystemTime::now();
    let first = load(&development(dir.path()), now).sha256();
    assert_eq!(load(&development(dir.path()), now + DAY).sha256(), first);
    let just_lasts = now + LIFETIME - RENEW_BEFORE - Duration::from_secs(3700);
    assert_eq!(load(&development(dir.path()), just_lasts).sha256(), first);
}

#[test]
fn one_that_is_close_to_its_end_is_made_anew_at_the_start() {
    let dir = directory();
    let now = SystemTime::now();
    let first = load(&development(dir.path()), now).sha256();
    let close = now + LIFETIME - RENEW_BEFORE;
    let second = load(&development(dir.path()), close);
    assert_ne!(second.sha256(), first);
    assert!(second.remaining(close) > LIFETIME - DAY);
}

#[test]
fn one_that_is_close_to_its_end_is_renewed_while_running() {
    let dir = directory();
    let now = SystemTime::now();
    let certificates = load(&development(dir.path()), now);
    let first = certificates.sha256();
    let refresh = |now| certificates.refresh(now).expect("a refresh");
    assert_eq!(refresh(now + DAY), Refresh::Unchanged);
    assert_eq!(certificates.sha256(), first);
    let close = now + LIFETIME - RENEW_BEFORE;
    assert_eq!(refresh(close), Refresh::Renewed);
    let second = certificates.sha256();
    assert_ne!(second, first);
    assert_eq!(refresh(close), Refresh::Unchanged);
    assert_eq!(load(&development(dir.path()), close).sha256(), second);
}

#[test]
fn a_development_pair_that_does_not_fit_is_made_anew() {
    let (dir, other) = (directory(), directory());
    let now = SystemTime::now();
    let first = load(&development(dir.path()), now).sha256();
    load(&development(other.path()), now);
    let key = Path::new("certs").join(KEY_FILE);
    fs::copy(other.path().join(&key), dir.path().join(&key)).expect("a copy");
    let second = load(&development(dir.path()), now).sha256();
    assert_ne!(second, first);
}

#[test]
fn relays_that_start_together_share_one_certificate() {
    let dir = directory();
    let now = SystemTime::now();
    let hashes: Vec<[u8; 32]> = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| load(&development(dir.path()), now).sha256()))
            .collect();
        starts
            .into_iter()
            .map(|start| start.join().expect("no panic"))
            .collect()
    });
    assert_eq!(hashes, [hashes[0]; 8]);
}

struct Files {
    dir: TempDir,
    generation: u64,
}

impl Files {
    fn new() -> Self {
        let mut files = Self {
            dir: directory(),
            generation: 0,
        };
        files.replace();
        files
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn tls(&self) -> Tls {
        Tls::Files {
            certificate: self.path("a.crt"),
            key: self.path("a.key"),
        }
    }

    /// Writes a file with a time of change of its own, however fast tests run.
    fn write(&mut self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("a file");
        self.generation += 1;
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(self.generation);
        let file = fs::File::options().write(true).open(self.path(name));
        file.expect("the file").set_modified(at).expect("a time");
    }

    fn replace(&mut self) {
        let names = ["localhost".to_owned()];
        let made = rcgen::generate_simple_self_signed(names).expect("a certificate");
        self.write("a.crt", &made.cert.pem());
        self.write("a.key", &made.signing_key.serialize_pem());
    }
}

#[test]
fn changed_files_are_read_again() {
    let mut files = Files::new();
    let now = SystemTime::now();
    let certificates = load(&files.tls(), now);
    let first = certificates.sha256();
    assert_eq!(
        certificates.refresh(now).expect("no change"),
        Refresh::Unchanged
    );
    files.replace();
    assert_eq!(
        certificates.refresh(now).expect("a change"),
        Refresh::Reread
    );
    assert_ne!(certificates.sha256(), first);
    assert_eq!(certificates.failures(), 0);
}

#[test]
fn broken_files_leave_the_old_certificate_in_place() {
    let mut files = Files::new();
    let now = SystemTime::now();
    let certificates = load(&files.tls(), now);
    let first = certificates.sha256();

    files.write("a.crt", "no certificate");
    let error = certificates.refresh(now).expect_err("a broken file");
    assert!(matches!(error, Error::Certificate { .. }), "{error}");
    assert_eq!(
        certificates.refresh(now).expect("tried before"),
        Refresh::Unchanged
    );

    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("another");
    files.write("a.crt", &other.cert.pem());
    let error = certificates
        .refresh(now)
        .expect_err("a key of another certificate");
    assert!(matches!(error, Error::Key { .. }), "{error}");

    fs::remove_file(files.path("a.crt")).expect("a file to remove");
    certificates.refresh(now).expect_err("a missing file");
    assert_eq!(certificates.failures(), 3);
    assert_eq!(certificates.sha256(), first);

    files.replace();
    assert_eq!(
        certificates.refresh(now).expect("a good pair"),
        Refresh::Reread
    );
    assert_ne!(certificates.sha256(), first);
}

#[test]
fn files_that_are_not_there_are_named() {
    let dir = directory();
    let tls = Tls::Files {
        certificate: dir.path().join("a.crt"),
        key: dir.path().join("a.key"),
    };
    let error = Certificates::load(&tls, SystemTime::now()).expect_err("no files");
    assert!(
        error.to_string().contains("a.crt: cannot be read"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn the_watch_takes_up_a_change_and_counts_a_failure() {
    let mut files = Files::new();
    let certificates = load(&files.tls(), SystemTime::now());
    let first = certificates.sha256();
    let metrics = Metrics::new();
    let shutdown = CancellationToken::new();
    let watch = Arc::clone(&certificates).watch(metrics.clone(), shutdown.clone());
    let watch = tokio::spawn(watch);
    files.replace();
    until(|| certificates.sha256() != first).await;
    files.write("a.key", "no key");
    let failed = "\nskywave_certificate_reload_failures_total 1\n";
    until(|| metrics.render().contains(failed)).await;
    assert!(
        !metrics
            .render()
            .contains("skywave_certificate_expiry_seconds 0\n")
    );
    shutdown.cancel();
    watch.await.expect("a clean end");
}

/// Virtual time passes until it is so.
async fn until(so: impl Fn() -> bool) {
    let wait = async {
        while !so() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(3600), wait)
        .await
        .expect("within an hour of virtual time");
}

#[test]
fn endpoints_show_the_new_certificate_at_the_next_handshake() {
    let mut files = Files::new();
    let now = SystemTime::now();
    let certificates = load(&files.tls(), now);
    let crypto = Arc::new(tls::server_crypto(Arc::clone(&certificates)).expect("settings"));
    assert_eq!(crypto.alpn_protocols, [b"h3".to_vec()]);
    assert_eq!(crypto.max_early_data_size, 0);
    let leaf = |files: &Files| CertificateDer::from_pem_file(files.path("a.crt")).expect("PEM");
    let first = leaf(&files);
    assert_eq!(handshake(&crypto, &first), first);
    files.replace();
    certificates.refresh(now).expect("a change");
    let second = leaf(&files);
    assert_eq!(handshake(&crypto, &second), second);
    assert_ne!(second, first);
}

/// The leaf that a client sees which trusts `root`.
fn handshake(
    crypto: &Arc<rustls::ServerConfig>,
    root: &CertificateDer<'static>,
) -> CertificateDer<'static> {
    let mut roots = RootCertStore::empty();
    roots.add(root.clone()).expect("a root");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h3".to_vec()];
    let name = ServerName::try_from("localhost").expect("a name");
    let mut client = ClientConnection::new(Arc::new(config), name).expect("a client");
    let mut server = ServerConnection::new(Arc::clone(crypto)).expect("a server");
    while client.is_handshaking() || server.is_handshaking() {
        let mut wire = Vec::new();
        client.write_tls(&mut wire).expect("to memory");
        server.read_tls(&mut wire.as_slice()).expect("from memory");
        server.process_new_packets().expect("a good client");
        wire.clear();
        server.write_tls(&mut wire).expect("to memory");
        client.read_tls(&mut wire.as_slice()).expect("from memory");
        client.process_new_packets().expect("a good server");
    }
    let chain = client.peer_certificates().expect("a certificate");
    chain[0].clone().into_owned()
}
