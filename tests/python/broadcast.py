"""One broadcast from its beginning to its end, and what three listeners heard of it.

The publisher and the listeners are sessions of this client. The recording is made
once for each source; the tests look at it from different sides.
"""

import asyncio
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from heard import Heard
from mp3_frames import SourceFrame, walk
from skywave_client import Clock, Ingest, Session, open_session

SECONDS = 3
_CUT = 0.02

# Fractions of the source at which a new title begins, and its name.
TITLES = [(0.0, "First Light"), (0.34, "Zweite Welle – «größer»"), (0.67, "Third")]


@dataclass
class Listening:
    """One listener's part: what it asked for, was answered and heard."""

    answer: dict
    heard: Heard
    session: Session
    clock: Clock


@dataclass
class Broadcast:
    channel: str
    frames: list[SourceFrame]
    title_bytes: list[int]
    started: dict
    stream: Listening
    datagram: Listening
    silent: Listening
    publisher: Session

    @property
    def listenings(self) -> list[Listening]:
        return [self.stream, self.datagram, self.silent]


def make_mp3(file: Path, encoding: list[str], seconds: int = SECONDS) -> bytes:
    """Music of a kind, with an ID3v2 tag, an Info frame and an ID3v1 tag."""
    tone = "aevalsrc=0.3*sin(2*PI*(330+40*floor(3*t))*t)+0.05*random(0)"
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", f"{tone}:d={seconds}"]
    tags = ["-metadata", "title=Test", "-id3v2_version", "3", "-write_id3v1", "1"]
    subprocess.run([*command, "-c:a", "libmp3lame", *encoding, *tags, str(file)], check=True)
    return file.read_bytes()


async def send_at_its_pace(ingest: Ingest, mp3: bytes, frames: list[SourceFrame]) -> None:
    """Writes the file in cuts that know nothing of frames, as fast as it would sound."""
    begin, length = time.monotonic(), sum(frame.duration for frame in frames) / 1e6
    sent = 0
    while sent < len(mp3):
        due = min(1.0, (time.monotonic() - begin + _CUT) / length)
        upto = max(sent, round(due * len(mp3)))
        ingest.write(mp3[sent:upto])
        sent = upto
        await asyncio.sleep(_CUT)
    ingest.finish()


def record(url: str, channel: str, mp3: bytes) -> Broadcast:
    return asyncio.run(_record(url, channel, mp3))


async def _record(url: str, channel: str, mp3: bytes) -> Broadcast:
    frames = walk(mp3)
    title_bytes = [round(part * len(mp3)) for part, _ in TITLES]
    async with (
        open_session(url, subject="listener-a") as by_stream,
        open_session(url, subject="listener-b") as by_datagram,
        open_session(url, subject="listener-c", acknowledges=False) as silent,
        open_session(url, subject="station") as station,
    ):
        stream = await by_stream.join(channel, wait=True, latencyMs=100)
        datagram = await by_datagram.join(channel, wait=True, delivery="datagram", latencyMs=100)
        silenced = await silent.join(channel, wait=True)
        clocks = [await _settled_clock(session) for session in (by_stream, by_datagram, silent)]

        started = await station.request(
            "stream:start", channelId=channel, showTitle="Recorded", hostName="Py"
        )
        ingest = station.open_ingest(started["streamId"])
        for at, (_, name) in zip(title_bytes, TITLES):
            await station.request(
                "stream:update-metadata", channelId=channel, trackName=name, atByte=at
            )
        await send_at_its_pace(ingest, mp3, frames)
        await station.request("stream:stop", channelId=channel, atByte=len(mp3))

        listenings = []
        sessions = (by_stream, by_datagram, silent)
        for session, answer, clock in zip(sessions, (stream, datagram, silenced), clocks):
            heard = session.heard[answer["handle"]]
            await session.until(lambda: len(heard.frames) >= len(frames))
            await session.event("stream:stopped", channelId=channel)
            listenings.append(Listening(answer, heard, session, clock))
        await silent.event("stream:metadata", trackName=TITLES[-1][1])
    return Broadcast(channel, frames, title_bytes, started, *listenings, station)


async def _settled_clock(session: Session) -> Clock:
    answers = [await session.ping(number) for number in range(8)]
    return min(answers, key=lambda clock: clock.round_trip)
