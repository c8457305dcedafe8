//! Recognises what files carry besides audio, by its first bytes.

use super::header::Header;

/// The longest ID3v2 or APE tag that is believed, in bytes.
///
/// A tag is skipped by the length that it states, so a damaged or hostile length would swallow the
/// stream: ID3v2 can state 256 MiB, hours of audio. Tags with large cover images reach a few MiB.
/// A longer claim counts as garbage, and the search for frames goes on behind its first byte.
pub const MAX_TAG_BYTES: u64 = 16 << 20;

/// What begins at the first of some bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    Nothing,
    /// It takes this many bytes to tell.
    Unclear(usize),
    /// A tag of this length.
    Tag(u64),
    /// A Lyrics3 block, which ends at its end mark.
    Lyrics,
}

const ID3V2_BYTES: usize = 10;
const ID3V1_BYTES: usize = 128;
const ID3V1_EXTENDED_BYTES: usize = 227;
const APE_BYTES: usize = 32;
const APE_MAGIC: &[u8] = b"APETAGEX";
const LYRICS_MAGIC: &[u8] = b"LYRICSBEGIN";
const LYRICS_ENDS: [&[u8]; 2] = [b"LYRICS200", b"LYRICSEND"];

/// Looks for a tag at the start of `bytes`. The three letters of ID3v1 are too weak a mark amid
/// garbage, so they count only at a `boundary`: where a frame could begin. At the `end` of the
/// stream no more bytes come, so the answer is never `Unclear`.
pub(super) fn detect(bytes: &[u8], boundary: bool, end: bool) -> Found {
    let found = match bytes.first() {
        Some(b'I') => id3v2(bytes),
        Some(b'A') => ape(bytes),
        Some(b'L') => lyrics(bytes),
        Some(b'T') if boundary => id3v1(bytes, end),
        _ => Found::Nothing,
    };
    match found {
        Found::Unclear(_) if end => Found::Nothing,
        found => found,
    }
}

/// Whether a tag seems to begin with these four bytes: enough to confirm a frame before it.
pub(super) fn seems_to_begin(bytes: [u8; 4]) -> bool {
    matches!(&bytes, b"APET" | b"LYRI") || bytes.starts_with(b"ID3") || bytes.starts_with(b"TAG")
}

/// Whether the search for a frame or a tag has to stop at this byte.
pub(super) fn is_start(byte: u8) -> bool {
    matches!(byte, 0xFF | b'I' | b'A' | b'L')
}

/// ID3v2.4 structure, sections 3.1 (header) and 3.4 (footer); 2.2 and 2.3 differ only in flags.
fn id3v2(bytes: &[u8]) -> Found {
    if !agrees(bytes, b"ID3") {
        return Found::Nothing;
    }
    let Some(&[_, _, _, major, revision, flags, size @ ..]) = bytes.first_chunk::<ID3V2_BYTES>()
    else {
        return Found::Unclear(ID3V2_BYTES);
    };
    if !(2..=4).contains(&major)
        || revision == 0xFF
        || flags & 0x0F != 0
        || size.iter().any(|byte| byte & 0x80 != 0)
    {
        return Found::Nothing;
    }
    let content = size.iter().fold(0, |sum, &byte| sum << 7 | u64::from(byte));
    let has_footer = major == 4 && flags & 0x10 != 0;
    let ends = ID3V2_BYTES as u64 * if has_footer { 2 } else { 1 };
    believable(content + ends)
}

/// ID3v1 is 128 bytes. "TAG+" (the enhanced tag) is 227 bytes and stands before an ID3v1 tag; a
/// title that begins with a plus sign looks the same until there.
fn id3v1(bytes: &[u8], end: bool) -> Found {
    if !agrees(bytes, b"TAG") {
        return Found::Nothing;
    }
    match bytes.get(3) {
        None => return Found::Unclear(4),
        Some(b'+') => {}
        Some(_) => return Found::Tag(ID3V1_BYTES as u64),
    }
    match bytes.get(ID3V1_EXTENDED_BYTES..ID3V1_EXTENDED_BYTES + 3) {
        Some(b"TAG") => Found::Tag(ID3V1_EXTENDED_BYTES as u64),
        None if !end => Found::Unclear(ID3V1_EXTENDED_BYTES + 3),
        _ => Found::Tag(ID3V1_BYTES as u64),
    }
}

/// APEv2 specification, "APE Tags Header": the stated length counts the items and the footer. A
/// footer met by itself belongs to a tag without a header, whose items came before it.
fn ape(bytes: &[u8]) -> Found {
    const IS_HEADER: u32 = 1 << 29;
    if !agrees(bytes, APE_MAGIC) {
        return Found::Nothing;
    }
    let Some(tag) = bytes.first_chunk::<APE_BYTES>() else {
        return Found::Unclear(APE_BYTES);
    };
    let word = |at: usize| u32::from_le_bytes([tag[at], tag[at + 1], tag[at + 2], tag[at + 3]]);
    let [version, size, flags] = [word(8), word(12), word(20)];
    if !matches!(version, 1000 | 2000) || tag[24..] != [0; 8] {
        return Found::Nothing;
    }
    if version == 2000 && flags & IS_HEADER != 0 {
        believable(APE_BYTES as u64 + u64::from(size))
    } else {
        Found::Tag(APE_BYTES as u64)
    }
}

fn lyrics(bytes: &[u8]) -> Found {
    match agrees(bytes, LYRICS_MAGIC) {
        false => Found::Nothing,
        true if bytes.len() < LYRICS_MAGIC.len() => Found::Unclear(LYRICS_MAGIC.len()),
        true => Found::Lyrics,
    }
}

/// How far a Lyrics3 block reaches into `bytes`, and whether it ends there. Without an end it
/// keeps what could be the first bytes of the end mark.
///
/// Lyrics3 v1 forbids the byte 255 in its text, so a block also ends before one: a frame begins
/// there, and a lost end mark swallows no audio.
pub(super) fn lyrics_extent(bytes: &[u8]) -> (usize, bool) {
    let text = bytes.iter().position(|&byte| byte == 0xFF);
    let limit = text.unwrap_or(bytes.len());
    let mark_bytes = LYRICS_ENDS[0].len();
    let mark = bytes[..limit]
        .windows(mark_bytes)
        .position(|window| LYRICS_ENDS.contains(&window));
    match (mark, text) {
        (Some(at), _) => (at + mark_bytes, true),
        (None, Some(at)) => (at, true),
        (None, None) => (limit.saturating_sub(mark_bytes - 1), false),
    }
}

/// Whether `frame` carries a Xing, Info or VBRI header instead of audio.
///
/// Xing and Info stand right behind the place of the side information without a CRC, whether or
/// not the frame has one (Xing SDK, LAME info tag revision 1); VBRI at byte 36 (Fraunhofer).
pub(super) fn is_info_frame(header: &Header, frame: &[u8]) -> bool {
    let magic = |at: usize| frame.get(at..at + 4);
    let xing = magic(4 + header.side_info_bytes());
    matches!(xing, Some(b"Xing" | b"Info")) || magic(36) == Some(b"VBRI")
}

fn believable(length: u64) -> Found {
    if length <= MAX_TAG_BYTES {
        Found::Tag(length)
    } else {
        Found::Nothing
    }
}

/// Whether `bytes` begins with `magic`, or is too short to contradict it.
fn agrees(bytes: &[u8], magic: &[u8]) -> bool {
    let common = bytes.len().min(magic.len());
    bytes[..common] == magic[..common]
}
