"""A real Mosquitto on a free port of 127.0.0.1, with a configuration of its own, ended by its pid."""

from __future__ import annotations

import os
import random
import shutil
import socket
import subprocess
import threading
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

PROGRAM = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
START_S = 60.0
_FREE_PORTS = range(16_384, 32_768)
"""Below those that Linux gives to whoever connects (ip_local_port_range, 32768 and up): between two starts of a server,
nobody's connection comes to lie on its port, and whoever calls it meanwhile does not meet himself."""


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on, and that is nobody's by chance later."""
    for port in random.sample(_FREE_PORTS, len(_FREE_PORTS)):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")


@dataclass(frozen=True)
class ServerTls:
    """PEM files of the server; with `ask_client`, only clients with a certificate of that CA get in."""

    ca_file: Path
    cert_file: Path
    key_file: Path
    ask_client: bool = False


@dataclass
class Mosquitto:
    """One broker. `start` and `stop` may alternate; the port and retained messages stay.

    Attributes:
        users: name -> password; without any, everybody may connect.
        acl: lines of Mosquitto's acl_file, or None for no restriction.
        options: further lines of the configuration.
    """

    folder: Path
    users: Mapping[str, str] = field(default_factory=dict)
    acl: str | None = None
    tls: ServerTls | None = None
    options: tuple[str, ...] = ()
    port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self._lines: deque[str] = deque(maxlen=5000)
        self._news = threading.Condition()

    def start(self) -> Self:
        """Returns when the broker takes connections. Skips the test without Mosquitto, but fails in CI."""
        if PROGRAM is None:
            if os.environ.get("CI"):
                pytest.fail("mosquitto is not installed (apt-get install mosquitto)")
            pytest.skip("mosquitto is not installed (apt-get install mosquitto)")
        with self._news:
            self._lines.clear()
        self._process = subprocess.Popen(
            [PROGRAM, "-c", str(self._write_config())], stderr=subprocess.PIPE, text=True, errors="replace"
        )
        self._reader = threading.Thread(target=self._read, args=(self._process,), daemon=True)
        self._reader.start()
        self.wait_for_log(" running")
        return self

    def stop(self) -> None:
        """Idempotent; retained messages are written to the folder."""
        if self._process is None or self._reader is None:
            return
        self._process.terminate()
        self._process.wait()
        self._reader.join()
        if self._process.stderr is not None:
            self._process.stderr.close()
        self._process = None

    def wait_for_log(self, text: str, timeout_s: float = START_S) -> None:
        """Wait until the broker has logged a line that contains the text."""
        with self._news:
            if not self._news.wait_for(lambda: any(text in line for line in self._lines), timeout_s):
                raise AssertionError(f"mosquitto did not log {text!r} but:\n{''.join(self._lines)}")

    def wait_for_logs(self, text: str, count: int, timeout_s: float = START_S) -> None:
        """Wait until so many lines since the last start contain the text."""
        with self._news:
            if not self._news.wait_for(lambda: sum(text in line for line in self._lines) >= count, timeout_s):
                raise AssertionError(f"mosquitto did not log {text!r} {count} times but:\n{''.join(self._lines)}")

    def logged(self, text: str) -> int:
        """How many lines since the last start contain the text."""
        with self._news:
            return sum(text in line for line in self._lines)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stderr is not None
        for line in process.stderr:
            with self._news:
                self._lines.append(line)
                self._news.notify_all()

    def _write_config(self) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        lines = [
            f"listener {self.port} 127.0.0.1",
            f"allow_anonymous {'false' if self.users else 'true'}",
            "log_dest stderr",
            "log_type all",
            "persistence true",
            f"persistence_location {self.folder}/",
            f"user {'root' if os.geteuid() == 0 else 'mosquitto'}",  # pytest's folders belong to its user alone
            *self.options,
        ]
        if self.users:
            lines.append(f"password_file {self._write_passwords()}")
        if self.acl is not None:
            (self.folder / "acl").write_text(self.acl)
            lines.append(f"acl_file {self.folder / 'acl'}")
        if self.tls is not None:
            lines += [f"cafile {self.tls.ca_file}", f"certfile {self.tls.cert_file}", f"keyfile {self.tls.key_file}"]
            lines.append(f"require_certificate {'true' if self.tls.ask_client else 'false'}")
        config = self.folder / "mosquitto.conf"
        config.write_text("\n".join(lines) + "\n")
        return config

    def _write_passwords(self) -> Path:
        path = self.folder / "passwords"
        path.write_text("".join(f"{name}:{password}\n" for name, password in self.users.items()))
        path.chmod(0o600)
        subprocess.run(["mosquitto_passwd", "-U", str(path)], check=True)
        return path
