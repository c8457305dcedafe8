//! The bytes that every implementation of the protocol has to agree on. The
//! TypeScript client reads the same `vectors.json`.

use bytes::{Bytes, BytesMut};
use serde_json::{Value, json};
use skywave_wire::control::{
    Cut, FromRelay as Message, Joined, Lines, Sessions, answer, decode_from_relay, decode_request,
    encode_error, encode_event, encode_ok, encode_request,
};
use skywave_wire::datagram::{self, FromClient, FromRelay, Pong};
use skywave_wire::group::{self, Frame};
use skywave_wire::stream::{AudioReader, Header};
use skywave_wire::{DecodeError, FrameSeq, Handle, Micros, Revision, StreamId, varint};

fn vectors(part: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("vectors.json")).expect("JSON");
    let part = all[part].as_array().expect("a part that exists").clone();
    assert!(!part.is_empty());
    part
}

fn text<'a>(vector: &'a Value, field: &str) -> &'a str {
    vector[field].as_str().expect("a text")
}

fn number(vector: &Value, field: &str) -> u64 {
    vector[field].as_u64().expect("a number")
}

fn unhex(hex: &str) -> Bytes {
    let digits = hex.as_bytes().chunks(2);
    digits
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).expect("ASCII"), 16).expect("hex"))
        .collect()
}

fn bytes(vector: &Value) -> Bytes {
    unhex(text(vector, "hex"))
}

fn frame(of: &Value) -> Frame {
    Frame {
        seq: FrameSeq(number(of, "seq")),
        time: Micros(number(of, "time")),
        discontinuity: of["discontinuity"].as_bool().expect("a boolean"),
        data: unhex(text(of, "data")),
    }
}

fn frames(of: &Value) -> Vec<Frame> {
    of.as_array().expect("frames").iter().map(frame).collect()
}

fn refusal(error: DecodeError) -> &'static str {
    match error {
        DecodeError::Truncated(_) => "truncated",
        DecodeError::TooLarge { .. } => "too-large",
        DecodeError::UnknownKind(_) => "unknown-kind",
        DecodeError::Trailing(_) => "trailing",
        DecodeError::Empty(_) => "empty",
        DecodeError::NotText(_) => "not-text",
    }
}

/// Every vector of a part is refused, each for the reason that it states.
fn all_refused<T: std::fmt::Debug>(part: &str, decode: impl Fn(Bytes) -> Result<T, DecodeError>) {
    for vector in vectors(part) {
        let why = decode(bytes(&vector))
            .map_err(refusal)
            .expect_err(&vector.to_string());
        assert_eq!(why, text(&vector, "refused"), "{vector}");
    }
}

#[test]
fn varints_agree_both_ways() {
    for vector in vectors("varints") {
        let (bytes, value) = (bytes(&vector), text(&vector, "value"));
        let value: u64 = value.parse().expect("a number");
        assert_eq!(varint::get(&bytes), Some((value, bytes.len())), "{vector}");
        let mut out = Vec::new();
        varint::put(&mut out, value);
        assert_eq!(out, bytes, "{vector}");
    }
}

#[test]
fn groups_agree_both_ways_and_bad_ones_are_refused() {
    for vector in vectors("groups") {
        let expected = frames(&vector["frames"]);
        assert_eq!(
            group::decode(bytes(&vector)),
            Ok(expected.clone()),
            "{vector}"
        );
        if vector["decodeOnly"] != true {
            let mut out = BytesMut::new();
            group::put(&mut out, &expected);
            assert_eq!(out, bytes(&vector), "{vector}");
        }
    }
    all_refused("badGroups", group::decode);
}

#[test]
fn stream_headers_agree_both_ways_and_bad_ones_are_refused() {
    for vector in vectors("streamHeaders") {
        let number = number(&vector, "number");
        let header = match text(&vector, "kind") {
            "audio" => Header::Audio(Handle(number)),
            _ => Header::Ingest(StreamId(number)),
        };
        let bytes = bytes(&vector);
        assert_eq!(Header::get(&bytes), Ok(Some((header, bytes.len()))));
        let mut out = Vec::new();
        header.put(&mut out);
        assert_eq!(out, bytes);
    }
    all_refused("badStreamHeaders", |bytes| Header::get(&bytes));
}

#[test]
fn audio_streams_are_read_in_any_cut_and_bad_ones_are_refused() {
    for vector in vectors("audioStreams") {
        let mut reader = AudioReader::new();
        let mut heard = Vec::new();
        for piece in vector["pieces"].as_array().expect("pieces") {
            reader.push(&unhex(piece.as_str().expect("hex")));
            while let Some(group) = reader.next_group().expect("good groups") {
                heard.push(group);
            }
        }
        let groups = vector["groups"].as_array().expect("groups");
        assert_eq!(reader.handle(), Some(Handle(number(&vector, "handle"))));
        assert_eq!(
            heard,
            groups.iter().map(frames).collect::<Vec<_>>(),
            "{vector}"
        );
    }
    all_refused("badAudioStreams", |bytes| {
        let mut reader = AudioReader::new();
        reader.push(&bytes);
        reader.next_group()
    });
}

