use super::*;
use proptest::prelude::*;

fn rejected(line: &[u8]) -> (Option<u64>, ErrorCode, String) {
    let rejected = decode_request(line).expect_err("a bad line");
    (rejected.id, rejected.fault.code, rejected.fault.message)
}

#[test]
fn a_request_is_read_with_its_id_and_its_defaults() {
    let line = br#"{"type":"stream:join","id":4,"channelId":"jazz","later":[1]}"#;
    let (id, request) = decode_request(line).expect("a good request");
    assert_eq!(id, Some(4));
    let Request::Join(join) = request else {
        panic!("not a join: {request:?}");
    };
    assert_eq!(join.channel_id.as_str(), "jazz");
    assert_eq!(join.latency_ms, 100);
    assert_eq!(join.delivery, Delivery::Stream);
    assert!(!join.wait);
}

#[test]
fn what_is_wrong_with_a_line_is_said_with_its_id_where_one_was_found() {
    assert_eq!(rejected(b"{oops").1, ErrorCode::Malformed);
    assert_eq!(rejected(b"[1]").2, "a message is a JSON object");
    assert_eq!(
        rejected(b"{\"type\":\"\xff\"}").2,
        "no UTF-8 after byte 9 of the line"
    );
    assert_eq!(
        rejected(b"{\"id\":3}").2,
        "a message has a \"type\", a string"
    );
    assert_eq!(rejected(b"{\"id\":3}").0, Some(3));
    for id in ["-1", "1.5", "\"x\"", "9007199254740993"] {
        let line = format!(r#"{{"type":"heartbeat","id":{id}}}"#);
        let (id, code, words) = rejected(line.as_bytes());
        assert_eq!((id, code), (None, ErrorCode::BadField));
        assert!(words.contains("whole number"), "{words}");
    }
    let (id, code, words) = rejected(br#"{"type":"stream:fly","id":9}"#);
    assert_eq!((id, code), (Some(9), ErrorCode::UnknownType));
    assert!(words.contains("stream:fly"));
    let (id, code, words) = rejected(br#"{"type":"stream:join","id":5,"channelId":"a b"}"#);
    assert_eq!((id, code), (Some(5), ErrorCode::BadField));
    assert!(words.contains("' ' at byte 1"), "{words}");
    let (_, code, words) = rejected(br#"{"type":"stream:join","id":5}"#);
    assert_eq!(code, ErrorCode::BadField);
    assert!(words.contains("channelId"), "{words}");
    let late = br#"{"type":"stream:join","channelId":"a","latencyMs":5000}"#;
    assert!(rejected(late).2.contains("at most 2000"));
    let long = format!(
        r#"{{"type":"stream:update-metadata","channelId":"a","trackName":"{}"}}"#,
        "x".repeat(MAX_TEXT_BYTES + 1)
    );
    assert!(
        rejected(long.as_bytes())
            .2
            .contains("trackName has 8193 bytes")
    );
    let broken = br#"{"type":"stream:start","channelId":"a","showTitle":"a\nb"}"#;
    assert!(
        rejected(broken)
            .2
            .contains("showTitle has a control character at byte 1")
    );
    assert_eq!(
        rejected(&[b' '; MAX_LINE_BYTES + 1]).1,
        ErrorCode::Malformed
    );
}

#[test]
fn requests_make_the_round_trip() {
    let channel_id: ChannelId = "jazz".parse().expect("a name");
    for request in [
        Request::Hello(Hello {
            versions: vec![crate::PROTOCOL.into()],
            token: Some("t".into()),
            ..Hello::default()
        }),
        Request::Start(Start {
            channel_id: channel_id.clone(),
            show: Show {
                show_title: Some("Late".into()),
                ..Show::default()
            },
        }),
        Request::UpdateMetadata(UpdateMetadata {
            channel_id: channel_id.clone(),
            at_byte: Some(417),
            title: Title {
                track_name: Some("So What".into()),
                ..Title::default()
            },
        }),
        Request::Leave(Leave { channel_id }),
        Request::Heartbeat,
    ] {
        let line = encode_request(7, &request);
        assert!(line.ends_with('\n'));
        assert_eq!(
            decode_request(line.trim_end().as_bytes()),
            Ok((Some(7), request))
        );
    }
}

#[test]
fn events_and_answers_make_the_round_trip() {
    let channel_id: ChannelId = "jazz".parse().expect("a name");
    let metadata = Metadata {
        revision: Revision(2),
        seq: FrameSeq(400),
        title: Title {
            artist_name: Some("Miles".into()),
            ..Title::default()
        },
    };
    let active = Active {
        channel_id: channel_id.clone(),
        stream_id: StreamId(5),
        started_at: 1_700_000_000_000,
        listeners: 3,
        show: Show::default(),
    };
    for event in [
        Event::Active(vec![active.clone()]),
        Event::Started(active),
        Event::Stopped {
            channel_id: channel_id.clone(),
            stream_id: StreamId(5),
        },
        Event::Live(channel_id.clone()),
        Event::Offline(channel_id.clone()),
        Event::Metadata(channel_id.clone(), metadata),
        Event::Listeners(channel_id.clone(), 12),
        Event::Skipped(Skipped {
            channel_id,
            from_seq: FrameSeq(1),
            to_seq: FrameSeq(9),
            frames: 8,
        }),
        Event::Draining,
    ] {
        let line = encode_event(&event);
        assert_eq!(
            decode_from_relay(line.trim_end().as_bytes()),
            Ok(FromRelay::Event(event))
        );
    }
    let fault = Fault::new(ErrorCode::ChannelBusy, "taken");
    assert_eq!(
        decode_from_relay(encode_error(Some(3), &fault).trim_end().as_bytes()),
        Ok(FromRelay::Error { re: Some(3), fault })
    );
    let started = Started {
        stream_id: StreamId(8),
        resumed: true,
    };
    let line = encode_ok(Some(1), &started);
    match decode_from_relay(line.trim_end().as_bytes()) {
        Ok(FromRelay::Ok {
            re: Some(1),
            fields,
        }) => assert_eq!(answer(fields), Ok(started)),
        other => panic!("not ok: {other:?}"),
    }
}

#[test]
fn a_code_is_spelled_alike_in_both_ways() {
    for code in [
        ErrorCode::Malformed,
        ErrorCode::VersionUnsupported,
        ErrorCode::NotMp3,
        ErrorCode::TakenOver,
        ErrorCode::EndedByAdmin,
        ErrorCode::UnknownSession,
    ] {
        assert_eq!(json!(code), json!(code.as_str()));
    }
}

#[test]
fn a_fault_says_which_channel_it_is_about() {
    let jazz: ChannelId = "jazz".parse().expect("a name");
    let fault = Fault::new(ErrorCode::EndedByAdmin, "enough").on(&jazz);
    let line = encode_error(None, &fault);
    assert!(line.contains(r#""channelId":"jazz""#), "{line}");
    assert_eq!(
        decode_from_relay(line.trim_end().as_bytes()),
        Ok(FromRelay::Error { re: None, fault })
    );
    // One that cannot be read is one that is not there.
    let strange = br#"{"type":"error","code":"not-mp3","message":"no","channelId":7}"#;
    let fault = Fault::new(ErrorCode::NotMp3, "no");
    assert_eq!(
        decode_from_relay(strange),
        Ok(FromRelay::Error { re: None, fault })
    );
}

#[test]
fn words_of_a_later_version_are_no_reason_to_give_up() {
    let line = br#"{"type":"relay:event","at":1,"kind":"moon-rose","message":"full"}"#;
    let Ok(FromRelay::Event(Event::Occurred(occurrence))) = decode_from_relay(line) else {
        panic!("it can be read");
    };
    assert_eq!(occurrence.kind, OccurrenceKind::Other);
}

#[test]
fn what_supervisors_are_told_is_cut_and_has_no_control_characters() {
    assert_eq!(told("a\nb"), "ab");
    let long = "ö".repeat(MAX_TOLD_CHARS + 1);
    assert_eq!(told(&long), "ö".repeat(MAX_TOLD_CHARS));
}

proptest! {
    #[test]
    fn decoding_never_panics(line in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = decode_request(&line);
        let _ = decode_from_relay(&line);
    }
}
