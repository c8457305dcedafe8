//! From a feed to the relay, at the pace of the audio.

use skywave_client::publish::{Pacer, Publisher, Status};
use skywave_client::source::{Item, Tags};
use skywave_wire::control::Title;
use tokio::time::{Instant, sleep_until};

use super::{Failure, Feed};

/// Sends what the feed has, each frame when it is due, until it ends or `stop`
/// is ready; then goes off the air. `on_item` sees every item as it goes out.
///
/// Only the first attempt to go on the air may fail: from then on the publisher
/// tries again by itself.
///
/// # Errors
/// The feed fails, or the relay refuses for good.
pub(crate) async fn broadcast<F: FnMut(Status)>(
    mut publisher: Publisher<F>,
    mut feed: Feed,
    stop: impl Future<Output = ()>,
    on_item: impl FnMut(&Item),
) -> Result<(), Failure> {
    let sent = tokio::select! {
        biased;
        () = stop => Ok(()),
        sent = send(&mut publisher, &mut feed, on_item) => sent,
    };
    // What failed first says more than a stop that fails after it.
    let stopped = publisher.stop().await;
    sent?;
    Ok(stopped?)
}

async fn send<F: FnMut(Status)>(
    publisher: &mut Publisher<F>,
    feed: &mut Feed,
    mut on_item: impl FnMut(&Item),
) -> Result<(), Failure> {
    let mut pacer = Pacer::default();
    let mut begun = false;
    while let Some(item) = feed.next().await? {
        match &item {
            Item::Track(track) => publisher.title(title(&track.tags)).await?,
            Item::Frame(frame) => {
                if !begun {
                    publisher.begin().await?;
                    begun = true;
                }
                sleep_until(pacer.due(&frame.mp3.header, Instant::now())).await;
                publisher.frame(&frame.mp3.data).await?;
            }
            Item::Skipped(_) => {}
        }
        on_item(&item);
    }
    Ok(())
}

fn title(tags: &Tags) -> Title {
    Title {
        track_name: tags.title.clone(),
        artist_name: tags.artist.clone(),
        album_name: tags.album.clone(),
    }
}
