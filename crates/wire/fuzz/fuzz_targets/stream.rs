//! Audio streams: any bytes in any cut are read or refused, and the cut changes
//! nothing.

#![no_main]

use libfuzzer_sys::fuzz_target;
use skywave_wire::group::{Frame, MAX_FRAMES};
use skywave_wire::stream::AudioReader;

fuzz_target!(|input: &[u8]| {
    let Some((&cut, stream)) = input.split_first() else {
        return;
    };
    assert_eq!(
        read(stream, stream.len().max(1)),
        read(stream, usize::from(cut) + 1)
    );
});

fn read(stream: &[u8], piece: usize) -> (Vec<Vec<Frame>>, bool) {
    let mut reader = AudioReader::new();
    let mut groups = Vec::new();
    for bytes in stream.chunks(piece) {
        reader.push(bytes);
        loop {
            match reader.next_group() {
                Ok(Some(group)) => {
                    assert!((1..=MAX_FRAMES).contains(&group.len()));
                    groups.push(group);
                }
                Ok(None) => break,
                Err(_) => return (groups, true),
            }
        }
    }
    (groups, false)
}
