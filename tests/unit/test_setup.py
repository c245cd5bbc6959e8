"""What `cityeye init` makes of answers, and that what it writes is there as a whole or not at all."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from agent.adapters.machine import local_time_zone
from agent.adapters.new_files import NewFile, write_together
from agent.app.setup import Offer, broker_of, free_id, from_file, from_flag, keep, location_of, named, offers_of
from agent.config import load
from agent.config.draft import Draft
from agent.core.discovery import Found, Pick, Way, channels_in, is_recorder, picks_in, rtsp_urls
from agent.core.errors import StoreFull, StoreUnusable
from tests.memory_disk import fill, memory_disk


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("192.168.1.10", {"host": "192.168.1.10", "port": 8883, "tls": {}}),
        ("broker:1884", {"host": "broker", "port": 1884, "tls": {}}),
        ("broker:1883", {"host": "broker", "port": 1883, "tls": "off"}),
        ("broker:8883", {"host": "broker", "port": 8883, "tls": {}}),
        ("mqtt://broker:8883", {"host": "broker", "port": 8883, "tls": "off"}),
        ("mqtt://broker", {"host": "broker", "port": 1883, "tls": "off"}),
        ("mqtts://broker/", {"host": "broker", "port": 8883, "tls": {}}),
        ("ssl://broker:1", {"host": "broker", "port": 1, "tls": {}}),
        ("127.0.0.1", {"host": "127.0.0.1", "port": 1883}),
        ("[::1]:1884", {"host": "::1", "port": 1884}),
        ("localhost:8883", {"host": "localhost", "port": 8883, "tls": {}}),
        ("fe80::1", {"host": "fe80::1", "port": 8883, "tls": {}}),
        ("broker:x", {"host": "broker", "port": "x", "tls": {}}),
        ("http://broker", {"host": "http://broker", "port": 8883, "tls": {}}),
        ("", {"host": "", "port": 8883, "tls": {}}),
    ],
)
def test_a_broker_as_people_write_it(text: str, keys: dict[str, Any]) -> None:
    assert broker_of(text) == keys


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("120.1,30.3", {"lon": 120.1, "lat": 30.3, "crs": "wgs84"}),
        ("120.1 30 GCJ02", {"lon": 120.1, "lat": 30, "crs": "gcj02"}),
        ("here", {"lon": "here", "crs": "wgs84"}),
        ("1,2,mars,green", {"lon": 1, "lat": 2, "crs": "mars green"}),
        ("nan,1e400", {"lon": "nan", "lat": "1e400", "crs": "wgs84"}),
    ],
)
def test_a_place_as_people_write_it(text: str, keys: dict[str, Any]) -> None:
    assert location_of(text) == keys


@pytest.mark.parametrize(
    ("text", "camera"),
    [
        ("gate", ("gate", "")),
        ("East Gate", ("east-gate", "East Gate")),
        ("东门", ("camera-5", "东门")),
        ("东门 2", ("camera-5", "东门 2")),
        ("!!", ("camera-5", "!!")),
    ],
)
def test_one_text_is_an_id_or_a_name(text: str, camera: tuple[str, str]) -> None:
    assert named(text, "camera-5") == camera


def test_a_camera_of_the_command_line() -> None:
    gate = from_flag("gate=rtsp://192.168.1.64/x?a=b")
    assert gate.entry() == {"id": "gate", "url": "rtsp://192.168.1.64/x?a=b"}
    unnamed = from_flag("rtsp://192.168.1.64/x?a=b")
    assert unnamed.entry() == {"id": "camera-64", "url": "rtsp://192.168.1.64/x?a=b"}
    assert from_flag("东门=rtsp://h/x").entry() == {"id": "camera-1", "name": "东门", "url": "rtsp://h/x"}
    assert (gate.host, from_flag("a=b.mp4").host, from_flag("a=rtsp://[x").host) == ("192.168.1.64", "", "")
    assert (free_id("a", []), free_id("a", ["a", "a-2"])) == ("a", "a-3")
    assert free_id("a" * 63, ["a" * 63]) == "a" * 61 + "-2"


@pytest.mark.parametrize(
    ("text", "camera_id"),
    [
        ("rtsp://192.168.1.64/x", "camera-64-2"),
        ("北门=rtsp://192.168.1.64/x", "camera-64-2"),
        ("East Gate=rtsp://192.168.1.9/x", "east-gate-2"),
        ("北门=rtsp://192.168.1.9/x", "camera-9"),
        ("camera-64=rtsp://192.168.1.64/x", "camera-64"),  # typed: whoever did is told that it is in use
    ],
)
def test_an_id_that_nobody_typed_is_made_different(text: str, camera_id: str) -> None:
    assert from_flag(text, ["camera-64", "east-gate"]).id == camera_id


def device(**values: Any) -> dict[str, Any]:
    return {"address": "192.168.1.64", "ways": ["onvif"], "maker": "Hikvision", **values}


def test_a_list_of_cameras() -> None:
    (found,) = from_file(json.dumps({"devices": [device(model="DS-2", urls=["x"], rtsp_ports=[8554, "y", 0])]}))
    expected = Found(address="192.168.1.64", ways=(Way.ONVIF,), maker="Hikvision", model="DS-2", rtsp_ports=(8554,))
    assert found == expected
    listed = from_file("# site\n\ngate=rtsp://h/x\nrtsp://h/y\n东门=rtsp://h/z\n", ["camera-1"])
    assert [offer.id for offer in listed if isinstance(offer, Offer)] == ["gate", "camera-1-2", "camera-1-3"]


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "{",
        '{"devices": 1}',
        '{"devices": [1]}',
        json.dumps({"devices": [device(address="evil")]}),
        json.dumps({"devices": [device(ways=["psychic"])]}),
        json.dumps({"devices": [{"address": "192.168.1.64"}]}),
    ],
)
def test_json_that_is_something_else(text: str) -> None:
    with pytest.raises(ValueError):
        from_file(text)


def found(**values: Any) -> Found:
    return Found(**{"address": "192.168.1.70", "ways": (Way.ONVIF,), **values})


def test_channels_of_a_recorder() -> None:
    recorder = found(maker="Hikvision", model="DS-7608NI")
    assert [(offer.id, offer.url) for offer in offers_of(recorder, "nvr", (1, 12))] == [
        ("nvr-1", "rtsp://192.168.1.70/Streaming/Channels/102"),
        ("nvr-12", "rtsp://192.168.1.70/Streaming/Channels/1202"),
    ]
    dahua = found(maker="Dahua")
    assert offers_of(dahua, "nvr", (3,))[0].url.endswith("/cam/realmonitor?channel=3&subtype=1")
    assert offers_of(found(maker="Axis"), "nvr", (2,)) == ()
    assert len(rtsp_urls(found(), 2)) == 2, "of the commonest makers, those that count"
    assert is_recorder(recorder)
    assert not is_recorder(found(maker="Hikvision", model="DS-2CD2T46"))
    assert is_recorder(found(name="Embedded NVR"))


def test_what_may_be_meant_instead_is_kept_only_of_unknown_makers() -> None:
    (known,) = offers_of(found(maker="Hikvision"), "c", None)
    (unknown,) = offers_of(found(), "c", None)
    assert (known.others, len(unknown.others)) == ((), 3)


@pytest.mark.parametrize(
    ("text", "picks"),
    [
        ("all", [(0, None), (1, None), (2, None)]),
        ("none", []),
        ("3 1", [(0, None), (2, None)]),
        ("1,3", [(0, None), (2, None)]),
        ("1，2：1－2", None),
        ("1 2：1－2，4", [(0, None), (1, (1, 2, 4))]),
        ("2:4-1", None),
        ("4", None),
        ("0", None),
        ("1 1", None),
        ("", None),
        ("x", None),
        ("1:", None),
    ],
)
def test_what_is_taken_of_a_list_of_three(text: str, picks: list[tuple[int, tuple[int, ...] | None]] | None) -> None:
    expected = None if picks is None else tuple(Pick(device=at, channels=channels) for at, channels in picks)
    assert picks_in(text, 3) == expected


def test_channels() -> None:
    assert channels_in("1-3, 7 2") == (1, 2, 3, 7)
    assert [channels_in(text) for text in ("", "0", "1-", "-3", "300", "1-999", "a")] == [None] * 7


def test_the_time_zone_of_this_machine(tmp_path: Path) -> None:
    link = tmp_path / "localtime"
    assert local_time_zone(link) is None
    for target, zone in (
        ("/usr/share/zoneinfo/Asia/Urumqi", "Asia/Urumqi"),
        ("/usr/share/zoneinfo/Etc/UTC", None),
        ("/usr/share/zoneinfo/UTC", None),
        ("/elsewhere", None),
    ):
        link.unlink(missing_ok=True)
        link.symlink_to(target)
        assert local_time_zone(link) == zone


# On disk.


def drafted(folder: Path) -> Draft:
    draft = Draft(folder / "site" / "street.yaml", lang="en", env={})
    draft.put(("mqtt",), {"host": "broker", "port": 1883})
    draft.put(("mqtt", "username"), "box")
    draft.put(("mqtt", "password"), draft.secret("mqtt", "p@ss 密码"))
    return draft


def everything(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_passwords_are_for_their_owner_only_and_are_found(tmp_path: Path) -> None:
    draft = drafted(tmp_path)
    kept = keep(draft, force=False)
    assert everything(tmp_path) == ["site", "site/secrets", "site/secrets/mqtt", "site/street.yaml"]
    assert (tmp_path / "site/secrets").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "site/secrets/mqtt").stat().st_mode & 0o777 == 0o600
    config = load(kept.file, env={})
    assert config.mqtt.password is not None
    assert config.mqtt.password.get_secret_value() == "p@ss 密码"


def test_a_file_that_is_there_stays_without_force_and_is_kept_with_it(tmp_path: Path) -> None:
    draft = drafted(tmp_path)
    draft.file.parent.mkdir()
    draft.file.write_text("old", encoding="utf-8")
    draft.file.chmod(0o640)
    with pytest.raises(StoreUnusable, match="expected no file yet"):
        keep(draft, force=False)
    assert everything(tmp_path) == ["site", "site/street.yaml"]
    assert draft.file.read_text(encoding="utf-8") == "old"
    for name in ("street.yaml.bak", "street.yaml.bak-2"):
        before = draft.file.read_bytes()
        draft.secrets.clear()
        assert keep(draft, force=True).backup == draft.file.with_name(name)
        assert draft.file.with_name(name).read_bytes() == before
        assert draft.file.stat().st_mode & 0o777 == 0o640


def test_where_one_cannot_be_written_none_is(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    files = [
        NewFile(path=tmp_path / "a" / "b" / "secret", text="x", private=True),
        NewFile(path=tmp_path / "file" / "config", text="y"),
    ]
    with pytest.raises(StoreUnusable, match="Not a directory"):
        write_together(files)
    assert everything(tmp_path) == ["file"]


def test_on_a_full_disk_everything_stays_as_it_was(tmp_path: Path) -> None:
    with memory_disk(tmp_path / "disk", "size=64k") as disk:
        draft = drafted(disk)
        draft.file.parent.mkdir()
        draft.file.write_text("old", encoding="utf-8")
        fill(disk)
        before = everything(disk)
        with pytest.raises(StoreFull):
            keep(draft, force=True)
        assert (everything(disk), draft.file.read_text(encoding="utf-8")) == (before, "old")


def test_a_link_stays_one(tmp_path: Path) -> None:
    draft = drafted(tmp_path)
    draft.file.parent.mkdir()
    (tmp_path / "real.yaml").write_text("old", encoding="utf-8")
    draft.file.symlink_to(tmp_path / "real.yaml")
    keep(draft, force=True)
    assert draft.file.is_symlink()
    assert load(tmp_path / "site/street.yaml", env={}).mqtt.host == "broker"
    assert (tmp_path / "real.yaml.bak").read_text(encoding="utf-8") == "old"


def test_what_root_writes_belongs_to_whom_the_folder_belongs(tmp_path: Path) -> None:
    draft = drafted(tmp_path)
    draft.file.parent.mkdir()
    owner = (1234, 5678) if os.geteuid() == 0 else (os.geteuid(), os.getegid())
    os.chown(draft.file.parent, *owner)
    keep(draft, force=False)
    for path in (draft.file, draft.home / "secrets", draft.home / "secrets/mqtt"):
        assert (path.stat().st_uid, path.stat().st_gid) == owner
