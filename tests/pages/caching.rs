//! What a browser may keep, and how it learns that its copy still holds.

use std::io::Read;

use flate2::read::GzDecoder;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::site::{EMBED, SCRIPT, Site, within};

#[tokio::test]
async fn how_long_a_copy_holds_depends_on_the_name() {
    let site = Site::open().await;
    let forever = "public, max-age=31536000, immutable";
    for (path, expected) in [
        ("/", "no-cache"),
        ("/studio", "no-cache"),
        ("/favicon.svg", "no-cache"),
        (SCRIPT, forever),
        ("/embed/worker-Zz9_-aB1.js", forever),
        (EMBED, "public, max-age=300"),
        ("/api/relay", "no-store"),
    ] {
        let answer = site.get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("cache-control"), Some(expected), "{path}");
    }
}

#[tokio::test]
async fn who_has_the_newest_copy_gets_no_other() {
    let site = Site::open().await;
    for path in ["/", "/admin", SCRIPT, EMBED, "/favicon.svg"] {
        let first = site.get(path).await;
        let tag = first.header("etag").expect("a tag").to_owned();
        assert!(tag.starts_with('"') && tag.ends_with('"'), "{tag}");
        for kept in [
            tag.clone(),
            format!("W/{tag}"),
            format!("\"other\", {tag}"),
            "*".to_owned(),
        ] {
            let lines = format!("If-None-Match: {kept}\r\n");
            let again = site.get_with(path, &lines).await;
            assert_eq!(
                (again.status, again.body.as_str()),
                (304, ""),
                "{path} {kept}"
            );
            for name in ["etag", "cache-control", "content-security-policy"] {
                assert_eq!(again.header(name), first.header(name), "{path} {name}");
            }
        }
        let other = site.get_with(path, "If-None-Match: \"other\"\r\n").await;
        assert_eq!(other.status, 200, "{path}");
    }
}

#[tokio::test]
async fn who_has_an_old_copy_gets_the_new_one() {
    let site = Site::open().await;
    let old = site
        .get("/")
        .await
        .header("etag")
        .expect("a tag")
        .to_owned();
    site.rewrite("index.html", "<!doctype html><title>Newer</title>");
    let lines = format!("If-None-Match: {old}\r\n");
    let newer = site.get_with("/", &lines).await;
    assert_eq!(newer.status, 200);
    assert!(newer.body.contains("Newer"));
    assert_ne!(newer.header("etag"), Some(old.as_str()));
}

#[tokio::test]
async fn who_takes_gzip_gets_fewer_bytes_under_a_tag_of_their_own() {
    let site = Site::open().await;
    let script = "export const listen = 1;\n".repeat(1_000);
    site.rewrite(&SCRIPT[1..], &script);
    let gzip = "Accept-Encoding: gzip, deflate, br\r\n";
    let plain = site.get(SCRIPT).await;
    let head = format!("HEAD {SCRIPT} HTTP/1.1\r\nHost: localhost\r\n{gzip}");
    let zipped = site.ask(&head).await;
    assert_eq!((plain.status, zipped.status), (200, 200));
    assert_eq!(plain.body, script);
    assert_eq!(plain.header("content-encoding"), None);
    assert_eq!(zipped.header("content-encoding"), Some("gzip"));
    let length = zipped.header("content-length").and_then(|n| n.parse().ok());
    assert!(length.is_some_and(|length: usize| length < script.len() / 20));
    assert_ne!(plain.header("etag"), zipped.header("etag"));
    for answer in [&plain, &zipped] {
        assert_eq!(answer.header("vary"), Some("accept-encoding"));
    }
    let tag = zipped.header("etag").expect("a tag");
    let lines = format!("{gzip}If-None-Match: {tag}\r\n");
    assert_eq!(site.get_with(SCRIPT, &lines).await.status, 304);

    let mut stream = site.connect().await;
    let head = format!("GET {SCRIPT} HTTP/1.0\r\nHost: localhost\r\n{gzip}\r\n");
    stream.write_all(head.as_bytes()).await.expect("asked");
    let mut answer = Vec::new();
    within(stream.read_to_end(&mut answer))
        .await
        .expect("answered");
    let body = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n");
    let body = &answer[body.expect("a head") + 4..];
    let mut unpacked = String::new();
    GzDecoder::new(body)
        .read_to_string(&mut unpacked)
        .expect("gzip");
    assert_eq!(unpacked, script);
}

/// A browser that is told that its copy still holds goes on with the policy that
/// came with it.
#[tokio::test]
async fn a_page_whose_policy_changed_is_another_page() {
    let site = Site::open().await;
    let here = site.get_as("radio.example", "/").await;
    let there = site.get_as("radio.test", "/").await;
    assert_eq!(here.body, there.body);
    assert_ne!(
        here.header("content-security-policy"),
        there.header("content-security-policy")
    );
    assert_ne!(here.header("etag"), there.header("etag"));
    assert!(here.header("etag").is_some());
}
