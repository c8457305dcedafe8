"""The binary parts of `skywave/1`, after docs/protocol.md: varints, groups, datagrams.

Nothing here waits or sends; every decoder raises `WireError` for bytes that the
document does not allow.
"""

import json
from dataclasses import dataclass

from mp3_frames import header

AUDIO_STREAM = 0x01
INGEST_STREAM = 0x02

_AUDIO, _FRAGMENT, _METADATA, _LISTENERS, _PONG = 1, 2, 3, 4, 5
_PING, _ACKNOWLEDGE = 0x11, 0x12
_DISCONTINUITY = 1
_MAX_GROUP = 65_536
_MAX_FRAMES = 64
_MAX_FRAME = 5_761
_MAX_DATAGRAM = 1_000


class WireError(Exception):
    """Bytes from the relay that the protocol does not allow."""


class Incomplete(WireError):
    """The bytes end too early; on a stream, more may come."""


@dataclass(frozen=True)
class Frame:
    """A frame as a listener gets it; `time` in µs of the relay's clock."""

    seq: int
    time: int
    data: bytes
    discontinuity: bool


@dataclass(frozen=True)
class Audio:
    handle: int
    frames: list[Frame]


@dataclass(frozen=True)
class Fragment:
    handle: int
    discontinuity: bool
    seq: int
    time: int
    length: int
    offset: int
    data: bytes


@dataclass(frozen=True)
class Metadata:
    handle: int
    revision: int
    seq: int
    title: dict


@dataclass(frozen=True)
class Listeners:
    handle: int
    revision: int
    count: int


@dataclass(frozen=True)
class Pong:
    """`sent` is the client's time; the others are the relay's (µs)."""

    id: int
    sent: int
    relay_received: int
    relay_sent: int


def varint(number: int) -> bytes:
    """A variable-length integer (RFC 9000, section 16)."""
    for power, bits in enumerate((6, 14, 30, 62)):
        if number < 1 << bits:
            size = 1 << power
            return (number | power << (8 * size - 2)).to_bytes(size, "big")
    raise ValueError(f"{number} does not fit a varint")


class Reader:
    """Takes numbers and bytes off the front of a buffer."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self._data = data
        self.at = at

    def varint(self) -> int:
        if self.at >= len(self._data):
            raise Incomplete(f"a varint is missing at byte {self.at}")
        size = 1 << (self._data[self.at] >> 6)
        number = int.from_bytes(self.bytes(size), "big")
        return number & (1 << (8 * size - 2)) - 1

    def byte(self) -> int:
        return self.bytes(1)[0]

    def bytes(self, size: int) -> bytes:
        end = self.at + size
        if end > len(self._data):
            raise Incomplete(f"{size} bytes are missing at byte {self.at}")
        taken = self._data[self.at : end]
        self.at = end
        return bytes(taken)

    def rest(self) -> bytes:
        return self.bytes(len(self._data) - self.at)

    @property
    def left(self) -> int:
        return len(self._data) - self.at


def group(data: bytes) -> list[Frame]:
    """The frames of one group (section 4), each with its own number and time."""
    if len(data) > _MAX_GROUP:
        raise WireError(f"a group of {len(data)} bytes")
    reader = Reader(data)
    discontinuity = bool(reader.byte() & _DISCONTINUITY)
    seq, time = reader.varint(), reader.varint()
    frames: list[Frame] = []
    while reader.left:
        frame = reader.bytes(reader.varint())
        found = header(frame)
        if found is None or found.length != len(frame) or len(frame) > _MAX_FRAME:
            raise WireError(f"frame {seq} is no Layer III frame of {len(frame)} bytes")
        frames.append(Frame(seq, time, frame, discontinuity and not frames))
        seq, time = seq + 1, time + found.duration
    if not 1 <= len(frames) <= _MAX_FRAMES:
        raise WireError(f"a group of {len(frames)} frames")
    return frames


def datagram(data: bytes) -> Audio | Fragment | Metadata | Listeners | Pong | None:
    """A datagram of the relay (section 6); None for a kind that is not known."""
    if len(data) > _MAX_DATAGRAM:
        raise WireError(f"a datagram of {len(data)} bytes")
    reader = Reader(data)
    kind = reader.byte()
    if kind == _AUDIO:
        return Audio(reader.varint(), group(reader.rest()))
    if kind == _FRAGMENT:
        handle, flags = reader.varint(), reader.byte()
        numbers = [reader.varint() for _ in range(4)]
        return Fragment(handle, bool(flags & _DISCONTINUITY), *numbers, reader.rest())
    if kind == _METADATA:
        numbers = [reader.varint() for _ in range(3)]
        return Metadata(*numbers, json.loads(reader.rest()))
    if kind == _LISTENERS:
        return Listeners(*[reader.varint() for _ in range(3)])
    if kind == _PONG:
        return Pong(*[reader.varint() for _ in range(4)])
    return None


def ping(number: int, time: int) -> bytes:
    return bytes([_PING]) + varint(number) + varint(time)


def acknowledge(handle: int, revision: int) -> bytes:
    return bytes([_ACKNOWLEDGE]) + varint(handle) + varint(revision)