#[test]
fn datagrams_of_the_relay_agree_and_bad_ones_are_refused() {
    for vector in vectors("fromRelay") {
        let fields = &vector["datagram"];
        let got = FromRelay::decode(bytes(&vector)).unwrap_or_else(|e| panic!("{vector}: {e}"));
        let encoded = match &got {
            FromRelay::Audio {
                handle,
                frames: got,
            } => {
                assert_eq!(got, &frames(&fields["frames"]));
                let mut out = Vec::new();
                datagram::put_audio(&mut out, b"", *handle, got);
                assert_eq!(out.len(), 1);
                out.pop()
            }
            FromRelay::Fragment(fragment) => {
                assert_eq!(fragment.handle, Handle(number(fields, "handle")));
                assert_eq!(fragment.piece, frame(fields));
                assert_eq!(fragment.total as u64, number(fields, "total"));
                assert_eq!(fragment.offset as u64, number(fields, "offset"));
                None
            }
            FromRelay::Metadata {
                handle,
                revision,
                seq,
                json,
            } => {
                assert_eq!(revision.0, number(fields, "revision"));
                assert_eq!(seq.0, number(fields, "seq"));
                let title: Value = serde_json::from_slice(json).expect("JSON");
                assert_eq!(title, fields["title"]);
                datagram::metadata(b"", *handle, *revision, *seq, json)
            }
            FromRelay::Listeners {
                handle,
                revision,
                count,
            } => {
                assert_eq!(*revision, Revision(number(fields, "revision")));
                assert_eq!(*count, number(fields, "count"));
                Some(datagram::listeners(b"", *handle, *revision, *count))
            }
            FromRelay::Pong(pong) => {
                let expected = Pong {
                    id: number(fields, "id"),
                    client_time: number(fields, "clientTime"),
                    received: Micros(number(fields, "received")),
                    sent: Micros(number(fields, "sent")),
                };
                assert_eq!(*pong, expected);
                Some(pong.encode())
            }
        };
        if let Some(encoded) = encoded {
            assert_eq!(encoded, bytes(&vector), "{vector}");
        }
    }
    all_refused("badFromRelay", FromRelay::decode);
}

#[test]
fn datagrams_of_a_client_agree_both_ways() {
    for vector in vectors("fromClient") {
        let fields = &vector["datagram"];
        let expected = match text(fields, "kind") {
            "ping" => FromClient::Ping {
                id: number(fields, "id"),
                client_time: number(fields, "clientTime"),
            },
            _ => FromClient::Ack {
                handle: Handle(number(fields, "handle")),
                revision: Revision(number(fields, "revision")),
            },
        };
        assert_eq!(FromClient::decode(bytes(&vector)), Ok(expected));
        assert_eq!(expected.encode(), bytes(&vector));
    }
}

#[test]
fn requests_agree_both_ways_and_bad_ones_are_refused() {
    for line in vectors("requests") {
        let (id, request) = decode_request(line.to_string().as_bytes()).expect("a request");
        assert_eq!(id, Some(number(&line, "id")));
        let encoded: Value =
            serde_json::from_str(&encode_request(number(&line, "id"), &request)).expect("JSON");
        assert_eq!(encoded, line);
    }
    for vector in vectors("badRequests") {
        let rejected = decode_request(text(&vector, "line").as_bytes()).expect_err("a refusal");
        assert_eq!(
            rejected.fault.code.as_str(),
            text(&vector, "code"),
            "{vector}"
        );
    }
}

/// The fields of an `ok`, read as the answer to the request that the vector names,
/// a join where it names none, and written again.
fn answered(vector: &Value, fields: Value) -> Value {
    let again = match vector["answers"].as_str() {
        Some("session:list") => json!(answer::<Sessions>(fields).expect("a list of sessions")),
        None => json!(answer::<Joined>(fields).expect("the answer to a join")),
        Some(other) => panic!("no test reads answers to {other}"),
    };
    assert!(again.is_object());
    again
}

#[test]
fn messages_of_the_relay_agree_both_ways_and_bad_ones_are_refused() {
    for vector in vectors("messages") {
        let line = &vector["line"];
        let message = decode_from_relay(line.to_string().as_bytes())
            .unwrap_or_else(|e| panic!("{vector}: {e}"));
        let (kind, re, encoded) = match message {
            Message::Ok { re, fields } => ("ok", re, encode_ok(re, &answered(&vector, fields))),
            Message::Error { re, fault } => ("error", re, encode_error(re, &fault)),
            Message::Event(event) => ("event", None, encode_event(&event)),
            Message::Unknown(kind) => {
                assert_eq!(line["type"], json!(kind));
                ("unknown", None, line.to_string())
            }
        };
        assert_eq!(kind, text(&vector, "kind"), "{vector}");
        assert_eq!(re, vector["re"].as_u64());
        let encoded: Value = serde_json::from_str(&encoded).expect("JSON");
        assert_eq!(&encoded, line);
    }
    for vector in vectors("badMessages") {
        decode_from_relay(text(&vector, "line").as_bytes()).expect_err(&vector.to_string());
    }
}

#[test]
fn lines_are_cut_alike() {
    for vector in vectors("lines") {
        let mut lines = Lines::default();
        let mut cuts = Vec::new();
        for piece in vector["pieces"].as_array().expect("pieces") {
            lines.push(piece.as_str().expect("text").as_bytes());
            while let Cut::Line(line) = lines.next_cut() {
                cuts.push(json!(str::from_utf8(&line).expect("UTF-8")));
            }
        }
        assert_eq!(json!(cuts), vector["cuts"]);
    }
}
