//! A socket.io server that broadcasts binary frames: `bench/rivals/socketio`.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use super::{directory, printed};
use crate::server::{Installed, Need, Running, Server, spawn};

pub(super) mod fleet;
mod packet;

pub(super) const NAME: &str = "socketio";

pub(super) struct SocketIo;

impl Server for SocketIo {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        "socket.io"
    }

    fn installed(&self) -> anyhow::Result<Installed> {
        let Ok(node) = printed(Command::new("node").arg("--version")) else {
            bail!("node is not installed: see https://nodejs.org");
        };
        let package = directory().join("socketio/node_modules/socket.io/package.json");
        let Ok(text) = std::fs::read(package) else {
            bail!("its packages are not installed: npm ci --prefix bench/rivals/socketio");
        };
        let package: serde_json::Value = serde_json::from_slice(&text)?;
        let version = package["version"].as_str().context("no version")?;
        Ok(Installed {
            version: format!("{version}, node {node}"),
            from: "npm, package-lock.json".to_owned(),
        })
    }

    fn start(&self, need: &Need) -> anyhow::Result<Running> {
        let mut command = Command::new("node");
        command
            .arg("server.js")
            .current_dir(directory().join("socketio"))
            .env("NODE_ENV", "production")
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        let mut process = spawn(&mut command, &need.cpus)?;
        let stdout = process.0.stdout.take().context("a piped stdout")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let port: u16 = line.trim().parse().context("socket.io did not start")?;
        Ok(Running {
            processes: vec![process],
            address: format!("127.0.0.1:{port}"),
            directory: None,
        })
    }
}
