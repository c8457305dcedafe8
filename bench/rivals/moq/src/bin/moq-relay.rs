//! moq-relay, by the same three lines as its own program: built here so that
//! `Cargo.lock` says what is in it.

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    moq_tokio::crypto::install_default()
        .map_err(|_| anyhow::anyhow!("a crypto provider is there already"))?;
    let config = moq_relay::Config::load()?;
    moq_relay::Relay::load(config).await?.run().await
}
