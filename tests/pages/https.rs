//! With a certificate in files the pages come over HTTPS, with that certificate.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::json;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::site::{Answer, Site, ask, within};

const NAME: &str = "radio.example";

/// Writes a new certificate and its key into the directory.
fn certify(room: &Path) -> CertificateDer<'static> {
    let made = rcgen::generate_simple_self_signed([NAME.to_owned()]).expect("made");
    fs::write(room.join("a.crt"), made.cert.pem()).expect("a file");
    fs::write(room.join("a.key"), made.signing_key.serialize_pem()).expect("a file");
    made.cert.der().clone()
}

async fn site(lines: &str) -> (Site, CertificateDer<'static>) {
    let room = tempfile::tempdir().expect("a directory");
    let certificate = certify(room.path());
    let lines =
        format!("{lines}[tls]\nmode = \"files\"\ncertificate = \"a.crt\"\nkey = \"a.key\"\n");
    let files = [("index.html", "<!doctype html><title>Listen</title>")];
    let config = Site::config(&room, "127.0.0.1:0", &lines, &files);
    let server = skywave::Server::bind(config).await.expect("a relay");
    (Site { server, room }, certificate)
}

async fn connect(
    site: &Site,
    trusted: &CertificateDer<'static>,
    protocols: &[&str],
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).expect("a certificate");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|p| p.as_bytes().to_vec()).collect();
    let name = ServerName::try_from(NAME).expect("a name");
    let connector = TlsConnector::from(Arc::new(config));
    within(connector.connect(name, site.connect().await)).await
}

async fn get(site: &Site, trusted: &CertificateDer<'static>, path: &str) -> Answer {
    let mut stream = connect(site, trusted, &["h2", "http/1.1"])
        .await
        .expect("a handshake");
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    let head = format!("GET {path} HTTP/1.1\r\nHost: {NAME}\r\n");
    ask(&mut stream, &head).await
}

#[tokio::test]
async fn the_pages_are_shown_with_the_certificate_of_the_relay() {
    let (site, certificate) = site("").await;
    let page = get(&site, &certificate, "/").await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("Listen"));
    let port = site.server.addresses()[0].port();
    let policy = page.header("content-security-policy").expect("a policy");
    let source = format!("; connect-src 'self' https://{NAME}:{port}");
    assert!(policy.ends_with(&source), "{policy}");
    let told = get(&site, &certificate, "/api/relay").await.json();
    assert_eq!(told["url"], format!("https://{NAME}:{port}/"));
    assert_eq!(told["certificateHashes"], json!([]), "it needs no hash");
}

#[tokio::test]
async fn a_new_certificate_needs_no_restart() {
    let (site, old) = site("").await;
    assert_eq!(get(&site, &old, "/").await.status, 200);
    let new = certify(site.room.path());
    within(async {
        while connect(&site, &new, &["http/1.1"]).await.is_err() {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    })
    .await;
    assert_eq!(get(&site, &new, "/").await.status, 200);
    assert!(connect(&site, &old, &["http/1.1"]).await.is_err());
}

#[tokio::test]
async fn who_speaks_no_tls_is_turned_away_and_counted() {
    let (site, certificate) = site("").await;
    let mut stream = site.connect().await;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let request = b"GET / HTTP/1.1\r\nHost: radio.example\r\n\r\n";
    stream.write_all(request).await.expect("asked");
    let mut answer = Vec::new();
    // The end may come as a reset.
    let _ = within(stream.read_to_end(&mut answer)).await;
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
    within(async {
        let line = "skywave_pages_refused_total{reason=\"tls\"} 1";
        while !site.server.metrics().render().contains(line) {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(get(&site, &certificate, "/").await.status, 200);
}
