//! Lists that are longer than a control line.

use std::sync::Arc;

use serde::Serialize;
use skywave_wire::control::{Event, MAX_LINE_BYTES, encode_event};

/// What stands around a list in its line, at the most.
const AROUND_THE_LIST: usize = 128;

/// How many of these, from the first on, fit a line.
pub(crate) fn fitting<T: Serialize>(items: &[T]) -> usize {
    let mut bytes = AROUND_THE_LIST;
    items
        .iter()
        .take_while(|item| {
            let comma = 1;
            bytes += serde_json::to_vec(item).map_or(0, |json| json.len()) + comma;
            bytes <= MAX_LINE_BYTES
        })
        .count()
}

/// All of these in as many events as it takes, one at the least; the last one is
/// told that it is.
pub(crate) fn in_lines<T: Serialize>(
    mut items: Vec<T>,
    event: impl Fn(Vec<T>, bool) -> Event,
) -> Vec<Arc<str>> {
    let mut lines = Vec::new();
    loop {
        let rest = items.split_off(fitting(&items).max(1).min(items.len()));
        let last = rest.is_empty();
        lines.push(encode_event(&event(items, last)).into());
        if last {
            return lines;
        }
        items = rest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use skywave_wire::control::{Audience, FromRelay, decode_from_relay};

    fn audiences(count: usize) -> Vec<Audience> {
        let audience = |n| Audience {
            channel_id: format!("{n:0>64}").parse().expect("a name"),
            listeners: n as u64,
        };
        (0..count).map(audience).collect()
    }

    #[test]
    fn a_long_list_is_cut_into_full_lines_and_nothing_is_lost() {
        let all = audiences(3_000);
        let lines = in_lines(all.clone(), |streams, _| Event::Audiences(streams));
        assert_eq!(lines.len(), 5);
        let mut told = Vec::new();
        for line in &lines {
            assert!(line.trim_end().len() <= MAX_LINE_BYTES, "{}", line.len());
            match decode_from_relay(line.trim_end().as_bytes()) {
                Ok(FromRelay::Event(Event::Audiences(streams))) => told.extend(streams),
                other => panic!("no counts: {other:?}"),
            }
        }
        assert!(lines[0].len() > MAX_LINE_BYTES - 300, "{}", lines[0].len());
        assert_eq!(told, all);
    }

    #[test]
    fn no_items_are_one_line_that_is_the_last() {
        let line = in_lines(Vec::new(), |streams, last| Event::Streams { streams, last });
        assert_eq!(line.len(), 1);
        assert!(line[0].contains(r#""last":true"#), "{}", line[0]);
    }
}
