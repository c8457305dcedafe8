"""Opening a session, the control stream, the clock, counts: all but the audio."""

import asyncio
import time
from contextlib import AsyncExitStack

import pytest

from skywave_client import Refused, Session, SessionEnded, open_session

_LONGEST_LINE = 65_536


def test_hello_is_answered_and_what_is_on_the_air_follows(url):
    async def scenario():
        async with open_session(url, subject="station") as station:
            assert station.hello["version"] == "skywave/1"
            assert station.hello["subject"] == "station"
            assert station.hello["role"] in ("listener", "owner", "moderator", "admin")
            started = await station.request(
                "stream:start", channelId="seen", showTitle="Show", hostName="Host"
            )
            async with open_session(url) as late:
                assert late.hello["subject"] == "anonymous"
                assert late.hello["session"] != station.hello["session"]
                active = await late.event("streams:active")
                assert late.events[0] == active
                [seen] = [s for s in active["streams"] if s["channelId"] == "seen"]
                assert seen["streamId"] == started["streamId"]
                assert (seen["showTitle"], seen["hostName"]) == ("Show", "Host")
                assert abs(seen["startedAt"] / 1000 - time.time()) < 10
                assert seen["listeners"] == 0
                await station.request("stream:stop", channelId="seen")
                await late.event("stream:stopped", channelId="seen")

    asyncio.run(scenario())


def test_another_path_is_not_found(url):
    async def scenario():
        with pytest.raises(SessionEnded, match="404"):
            async with open_session(url + "elsewhere"):
                pass

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (None, "hello-timeout"),
        (("heartbeat", {}), "hello-expected"),
        (("hello", {"versions": ["skywave/0"]}), "version-unsupported"),
    ],
    ids=["nothing", "another request", "another version"],
)
def test_a_session_without_a_good_hello_ends_with_its_reason(url, request_, code):
    async def scenario():
        async with open_session(url, hello=False) as session:
            if request_ is not None:
                session.send(request_[0], **request_[1])
            await session.error(code)
            await session.closed()

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("kind", "fields", "code"),
    [
        ("no:such-type", {}, "unknown-type"),
        ("stream:join", {"channelId": "nobody-here"}, "unknown-channel"),
        ("stream:join", {}, "bad-field"),
        ("stream:join", {"channelId": "-begins-badly"}, "bad-field"),
        ("stream:join", {"channelId": "x" * 65}, "bad-field"),
        ("stream:join", {"channelId": "x", "wait": True, "latencyMs": 2001}, "bad-field"),
        ("stream:join", {"channelId": "x", "delivery": "pigeon"}, "bad-field"),
        ("stream:leave", {"channelId": "never-joined"}, "not-joined"),
        ("stream:stop", {"channelId": "never-started"}, "not-publishing"),
        ("stream:update-metadata", {"channelId": "x", "trackName": "T"}, "not-publishing"),
        ("hello", {"versions": ["skywave/1"]}, "hello-expected"),
    ],
)
def test_a_bad_request_is_refused_and_the_session_goes_on(url, kind, fields, code):
    async def scenario():
        async with open_session(url) as session:
            with pytest.raises(Refused) as refused:
                await session.request(kind, **fields)
            assert refused.value.code == code
            await session.request("heartbeat")

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "line",
    [b"no JSON", b"[1, 2]", b'{"a": 7}', b'{"type": "heart\xff"}', b"x" * (_LONGEST_LINE + 1)],
    ids=["no JSON", "no object", "no type", "no UTF-8", "too long"],
)
def test_a_line_that_cannot_be_read_is_told_and_the_session_goes_on(url, line):
    async def scenario():
        async with open_session(url) as session:
            session.send_line(line)
            told = await session.error("malformed")
            assert told["message"]
            await session.request("heartbeat")
            assert len(session.errors) == 1

    asyncio.run(scenario())


def test_the_longest_line_and_empty_ones_are_read(url):
    async def scenario():
        async with open_session(url) as session:
            line = b'{"type":"heartbeat","id":77,"ignored":"'
            session.send_line(b"\n")
            session.send_line(line + b"x" * (_LONGEST_LINE - len(line) - 2) + b'"}')
            await session.answer(77)
            assert not session.errors

    asyncio.run(scenario())


def test_a_second_bidirectional_stream_is_refused_and_the_session_goes_on(url):
    async def scenario():
        async with open_session(url) as session:
            session.open_second_control(b'{"type":"heartbeat","id":1}\n')
            await session.error("bad-stream")
            await session.request("heartbeat")

    asyncio.run(scenario())


def test_datagrams_of_noise_are_dropped(url):
    async def scenario():
        async with open_session(url) as session:
            for noise in (b"", b"\x11", b"\x12\xff", b"\x7f" * 900, b"\x01\x01\x00\x00\x00"):
                session.noise(noise)
            assert (await session.ping(1)).round_trip > 0
            assert not session.errors

    asyncio.run(scenario())


def test_the_clock_is_steady_and_near_unix_time(url):
    async def scenario():
        async with open_session(url) as session:
            rounds = []
            for first in (0, 2**20, 2**40):
                clocks = [await session.ping(first + number) for number in range(10)]
                assert all(0 < clock.round_trip < 1_000_000 for clock in clocks)
                rounds.append(min(clocks, key=lambda clock: clock.round_trip))
            offsets = [best.offset for best in rounds]
            assert max(offsets) - min(offsets) < 2_000, f"{rounds} µs"
            unix = time.time_ns() // 1000 - time.monotonic_ns() // 1000
            assert abs(offsets[0] - unix) < 1_000_000

    asyncio.run(scenario())


def test_listeners_are_told_how_many_they_are(url):
    async def scenario():
        async with AsyncExitStack() as open_sessions:
            first = await open_sessions.enter_async_context(open_session(url))
            second = await open_sessions.enter_async_context(open_session(url))
            joined = await first.join("counted", wait=True)
            assert joined["listeners"] == 1
            await _count(first, joined["handle"], 1)

            assert (await second.join("counted", wait=True))["listeners"] == 2
            await _count(first, joined["handle"], 2)
            await second.request("stream:leave", channelId="counted")
            await _count(first, joined["handle"], 1)

            async with open_session(url) as third:
                assert (await third.join("counted", wait=True))["listeners"] == 2
                await _count(first, joined["handle"], 2)
            await _count(first, joined["handle"], 1)

            told = first.heard[joined["handle"]].counts
            newest = {count.revision: count.count for count in told}
            changes = [newest[revision] for revision in sorted(newest)]
            assert _without_repeats(changes) == [1, 2, 1, 2, 1]

    asyncio.run(scenario())


async def _count(session: Session, handle: int, count: int) -> None:
    """Waits until the newest count is this one."""
    told = session.heard[handle].counts
    await session.until(lambda: told and max(told, key=lambda t: t.revision).count == count)


def _without_repeats(values: list[int]) -> list[int]:
    return [v for i, v in enumerate(values) if i == 0 or values[i - 1] != v]
