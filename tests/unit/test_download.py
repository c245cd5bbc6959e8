"""Fetching from a real web server that cuts, lies and refuses; and from folders."""

from __future__ import annotations

import fcntl
import hashlib
import random
import resource
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.adapters.download import CHUNK, Wanted, fetch
from agent.core.errors import ModelError, ModelUnavailable
from tests.webserver import Site, serving

BODY = random.Random(1).randbytes(3 * CHUNK + 17)
NAME = "model.onnx"


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture
def site() -> Iterator[Site]:
    with serving(Site({f"/{NAME}": BODY})) as running:
        yield running


def wanted(url: str | None) -> Wanted:
    return Wanted(name=NAME, bytes=len(BODY), sha256=hashlib.sha256(BODY).hexdigest(), url=url and f"{url}/{NAME}")


def get(url: str | None, folder: Path, mirror: str | None = None) -> list[int]:
    """Fetch into the folder; what progress told."""
    told: list[int] = []
    fetch(wanted(url), folder / NAME, mirror=mirror, progress=told.append)
    return told


def files(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_size for path in folder.iterdir()}


def test_a_whole_file(site: Site, tmp_path: Path) -> None:
    told = get(site.url, tmp_path / "models")
    assert (tmp_path / "models" / NAME).read_bytes() == BODY
    assert files(tmp_path / "models") == {NAME: len(BODY)}
    assert told == sorted(told)
    assert (told[0], told[-1]) == (0, len(BODY))


@pytest.mark.parametrize("lengths", [True, False])
def test_an_interrupted_fetch_goes_on_where_it_ended(site: Site, tmp_path: Path, lengths: bool) -> None:
    site.cut_after, site.lengths = [CHUNK + 5, CHUNK], lengths
    for there in (CHUNK + 5, 2 * CHUNK + 5):
        with pytest.raises(ModelUnavailable, match=f"{there:,} bytes are kept, run the command again"):
            get(site.url, tmp_path)
        assert files(tmp_path) == {f"{NAME}.part": there}
    told = get(site.url, tmp_path)
    assert told[0] == 2 * CHUNK + 5
    assert (tmp_path / NAME).read_bytes() == BODY
    assert [part for _, part in site.asked] == [None, f"bytes={CHUNK + 5}-", f"bytes={2 * CHUNK + 5}-"]


def test_a_server_without_ranges_sends_it_all_again(site: Site, tmp_path: Path) -> None:
    site.cut_after, site.ranges = [100], False
    with pytest.raises(ModelUnavailable):
        get(site.url, tmp_path)
    get(site.url, tmp_path)
    assert (tmp_path / NAME).read_bytes() == BODY


def test_a_whole_part_needs_no_network(tmp_path: Path) -> None:
    (tmp_path / f"{NAME}.part").write_bytes(BODY)
    get("http://127.0.0.1:1", tmp_path)
    assert files(tmp_path) == {NAME: len(BODY)}


@pytest.mark.parametrize("start", [b"", BODY[:-1], BODY[:-1] + b"?", b"?" * 2 * len(BODY)])
def test_a_wrong_file_is_never_used(tmp_path: Path, start: bytes) -> None:
    if start:
        (tmp_path / f"{NAME}.part").write_bytes(start)
    with serving(Site({f"/{NAME}": BODY[:-1] + b"?"})) as bad, pytest.raises(ModelError, match="it was deleted"):
        get(bad.url, tmp_path)
    assert files(tmp_path) == {}


def test_the_file_of_before_stays_while_another_fails(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"old")
    with serving(Site({f"/{NAME}": BODY[::-1]})) as bad, pytest.raises(ModelError, match="expected sha256"):
        get(bad.url, tmp_path)
    assert (tmp_path / NAME).read_bytes() == b"old"


def test_a_login_page_in_its_place(tmp_path: Path) -> None:
    with serving(Site({f"/{NAME}": b"<html>"})) as bad, pytest.raises(ModelError, match=r"found 6; it is another file"):
        get(bad.url, tmp_path)
    assert files(tmp_path) == {}


def test_more_than_was_told(tmp_path: Path) -> None:
    endless = Site({f"/{NAME}": BODY + b"more"}, lengths=False)
    with serving(endless) as bad, pytest.raises(ModelError, match="found more; it is another file"):
        get(bad.url, tmp_path)
    assert files(tmp_path) == {}


def test_not_there(site: Site, tmp_path: Path) -> None:
    with pytest.raises(
        ModelError, match=r"expected it at http.*/gone/models/model.onnx and .*/gone/model.onnx, found n"
    ):
        get(None, tmp_path, mirror=f"{site.url}/gone/")
    assert files(tmp_path) == {}


@pytest.mark.parametrize(("status", "text"), [(503, "503"), (403, "Forbidden")])
def test_a_server_that_refuses_may_answer_later(site: Site, tmp_path: Path, status: int, text: str) -> None:
    site.status = status
    with pytest.raises(ModelUnavailable, match=text):
        get(site.url, tmp_path)


def test_no_network(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nobody listens
        with pytest.raises(ModelUnavailable, match=r"Connection refused.*use --mirror FOLDER"):
            get(f"http://127.0.0.1:{taken.getsockname()[1]}", tmp_path)


@pytest.mark.parametrize("inner", ["models/", ""])
def test_a_mirror_holds_it_in_models_or_itself(tmp_path: Path, inner: str) -> None:
    with serving(Site({f"/mirror/{inner}{NAME}": BODY})) as mirror:
        get("http://127.0.0.1:1", tmp_path / "web", mirror=f"{mirror.url}/mirror/")
    folder = tmp_path / "mirror" / inner
    folder.mkdir(parents=True)
    (folder / NAME).write_bytes(BODY)
    get(None, tmp_path / "folder", mirror=str(tmp_path / "mirror"))
    assert files(tmp_path / "web") == files(tmp_path / "folder") == {NAME: len(BODY)}


def test_a_mirror_with_another_file(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(BODY[:-1])
    with pytest.raises(ModelError, match="it is another file"):
        get(None, tmp_path / "models", mirror=str(tmp_path))


def test_no_address_and_no_mirror(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="expected an address to fetch it from, found none"):
        get(None, tmp_path)


def test_a_full_disk_keeps_what_came(site: Site, tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (CHUNK + 7, hard))
    try:
        with pytest.raises(ModelUnavailable, match=r"expected room for .* bytes, found: File too large"):
            get(site.url, tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    assert files(tmp_path) == {f"{NAME}.part": CHUNK + 7}
    get(site.url, tmp_path)
    assert (tmp_path / NAME).read_bytes() == BODY


def test_two_at_once_do_not_mix(site: Site, tmp_path: Path) -> None:
    with (tmp_path / f"{NAME}.part").open("wb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(ModelUnavailable, match="found another; wait for it"):
            get(site.url, tmp_path)
    assert site.asked == []


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ModelError, match="expected a folder that can be written"):
        get("http://127.0.0.1:1", tmp_path / "file" / "models")
    assert files(tmp_path) == {"file": 0}
