//! Has a release build take in the web pages that were built since the last one.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // A debug build reads them as it runs.
    if std::env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        println!("cargo::rerun-if-changed=web/dist");
    }
}
