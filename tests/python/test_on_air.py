"""Joining late, leaving, coming back, and what a publisher may not do."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from broadcast import send_at_its_pace
from mp3_frames import SourceFrame, walk
from skywave_client import Refused, open_session


@asynccontextmanager
async def on_the_air(url: str, channel: str, mp3: bytes, times: int):
    """A station that sends the file so many times over, until the block ends."""
    async with open_session(url, subject="station") as station:
        started = await station.request("stream:start", channelId=channel)
        ingest = station.open_ingest(started["streamId"])
        await station.request("stream:update-metadata", channelId=channel, trackName="Now")
        sending = asyncio.create_task(send_at_its_pace(ingest, mp3 * times, walk(mp3) * times))
        yield station, started
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)


def _is_run_of(heard: list[bytes], source: list[SourceFrame]) -> bool:
    """Whether the frames are a run of the source, repeated without end."""
    data = [frame.data for frame in source]
    begin = data.index(heard[0])
    return all(frame == data[(begin + i) % len(data)] for i, frame in enumerate(heard))


@pytest.mark.parametrize("delivery", ["stream", "datagram"])
def test_a_late_listener_begins_with_the_newest_frames_at_once(url, short_mp3, delivery):
    channel = f"late-{delivery}"

    async def scenario():
        source = walk(short_mp3)
        async with on_the_air(url, channel, short_mp3, 8) as (_, started):
            async with open_session(url) as early, open_session(url) as late:
                first = await early.join(channel)
                heard = early.heard[first["handle"]]
                await early.until(lambda: len(heard.frames) > 60)

                joined = await late.join(channel, delivery=delivery, latencyMs=0)
                assert joined["live"] is True
                assert joined["streamId"] == started["streamId"]
                assert [title["trackName"] for title in joined["metadata"]] == ["Now"]
                late_heard = late.heard[joined["handle"]]
                await late.until(lambda: len(late_heard.frames) > 60)

                frames = late_heard.in_order()
                assert frames[0].seq == joined["nextSeq"]
                assert [f.seq for f in frames] == list(
                    range(frames[0].seq, frames[0].seq + len(frames))
                )
                assert _is_run_of([frame.data for frame in frames], source)
                opening = [
                    frame
                    for frame in frames
                    if late_heard.arrived[frame.seq] - min(late_heard.arrived.values()) < 100_000
                ]
                assert sum(source[0].duration for _ in opening) > 500_000
                if delivery == "datagram":
                    [stream] = late.audio_streams.values()
                    assert stream.finished
                    assert late_heard.by_datagram
                    assert late_heard.repeated == 0

    asyncio.run(scenario())


def test_after_leaving_the_stream_is_reset_and_another_join_is_possible(url, short_mp3):
    async def scenario():
        async with on_the_air(url, "left", short_mp3, 8):
            async with open_session(url) as session:
                joined = await session.join("left")
                await session.until(lambda: session.heard[joined["handle"]].frames)
                with pytest.raises(Refused, match="already-joined"):
                    await session.join("left")
                await session.request("stream:leave", channelId="left")
                [stream] = session.audio_streams.values()
                await session.until(lambda: stream.reset is not None)
                with pytest.raises(Refused, match="not-joined"):
                    await session.request("stream:leave", channelId="left")
                heard_before = max(session.heard[joined["handle"]].frames)
                again = await session.join("left")
                heard = session.heard[again["handle"]]
                await session.until(lambda: max(heard.frames, default=0) > heard_before)
                assert len(session.audio_streams) == 2

    asyncio.run(scenario())


def test_the_same_subject_takes_over_and_another_may_not(url, short_mp3):
    async def scenario():
        source = walk(short_mp3)
        async with (
            open_session(url) as listener,
            open_session(url, subject="other") as other,
            open_session(url, subject="station") as old,
            open_session(url, subject="station") as new,
        ):
            joined = await listener.join("handed-over", wait=True)
            heard = listener.heard[joined["handle"]]
            started = await old.request("stream:start", channelId="handed-over")
            old.open_ingest(started["streamId"]).write(short_mp3)
            await listener.until(lambda: len(heard.frames) >= len(source))

            with pytest.raises(Refused, match="channel-busy"):
                await other.request("stream:start", channelId="handed-over")
            resumed = await new.request("stream:start", channelId="handed-over")
            assert resumed["resumed"] is True
            assert resumed["streamId"] == started["streamId"]
            await old.error("taken-over")
            with pytest.raises(Refused, match="not-publishing"):
                await old.request("stream:stop", channelId="handed-over")

            await send_at_its_pace(new.open_ingest(resumed["streamId"]), short_mp3, source)
            await listener.until(lambda: len(heard.frames) >= 2 * len(source))
            frames = heard.in_order()
            assert [frame.data for frame in frames] == [frame.data for frame in source] * 2
            first = joined["nextSeq"]
            assert [f.seq for f in frames] == list(range(first, first + 2 * len(source)))
            assert all(a.time < b.time for a, b in zip(frames, frames[1:]))
            assert not listener.told("stream:stopped", channelId="handed-over")
            await new.request("stream:stop", channelId="handed-over")
            await listener.event("stream:stopped", channelId="handed-over")

    asyncio.run(scenario())


def test_a_second_broadcast_goes_on_with_the_numbers_of_the_first(url, short_mp3):
    async def scenario():
        source = walk(short_mp3)
        async with open_session(url) as listener, open_session(url) as station:
            joined = await listener.join("twice", wait=True)
            heard = listener.heard[joined["handle"]]
            ids = []
            for count in (1, 2):
                started = await station.request("stream:start", channelId="twice")
                assert started["resumed"] is False
                ids.append(started["streamId"])
                await send_at_its_pace(station.open_ingest(ids[-1]), short_mp3, source)
                await station.request("stream:stop", channelId="twice", atByte=len(short_mp3))
                await listener.event("stream:stopped", streamId=ids[-1])
                await listener.until(lambda: len(heard.frames) >= count * len(source))
            assert ids[0] != ids[1]
            frames = heard.in_order()
            assert [frame.data for frame in frames] == [frame.data for frame in source] * 2
            assert frames[0].seq == joined["nextSeq"]
            assert frames[len(source)].discontinuity

    asyncio.run(scenario())


def test_a_title_too_large_for_a_datagram_comes_by_the_control_stream(url, short_mp3):
    async def scenario():
        name = "ß" * 4096
        async with on_the_air(url, "long-title", short_mp3, 4) as (station, _):
            async with open_session(url) as listener:
                joined = await listener.join("long-title", wait=True)
                await station.request(
                    "stream:update-metadata", channelId="long-title", trackName=name
                )
                told = await listener.event("stream:metadata", trackName=name)
                heard = listener.heard[joined["handle"]]
                await listener.until(lambda: told["seq"] in heard.frames)
                assert heard.title_at(told["seq"]) == {"trackName": name}
                with pytest.raises(Refused, match="bad-field"):
                    await station.request(
                        "stream:update-metadata", channelId="long-title", trackName=name + "x"
                    )

    asyncio.run(scenario())


def test_what_is_no_mp3_is_refused_and_the_broadcast_ends(url):
    async def scenario():
        async with open_session(url) as station:
            started = await station.request("stream:start", channelId="no-mp3")
            ingest = station.open_ingest(started["streamId"])
            ingest.write(b"this is no music. " * 5000)
            told = await station.error("not-mp3")
            assert told["message"]
            await station.until(lambda: ingest.stream in station.stopped_streams)
            await station.event("stream:stopped", streamId=started["streamId"])
            with pytest.raises(Refused, match="not-publishing"):
                await station.request("stream:stop", channelId="no-mp3")

    asyncio.run(scenario())
