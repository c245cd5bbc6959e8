"""Fetching a file of known hash: resumable, and never in place before it is right.

What comes in is appended to `NAME.part`; only a file of the right length and SHA-256 gets its name. An interrupted
fetch goes on from there; what has the wrong hash is deleted, since nobody can tell which part of it is wrong.
"""

from __future__ import annotations

import fcntl
import hashlib
import http.client
import os
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from agent.core.errors import ModelError, ModelUnavailable

CHUNK = 256 * 1024
TIMEOUT_S = 30.0
"""Silence of the far side that ends an attempt."""
Progress = Callable[[int], None]
"""Called with the number of bytes that are there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be fetched: the file's name in a mirror, its length, its SHA-256, and where it comes from."""

    name: str
    bytes: int
    sha256: str
    url: str | None


class _Reader(Protocol):
    def read(self, size: int, /) -> bytes: ...


def fetch(wanted: Wanted, target: Path, *, mirror: str | None, progress: Progress) -> str:
    """Bring a file into place.

    Args:
        mirror: instead of the file's own address, a folder or an http(s) address with it, itself or in its `models`.

    Returns:
        Where it came from.

    Raises:
        ModelUnavailable: no network, the far side went away, the disk is full; a further attempt goes on from there.
        ModelError: it is not there, or not the file that was expected; nothing is in place.
    """
    places = _places(wanted, mirror)
    part = target.with_name(target.name + ".part")
    with _exclusive(part) as file:
        place = _first(places, wanted, file, progress)
        _check(file, part, wanted, place)
        try:
            part.replace(target)
        except OSError as error:
            raise ModelError(f"{target}: expected a place for a file, found: {error.strerror}; clear it") from error
    return place


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hex. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _places(wanted: Wanted, mirror: str | None) -> list[str]:
    if mirror:
        return [f"{mirror.rstrip('/')}/models/{wanted.name}", f"{mirror.rstrip('/')}/{wanted.name}"]
    if wanted.url is None:
        raise ModelError(f"{wanted.name}: expected an address to fetch it from, found none; import the file instead")
    return [wanted.url]


def _first(places: list[str], wanted: Wanted, file: BinaryIO, progress: Progress) -> str:
    """Fetch from the first place that has the file."""
    absent = []
    for place in places:
        try:
            _from(place, wanted, file, progress)
        except FileNotFoundError:
            absent.append(place)
        else:
            return place
    looked = " and ".join(absent)
    raise ModelError(
        f"{wanted.name}: expected it at {looked}, found nothing there; correct the mirror or ask for a new address"
    )


def _from(place: str, wanted: Wanted, file: BinaryIO, progress: Progress) -> None:
    start = file.seek(0, os.SEEK_END)
    if start >= wanted.bytes:
        start = _restart(file) if start > wanted.bytes else start
    progress(start)
    if start == wanted.bytes:
        return  # all of it came before; its hash is checked next
    try:
        if place.startswith(("http://", "https://")):
            _from_web(place, start, wanted, file, progress)
        else:
            _from_folder(Path(place.removeprefix("file://")), start, wanted, file, progress)
    except FileNotFoundError:
        raise
    except (OSError, http.client.HTTPException) as error:
        reason = error if isinstance(error, urllib.error.HTTPError) else getattr(error, "reason", error)
        raise ModelUnavailable(_interrupted(place, str(reason) or type(reason).__name__, file, wanted)) from error


def _interrupted(place: str, reason: str, file: BinaryIO, wanted: Wanted) -> str:
    return (
        f"{place}: expected {wanted.bytes:,} bytes, found: {reason}; {file.tell():,} bytes are kept, run the command "
        "again to go on. Without a network, fetch the file elsewhere and use --mirror FOLDER"
    )


def _from_folder(source: Path, start: int, wanted: Wanted, file: BinaryIO, progress: Progress) -> None:
    try:
        with source.open("rb") as there:
            _has_length(str(source), os.fstat(there.fileno()).st_size, wanted)
            there.seek(start)
            _copy(there, file, wanted, progress)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise FileNotFoundError(source) from error
    except OSError as error:
        raise ModelUnavailable(f"{source}: expected a file that can be read, found: {error.strerror}") from error


