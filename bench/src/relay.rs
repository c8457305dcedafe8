//! The relay as a process of its own.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::Context;
use skywave_client::{Client, Trust};

use crate::proc::Usage;
use crate::server::{Installed, Need, Running, Server, free_tcp_port, free_udp_port, spawn, until};

/// The relay, of this program.
pub(crate) struct Skywave {
    pub(crate) program: PathBuf,
    pub(crate) listeners: Acknowledging,
}

/// How the relay's listeners acknowledge what they hear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Acknowledging {
    /// As the relay asks: so do clients built on quinn, the project's own with them.
    AsAsked,
    /// As browsers do, which cannot be asked (RFC 9000, 13.2).
    AsBrowsers,
}

impl Acknowledging {
    /// The name of the server in scenarios and records.
    pub(crate) const fn server(self) -> &'static str {
        match self {
            Self::AsAsked => "skywave",
            Self::AsBrowsers => "skywave-browsers",
        }
    }
}

impl Skywave {
    /// As [`Server::start`], by this command: the program itself, or something that
    /// runs it.
    pub(crate) fn start_by(&self, mut command: Command, need: &Need) -> anyhow::Result<Running> {
        let directory = tempfile::tempdir()?;
        let port = free_udp_port()?;
        let operations = free_tcp_port()?;
        let file = directory.path().join("config.toml");
        std::fs::write(&file, config(port, operations, need.shards))?;
        command
            .args(["serve", "--config"])
            .arg(&file)
            .current_dir(directory.path())
            .stdin(Stdio::null());
        let process = spawn(&mut command, &need.cpus)?;
        let running = Running {
            processes: vec![process],
            address: format!("https://127.0.0.1:{port}"),
            directory: Some(directory),
        };
        until("the relay", || is_ready(operations))?;
        Ok(running)
    }
}

impl Server for Skywave {
    fn name(&self) -> &'static str {
        self.listeners.server()
    }

    fn title(&self) -> &'static str {
        match self.listeners {
            Acknowledging::AsAsked => "Skywave",
            Acknowledging::AsBrowsers => "Skywave, acknowledged as by browsers",
        }
    }

    fn installed(&self) -> anyhow::Result<Installed> {
        let program = std::path::absolute(&self.program)?;
        let output = Command::new(&program)
            .arg("--version")
            .output()
            .with_context(|| format!("no relay {}; build it first", self.program.display()))?;
        let version = String::from_utf8_lossy(&output.stdout);
        Ok(Installed {
            version: version.trim().trim_start_matches("skywave ").to_owned(),
            from: "this repository".to_owned(),
        })
    }

    fn has_shards(&self) -> bool {
        true
    }

    fn start(&self, need: &Need) -> anyhow::Result<Running> {
        let program = std::path::absolute(&self.program)?;
        self.start_by(Command::new(program), need)
    }
}

/// The default configuration, with no limits that a single machine with thousands of
/// listeners would meet.
fn config(port: u16, operations: u16, shards: usize) -> String {
    format!(
        "server.listen = [\"127.0.0.1:{port}\"]\nserver.shards = {shards}\n\
         pages.listen = \"off\"\noperations.listen = \"127.0.0.1:{operations}\"\n\
         log.level = \"warn\"\n\
         [limits]\nsessions_per_address = 100000\n\
         sessions_per_second_per_address = 100000\n"
    )
}

fn is_ready(port: u16) -> bool {
    const PATIENCE: Duration = Duration::from_secs(1);
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream
            .write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    ask().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
}

/// A relay for measurements that are made with its own client. Ends with this value.
pub(crate) struct Relay(Running);

impl Relay {
    /// Starts a relay with so many shards, on all cores.
    pub(crate) fn start(program: &Path, shards: usize) -> anyhow::Result<Self> {
        let relay = Skywave {
            program: program.to_owned(),
            listeners: Acknowledging::AsAsked,
        };
        let cores = std::thread::available_parallelism()?.get();
        let running = relay.start(&Need {
            channels: 1,
            listeners: 0,
            frames: 1,
            shards,
            cpus: (0..cores).collect(),
        })?;
        Ok(Self(running))
    }

    pub(crate) fn url(&self) -> &str {
        &self.0.address
    }

    pub(crate) fn client(&self) -> anyhow::Result<Client> {
        Ok(Client::new(self.url(), &Trust::Usual)?)
    }

    pub(crate) fn usage(&self) -> anyhow::Result<Usage> {
        Usage::of(&self.0.pids())
    }
}
