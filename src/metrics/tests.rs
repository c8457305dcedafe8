use std::collections::BTreeMap;

use axum::http::StatusCode;

use super::{Metrics, Skipped};
use crate::token::Role;

/// Value by series (name with labels).
fn scrape(metrics: &Metrics) -> BTreeMap<String, f64> {
    metrics
        .render()
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let (series, value) = line.rsplit_once(' ').expect("a series and a value");
            (series.to_owned(), value.parse().expect("a number"))
        })
        .collect()
}

#[test]
fn every_metric_moves() {
    let metrics = Metrics::new();
    let _session = metrics.session(Role::Owner);
    let channel = metrics.channel("jazz");
    channel.set(3);
    metrics.frames_in.increment(2);
    metrics.bytes_in.increment(3);
    for sent in [&metrics.sent_stream, &metrics.sent_datagram] {
        sent.frames.increment(4);
        sent.bytes.increment(5);
    }
    metrics.skips.increment(6);
    metrics.skipped_frames.increment(7);
    metrics.drops("queue-full").increment(8);
    metrics.handshake_failures("timeout").increment(9);
    metrics.control_errors("bad-request").increment(10);
    for kind in [Skipped::Garbage, Skipped::Tag] {
        metrics.ingest_skipped_bytes(kind).increment(11);
    }
    metrics.metadata_repeats.increment(12);
    metrics.certificate_expiry.set(13.0);
    metrics.certificate_failures.increment(14);
    metrics.pages_requests(StatusCode::NOT_FOUND).increment(17);
    metrics.pages_refused("full").increment(18);
    let shard = metrics.shard(1);
    shard.load.set(0.5);
    shard.listeners.set(15.0);
    shard.overloads.increment(16);
    metrics.fanout_delay.record_many(0.003, 1000);
    metrics.fanout_delay.record(60.0);

    let version = env!("CARGO_PKG_VERSION");
    let build_info = format!("skywave_build_info{{version=\"{version}\"}}");
    let expected = [
        (build_info.as_str(), 1.0),
        ("skywave_sessions{role=\"owner\"}", 1.0),
        ("skywave_sessions_total{role=\"owner\"}", 1.0),
        ("skywave_channels", 1.0),
        ("skywave_listeners{channel=\"jazz\"}", 3.0),
        ("skywave_frames_in_total", 2.0),
        ("skywave_bytes_in_total", 3.0),
        ("skywave_frames_out_total{delivery=\"stream\"}", 4.0),
        ("skywave_frames_out_total{delivery=\"datagram\"}", 4.0),
        ("skywave_bytes_out_total{delivery=\"stream\"}", 5.0),
        ("skywave_bytes_out_total{delivery=\"datagram\"}", 5.0),
        ("skywave_skips_total", 6.0),
        ("skywave_skipped_frames_total", 7.0),
        ("skywave_drops_total{reason=\"queue-full\"}", 8.0),
        ("skywave_handshake_failures_total{class=\"timeout\"}", 9.0),
        ("skywave_control_errors_total{code=\"bad-request\"}", 10.0),
        ("skywave_ingest_skipped_bytes_total{kind=\"garbage\"}", 11.0),
        ("skywave_ingest_skipped_bytes_total{kind=\"tag\"}", 11.0),
        ("skywave_metadata_repeats_total", 12.0),
        ("skywave_certificate_expiry_seconds", 13.0),
        ("skywave_certificate_reload_failures_total", 14.0),
        ("skywave_pages_requests_total{status=\"4xx\"}", 17.0),
        ("skywave_pages_refused_total{reason=\"full\"}", 18.0),
        ("skywave_shard_load{shard=\"1\"}", 0.5),
        ("skywave_shard_listeners{shard=\"1\"}", 15.0),
        ("skywave_shard_overload_total{shard=\"1\"}", 16.0),
        ("skywave_fanout_delay_seconds_bucket{le=\"0.0025\"}", 0.0),
        ("skywave_fanout_delay_seconds_bucket{le=\"0.005\"}", 1000.0),
        ("skywave_fanout_delay_seconds_bucket{le=\"5\"}", 1000.0),
        ("skywave_fanout_delay_seconds_bucket{le=\"+Inf\"}", 1001.0),
        ("skywave_fanout_delay_seconds_sum", 63.0),
        ("skywave_fanout_delay_seconds_count", 1001.0),
    ];
    let mut shown = scrape(&metrics);
    for (series, value) in expected {
        assert_eq!(shown.remove(series), Some(value), "{series}");
    }
    shown.retain(|series, _| !series.starts_with("skywave_fanout_delay_seconds_bucket"));
    assert_eq!(shown, BTreeMap::new(), "series that no test moves");
}

#[test]
fn every_metric_is_described() {
    let metrics = Metrics::new();
    let _session = metrics.session(Role::Listener);
    let _channel = metrics.channel("jazz");
    metrics.drops("queue-full").increment(1);
    metrics.handshake_failures("timeout").increment(1);
    metrics.control_errors("bad-request").increment(1);
    metrics.ingest_skipped_bytes(Skipped::Tag).increment(1);
    metrics.shard(0).load.set(0.1);
    metrics.pages_requests(StatusCode::OK).increment(1);
    metrics.pages_refused("full").increment(1);
    let text = metrics.render();
    let types: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE "))
        .map(|line| line.split(' ').next().expect("a name"))
        .collect();
    assert!(types.len() > 20, "{text}");
    for name in types {
        assert!(text.contains(&format!("# HELP {name} ")), "{name}");
    }
}

#[test]
fn a_session_counts_as_long_as_its_guard_lives() {
    let metrics = Metrics::new();
    let first = metrics.session(Role::Listener);
    let second = metrics.session(Role::Listener);
    drop(first);
    let shown = scrape(&metrics);
    assert_eq!(shown["skywave_sessions{role=\"listener\"}"], 1.0);
    assert_eq!(shown["skywave_sessions_total{role=\"listener\"}"], 2.0);
    drop(second);
    let shown = scrape(&metrics);
    assert_eq!(shown["skywave_sessions{role=\"listener\"}"], 0.0);
}

#[test]
fn a_channel_goes_when_its_gauge_does() {
    let metrics = Metrics::new();
    let series = "skywave_listeners{channel=\"jazz\"}";
    let channel = metrics.channel("jazz");
    channel.set(7);
    assert_eq!(scrape(&metrics).get(series), Some(&7.0));
    let successor = metrics.channel("jazz");
    successor.set(2);
    assert_eq!(scrape(&metrics).get(series), Some(&9.0));
    assert_eq!(scrape(&metrics)["skywave_channels"], 1.0);
    drop(channel);
    assert_eq!(scrape(&metrics).get(series), Some(&2.0));
    drop(successor);
    assert_eq!(scrape(&metrics).get(series), None);
    assert_eq!(scrape(&metrics)["skywave_channels"], 0.0);
}

#[test]
fn two_servers_do_not_mix() {
    let (one, other) = (Metrics::new(), Metrics::new());
    one.frames_in.increment(5);
    assert_eq!(scrape(&one)["skywave_frames_in_total"], 5.0);
    assert_eq!(scrape(&other)["skywave_frames_in_total"], 0.0);
}
