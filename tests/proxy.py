"""A TCP proxy in front of a broker that can refuse MQTT 5, cut connections, or swallow everything."""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

from tests.mosquitto import free_port


class Proxy:
    """Forwards to a port of 127.0.0.1.

    Attributes:
        refuse_5: answer CONNECTs of MQTT 5 as a broker of 3.1.1 does (CONNACK with return code 1).
        hang_up_5: close connections that begin with a CONNECT of MQTT 5. silent_5: leave them without an answer.
        swallow: forward nothing more, in neither direction.
        accepted: connections so far.
    """

    def __init__(
        self,
        target_port: int,
        *,
        port: int | None = None,
        refuse_5: bool = False,
        hang_up_5: bool = False,
        silent_5: bool = False,
    ) -> None:
        """`port`: where to listen, from now on; a free one when None."""
        self.port = free_port() if port is None else port
        self.refuse_5 = refuse_5
        self.hang_up_5 = hang_up_5
        self.silent_5 = silent_5
        self.swallow = False
        self.accepted = 0
        self._target_port = target_port
        self._server = socket.create_server(("127.0.0.1", self.port))
        self._open: list[socket.socket] = []
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self.cut()
        for thread in self._threads:
            thread.join()

    def cut(self, *, newest: bool = False) -> None:
        """Break every connection, or only the newest, as a failing network does."""
        with self._lock:
            for connection in self._open[-2:] if newest else self._open:
                try:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue

    def say_to_client(self, packet: bytes) -> None:
        """Put bytes of our own into the newest connection, as if the broker had sent them."""
        with self._lock:
            self._open[-2].sendall(packet)

    def _start(self, work: object, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            self.accepted += 1
            self._start(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        with client:
            try:
                first = client.recv(65536)
            except OSError:
                return
            level = first[first.index(b"MQTT") + 4] if b"MQTT" in first else 0
            if level == 5 and self.hang_up_5:
                return
            if level == 5 and self.silent_5:
                with suppress(OSError):
                    client.recv(65536)
                return
            if level == 5 and self.refuse_5:
                client.sendall(b"\x20\x02\x00\x01")
                return
            try:
                broker = socket.create_connection(("127.0.0.1", self._target_port))
            except OSError:
                return
            with broker:
                with self._lock:
                    self._open += [client, broker]
                broker.sendall(first)
                back = threading.Thread(target=self._pass_on, args=(broker, client), daemon=True)
                back.start()
                self._pass_on(client, broker)
                back.join()
                with self._lock:
                    self._open = [c for c in self._open if c not in (client, broker)]

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if not self.swallow:
                    sink.sendall(data)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)
