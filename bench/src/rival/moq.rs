//! moq-relay, with the generator of `bench/rivals/moq`.

use std::net::UdpSocket;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::bail;

use super::{directory, programs};
use crate::server::{Installed, Need, Running, Server, free_udp_port, spawn, until};

pub(super) const NAME: &str = "moq-relay";
const RELAY: &str = "moq-relay";
const LOAD: &str = "moq-load";
/// With a frame a write, few more keep one core busy.
const MOST_LISTENERS: usize = 300;

pub(super) struct Moq;

impl Server for Moq {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        "moq-relay"
    }

    fn installed(&self) -> anyhow::Result<Installed> {
        for program in [RELAY, LOAD] {
            if !programs().join(program).exists() {
                bail!("{program} is not built: bench/rivals/install.sh");
            }
        }
        let lock = std::fs::read_to_string(directory().join("moq/Cargo.lock"))?;
        let Some(version) = locked(&lock, RELAY) else {
            bail!("{RELAY} is not in its Cargo.lock");
        };
        Ok(Installed {
            version: version.to_owned(),
            from: "cargo, Cargo.lock".to_owned(),
        })
    }

    fn most_listeners(&self) -> usize {
        MOST_LISTENERS
    }

    fn start(&self, need: &Need) -> anyhow::Result<Running> {
        let directory = tempfile::tempdir()?;
        let port = free_udp_port()?;
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
        let certificate = directory.path().join("certificate.pem");
        let key = directory.path().join("key.pem");
        std::fs::write(&certificate, made.cert.pem())?;
        std::fs::write(&key, made.signing_key.serialize_pem())?;
        let file = directory.path().join("relay.toml");
        std::fs::write(&file, config(port, &certificate, &key))?;
        let mut command = Command::new(programs().join(RELAY));
        command
            .arg(&file)
            .current_dir(directory.path())
            // It warns at every connection to an address without a name.
            .env("RUST_LOG", "error")
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        let mut process = spawn(&mut command, &need.cpus)?;
        let mut ended = None;
        until(RELAY, || {
            ended = process.0.try_wait().ok().flatten();
            ended.is_some() || is_taken(port)
        })?;
        if let Some(status) = ended {
            bail!("{RELAY} ended with {status}");
        }
        Ok(Running {
            processes: vec![process],
            address: format!("https://localhost:{port}/"),
            directory: Some(directory),
        })
    }

    fn generator(&self) -> Option<Command> {
        Some(Command::new(programs().join(LOAD)))
    }
}

/// Someone has the port: the relay, which is then ready.
fn is_taken(port: u16) -> bool {
    UdpSocket::bind(("127.0.0.1", port)).is_err()
}

/// Every setting and the reason for it stand in `bench/rivals/README.md`.
fn config(port: u16, certificate: &Path, key: &Path) -> String {
    format!(
        "[log]\nlevel = \"error\"\n\n\
         [listen]\nbind = \"127.0.0.1:{port}\"\ntls.cert = {certificate:?}\ntls.key = {key:?}\n\n\
         [auth]\npublic = \"**\"\n"
    )
}

/// The version of a package in a `Cargo.lock`.
fn locked<'a>(lock: &'a str, package: &str) -> Option<&'a str> {
    let name = format!("name = \"{package}\"\n");
    let (_, rest) = lock.split_once(&name)?;
    let version = rest.lines().next()?.strip_prefix("version = \"")?;
    version.strip_suffix('"')
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{config, locked};

    #[test]
    fn the_version_is_that_of_the_lock_file() {
        let lock = "[[package]]\nname = \"moq-relay-x\"\nversion = \"1.0.0\"\n\n\
                    [[package]]\nname = \"moq-relay\"\nversion = \"0.17.10\"\n";
        assert_eq!(locked(lock, "moq-relay"), Some("0.17.10"));
        assert_eq!(locked(lock, "moq-net"), None);
    }

    #[test]
    fn the_configuration_is_toml_and_stays_on_loopback() {
        let text = config(
            4443,
            Path::new("/tmp/a \"b\".pem"),
            Path::new("/tmp/key.pem"),
        );
        let parsed: toml::Table = text.parse().expect("TOML");
        assert_eq!(parsed["listen"]["bind"].as_str(), Some("127.0.0.1:4443"));
        assert_eq!(
            parsed["listen"]["tls"]["cert"].as_str(),
            Some("/tmp/a \"b\".pem")
        );
    }
}
