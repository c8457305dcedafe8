//! Where the audio of an MP4 file begins and ends, which symphonia 0.6.1 does not tell.

use std::io::{ErrorKind, Read, Result, Seek, SeekFrom};
use std::ops::Range;

/// More boxes than a sound file holds side by side; a damaged one ends the search.
const MAX_BOXES: usize = 1_000;

/// Which of the decoded samples of the audio track are to be heard: an encoder puts some before
/// them and fills up the last packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Heard {
    /// Sample frames to leave out at the beginning.
    pub(super) skip: u64,
    /// Sample frames to play after them.
    pub(super) length: u64,
}

impl Heard {
    /// Cuts the next block of interleaved samples to what is to be heard of it.
    pub(super) fn cut(&mut self, pcm: &mut Vec<f32>, channels: usize) {
        let frames = (pcm.len() / channels) as u64;
        let skip = self.skip.min(frames);
        let keep = self.length.min(frames - skip);
        self.skip -= skip;
        self.length -= keep;
        pcm.truncate((skip + keep) as usize * channels);
        pcm.drain(..skip as usize * channels);
    }
}

/// Reads the edit list of the first sound track (ISO/IEC 14496-12 section 8.6.6), whose media has
/// `sample_rate`. `None` where there is none, or it is more than a cut at both ends.
pub(super) fn heard(file: &mut (impl Read + Seek), sample_rate: u32) -> Result<Option<Heard>> {
    match find_edit(file, sample_rate) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(None),
        found => found,
    }
}

fn find_edit(file: &mut (impl Read + Seek), sample_rate: u32) -> Result<Option<Heard>> {
    let end = file.seek(SeekFrom::End(0))?;
    let Some(movie) = descend(file, 0..end, &[b"moov"])? else {
        return Ok(None);
    };
    let Some(movie_scale) = timescale(file, movie.clone(), &[b"mvhd"])? else {
        return Ok(None);
    };
    for (kind, track) in children(file, movie)? {
        if kind != *b"trak" || !is_sound(file, track.clone())? {
            continue;
        }
        let media_scale = timescale(file, track.clone(), &[b"mdia", b"mdhd"])?;
        if media_scale != Some(sample_rate) {
            return Ok(None);
        }
        let Some(edits) = descend(file, track, &[b"edts", b"elst"])? else {
            return Ok(None);
        };
        return single_edit(file, edits, movie_scale, sample_rate);
    }
    Ok(None)
}

fn single_edit(
    file: &mut (impl Read + Seek),
    edits: Range<u64>,
    movie_scale: u32,
    sample_rate: u32,
) -> Result<Option<Heard>> {
    file.seek(SeekFrom::Start(edits.start))?;
    let version = read_u32(file)? >> 24;
    if read_u32(file)? != 1 {
        return Ok(None);
    }
    let (duration, skip) = match version {
        0 => (
            u64::from(read_u32(file)?),
            i64::from(read_u32(file)? as i32),
        ),
        _ => (read_u64(file)?, read_u64(file)? as i64),
    };
    let length = u128::from(duration) * u128::from(sample_rate) / u128::from(movie_scale.max(1));
    let (Ok(skip), Ok(length)) = (u64::try_from(skip), u64::try_from(length)) else {
        return Ok(None);
    };
    // A length of zero stands for "to the end" in fragmented files.
    Ok((length > 0).then_some(Heard { skip, length }))
}

fn is_sound(file: &mut (impl Read + Seek), track: Range<u64>) -> Result<bool> {
    let Some(handler) = descend(file, track, &[b"mdia", b"hdlr"])? else {
        return Ok(false);
    };
    file.seek(SeekFrom::Start(handler.start + 8))?;
    Ok(read_u32(file)?.to_be_bytes() == *b"soun")
}

/// Units a second of a movie or media header.
fn timescale(
    file: &mut (impl Read + Seek),
    within: Range<u64>,
    path: &[&[u8; 4]],
) -> Result<Option<u32>> {
    let Some(header) = descend(file, within, path)? else {
        return Ok(None);
    };
    file.seek(SeekFrom::Start(header.start))?;
    let times = if read_u32(file)? >> 24 == 0 { 8 } else { 16 };
    file.seek_relative(times)?;
    read_u32(file).map(Some)
}

fn descend(
    file: &mut (impl Read + Seek),
    mut within: Range<u64>,
    path: &[&[u8; 4]],
) -> Result<Option<Range<u64>>> {
    for wanted in path {
        let mut found = children(file, within)?.into_iter();
        match found.find(|(kind, _)| kind == *wanted) {
            Some((_, content)) => within = content,
            None => return Ok(None),
        }
    }
    Ok(Some(within))
}

/// The boxes that lie side by side, each with where its content lies.
fn children(
    file: &mut (impl Read + Seek),
    within: Range<u64>,
) -> Result<Vec<([u8; 4], Range<u64>)>> {
    let mut boxes = Vec::new();
    let mut start = within.start;
    while start + 8 <= within.end && boxes.len() < MAX_BOXES {
        file.seek(SeekFrom::Start(start))?;
        let (short, kind) = (read_u32(file)?, read_u32(file)?.to_be_bytes());
        let (header, length) = match short {
            0 => (8, within.end - start),
            1 => (16, read_u64(file)?),
            length => (8, u64::from(length)),
        };
        let end = start.saturating_add(length).min(within.end);
        if length < header {
            break;
        }
        boxes.push((kind, start + header..end));
        start = end;
    }
    Ok(boxes)
}

fn read_u32(file: &mut impl Read) -> Result<u32> {
    let mut bytes = [0; 4];
    file.read_exact(&mut bytes)?;
    Ok(u32::from_be_bytes(bytes))
}

fn read_u64(file: &mut impl Read) -> Result<u64> {
    let mut bytes = [0; 8];
    file.read_exact(&mut bytes)?;
    Ok(u64::from_be_bytes(bytes))
}
