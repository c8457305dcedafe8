//! Tags of WAV files, which symphonia 0.6.1 reads and then drops.

use std::io::{ErrorKind, Read, Result, Seek, SeekFrom};

use super::tags::{Tags, tidy};

/// The longest list of tags that is read, in bytes.
const MAX_LIST_BYTES: u32 = 64 << 10;

/// Reads title, artist and album from the `LIST` chunk of form `INFO` (Microsoft, "Multimedia
/// Programming Interface and Data Specifications 1.0", section 2). A file without, or one that is
/// cut off, has none.
pub(super) fn read_info(file: &mut (impl Read + Seek)) -> Result<Tags> {
    match find_info(file) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(Tags::default()),
        found => found,
    }
}

fn find_info(file: &mut (impl Read + Seek)) -> Result<Tags> {
    file.seek(SeekFrom::Start(12))?;
    loop {
        let (id, length) = chunk_header(file)?;
        let padded = i64::from(length) + i64::from(length % 2);
        if id != *b"LIST" || length > MAX_LIST_BYTES {
            file.seek_relative(padded)?;
            continue;
        }
        let mut list = vec![0; padded as usize];
        file.read_exact(&mut list)?;
        if let Some(entries) = list.strip_prefix(b"INFO") {
            return entries_to_tags(entries);
        }
    }
}

fn entries_to_tags(mut entries: &[u8]) -> Result<Tags> {
    let mut tags = Tags::default();
    while entries.len() > 8 {
        let (id, length) = chunk_header(&mut entries)?;
        let (text, behind) = entries.split_at(entries.len().min(length as usize));
        let text = tidy(&String::from_utf8_lossy(text).replace('\0', ""));
        match &id {
            b"INAM" => tags.title = text,
            b"IART" => tags.artist = text,
            b"IPRD" => tags.album = text,
            _ => {}
        }
        entries = &behind[behind.len().min(length as usize % 2)..];
    }
    Ok(tags)
}

fn chunk_header(file: &mut impl Read) -> Result<([u8; 4], u32)> {
    let (mut id, mut length) = ([0; 4], [0; 4]);
    file.read_exact(&mut id)?;
    file.read_exact(&mut length)?;
    Ok((id, u32::from_le_bytes(length)))
}
