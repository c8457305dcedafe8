//! The configuration file of an Icecast 2.4.

use std::fmt::Write as _;
use std::path::Path;

/// Of the source; the server listens on loopback only.
const PASSWORD: &str = "hackme";
/// `source` and [`PASSWORD`], as HTTP's basic authentication writes them.
pub(super) const AUTHORIZATION: &str = "Basic c291cmNlOmhhY2ttZQ==";
/// Above what a run needs: the status page, and connections that are just closing.
const SPARE_CLIENTS: usize = 100;

/// What differs from one run to the next. Anything else is Icecast's default.
pub(super) struct Config<'a> {
    /// Where it keeps its logs.
    pub(super) directory: &'a Path,
    pub(super) listeners: usize,
    pub(super) channels: usize,
    /// The source always comes here, in plain HTTP.
    pub(super) plain_port: u16,
    /// Port, and a PEM file with certificate and key.
    pub(super) tls: Option<(u16, &'a Path)>,
}

impl Config<'_> {
    /// The file's text. Every setting and the reason for it stand in
    /// `bench/rivals/README.md`.
    pub(super) fn render(&self) -> String {
        let clients = self.listeners + self.channels + SPARE_CLIENTS;
        let sources = self.channels + 1;
        let mut sockets = socket(self.plain_port, false);
        let mut certificate = String::new();
        if let Some((port, file)) = self.tls {
            sockets.push_str(&socket(port, true));
            // Written to a String, which cannot fail.
            let _ = write!(
                certificate,
                "\n    <ssl-certificate>{}</ssl-certificate>",
                escaped(file)
            );
        }
        let directory = escaped(self.directory);
        format!(
            "<icecast>
  <location>loopback</location>
  <admin>nobody@localhost</admin>
  <hostname>127.0.0.1</hostname>
  <limits>
    <clients>{clients}</clients>
    <sources>{sources}</sources>
    <queue-size>524288</queue-size>
    <client-timeout>30</client-timeout>
    <header-timeout>15</header-timeout>
    <source-timeout>10</source-timeout>
    <burst-on-connect>1</burst-on-connect>
    <burst-size>65535</burst-size>
  </limits>
  <authentication>
    <source-password>{PASSWORD}</source-password>
    <relay-password>{PASSWORD}</relay-password>
    <admin-user>admin</admin-user>
    <admin-password>{PASSWORD}</admin-password>
  </authentication>{sockets}
  <http-headers>
    <header name=\"Access-Control-Allow-Origin\" value=\"*\"/>
  </http-headers>
  <fileserve>1</fileserve>
  <paths>
    <basedir>{directory}</basedir>
    <logdir>{directory}</logdir>
    <webroot>{directory}</webroot>
    <adminroot>{directory}</adminroot>{certificate}
  </paths>
  <logging>
    <accesslog>access.log</accesslog>
    <errorlog>error.log</errorlog>
    <loglevel>2</loglevel>
    <logsize>10000</logsize>
  </logging>
  <security>
    <chroot>0</chroot>
  </security>
</icecast>
"
        )
    }
}

fn socket(port: u16, tls: bool) -> String {
    let tls = if tls { "\n    <ssl>1</ssl>" } else { "" };
    format!(
        "
  <listen-socket>
    <port>{port}</port>
    <bind-address>127.0.0.1</bind-address>{tls}
  </listen-socket>"
    )
}

fn escaped(path: &Path) -> String {
    let text = path.to_string_lossy();
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Config;

    fn config(tls: Option<(u16, &Path)>) -> String {
        Config {
            directory: Path::new("/tmp/a & b"),
            listeners: 5000,
            channels: 100,
            plain_port: 8001,
            tls,
        }
        .render()
    }

    #[test]
    fn limits_leave_room_for_all_listeners_and_sources() {
        let text = config(None);
        assert!(text.contains("<clients>5200</clients>"), "{text}");
        assert!(text.contains("<sources>101</sources>"), "{text}");
    }

    #[test]
    fn a_plain_server_has_one_socket_and_no_certificate() {
        let text = config(None);
        assert_eq!(text.matches("<listen-socket>").count(), 1);
        assert!(text.contains("<port>8001</port>"), "{text}");
        assert!(!text.contains("<ssl"), "{text}");
    }

    #[test]
    fn a_tls_server_has_a_second_socket_and_the_certificate() {
        let text = config(Some((8002, Path::new("/tmp/pem"))));
        assert_eq!(text.matches("<listen-socket>").count(), 2);
        assert!(
            text.contains(
                "<port>8002</port>\n    <bind-address>127.0.0.1</bind-address>\n    <ssl>1</ssl>"
            ),
            "{text}"
        );
        assert!(
            text.contains("<ssl-certificate>/tmp/pem</ssl-certificate>"),
            "{text}"
        );
    }

    #[test]
    fn paths_are_escaped() {
        assert!(config(None).contains("<logdir>/tmp/a &amp; b</logdir>"));
    }
}
