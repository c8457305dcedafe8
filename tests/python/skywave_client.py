"""A client of `skywave/1` for the tests, written from docs/protocol.md alone.

It shares no code with the relay or its Rust client. It keeps everything that it
hears, in order, so that a test can look at it afterwards; `Session.until` waits
for what a test needs to see.
"""

import asyncio
import json
import ssl
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from aioquic.asyncio import QuicConnectionProtocol, connect as quic_connect
from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.h3.events import (
    DatagramReceived,
    DataReceived,
    HeadersReceived,
    WebTransportStreamDataReceived,
)
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import (
    ConnectionTerminated,
    ProtocolNegotiated,
    StopSendingReceived,
    StreamDataReceived,
    StreamReset,
)

import skywave_wire as wire
from heard import Heard, now

PATIENCE = 10.0


class Refused(Exception):
    """The relay answered a request with an error."""

    def __init__(self, line: dict) -> None:
        super().__init__(f"{line['code']}: {line['message']}")
        self.code = line["code"]


class SessionEnded(Exception):
    """The relay ended the session, or never opened it."""


@dataclass
class AudioStream:
    """One unidirectional stream of the relay: its header, then groups."""

    buffer: bytes = b""
    handle: int | None = None
    finished: bool = False
    reset: int | None = None

    def next_group(self) -> bytes | None:
        """Takes the next whole group, if it is there."""
        reader = wire.Reader(self.buffer)
        try:
            if self.handle is None:
                kind = reader.byte()
                if kind != wire.AUDIO_STREAM:
                    raise wire.WireError(f"a stream of kind {kind}")
                self.handle = reader.varint()
                self.buffer = self.buffer[reader.at :]
                reader = wire.Reader(self.buffer)
            group = reader.bytes(reader.varint())
        except wire.Incomplete:
            return None
        self.buffer = self.buffer[reader.at :]
        return group


@dataclass(frozen=True)
class Clock:
    """One answer to a ping, in µs (section 7)."""

    id: int
    offset: float
    round_trip: int


