//! Text from elsewhere, made fit for a terminal.

/// Control characters become spaces, line ends stay: neither a relay's words nor
/// a title may move the cursor or colour the screen.
pub(super) fn plain(text: &str) -> String {
    let is_bad = |c: char| c.is_control() && c != '\n';
    text.chars()
        .map(|c| if is_bad(c) { ' ' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_lose_their_escape() {
        assert_eq!(plain("a\x1b[2Jb\rc\u{9b}d\ne"), "a [2Jb c d\ne");
    }
}
