//! The relay as its clients meet it: each module is one behaviour.

mod admin;
mod bad_input;
mod bad_sessions;
mod counts;
mod directory_counts;
mod draining;
mod events;
mod exactness;
mod handover;
mod metrics;
mod migration;
mod pace;
mod slow_listener;
mod supervision;
mod support;
mod titles;
mod wire;
