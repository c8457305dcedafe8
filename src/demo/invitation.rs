//! Where the demo is to be heard, and with what.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use skywave::Server;
use skywave::config::Auth;

use super::station::CHANNEL;

/// The relay's address, and commands to paste.
pub(super) struct Invitation {
    url: String,
    /// The program, as this shell knows it.
    program: String,
    /// The config to mint a token with, where one is needed.
    token_config: Option<PathBuf>,
}

impl Invitation {
    pub(super) fn new(server: &Server, auth: &Auth, config: Option<&Path>) -> Self {
        Self {
            url: url(server.addresses()),
            program: program(),
            token_config: match auth {
                Auth::Open => None,
                Auth::Keys(_) => config.map(Path::to_owned),
            },
        }
    }

    /// An open relay at this URL.
    #[cfg(test)]
    pub(super) fn to(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            program: "skywave".to_owned(),
            token_config: None,
        }
    }

    /// The relay.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Commands that play the station, a player each.
    pub(super) fn commands(&self) -> [String; 2] {
        let Self { url, program, .. } = self;
        let listen = format!("{program} listen --url {url} --channel {CHANNEL}");
        ["ffplay -nodisp -", "mpv -"].map(|player| format!("{listen} | {player}"))
    }

    /// The command to run before, on two lines, where the relay wants a token.
    pub(super) fn token_command(&self) -> Option<[String; 2]> {
        let config = self.token_config.as_ref()?.display();
        let program = &self.program;
        Some([
            format!("export SKYWAVE_TOKEN=$({program} token --config '{config}' \\"),
            format!("  --role listener --channel {CHANNEL} --ttl 1h)"),
        ])
    }
}

impl fmt::Display for Invitation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "A relay runs at {}. To hear its station:", self.url)?;
        for line in self.token_command().into_iter().flatten() {
            writeln!(f, "  {line}")?;
        }
        let [ffplay, mpv] = self.commands();
        write!(f, "  {ffplay}\nor\n  {mpv}")
    }
}

/// How this program was called: what works here works in another terminal of the
/// same directory.
fn program() -> String {
    std::env::args()
        .next()
        .unwrap_or_else(|| "skywave".to_owned())
}

/// Loopback and every-address are shown by the name that means this machine.
fn url(addresses: &[SocketAddr]) -> String {
    let Some(address) = addresses.first() else {
        return "https://localhost".to_owned();
    };
    match address.ip() {
        ip if ip.is_loopback() || ip.is_unspecified() => {
            format!("https://localhost:{}", address.port())
        }
        _ => format!("https://{address}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_called_localhost() {
        for (address, expected) in [
            ("127.0.0.1:4433", "https://localhost:4433"),
            ("[::1]:4433", "https://localhost:4433"),
            ("0.0.0.0:5000", "https://localhost:5000"),
            ("192.0.2.7:4433", "https://192.0.2.7:4433"),
        ] {
            let address: SocketAddr = address.parse().expect("an address");
            assert_eq!(url(&[address]), expected);
        }
    }
}
