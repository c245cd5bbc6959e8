"""Addresses with logins in every spelling: what is made of them shows no password, and whatever is accepted works."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx
from hypothesis import example, given
from hypothesis import strategies as st

from agent.adapters.isapi import IsapiStills
from agent.adapters.rtsp_probe import Address
from agent.app.main_stream import main_stream_urls
from agent.app.parts import login_of, object_store
from agent.cli.redaction import Redactor
from agent.config.masking import secrets_of
from agent.core.errors import UnsupportedStream
from agent.core.picture_address import picture_address
from agent.core.types import Evidence
from agent.core.wire import EvidenceOf
from tests.events import FACTS
from tests.fakes import FakeClock
from tests.unit.config.samples import good, read_data

CANARY = "correcthorse"
WRITTEN: tuple[Callable[[str], str], ...] = (str, quote, lambda secret: quote(secret, safe=""))
passwords = st.builds(
    lambda before, after: f"{before}{CANARY}{after}",
    st.text("p@ss:/#?&%=[] ;\\'\"密", max_size=6),
    st.text("w@rd:/#?&%=[] ;\\'\"码", max_size=6),
)
hosts = st.sampled_from(["10.0.0.1", "10.0.0.1:554", "[fe80::1]:554", "cam", "h:99999", "[::1", "", "a b", "h:x"])
paths = st.sampled_from(["/x", "", "/Streaming/Channels/102", "?a=b", "/a@b", "/x?user=u&pwd={}", "/user=u&psw={}&c=1"])


@given(passwords, st.sampled_from(WRITTEN), st.sampled_from(["admin", "", "a@b", "管"]), hosts, paths)
@example(f"{CANARY}#1", str, "admin", "10.0.0.1", "/x")
@example(f"a/{CANARY}", str, "admin", "10.0.0.1", "/x")
@example(CANARY, str, "admin", "a b", "/x?user=u&pwd={}")
def test_no_spelling_of_a_camera_address_shows_its_password(
    password: str, write: Callable[[str], str], user: str, host: str, path: str
) -> None:
    secret = write(password)
    url = f"rtsp://{user}:{secret}@{host}{path.format(secret)}"
    data = good()
    data["cameras"][0]["url"] = url
    report = read_data(data)
    assert CANARY not in str((report.problems, report.warnings)), url
    assert CANARY not in repr(report.config), url
    assert CANARY not in Redactor()(f"cannot open {url}") or " " in secret or "/" in secret
    if report.config is not None:
        camera = report.config.cameras[0]
        address, _, _ = Address.of(camera.url)
        assert CANARY not in "".join((repr(address), address.shown, address.shown_path)), url
        learnt = Redactor()
        learnt.learn(secrets_of(report.config))
        assert password not in learnt(f"{password}, {address.url('admin', password)}, {url!r}") or len(password) < 4


@given(passwords, st.sampled_from(WRITTEN), hosts, paths)
def test_an_address_that_is_none_is_refused_without_being_repeated(
    password: str, write: Callable[[str], str], host: str, path: str
) -> None:
    try:
        address, user, told = Address.of(f"rtsp://admin:{write(password)}@{host}{path.format('x')}")
    except UnsupportedStream as refused:
        assert CANARY not in str(refused)
    else:
        assert CANARY not in repr(address)
        again, *login = Address.of(address.url(user, told))
        assert (again, login) == (address, [user, told])


@given(st.text("htps:/[].@ab1?#%\\ \t\n密{}", max_size=30), st.sampled_from(["http://", "https://", "rtsp://", ""]))
@example("[", "http://")
@example("h:99999/", "http://")
@example("[::1]:0/", "http://")
@example("a..b/", "http://")
def test_an_address_of_pictures_that_is_accepted_can_be_asked(rest: str, scheme: str) -> None:
    data = good()
    data["cameras"][0] |= {"main_stream": scheme + rest, "username": "admin", "password": CANARY}
    config = read_data(data).config
    if config is None:
        return
    for url in main_stream_urls(config.cameras[0]):
        login_of(config.cameras[0], url)
        if url.startswith("http"):
            IsapiStills(camera="gate", url=url, username="admin", password=CANARY, clock=FakeClock())


PICTURE = Evidence(
    evidence_id=UUID(int=7),
    kind="wide",
    sha256="0" * 64,
    bytes=3,
    mime="image/jpeg",
    captured_at=datetime(2026, 1, 1, tzinfo=UTC),
    path="x",
)


@given(
    st.text("htps:/[].@ab1?#%\\ \t\n密{}", max_size=20),
    st.sampled_from(["https://s.example/", "http://", "https://s/{id}?sig=", "https://s/{camera}/"]),
    st.sampled_from(["{id}", "", "{nope}", "{", "}", "{{id}}", "%7Bid%7D"]),
    st.text(max_size=12),
)
def test_where_pictures_are_put_stays_where_it_was_said(rest: str, start: str, name: str, camera: str) -> None:
    data: dict[str, Any] = {**good(), "evidence": {"send": "put", "put_url": f"{start}{rest}{name}?token={CANARY}"}}
    report = read_data(data)
    assert CANARY not in str((report.problems, report.warnings, report.config))
    if report.config is None or report.config.evidence.put_url is None:
        return
    pattern = report.config.evidence.put_url.get_secret_value()
    address = picture_address(pattern, PICTURE, EvidenceOf(camera=camera, incident=None), FACTS)
    assert address.split("/")[:3] == pattern.split("/")[:3], "no name leaves its place in the path"
    store = object_store(report.config, FACTS)
    assert store is not None
    assert CANARY not in store._where
    store.close()
    try:
        httpx.Request("PUT", address)
    except httpx.InvalidURL:  # is told, without the address
        return
