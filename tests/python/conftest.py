import pytest

from broadcast import Broadcast, make_mp3, record
from relay_process import Relay

SOURCES = {
    # Frames of 1,044 bytes: none fits a datagram whole.
    "320 kbit/s stereo": ["-ar", "44100", "-ac", "2", "-b:a", "320k"],
    # MPEG-2, variable bit rate, small frames: many fit a datagram.
    "variable bit rate mono": ["-ar", "22050", "-ac", "1", "-q:a", "5"],
}


@pytest.fixture(scope="session")
def url(tmp_path_factory):
    relay = Relay(tmp_path_factory.mktemp("relay"))
    yield relay.url
    relay.stop()


@pytest.fixture(scope="session", params=SOURCES, ids=lambda name: name.replace(" ", "-"))
def broadcast(url, request, tmp_path_factory) -> Broadcast:
    file = tmp_path_factory.mktemp("source") / "source.mp3"
    channel = f"source-{list(SOURCES).index(request.param)}"
    return record(url, channel, make_mp3(file, SOURCES[request.param]))


@pytest.fixture(scope="session")
def short_mp3(tmp_path_factory) -> bytes:
    file = tmp_path_factory.mktemp("short") / "short.mp3"
    return make_mp3(file, ["-ar", "48000", "-ac", "2", "-b:a", "128k"], seconds=1)
