"""The frames of an MP3 file, found by their headers alone (ISO/IEC 11172-3, 13818-3).

This is the tests' own account of what a source file holds: nothing of it comes
from the relay. Free format is not needed here and not read.
"""

from dataclasses import dataclass

_BITRATES_MPEG1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_BITRATES_MPEG2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_SAMPLE_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
_MPEG1 = 3
_LAYER_3 = 1
_MONO = 3


@dataclass(frozen=True)
class Header:
    """What the four bytes at the head of a Layer III frame say."""

    length: int
    samples: int
    sample_rate: int
    side_info: int
    checked: bool

    @property
    def duration(self) -> int:
        """Microseconds, rounded to the nearest."""
        return (self.samples * 1_000_000 + self.sample_rate // 2) // self.sample_rate


@dataclass(frozen=True)
class SourceFrame:
    """A frame, and the byte of the file at which it begins."""

    offset: int
    data: bytes
    duration: int


def header(data: bytes, offset: int = 0) -> Header | None:
    """The frame header at `offset`, or None where there is none."""
    head = data[offset : offset + 4]
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    bitrate, rate, padding = head[2] >> 4, head[2] >> 2 & 3, head[2] >> 1 & 1
    if version == 1 or layer != _LAYER_3 or bitrate in (0, 15) or rate == 3:
        return None
    mono = head[3] >> 6 == _MONO
    sample_rate = _SAMPLE_RATES[version][rate]
    if version == _MPEG1:
        samples, kbit, side_info = 1152, _BITRATES_MPEG1[bitrate], 17 if mono else 32
    else:
        samples, kbit, side_info = 576, _BITRATES_MPEG2[bitrate], 9 if mono else 17
    length = samples // 8 * kbit * 1000 // sample_rate + padding
    return Header(length, samples, sample_rate, side_info, head[1] & 1 == 0)


def walk(data: bytes) -> list[SourceFrame]:
    """All audio frames of a file: without tags, and without the Xing or Info frame."""
    offset = _after_id3v2(data)
    frames = []
    while offset < len(data):
        if data[offset : offset + 3] == b"TAG":
            break
        found = header(data, offset)
        if found is None:
            raise ValueError(f"no frame header at byte {offset}")
        frame = data[offset : offset + found.length]
        if len(frame) < found.length:
            raise ValueError(f"the frame at byte {offset} is cut off")
        if frames or not _is_info(frame, found):
            frames.append(SourceFrame(offset, frame, found.duration))
        offset += found.length
    return frames


def _after_id3v2(data: bytes) -> int:
    if data[:3] != b"ID3":
        return 0
    size = 0
    for byte in data[6:10]:
        size = size << 7 | byte
    return 10 + size


def _is_info(frame: bytes, found: Header) -> bool:
    at = 4 + (2 if found.checked else 0) + found.side_info
    return frame[at : at + 4] in (b"Xing", b"Info")
