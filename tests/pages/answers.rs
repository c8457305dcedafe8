//! Which address shows what, and what is said where there is nothing.

use crate::site::{EMBED, INDEX, SCRIPT, Site};

#[tokio::test]
async fn each_page_has_its_address() {
    let site = Site::open().await;
    for (path, title) in [
        ("/", "Listen"),
        ("/?channel=jazz&delay=low", "Listen"),
        ("/studio", "Studio"),
        ("/admin", "Admin"),
    ] {
        let page = site.get(path).await;
        assert_eq!(page.status, 200, "{path}");
        assert_eq!(
            page.header("content-type"),
            Some("text/html; charset=utf-8")
        );
        assert!(page.body.contains(title), "{path}: {page:?}");
    }
}

#[tokio::test]
async fn a_file_has_the_type_that_browsers_insist_on() {
    let site = Site::open().await;
    for (path, media_type) in [
        (SCRIPT, "text/javascript; charset=utf-8"),
        ("/assets/decoder-00ff00ff.wasm", "application/wasm"),
        (EMBED, "text/javascript; charset=utf-8"),
        ("/favicon.svg", "image/svg+xml"),
    ] {
        let file = site.get(path).await;
        assert_eq!(file.status, 200, "{path}");
        assert_eq!(file.header("content-type"), Some(media_type), "{path}");
        assert!(!file.body.is_empty(), "{path}");
    }
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let site = Site::open().await;
    for path in ["/", SCRIPT, "/api/relay", "/nowhere"] {
        let got = site.get(path).await;
        let head = format!("HEAD {path} HTTP/1.1\r\nHost: localhost:8080\r\n");
        let head = site.ask(&head).await;
        assert_eq!(head.status, got.status, "{path}");
        assert_eq!(head.body, "", "{path}");
        let length = got.body.len().to_string();
        for name in ["content-length", "content-type", "etag", "cache-control"] {
            assert_eq!(head.header(name), got.header(name), "{path} {name}");
        }
        assert_eq!(
            head.header("content-length"),
            Some(length.as_str()),
            "{path}"
        );
    }
}

#[tokio::test]
async fn other_methods_are_refused_and_told_which_are_not() {
    let site = Site::open().await;
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "BREW"] {
        for path in ["/", "/api/relay", "/nowhere"] {
            let head =
                format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n");
            let answer = site.ask(&head).await;
            assert_eq!(answer.status, 405, "{method} {path}");
            assert_eq!(answer.header("allow"), Some("GET, HEAD"), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn where_there_is_nothing_it_says_so() {
    let site = Site::open().await;
    for path in [
        "/nowhere",
        "/assets/listen-00000000.js",
        "/assets/",
        "/embed",
        "/index.html",
        "/studio/",
    ] {
        let answer = site.get(path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(
            answer.body.contains("no page at this address"),
            "{answer:?}"
        );
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
    }
    let answer = site.get("/api/relays").await;
    assert_eq!(answer.status, 404);
    assert_eq!(answer.json()["error"], "not-found");
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
}

#[tokio::test]
async fn without_a_build_the_page_says_how_to_make_one() {
    let site = Site::unbuilt().await;
    for path in ["/", "/studio", "/admin", EMBED] {
        let answer = site.get(path).await;
        assert_eq!(answer.status, 503, "{path}");
        assert!(answer.body.contains("npm --prefix web run build"), "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
    }
    assert_eq!(site.get("/api/relay").await.status, 200);
    site.rewrite("index.html", INDEX);
    assert_eq!(site.get("/").await.body, INDEX);
}

#[tokio::test]
async fn no_request_leaves_the_directory() {
    let site = Site::open().await;
    let absolute = site.room.path().join("secret.txt");
    let absolute = absolute.to_str().expect("UTF-8");
    for path in [
        "/../secret.txt",
        "/assets/../../secret.txt",
        "/..%2fsecret.txt",
        "/%2e%2e/secret.txt",
        "/assets/..%5c..%5csecret.txt",
        "/.././/../secret.txt",
        "/assets/.../secret.txt",
        absolute,
        &format!("/{absolute}"),
        "//secret.txt",
    ] {
        let answer = site.get(path).await;
        assert!([400, 404].contains(&answer.status), "{path}: {answer:?}");
        assert!(!answer.body.contains("secret"), "{path}: {answer:?}");
    }
}

#[tokio::test]
async fn what_was_answered_is_counted() {
    let site = Site::open().await;
    for path in ["/", "/studio", "/nowhere", "/api/relay"] {
        site.get(path).await;
    }
    let page = site.server.metrics().render();
    for line in [
        "skywave_pages_requests_total{status=\"2xx\"} 3",
        "skywave_pages_requests_total{status=\"4xx\"} 1",
    ] {
        assert!(page.contains(line), "{line} in {page}");
    }
}
