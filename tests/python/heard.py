"""What a listener has heard of one channel: frames, titles, counts, and how they came."""

import time
from dataclasses import dataclass, field

import skywave_wire as wire

_NAMES = ("trackName", "artistName", "albumName")


def now() -> int:
    """This client's clock in µs: even, and of no meaning to anyone else."""
    return time.monotonic_ns() // 1000


@dataclass(frozen=True)
class Title:
    """A title, by which way it came ("join", "datagram" or "control"), and when (s)."""

    revision: int
    seq: int
    names: dict
    via: str
    at: float


@dataclass
class Heard:
    """All that came for one handle. `arrived` is in µs of this client's clock."""

    frames: dict[int, wire.Frame] = field(default_factory=dict)
    arrived: dict[int, int] = field(default_factory=dict)
    repeated: int = 0
    by_datagram: set[int] = field(default_factory=set)
    reassembled: set[int] = field(default_factory=set)
    audio_datagrams: int = 0
    titles: list[Title] = field(default_factory=list)
    counts: list[wire.Listeners] = field(default_factory=list)
    _fragments: dict[int, dict[int, wire.Fragment]] = field(default_factory=dict)

    def in_order(self) -> list[wire.Frame]:
        return [self.frames[seq] for seq in sorted(self.frames)]

    def title_at(self, seq: int) -> dict | None:
        """The names that hold for the frame `seq`."""
        begun = [title for title in self.titles if title.seq <= seq]
        return max(begun, key=lambda title: title.revision).names if begun else None

    def take_frame(self, frame: wire.Frame) -> None:
        if frame.seq in self.frames:
            self.repeated += 1
        else:
            self.frames[frame.seq] = frame
            self.arrived[frame.seq] = now()

    def take_audio(self, audio: wire.Audio) -> None:
        self.audio_datagrams += 1
        for frame in audio.frames:
            self.by_datagram.add(frame.seq)
            self.take_frame(frame)

    def take_fragment(self, part: wire.Fragment) -> None:
        self.audio_datagrams += 1
        parts = self._fragments.setdefault(part.seq, {})
        parts[part.offset] = part
        data = b""
        for offset in sorted(parts):
            if offset != len(data):
                return
            data += parts[offset].data
        if len(data) == part.length:
            del self._fragments[part.seq]
            self.by_datagram.add(part.seq)
            self.reassembled.add(part.seq)
            self.take_frame(wire.Frame(part.seq, part.time, data, part.discontinuity))

    def take_title(self, revision: int, seq: int, told: dict, via: str) -> None:
        names = {key: told[key] for key in _NAMES if told.get(key) is not None}
        self.titles.append(Title(revision, seq, names, via, time.monotonic()))