class Session(QuicConnectionProtocol):
    """One WebTransport session. Made by `open_session`."""

    acknowledges = True

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.status: int | None = None
        self.ended: str | None = None
        self.events: list[dict] = []
        self.errors: list[dict] = []
        self.heard: dict[int, Heard] = defaultdict(Heard)
        self.audio_streams: dict[int, AudioStream] = {}
        self.stopped_streams: set[int] = set()
        self.clocks: list[Clock] = []
        self.hello: dict = {}
        self.handles: dict[str, int] = {}
        self.fault: Exception | None = None
        self._answers: dict[int, dict] = {}
        self._lines = b""
        self._next_id = 0
        self._http: H3Connection | None = None
        self._session_id: int | None = None
        self._control_id: int | None = None
        self._changed = asyncio.Event()

    async def request(self, kind: str, **fields) -> dict:
        """Sends a request and gives its answer; `Refused` if that is an error."""
        return await self.answer(self.send(kind, **fields))

    async def join(self, channel: str, **fields) -> dict:
        answer = await self.request("stream:join", channelId=channel, **fields)
        self.handles[channel] = answer["handle"]
        for title in answer["metadata"]:
            heard = self.heard[answer["handle"]]
            heard.take_title(title["revision"], title["seq"], title, "join")
        return answer

    def send(self, kind: str, **fields) -> int:
        """Sends a request and gives its id."""
        self._next_id += 1
        line = json.dumps({"type": kind, "id": self._next_id, **fields})
        self.send_line(line.encode())
        return self._next_id

    def send_line(self, line: bytes) -> None:
        self._quic.send_stream_data(self._control_id, line + b"\n")
        self.transmit()

    async def answer(self, number: int) -> dict:
        line = await self.until(lambda: self._answers.get(number))
        if line["type"] == "error":
            raise Refused(line)
        return line

    async def event(self, kind: str, **fields) -> dict:
        """The first event of this type with these fields, heard or still to come."""
        return await self.until(lambda: next(iter(self.told(kind, **fields)), None))

    def told(self, kind: str, **fields) -> list[dict]:
        wanted = {"type": kind, **fields}.items()
        return [event for event in self.events if wanted <= _plain(event).items()]

    async def error(self, code: str) -> dict:
        """The first error with this code that answers no request."""
        return await self.until(lambda: next((e for e in self.errors if e["code"] == code), None))

    async def until(self, seen: Callable, patience: float = PATIENCE):
        """Waits until `seen()` gives something true, and gives that."""
        deadline = time.monotonic() + patience
        while not (value := seen()):
            if self.fault is not None:
                raise self.fault
            if self.ended is not None:
                raise SessionEnded(self.ended)
            self._changed.clear()
            left = deadline - time.monotonic()
            try:
                await asyncio.wait_for(self._changed.wait(), max(left, 0.001))
            except TimeoutError:
                raise TimeoutError(f"not seen in {patience} s; {self._summary()}") from None
        return value

    def _summary(self) -> str:
        heard = {
            handle: f"{len(heard.frames)} frames, titles {heard.titles}, counts {heard.counts}"
            for handle, heard in self.heard.items()
        }
        return f"{self.events=} {self.errors=} {heard=}"

    async def closed(self) -> str:
        """Waits for the relay to end the session."""
        return await self.until(lambda: self.ended)

    async def ping(self, number: int) -> Clock:
        """One exchange of clocks; the number must not have been used before."""
        self._send_datagram(wire.ping(number, now()))
        return await self.until(
            lambda: next((clock for clock in self.clocks if clock.id == number), None)
        )

    def noise(self, data: bytes) -> None:
        """Sends a datagram of any content."""
        self._send_datagram(data)

    def open_ingest(self, stream_id: int) -> "Ingest":
        stream = self._http.create_webtransport_stream(self._session_id, True)
        ingest = Ingest(self, stream)
        ingest.write(bytes([wire.INGEST_STREAM]) + wire.varint(stream_id))
        return ingest

    def open_second_control(self, data: bytes) -> None:
        stream = self._http.create_webtransport_stream(self._session_id)
        self._quic.send_stream_data(stream, data)
        self.transmit()

    async def begin(self, authority: str, path: str) -> None:
        """Asks for the session and opens the control stream."""
        await self.until(lambda: self._http and self._http.received_settings)
        self._session_id = self._quic.get_next_available_stream_id()
        headers = {
            b":method": b"CONNECT",
            b":scheme": b"https",
            b":authority": authority.encode(),
            b":path": path.encode(),
            b":protocol": b"webtransport",
        }
        self._http.send_headers(self._session_id, list(headers.items()))
        self.transmit()
        if await self.until(lambda: self.status) != 200:
            raise SessionEnded(f"the relay answered {self.status}")
        self._control_id = self._http.create_webtransport_stream(self._session_id)
        self.transmit()

    def quic_event_received(self, event) -> None:
        if isinstance(event, ProtocolNegotiated):
            self._http = H3Connection(self._quic, enable_webtransport=True)
        elif isinstance(event, ConnectionTerminated):
            self.ended = self.ended or event.reason_phrase or f"code {event.error_code}"
        elif isinstance(event, StreamReset) and event.stream_id in self.audio_streams:
            self.audio_streams[event.stream_id].reset = event.error_code
        elif isinstance(event, StopSendingReceived):
            self.stopped_streams.add(event.stream_id)
        try:
            if isinstance(event, StreamDataReceived) and event.stream_id == self._control_id:
                self._take_lines(event.data)
            elif self._http is not None:
                self._pass_to_http(event)
        except (wire.WireError, LookupError, ValueError) as fault:
            self.fault = self.fault or fault
        self._changed.set()

    def _pass_to_http(self, event) -> None:
        # aioquic takes what comes back on a bidirectional stream for an HTTP
        # response unless it is kept away from it.
        stream = getattr(event, "stream_id", None)
        if stream is not None and stream % 4 == 0 and stream != self._session_id:
            return
        for http in self._http.handle_event(event):
            if isinstance(http, HeadersReceived) and http.stream_id == self._session_id:
                self.status = int(dict(http.headers)[b":status"])
            elif isinstance(http, DataReceived) and http.stream_ended:
                self.ended = self.ended or "the session's stream was finished"
            elif isinstance(http, WebTransportStreamDataReceived):
                self._take_audio(http.stream_id, http.data, http.stream_ended)
            elif isinstance(http, DatagramReceived):
                self._take_datagram(wire.datagram(http.data))

    def _take_lines(self, data: bytes) -> None:
        *lines, self._lines = (self._lines + data).split(b"\n")
        for line in filter(None, lines):
            told = json.loads(line)
            if "re" in told:
                self._answers[told["re"]] = told
            elif told["type"] == "error":
                self.errors.append(told)
            else:
                self.events.append(told)
                if told["type"] == "stream:metadata":
                    heard = self.heard[self.handles[told["channelId"]]]
                    heard.take_title(told["revision"], told["seq"], told, "control")

    def _take_audio(self, stream_id: int, data: bytes, finished: bool) -> None:
        stream = self.audio_streams.setdefault(stream_id, AudioStream())
        stream.buffer += data
        stream.finished = finished
        while (group := stream.next_group()) is not None:
            for frame in wire.group(group):
                self.heard[stream.handle].take_frame(frame)
        if finished and stream.buffer:
            raise wire.WireError(f"a stream ended within a group: {stream.buffer[:20]!r}")

    def _take_datagram(self, told) -> None:
        if isinstance(told, wire.Pong):
            self._take_pong(told)
        elif isinstance(told, wire.Audio):
            self.heard[told.handle].take_audio(told)
        elif isinstance(told, wire.Fragment):
            self.heard[told.handle].take_fragment(told)
        elif isinstance(told, wire.Listeners):
            self.heard[told.handle].counts.append(told)
        elif isinstance(told, wire.Metadata):
            heard = self.heard[told.handle]
            heard.take_title(told.revision, told.seq, told.title, "datagram")
            if self.acknowledges:
                self._send_datagram(wire.acknowledge(told.handle, told.revision))

    def _take_pong(self, pong: wire.Pong) -> None:
        here = now()
        relay = pong.relay_received - pong.sent + pong.relay_sent - here
        spent = pong.relay_sent - pong.relay_received
        self.clocks.append(Clock(pong.id, relay / 2, here - pong.sent - spent))

    def _send_datagram(self, data: bytes) -> None:
        self._http.send_datagram(self._session_id, data)
        self.transmit()


