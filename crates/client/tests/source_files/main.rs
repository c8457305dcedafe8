//! Real audio files, made by ffmpeg as the tests run, through `skywave_client::source`.
#![cfg(feature = "files")]

mod encoding;
mod failures;
mod gapless;
mod media;
mod passthrough;
