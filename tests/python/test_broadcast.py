"""What listeners hear of a broadcast that this client publishes."""

import pytest

from broadcast import TITLES, Broadcast, Listening

# The time of a frame in a group is that of the group's first frame plus rounded
# durations: half a µs for each of up to 64 frames.
_ROUNDING = 32


@pytest.fixture(params=["stream", "datagram"])
def listening(request, broadcast) -> Listening:
    return getattr(broadcast, request.param)


def test_the_source_arrives_byte_for_byte(broadcast: Broadcast, listening: Listening):
    assert len(broadcast.frames) > 100
    heard = [frame.data for frame in listening.heard.in_order()]
    assert heard == [frame.data for frame in broadcast.frames]


def test_sequence_numbers_have_no_gap(broadcast: Broadcast, listening: Listening):
    first = listening.answer["nextSeq"]
    expected = range(first, first + len(broadcast.frames))
    assert [frame.seq for frame in listening.heard.in_order()] == list(expected)


def test_nothing_is_sent_twice(listening: Listening):
    assert listening.heard.frames
    assert listening.heard.repeated == 0


def test_datagram_delivery_uses_datagrams(broadcast: Broadcast):
    heard = broadcast.datagram.heard
    assert heard.by_datagram == set(heard.frames)
    small = {frame.seq for frame in heard.in_order() if len(frame.data) < 900}
    large = {frame.seq for frame in heard.in_order() if len(frame.data) > 1000}
    assert small or large
    assert heard.reassembled >= large and not heard.reassembled & small
    if small and not large:
        assert heard.audio_datagrams < len(heard.frames)


def test_stream_delivery_uses_one_stream(broadcast: Broadcast):
    assert not broadcast.stream.heard.by_datagram
    streams = list(broadcast.stream.session.audio_streams.values())
    assert len(streams) == 1
    assert streams[0].reset is None


def test_frames_follow_each_other_in_time(broadcast: Broadcast, listening: Listening):
    frames = listening.heard.in_order()
    assert len(frames) == len(broadcast.frames)
    for before, frame, source in zip(frames, frames[1:], broadcast.frames):
        assert not frame.discontinuity
        assert abs(frame.time - before.time - source.duration) <= _ROUNDING


def test_all_listeners_are_given_the_same_times(broadcast: Broadcast):
    times = [[f.time for f in listening.heard.in_order()] for listening in broadcast.listenings]
    assert len(times[0]) == len(broadcast.frames)
    for other in times[1:]:
        assert max(abs(a - b) for a, b in zip(times[0], other, strict=True)) <= _ROUNDING


def test_frames_arrive_before_they_are_to_sound(listening: Listening):
    target = listening.answer["targetDelayMs"] * 1000
    heard = listening.heard
    slack = sorted(
        frame.time + target - (heard.arrived[frame.seq] + listening.clock.offset)
        for frame in heard.in_order()
    )
    assert slack[len(slack) // 10] > 0, f"{slack[0]=} {slack[-1]=} µs"
    # Sent at the pace of the audio, no frame can be known seconds ahead.
    assert slack[-1] < 2_000_000


def test_titles_begin_with_the_very_frame(broadcast: Broadcast, listening: Listening):
    heard = listening.heard
    seqs = sorted(heard.frames)
    assert len(seqs) == len(broadcast.frames)
    for seq, source in zip(seqs, broadcast.frames):
        begun = [i for i, at in enumerate(broadcast.title_bytes) if at <= source.offset]
        assert heard.title_at(seq) == {"trackName": TITLES[begun[-1]][1]}


def test_an_acknowledged_title_comes_once(broadcast: Broadcast):
    for listening in (broadcast.stream, broadcast.datagram):
        revisions = [title.revision for title in listening.heard.titles]
        assert len(set(revisions)) == len(TITLES)
        assert len(revisions) == len(TITLES)
        assert {title.via for title in listening.heard.titles} == {"datagram"}


def test_an_unacknowledged_title_is_repeated_then_comes_by_the_control_stream(
    broadcast: Broadcast,
):
    titles = broadcast.silent.heard.titles
    last = max(title.revision for title in titles)
    told = [title for title in titles if title.revision == last]
    assert {title.names["trackName"] for title in told} == {TITLES[-1][1]}
    assert len({title.seq for title in told}) == 1
    *repeats, late = told
    assert late.via == "control"
    assert {title.via for title in repeats} == {"datagram"}
    assert 2 <= len(repeats) <= 7
    pauses = [b.at - a.at for a, b in zip(repeats, repeats[1:])]
    assert min(pauses) > 0.15


def test_a_title_on_the_control_stream_names_its_channel(broadcast: Broadcast):
    late = broadcast.silent.session.told("stream:metadata")
    assert late
    assert {event["channelId"] for event in late} == {broadcast.channel}


def test_everyone_learns_of_the_broadcast_and_its_end(broadcast: Broadcast):
    stream_id = broadcast.started["streamId"]
    assert broadcast.started["resumed"] is False
    for session in [*(part.session for part in broadcast.listenings), broadcast.publisher]:
        [begun] = session.told("stream:started", channelId=broadcast.channel)
        assert begun["streamId"] == stream_id
        assert (begun["showTitle"], begun["hostName"]) == ("Recorded", "Py")
        [ended] = session.told("stream:stopped", channelId=broadcast.channel)
        assert ended["streamId"] == stream_id


def test_listeners_learn_that_the_publisher_came_and_went(broadcast: Broadcast):
    for listening in broadcast.listenings:
        assert listening.answer["live"] is False
        told = [event["type"] for event in listening.session.events]
        order = [kind for kind in told if kind in ("stream:live", "stream:offline")]
        assert order == ["stream:live", "stream:offline"]
