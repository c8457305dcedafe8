//! Icecast 2.4 of the distribution, plain and with TLS.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::unistd::{Uid, User};
use serde::{Deserialize, Serialize};

use super::printed;
use crate::server::{Installed, Need, Running, Server, free_tcp_port, spawn, until};
use config::Config;

mod config;
pub(super) mod fleet;

pub(super) const PLAIN: &str = "icecast";
pub(super) const TLS: &str = "icecast-tls";
const PROGRAM: &str = "icecast2";
/// Whom it runs as where it would be root, which it refuses.
const USER: &str = "nobody";

pub(super) enum Icecast {
    Plain,
    Tls,
}

/// What its fleet has to know, as JSON in [`Running::address`].
#[derive(Serialize, Deserialize)]
struct Address {
    /// For sources, always without TLS.
    source: SocketAddr,
    listeners: SocketAddr,
    /// The certificate to trust, where listeners speak TLS.
    certificate: Option<PathBuf>,
}

impl Server for Icecast {
    fn name(&self) -> &'static str {
        match self {
            Self::Plain => PLAIN,
            Self::Tls => TLS,
        }
    }

    fn title(&self) -> &'static str {
        match self {
            Self::Plain => "Icecast, plain",
            Self::Tls => "Icecast, TLS",
        }
    }

    fn installed(&self) -> anyhow::Result<Installed> {
        let Ok(version) = printed(Command::new(PROGRAM).arg("-v")) else {
            bail!("{PROGRAM} is not installed: apt-get install {PROGRAM}");
        };
        let version = version.trim_start_matches("Icecast").trim().to_owned();
        if let Self::Tls = self
            && !has_tls()?
        {
            bail!("this build of {PROGRAM} is without TLS");
        }
        let query = ["-W", "-f=${Version}", PROGRAM];
        Ok(match printed(Command::new("dpkg-query").args(query)) {
            Ok(package) => Installed {
                version: package,
                from: "Debian package".to_owned(),
            },
            Err(_) => Installed {
                version,
                from: format!("{PROGRAM} of this machine"),
            },
        })
    }

    /// It sends blocks of 1,400 bytes, which is three frames and a bit, whatever is
    /// asked for.
    fn classes(&self) -> &'static [usize] {
        &[3]
    }

    fn start(&self, need: &Need) -> anyhow::Result<Running> {
        let directory = tempfile::tempdir()?;
        let source = SocketAddr::from((Ipv4Addr::LOCALHOST, free_tcp_port()?));
        let mut address = Address {
            source,
            listeners: source,
            certificate: None,
        };
        if let Self::Tls = self {
            address.listeners.set_port(free_tcp_port()?);
            address.certificate = Some(certificate(directory.path())?);
        }
        let config = Config {
            directory: directory.path(),
            listeners: need.listeners,
            channels: need.channels,
            plain_port: source.port(),
            tls: address
                .certificate
                .as_deref()
                .map(|file| (address.listeners.port(), file)),
        };
        let file = directory.path().join("icecast.xml");
        std::fs::write(&file, config.render())?;

        let mut command = Command::new(PROGRAM);
        command.arg("-c").arg(&file);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        if Uid::effective().is_root() {
            let user = User::from_name(USER)?.with_context(|| format!("no user {USER}"))?;
            give(directory.path(), &user)?;
            command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
        }
        // It inherits the limit and needs a descriptor for each listener.
        let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
        setrlimit(Resource::RLIMIT_NOFILE, most, most)?;
        let process = spawn(&mut command, &need.cpus)?;
        until("Icecast", || {
            TcpStream::connect(address.source).is_ok()
                && TcpStream::connect(address.listeners).is_ok()
        })?;
        Ok(Running {
            processes: vec![process],
            address: serde_json::to_string(&address)?,
            directory: Some(directory),
        })
    }
}

/// Whether the program is linked with OpenSSL.
fn has_tls() -> anyhow::Result<bool> {
    let path = printed(Command::new("which").arg(PROGRAM))?;
    Ok(printed(Command::new("ldd").arg(path))?.contains("libssl"))
}

/// A self-signed certificate for localhost and its key, in one file.
fn certificate(directory: &Path) -> anyhow::Result<PathBuf> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    let file = directory.join("certificate.pem");
    std::fs::write(&file, made.cert.pem() + &made.signing_key.serialize_pem())?;
    Ok(file)
}

/// The directory and all in it, to this user.
fn give(directory: &Path, user: &User) -> anyhow::Result<()> {
    let owner = (Some(user.uid.as_raw()), Some(user.gid.as_raw()));
    std::os::unix::fs::chown(directory, owner.0, owner.1)?;
    for entry in std::fs::read_dir(directory)? {
        std::os::unix::fs::chown(entry?.path(), owner.0, owner.1)?;
    }
    Ok(())
}
