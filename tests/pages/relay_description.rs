//! What a page asks before it opens a session: `/api/relay`.

use serde_json::json;
use skywave_client::{Client, Identity, Trust};

use crate::site::{Site, within};

const TOKENS: &str = "[auth]\nmode = \"tokens\"\n[[auth.keys]]\n\
                      secret = \"0123456789abcdef0123456789abcdef\"\n";

#[tokio::test]
async fn it_says_all_that_a_client_needs() {
    let site = Site::open().await;
    let port = site.server.addresses()[0].port();
    let answer = site.get_as("127.0.0.1:8080", "/api/relay").await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.json(),
        json!({
            "protocol": "skywave/1",
            "server": concat!("skywave/", env!("CARGO_PKG_VERSION")),
            "url": format!("https://127.0.0.1:{port}/"),
            "certificateHashes": [site.server.certificate_sha256()],
            "auth": "open",
        })
    );
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

#[tokio::test(flavor = "multi_thread")]
async fn with_what_it_says_a_session_opens() {
    let site = Site::open().await;
    let told = site.get("/api/relay").await.json();
    let hash = told["certificateHashes"][0].as_str().expect("a hash");
    let trust = Trust::Certificate(hash.to_owned());
    let url = told["url"].as_str().expect("a URL");
    let client = Client::new(url, &trust).expect("a client");
    within(client.connect(&Identity::default()))
        .await
        .expect("a session");
}

#[tokio::test]
async fn it_says_that_tokens_are_wanted() {
    let site = Site::open_with(TOKENS).await;
    assert_eq!(site.get("/api/relay").await.json()["auth"], "tokens");
}

#[tokio::test]
async fn it_names_the_relay_as_the_page_was_named() {
    let site = Site::build("[::]:0", "[auth]\nopen_to_the_network = true\n", &[]).await;
    let port = site.server.addresses()[0].port();
    for (host, expected) in [
        ("radio.example", "radio.example"),
        ("Radio.Example:8443", "radio.example"),
        ("[2001:db8::7]:8080", "[2001:db8::7]"),
    ] {
        let told = site.get_as(host, "/api/relay").await.json();
        assert_eq!(told["url"], format!("https://{expected}:{port}/"), "{host}");
    }
}

#[tokio::test]
async fn a_url_of_the_config_comes_before_what_the_request_says() {
    let lines = "webtransport_url = \"https://relay.radio.example:4444\"\n";
    let site = Site::open_with(lines).await;
    for host in ["localhost:8080", "radio.example", "no host;"] {
        let told = site.get_as(host, "/api/relay").await.json();
        assert_eq!(told["url"], "https://relay.radio.example:4444/", "{host}");
        let page = site.get_as(host, "/").await;
        let policy = page.header("content-security-policy").expect("a policy");
        let source = "; connect-src 'self' https://relay.radio.example:4444";
        assert!(policy.ends_with(source), "{policy}");
    }
}

#[tokio::test]
async fn a_host_that_is_none_is_refused_in_words() {
    let site = Site::open().await;
    for host in [
        "",
        "a b",
        "a;script-src *",
        "user@host",
        "host:99999",
        "h/x",
    ] {
        let answer = site.get_as(host, "/api/relay").await;
        assert_eq!(answer.status, 400, "{host:?}");
        let answer = site.get_as(host, "/").await;
        assert_eq!(answer.status, 400, "{host:?}");
        assert!(!answer.body.contains("script-src *"), "{answer:?}");
    }
    for hosts in ["", "Host: a.example\r\nHost: b.example\r\n"] {
        let head = format!("GET /api/relay HTTP/1.1\r\n{hosts}");
        let answer = site.ask(&head).await;
        assert_eq!(answer.status, 400, "{hosts:?}");
        let answer = answer.json();
        assert_eq!(answer["error"], "bad-host", "{hosts:?}");
        let message = answer["message"].as_str().expect("words");
        assert!(message.contains("Host header"), "{message}");
    }
}
