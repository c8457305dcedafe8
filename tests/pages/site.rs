//! A relay with pages of a test's own, and a client that shows every byte.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use skywave::Server;
use skywave::config::Config;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

/// What should happen within moments has failed after this.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) const INDEX: &str = "<!doctype html><title>Listen</title>";
pub(crate) const SCRIPT: &str = "/assets/listen-Xk3f9aB1.js";
pub(crate) const EMBED: &str = "/embed/skywave-player.js";

/// What a build leaves in its directory; file and content.
const BUILT: [(&str, &str); 8] = [
    ("index.html", INDEX),
    ("studio.html", "<!doctype html><title>Studio</title>"),
    ("admin.html", "<!doctype html><title>Admin</title>"),
    ("assets/listen-Xk3f9aB1.js", "export const listen = 1;"),
    ("assets/decoder-00ff00ff.wasm", "\0asm"),
    ("embed/skywave-player.js", "export const player = 1;"),
    ("embed/worker-Zz9_-aB1.js", "export const worker = 1;"),
    ("favicon.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"/>"),
];

/// A relay on free ports. Its files go with it.
pub(crate) struct Site {
    pub(crate) server: Server,
    pub(crate) room: TempDir,
}

impl Site {
    /// With the pages of a build.
    pub(crate) async fn open() -> Self {
        Self::open_with("").await
    }

    /// With these lines of the config's `[pages]`, and then of other sections.
    pub(crate) async fn open_with(lines: &str) -> Self {
        Self::build("127.0.0.1:0", lines, &BUILT).await
    }

    /// Before any build.
    pub(crate) async fn unbuilt() -> Self {
        Self::build("127.0.0.1:0", "", &[]).await
    }

    pub(crate) async fn build(udp: &str, lines: &str, files: &[(&str, &str)]) -> Self {
        let room = tempfile::tempdir().expect("a directory");
        let config = Self::config(&room, udp, lines, files);
        let server = Server::bind(config).await.expect("a relay");
        Self { server, room }
    }

    pub(crate) fn config(room: &TempDir, udp: &str, lines: &str, files: &[(&str, &str)]) -> Config {
        let pages = room.path().join("pages");
        fs::create_dir(&pages).expect("a directory");
        for (name, content) in files {
            write(&pages.join(name), content);
        }
        write(&room.path().join("secret.txt"), "secret");
        let text = format!(
            "server.listen = [{udp:?}]\nserver.shards = 1\nserver.drain = \"1s\"\n\
             operations.listen = \"127.0.0.1:0\"\n[pages]\ndir = \"pages\"\n\
             listen = [\"127.0.0.1:0\"]\n{lines}"
        );
        Config::parse(&text, room.path()).expect("a good configuration")
    }

    /// Puts another content into a page's file.
    pub(crate) fn rewrite(&self, name: &str, content: &str) {
        write(&self.room.path().join("pages").join(name), content);
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.server.pages_addresses()[0]
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address()).await.expect("connected")
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.get_with(path, "").await
    }

    /// With these lines in the head of the request besides.
    pub(crate) async fn get_with(&self, path: &str, lines: &str) -> Answer {
        let host = format!("Host: localhost:8080\r\n{lines}");
        self.ask(&format!("GET {path} HTTP/1.1\r\n{host}")).await
    }

    /// As if it had been reached with this `Host` header.
    pub(crate) async fn get_as(&self, host: &str, path: &str) -> Answer {
        let head = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n");
        self.ask(&head).await
    }

    /// With this head, as it is; a line that closes the connection is added.
    pub(crate) async fn ask(&self, head: &str) -> Answer {
        ask(&mut self.connect().await, head).await
    }
}

fn write(path: &Path, content: &str) {
    fs::create_dir_all(path.parent().expect("in a directory")).expect("a directory");
    fs::write(path, content).expect("a file");
}

/// An answer as it came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Answer {
    /// The value of a header that is there once at the most.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.head.lines().skip(1).filter_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then_some(value)
        });
        let value = values.next();
        assert_eq!(values.next(), None, "{name} twice in {}", self.head);
        value
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        assert_eq!(self.header("content-type"), Some("application/json"));
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }
}

/// Asks and reads to the end of the connection.
pub(crate) async fn ask(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), head: &str) -> Answer {
    let request = format!("{head}Connection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("asked");
    read(stream).await
}

/// Reads to the end of the connection.
pub(crate) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Answer {
    let mut answer = Vec::new();
    within(stream.read_to_end(&mut answer))
        .await
        .expect("answered");
    let answer = String::from_utf8(answer).expect("UTF-8");
    let (head, body) = answer.split_once("\r\n\r\n").expect("head and body");
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    Answer {
        status: status.expect("a status"),
        head: head.to_owned(),
        body: body.to_owned(),
    }
}

/// The value of a future that should be ready within moments.
pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future)
        .await
        .expect("it happens within moments")
}
