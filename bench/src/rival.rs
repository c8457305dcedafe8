//! What people would pick instead, as it is installed and configured for others:
//! `bench/rivals/README.md` tells every setting and why.
//!
//! `bench/rivals/install.sh` installs them. What it could not install is named in
//! the tables with its reason.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, bail};

use crate::fleet::Fleet;
use crate::generator::Plan;
use crate::server::Server;

mod icecast;
mod moq;
mod scanner;
mod socketio;

/// All of them, in the order of the tables.
pub(crate) fn servers() -> Vec<Box<dyn Server>> {
    vec![
        Box::new(icecast::Icecast::Plain),
        Box::new(icecast::Icecast::Tls),
        Box::new(socketio::SocketIo),
        Box::new(moq::Moq),
    ]
}

/// The fleet for a rival of this name, where this program carries its load.
///
/// # Errors
/// No such rival, or its address is not one.
pub(crate) fn fleet(name: &str, plan: &Plan) -> anyhow::Result<Box<dyn Fleet>> {
    Ok(match name {
        icecast::PLAIN | icecast::TLS => Box::new(icecast::fleet::Listeners::new(plan)?),
        socketio::NAME => Box::new(socketio::fleet::Listeners::new(plan)?),
        other => bail!("there is no server {other:?}"),
    })
}

/// `bench/rivals`.
fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("rivals")
}

/// Where `install.sh` has its programs built.
fn programs() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/release")
}

/// What a program prints, without the space around it.
fn printed(command: &mut Command) -> anyhow::Result<String> {
    let program = command.get_program().display().to_string();
    let output = command
        .output()
        .with_context(|| format!("cannot start {program}"))?;
    if !output.status.success() {
        bail!("{program} ended with {}", output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
