//! What keeps the pages to themselves, and lets other sites load the player.

use crate::site::{EMBED, SCRIPT, Site};

#[tokio::test]
async fn every_page_is_kept_to_itself() {
    let site = Site::open().await;
    let relay = site.server.addresses()[0];
    let policy = format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
         img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self'; \
         worker-src 'self' blob:; manifest-src 'self'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'; connect-src 'self' https://{relay}"
    );
    for path in ["/", "/studio", "/admin"] {
        let page = site.get(path).await;
        assert_eq!(page.status, 200, "{path}");
        for (name, value) in [
            ("content-security-policy", policy.as_str()),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-embedder-policy", "require-corp"),
            ("permissions-policy", "microphone=(self)"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
        ] {
            assert_eq!(page.header(name), Some(value), "{path} {name}");
        }
        assert_eq!(page.header("access-control-allow-origin"), None, "{path}");
    }
}

#[tokio::test]
async fn pages_of_every_site_may_load_the_player() {
    let site = Site::open().await;
    for path in [SCRIPT, "/assets/decoder-00ff00ff.wasm", EMBED] {
        let file = site.get(path).await;
        assert_eq!(file.status, 200, "{path}");
        for (name, value) in [
            ("access-control-allow-origin", "*"),
            ("cross-origin-resource-policy", "cross-origin"),
            ("cross-origin-embedder-policy", "require-corp"),
            ("x-content-type-options", "nosniff"),
        ] {
            assert_eq!(file.header(name), Some(value), "{path} {name}");
        }
    }
}

#[tokio::test]
async fn words_without_a_page_run_nothing() {
    let site = Site::open().await;
    for (path, status) in [("/nowhere", 404), ("/%zz", 404)] {
        let words = site.get(path).await;
        assert_eq!(words.status, status, "{path}");
        let policy = words.header("content-security-policy").expect("a policy");
        assert!(policy.starts_with("default-src 'none'; "), "{policy}");
        assert!(!policy.contains("script-src"), "{policy}");
        assert_eq!(words.header("x-content-type-options"), Some("nosniff"));
    }
}
