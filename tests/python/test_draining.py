"""A relay that is told to stop."""

import asyncio

from relay_process import Relay
from skywave_client import open_session


def test_a_stopping_relay_says_so_and_then_ends_the_session(tmp_path):
    async def scenario(relay):
        async with open_session(relay.url) as session:
            stopping = asyncio.create_task(asyncio.to_thread(relay.stop))
            await session.event("server:draining")
            await session.error("draining")
            await session.closed()
            await stopping

    relay = Relay(tmp_path)
    try:
        asyncio.run(scenario(relay))
        assert relay.exit_code == 0
    finally:
        relay.stop()
