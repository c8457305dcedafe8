//! A relay as a process of its own, and what the kernel says of it.

use std::net::UdpSocket;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};
use skywave_client::{Client, Identity, Trust};
use tempfile::TempDir;

/// Ends with this value.
pub(crate) struct Relay {
    child: Child,
    url: String,
    _directory: TempDir,
}

/// What a process has used so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    pub(crate) cpu: Duration,
    pub(crate) resident_bytes: u64,
}

impl Relay {
    /// Starts a relay with so many shards on a free port.
    pub(crate) async fn start(program: &Path, shards: usize) -> anyhow::Result<Self> {
        let directory = tempfile::tempdir()?;
        let port = UdpSocket::bind("127.0.0.1:0")?.local_addr()?.port();
        let config = format!(
            "server.listen = [\"127.0.0.1:{port}\"]\nserver.shards = {shards}\n\
             pages.listen = \"off\"\noperations.listen = \"off\"\nlog.level = \"warn\"\n\
             [limits]\nsessions_per_address = 100000\n\
             sessions_per_second_per_address = 100000\n"
        );
        let file = directory.path().join("config.toml");
        std::fs::write(&file, config)?;
        let child = Command::new(std::path::absolute(program)?)
            .args(["serve", "--config"])
            .arg(&file)
            .current_dir(directory.path())
            .stdin(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {}; build it first", program.display()))?;
        let relay = Self {
            child,
            url: format!("https://127.0.0.1:{port}"),
            _directory: directory,
        };
        relay.until_ready().await?;
        Ok(relay)
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn client(&self) -> anyhow::Result<Client> {
        Ok(Client::new(&self.url, &Trust::Usual)?)
    }

    /// From `/proc/PID/stat` and `status` (proc(5)).
    pub(crate) fn usage(&self) -> anyhow::Result<Usage> {
        /// USER_HZ, which Linux fixes for what it shows to programs.
        const TICKS_PER_SECOND: f64 = 100.0;
        let pid = self.child.id();
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
        let (_, fields) = stat.rsplit_once(") ").context("no name in stat")?;
        let ticks: u64 = fields
            .split(' ')
            .skip(11)
            .take(2)
            .map(str::parse::<u64>)
            .sum::<Result<u64, _>>()?;
        let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
        let resident = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .and_then(|text| text.trim().strip_suffix(" kB")?.parse::<u64>().ok())
            .context("no VmRSS in status")?;
        Ok(Usage {
            cpu: Duration::from_secs_f64(ticks as f64 / TICKS_PER_SECOND),
            resident_bytes: resident * 1024,
        })
    }

    async fn until_ready(&self) -> anyhow::Result<()> {
        const ATTEMPTS: u32 = 100;
        for _ in 0..ATTEMPTS {
            let client = self.client()?;
            let nobody = Identity::default();
            let attempt = client.connect(&nobody);
            match tokio::time::timeout(Duration::from_millis(500), attempt).await {
                Ok(Ok(_)) => return Ok(()),
                _ => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
        bail!("the relay does not answer on {}", self.url)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
