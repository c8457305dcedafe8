//! Control lines of both sides: any bytes are read or refused, lines come out the
//! same in any cut, and a request that was read makes the round trip.

#![no_main]

use libfuzzer_sys::fuzz_target;
use skywave_wire::control::{
    Cut, Lines, MAX_LINE_BYTES, decode_from_relay, decode_request, encode_request,
};

fuzz_target!(|input: &[u8]| {
    let Some((&cut, stream)) = input.split_first() else {
        return;
    };
    let lines = cut_into_lines(stream, stream.len().max(1));
    assert_eq!(lines, cut_into_lines(stream, usize::from(cut) + 1));
    for line in lines {
        assert!(line.len() <= MAX_LINE_BYTES);
        let _ = decode_from_relay(&line);
        if let Ok((id, request)) = decode_request(&line) {
            let id = id.unwrap_or(1);
            let again = encode_request(id, &request);
            let again = decode_request(again.trim_end().as_bytes());
            assert_eq!(again, Ok((Some(id), request)));
        }
    }
});

fn cut_into_lines(stream: &[u8], piece: usize) -> Vec<Vec<u8>> {
    let mut lines = Lines::default();
    let mut found = Vec::new();
    for bytes in stream.chunks(piece) {
        lines.push(bytes);
        loop {
            match lines.next_cut() {
                Cut::Line(line) => found.push(line.to_vec()),
                Cut::TooLong => found.push(Vec::new()),
                Cut::More => break,
            }
        }
    }
    found
}
