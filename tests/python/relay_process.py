"""A real relay, started from its binary for one test run."""

import json
import os
import queue
import re
import subprocess
import threading
import time
from pathlib import Path

_START = 20.0

_CONFIG = """\
[server]
listen = ["127.0.0.1:0"]
drain = "1s"

[tls]
dir = "certs"

[limits]
hello_timeout = "1s"

[pages]
listen = "off"

[operations]
listen = "off"

[log]
format = "json"
"""


class Relay:
    """The process and the URL that it serves."""

    def __init__(self, directory: Path) -> None:
        config = directory / "config.toml"
        config.write_text(_CONFIG)
        binary = os.environ.get("SKYWAVE_BIN", "target/debug/skywave")
        environment = {k: v for k, v in os.environ.items() if k != "RUST_LOG"}
        self._log: list[str] = []
        self._lines: queue.Queue[str] = queue.Queue()
        self._process = subprocess.Popen(
            [binary, "serve", "--config", str(config)],
            stderr=subprocess.PIPE,
            env=environment,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.url = f"https://127.0.0.1:{self._port()}/"

    @property
    def exit_code(self) -> int | None:
        """None while the relay runs."""
        return self._process.poll()

    def stop(self) -> None:
        """Asks the relay to stop, and waits for that."""
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(5)
        self._process.stderr.close()

    def _read(self) -> None:
        for line in self._process.stderr:
            self._log.append(line)
            self._lines.put(line)
        self._lines.put("")

    def _port(self) -> int:
        deadline = time.monotonic() + _START
        while time.monotonic() < deadline:
            try:
                line = self._lines.get(timeout=_START)
            except queue.Empty:
                break
            if not line:
                break
            if found := re.fullmatch(r"127\.0\.0\.1:(\d+)", _address(line)):
                return int(found[1])
        self.stop()
        raise RuntimeError(f"the relay told no address; it said: {''.join(self._log)}")


def _address(line: str) -> str:
    try:
        return json.loads(line).get("address", "")
    except ValueError:
        return ""
