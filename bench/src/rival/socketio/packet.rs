//! Packets of the engine.io protocol 4 and the socket.io protocol 5, as far as a
//! client needs them that joins a room and hears or publishes binary events.
//!
//! Over a WebSocket each engine.io packet is one text message that begins with its
//! type; a binary message is an attachment of the socket.io packet before it.

use anyhow::{Context, bail};
use serde_json::{Value, json};

/// Asks for the default namespace.
pub(crate) const CONNECT: &str = "40";
/// Answers a ping; without it the server ends the connection.
pub(crate) const PONG: &str = "3";

/// What a server sends as text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Packet<'a> {
    /// The engine.io handshake.
    Open,
    Ping,
    /// The namespace is ours.
    Connected,
    /// Why it is not.
    Refused(&'a str),
    /// The answer to an event that we sent with this number.
    Ack(u64),
    /// An event without attachments: its name and arguments as a JSON array.
    Event(&'a str),
    /// An event whose attachments follow as so many binary messages.
    BinaryEvent {
        attachments: usize,
        arguments: &'a str,
    },
    /// The server ends the session.
    Close,
}

/// Parses one text message.
///
/// # Errors
/// No socket.io server sends this.
pub(crate) fn parse(text: &str) -> anyhow::Result<Packet<'_>> {
    if let Some(event) = text.strip_prefix("45") {
        let (attachments, arguments) = event.split_once('-').context("no attachments")?;
        return Ok(Packet::BinaryEvent {
            attachments: attachments.parse()?,
            arguments,
        });
    }
    if let Some(ack) = text.strip_prefix("43") {
        let (number, _) = ack.split_once('[').context("no arguments")?;
        return Ok(Packet::Ack(number.parse()?));
    }
    if let Some(arguments) = text.strip_prefix("42") {
        return Ok(Packet::Event(arguments));
    }
    if let Some(why) = text.strip_prefix("44") {
        return Ok(Packet::Refused(why));
    }
    match text.as_bytes() {
        b"1" | b"41" => Ok(Packet::Close),
        b"2" => Ok(Packet::Ping),
        [b'4', b'0', ..] => Ok(Packet::Connected),
        [b'0', b'{', ..] => Ok(Packet::Open),
        _ => bail!("not a packet that a socket.io server sends: {text:?}"),
    }
}

/// An event that the server answers with [`Packet::Ack`] of the same number.
pub(crate) fn asking(number: u64, name: &str, argument: &str) -> String {
    format!("42{number}{}", json!([name, argument]))
}

/// The text before one attachment, which is the last argument of the event.
pub(crate) fn with_attachment(name: &str, argument: &str) -> String {
    let attachment: Value = json!({"_placeholder": true, "num": 0});
    format!("451-{}", json!([name, argument, attachment]))
}

#[cfg(test)]
mod tests {
    use super::{Packet, asking, parse, with_attachment};

    #[test]
    fn packets_of_a_server_are_told_apart() {
        let packets = [
            (
                r#"0{"sid":"a","upgrades":[],"pingInterval":25000}"#,
                Packet::Open,
            ),
            (r#"40{"sid":"b"}"#, Packet::Connected),
            (
                r#"44{"message":"not authorized"}"#,
                Packet::Refused(r#"{"message":"not authorized"}"#),
            ),
            ("2", Packet::Ping),
            ("430[]", Packet::Ack(0)),
            (r#"4312["joined"]"#, Packet::Ack(12)),
            (r#"42["title","x"]"#, Packet::Event(r#"["title","x"]"#)),
            (
                r#"451-["frames",{"_placeholder":true,"num":0}]"#,
                Packet::BinaryEvent {
                    attachments: 1,
                    arguments: r#"["frames",{"_placeholder":true,"num":0}]"#,
                },
            ),
            ("41", Packet::Close),
            ("1", Packet::Close),
        ];
        for (text, packet) in packets {
            assert_eq!(parse(text).ok(), Some(packet), "{text}");
        }
    }

    #[test]
    fn what_no_server_sends_is_refused() {
        for text in ["", "9", "0", "45", "45x-[]", "43[", "4", "hello"] {
            assert!(parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn events_are_written_as_the_protocol_says() {
        assert_eq!(asking(7, "join", "bench"), r#"427["join","bench"]"#);
        assert_eq!(
            with_attachment("publish", "bench"),
            r#"451-["publish","bench",{"_placeholder":true,"num":0}]"#
        );
    }
}
