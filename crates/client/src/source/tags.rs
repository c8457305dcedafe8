use std::path::Path;

use symphonia::core::formats::FormatReader;
use symphonia::core::meta::well_known::METADATA_ID_ID3V1;
use symphonia::core::meta::{MetadataRevision, StandardTag};

/// The longest text kept of a tag, in characters.
pub const MAX_TAG_CHARS: usize = 500;

/// What a file says of itself: never empty text, no control characters, each at most
/// [`MAX_TAG_CHARS`] long.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tags {
    /// Title of the track. In a [`Playlist`](super::Playlist) it falls back to the file's name
    /// without its ending.
    pub title: Option<String>,
    /// Artists, separated by commas, or else those of the album.
    pub artist: Option<String>,
    /// Title of the album.
    pub album: Option<String>,
}

impl Tags {
    pub(super) fn or_named_after(mut self, path: &Path) -> Tags {
        let stem = || {
            path.file_stem()
                .and_then(|stem| tidy(&stem.to_string_lossy()))
        };
        self.title = self.title.or_else(stem);
        self
    }

    /// Fills what is missing from `other`.
    pub(super) fn or(self, other: Tags) -> Tags {
        Tags {
            title: self.title.or(other.title),
            artist: self.artist.or(other.artist),
            album: self.album.or(other.album),
        }
    }
}

/// Merges all tags that `reader` has met: those of the container win over ID3v2 at the beginning
/// of the file, that over APE at its end, and all over ID3v1, which cuts texts at 30 bytes.
pub(super) fn read(reader: &mut dyn FormatReader) -> Tags {
    let mut merged = Found::default();
    let mut oldest = Found::default();
    let mut log = reader.metadata();
    loop {
        if let Some(revision) = log.current() {
            let found = Found::in_revision(revision);
            if revision.info.metadata == METADATA_ID_ID3V1 {
                oldest = found;
            } else {
                merged = found.or(merged);
            }
        }
        if log.pop().is_none() {
            return merged.or(oldest).into_tags();
        }
    }
}

#[derive(Default)]
struct Found {
    titles: Vec<String>,
    artists: Vec<String>,
    album_artists: Vec<String>,
    albums: Vec<String>,
}

impl Found {
    fn in_revision(revision: &MetadataRevision) -> Found {
        let mut found = Found::default();
        let per_track = revision
            .per_track
            .iter()
            .flat_map(|track| &track.metadata.tags);
        for tag in revision.media.tags.iter().chain(per_track) {
            let (list, text) = match &tag.std {
                Some(StandardTag::TrackTitle(text)) => (&mut found.titles, text),
                Some(StandardTag::Artist(text)) => (&mut found.artists, text),
                Some(StandardTag::AlbumArtist(text)) => (&mut found.album_artists, text),
                Some(StandardTag::Album(text)) => (&mut found.albums, text),
                _ => continue,
            };
            list.extend(tidy(text).filter(|text| !list.contains(text)));
        }
        found
    }

    fn or(self, other: Found) -> Found {
        let either = |own: Vec<String>, other| if own.is_empty() { other } else { own };
        Found {
            titles: either(self.titles, other.titles),
            artists: either(self.artists, other.artists),
            album_artists: either(self.album_artists, other.album_artists),
            albums: either(self.albums, other.albums),
        }
    }

    fn into_tags(self) -> Tags {
        Tags {
            title: self.titles.into_iter().next(),
            artist: joined(&self.artists).or_else(|| joined(&self.album_artists)),
            album: self.albums.into_iter().next(),
        }
    }
}

fn joined(texts: &[String]) -> Option<String> {
    tidy(&texts.join(", "))
}

/// `text` without what [`Tags`] never hold, or `None` where nothing is left.
pub(super) fn tidy(text: &str) -> Option<String> {
    let plain: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let tidy: String = plain.trim().chars().take(MAX_TAG_CHARS).collect();
    (!tidy.is_empty()).then_some(tidy)
}