class Ingest:
    """The stream on which a publisher sends its MP3 bytes."""

    def __init__(self, session: Session, stream: int) -> None:
        self._session = session
        self.stream = stream

    def write(self, data: bytes, end: bool = False) -> None:
        self._session._quic.send_stream_data(self.stream, data, end)
        self._session.transmit()

    def finish(self) -> None:
        self.write(b"", end=True)


def _plain(event: dict) -> dict:
    return {key: value for key, value in event.items() if not isinstance(value, list)}


@asynccontextmanager
async def open_session(
    url: str, *, subject: str | None = None, hello: bool = True, acknowledges: bool = True
):
    """A session with the relay at `url`, after its `hello` if that is wanted."""
    parts = urlsplit(url)
    configuration = QuicConfiguration(
        is_client=True,
        alpn_protocols=H3_ALPN,
        max_datagram_frame_size=65_536,
        # A development certificate on loopback need not be checked (section 1).
        verify_mode=ssl.CERT_NONE,
    )
    async with quic_connect(
        parts.hostname, parts.port, configuration=configuration, create_protocol=Session
    ) as session:
        session.acknowledges = acknowledges
        await session.begin(parts.netloc, parts.path or "/")
        if hello:
            fields = {"versions": ["skywave/1"], "client": "skywave-python-tests"}
            if subject is not None:
                fields["subject"] = subject
            session.hello = await session.request("hello", **fields)
        yield session
        if session.fault is not None:
            raise session.fault
