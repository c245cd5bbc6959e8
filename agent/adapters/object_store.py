"""An object store that takes pictures by HTTP PUT, such as S3, MinIO or OSS with an address that carries its rights.

The address may hold a signature: neither its query nor its filled-in path goes into a log or an error.
"""

from __future__ import annotations

import base64
import logging
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from threading import Event as StopEvent
from threading import Timer
from typing import Any

import httpx

from agent.core.errors import UploadFailed, UploadRefused
from agent.ports import Parcel

CONNECT_S = 10.0
SILENCE_S = 30.0
"""Without a byte sent or received for so long the transfer is given up."""
ANSWER_S = 60.0
"""How long the answer may take once the picture was sent, however often a byte of it comes meanwhile."""
LONGEST_RETRY_AFTER_S = 3600.0
_CHUNK_BYTES = 32 * 1024
_BUSY = frozenset({408, 423, 425, 429})
_EVERY_ONE = frozenset({401, 403, 404, 405, 407})
"""Rights, a signature that ran out, a bucket that is not there: the next picture would fare no better."""

# httpx and httpcore tell of every request, with its address, to loggers of their own.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)


class HttpObjectStore:
    """Implements `ports.ObjectStore`. One connection, kept open between pictures."""

    def __init__(self, address: Callable[[Parcel], str], where: str, *, answer_s: float = ANSWER_S) -> None:
        """`address`: where a picture goes; `where`: the store's name for people, without secrets."""
        self._address = address
        self._answer_s = answer_s
        self._socket: socket.socket | None = None
        self._where = f"object store {where}"
        timeout = httpx.Timeout(SILENCE_S, connect=CONNECT_S)
        # The system's certificate authorities, so that a site's own may be installed there. No proxy, no .netrc and no
        # redirect: the signature is for this store.
        tls = ssl.create_default_context()
        tls.minimum_version = ssl.TLSVersion.TLSv1_2
        self._client = httpx.Client(timeout=timeout, trust_env=False, verify=tls, follow_redirects=False)

    def close(self) -> None:
        """End the connection."""
        self._client.close()

    def put(self, parcel: Parcel, data: bytes, stop: StopEvent) -> None:
        """See `ports.ObjectStore.put`. The body's digest goes along (RFC 9530), for a store that checks it."""
        digest = base64.b64encode(bytes.fromhex(parcel.picture.sha256)).decode("ascii")
        headers = {
            "Content-Type": parcel.picture.mime,
            "Content-Length": str(len(data)),
            "Content-Digest": f"sha-256=:{digest}:",
        }
        late = Timer(self._answer_s, self._hang_up)
        late.daemon = True
        try:
            with self._client.stream(
                "PUT",
                self._address(parcel),
                content=_chunks(data, stop, late.start),
                headers=headers,
                extensions={"trace": self._note_socket},
            ) as response:
                self._check(response)
        except httpx.HTTPError as error:
            problem = UploadFailed(f"{self._where}: expected to put a picture, found {_fault(error)}")
        except httpx.InvalidURL:
            problem = UploadFailed(f"{self._where}: expected an address, found one that cannot be used; mend put_url")
        else:
            return
        finally:
            late.cancel()
        raise problem  # outside, so that no traceback shows the address

    def _note_socket(self, event: str, info: Mapping[str, Any]) -> None:
        """httpx has no time-out for an answer as a whole, only for silence: keep what can be hung up."""
        if event in {"connection.connect_tcp.complete", "connection.start_tls.complete"}:
            self._socket = info["return_value"].get_extra_info("socket")

    def _hang_up(self) -> None:
        """Wake the thread that waits for the answer; in a timer's thread."""
        if self._socket is not None:
            with suppress(OSError):  # it was closed at the same moment
                self._socket.shutdown(socket.SHUT_RDWR)

    def _check(self, response: httpx.Response) -> None:
        status = response.status_code
        if 200 <= status < 300:
            return
        text = f"{self._where}: expected a picture to be taken, found status {status}"
        if status in _BUSY or status >= 500:
            raise UploadFailed(text, retry_after_s=_retry_after_s(response))
        if status in _EVERY_ONE or status < 400:
            mend = "check evidence.put_url, its rights, and whether its signature has run out"
            raise UploadRefused(f"{text}; {mend}", unfit=False)
        raise UploadRefused(text, unfit=True)


def _chunks(data: bytes, stop: StopEvent, sent: Callable[[], None]) -> Iterator[bytes]:
    for start in range(0, len(data), _CHUNK_BYTES):
        if stop.is_set():
            raise UploadFailed("the agent is stopping")
        yield data[start : start + _CHUNK_BYTES]
    sent()


def _retry_after_s(response: httpx.Response) -> float:
    """The header's seconds; its other form, a date, would need a clock that both sides agree on."""
    text = response.headers.get("Retry-After", "")
    return min(LONGEST_RETRY_AFTER_S, float(text)) if text.isascii() and text.isdigit() else 0.0


def _fault(error: httpx.HTTPError) -> str:
    """What went wrong, by its kind: never the text, which may hold the address."""
    match error:
        case httpx.TimeoutException():
            return "no answer in time"
        case httpx.ConnectError():
            return "that it cannot be connected to"
        case httpx.UnsupportedProtocol():
            return "an address that is neither http:// nor https://"
        case _:
            return f"that the connection broke ({type(error).__name__})"
