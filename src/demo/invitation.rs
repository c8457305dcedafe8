//! Where the demo is to be heard, and with what.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use skywave::Server;
use skywave::config::{Auth, Config, Tls};

use super::station::CHANNEL;

/// The addresses of the relay and of its pages, and commands to paste.
pub(super) struct Invitation {
    url: String,
    /// Where the pages are, if they are on; without a slash at the end.
    pages: Option<String>,
    /// The program, as this shell knows it.
    program: String,
    /// The config to mint a token with, where one is needed.
    token_config: Option<PathBuf>,
}

impl Invitation {
    /// `file` is where `config` was read.
    pub(super) fn new(server: &Server, config: &Config, file: Option<&Path>) -> Self {
        let scheme = match config.tls {
            Tls::Development { .. } => "http",
            Tls::Files { .. } => "https",
        };
        Self {
            url: url("https", server.addresses()).unwrap_or_else(|| "https://localhost".to_owned()),
            pages: url(scheme, server.pages_addresses()),
            program: program(),
            token_config: match config.auth {
                Auth::Open => None,
                Auth::Keys(_) => file.map(Path::to_owned),
            },
        }
    }

    /// An open relay at this URL.
    #[cfg(test)]
    pub(super) fn to(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            pages: Some("http://localhost:8080".to_owned()),
            program: "skywave".to_owned(),
            token_config: None,
        }
    }

    /// The relay.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// The pages to open in a browser: to listen, to go on the air, to watch the
    /// relay.
    pub(super) fn pages(&self) -> Option<[String; 3]> {
        let pages = self.pages.as_ref()?;
        let listen = format!("?channel={CHANNEL}");
        let paths = [listen.as_str(), "studio", "admin"];
        Some(paths.map(|path| format!("{pages}/{path}")))
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
        match self.pages() {
            Some([listen, studio, admin]) => {
                writeln!(f, "A station is on the air. To hear it, open in a browser:")?;
                writeln!(f, "  {listen}")?;
                writeln!(f, "To go on the air yourself, and to watch the relay:")?;
                writeln!(f, "  {studio}\n  {admin}")?;
                writeln!(f, "In a terminal (the relay is {}):", self.url)?;
            }
            None => writeln!(f, "A relay runs at {}. To hear its station:", self.url)?,
        }
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
fn url(scheme: &str, addresses: &[SocketAddr]) -> Option<String> {
    let address = addresses.first()?;
    Some(match address.ip() {
        ip if ip.is_loopback() || ip.is_unspecified() => {
            format!("{scheme}://localhost:{}", address.port())
        }
        _ => format!("{scheme}://{address}"),
    })
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
            assert_eq!(url("https", &[address]).as_deref(), Some(expected));
        }
    }

    #[test]
    fn the_page_to_listen_comes_first() {
        let invitation = Invitation::to("https://localhost:4433");
        let text = invitation.to_string();
        let address = text
            .lines()
            .find_map(|line| line.trim().strip_prefix("http"))
            .expect("an address");
        assert_eq!(address, "://localhost:8080/?channel=demo");
    }

    #[test]
    fn without_pages_there_are_the_commands() {
        let invitation = Invitation {
            pages: None,
            ..Invitation::to("https://localhost:4433")
        };
        let text = invitation.to_string();
        assert!(
            !text.contains("browser") && text.contains("| mpv -"),
            "{text}"
        );
    }
}