def _from_web(url: str, start: int, wanted: Wanted, file: BinaryIO, progress: Progress) -> None:
    headers = {"User-Agent": "city-eye-agent", "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    request = urllib.request.Request(url, headers=headers)  # noqa: S310
    try:  # only http and https come here
        answer = urllib.request.urlopen(request, timeout=TIMEOUT_S)  # noqa: S310  # nosec B310  # see above
    except urllib.error.HTTPError as error:
        error.close()
        if error.code in (404, 410):
            raise FileNotFoundError(url) from error
        if error.code == 416 and start:  # the far side has another file, or no more of it: from the beginning
            _restart(file)
            return _from_web(url, 0, wanted, file, progress)
        raise
    with answer:
        range_start, total = _extent(answer)
        _has_length(url, total, wanted)
        if range_start != start:
            file.seek(range_start)
            file.truncate()
            if range_start:
                raise ModelUnavailable(_interrupted(url, "another part of the file than was asked for", file, wanted))
        _copy(answer, file, wanted, progress)
    if file.tell() < wanted.bytes:
        raise http.client.IncompleteRead(b"", wanted.bytes - file.tell())
    return None


def _extent(answer: http.client.HTTPResponse) -> tuple[int, int | None]:
    """Where the answer begins in the file, and how long the whole file is, when it says so."""
    length = answer.headers.get("Content-Length")
    if answer.status == 206:
        match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", answer.headers.get("Content-Range", ""))
        if match:
            return int(match[1]), None if match[2] == "*" else int(match[2])
    return 0, int(length) if length and length.isdigit() else None


def _has_length(place: str, found: int | None, wanted: Wanted) -> None:
    if found is not None and found != wanted.bytes:
        raise ModelError(
            f"{place}: expected {wanted.bytes:,} bytes, found {found:,}; it is another file (a login page, an error "
            "text, another version): open the address in a browser"
        )


def _copy(source: _Reader, file: BinaryIO, wanted: Wanted, progress: Progress) -> None:
    for chunk in _chunks(source):
        try:
            rest = memoryview(chunk)
            while rest:  # an unbuffered file may take a part only
                rest = rest[file.write(rest) :]
        except OSError as error:
            raise ModelUnavailable(
                f"{file.name}: expected room for {wanted.bytes:,} bytes, found: {error.strerror}; make room and run "
                "the command again"
            ) from error
        if file.tell() > wanted.bytes:
            _restart(file)
            raise ModelError(f"{wanted.name}: expected {wanted.bytes:,} bytes, found more; it is another file")
        progress(file.tell())


def _chunks(source: _Reader) -> Iterator[bytes]:
    while chunk := source.read(CHUNK):
        yield chunk


def _restart(file: BinaryIO) -> int:
    file.seek(0)
    file.truncate()
    return 0


def _check(file: BinaryIO, part: Path, wanted: Wanted, place: str) -> None:
    try:
        os.fsync(file.fileno())
    except OSError as error:
        raise ModelUnavailable(f"{part}: expected a disk that keeps it, found: {error.strerror}") from error
    found = sha256_of(part)
    if found != wanted.sha256:
        part.unlink()
        raise ModelError(
            f"{place}: expected sha256 {wanted.sha256}, found {found}; it was deleted. Run the command again; if "
            "the hash stays wrong, the file there is another one and must not be used"
        )


@contextmanager
def _exclusive(part: Path) -> Iterator[BinaryIO]:
    """The unfinished file, unbuffered and locked: two fetches at once would write into each other."""
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        file = part.open("a+b", buffering=0)
    except OSError as error:
        raise ModelError(f"{part}: expected a folder that can be written, found: {error.strerror}") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ModelUnavailable(
                f"{part}: expected to be the only one who fetches it, found another; wait for it"
            ) from error
        try:
            yield file
        finally:
            if not file.seek(0, os.SEEK_END):  # nothing came that could be gone on with
                part.unlink(missing_ok=True)
