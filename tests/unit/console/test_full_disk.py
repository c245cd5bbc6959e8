"""A disk without room: what an operator does is done as a whole and written down, or it is refused and says so."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import Popen
from threading import Thread

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from agent.adapters.audit import FILE_BYTES, AuditFile
from agent.adapters.console_users import UsersFile
from agent.adapters.zone_album import ZoneAlbum
from agent.app.console.zones import ZoneDesk
from agent.console.access import operator
from agent.console.site import texts_of
from agent.core.errors import StoreFull
from agent.ports.console.access import Role
from tests.fakes import FakeClock
from tests.memory_disk import fill, memory_disk
from tests.unit.console.rig import OPERATOR, Rig, rig
from tests.unit.test_console_zones import edits, lengthen
from tests.unit.test_reload import run
from tests.unit.test_zone_album import BINS, FIRST, a_picture

PAGE = 4096


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with memory_disk(tmp_path / "disk", "size=2m") as folder:
        yield folder


def contents(folder: Path) -> dict[str, bytes]:
    """All files below, but the one that takes the room."""
    found = (path for path in folder.rglob("*") if path.is_file() and path.name != "filler")
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def crowd(disk: Path) -> Path:
    """As `fill`, with no room either in the last page of the record, which is taken up by what is no entry."""
    with (disk / "audit.jsonl").open("ab") as stream:
        stream.write(b"x" * (-stream.tell() % PAGE - 1) + b"\n")
    return fill(disk)


def told(it: Rig) -> list[tuple[str, str]]:
    """Actions and outcomes of the record, oldest first."""
    return [(entry.action, entry.outcome) for entry in reversed(it.audit.newest(100))]


def test_what_cannot_be_written_down_is_not_done(disk: Path) -> None:
    done = []

    @operator("thing.change")
    async def change(_request: Request) -> Response:
        done.append(1)
        return JSONResponse({})

    it = rig(disk, [Route("/api/thing/change", change, methods=["POST"])])
    headers = it.log_in()
    filler, before = crowd(disk), contents(disk)
    answer = it.client.post("/api/thing/change", json={}, headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unrecorded")
    assert done == []
    headers = it.log_in()  # looking is what one has to do now
    assert it.client.get("/api/audit").json()["entries"][0]["action"] == "login"
    assert it.client.post("/api/thing/change", json={}).json()["error"]["code"] == "csrf"
    assert contents(disk) == before, "no half line"
    filler.unlink()
    assert it.client.post("/api/thing/change", json={}, headers=headers).status_code == 200
    assert done == [1]
    assert told(it) == [("login", "done"), ("login", "done"), ("thing.change", "csrf"), ("thing.change", "done")]
    assert told(rig(disk, people=False)) == told(it), "by the disk alone"


def test_a_disk_that_fills_up_meanwhile_costs_no_outcome(disk: Path) -> None:
    @operator("thing.change")
    async def change(_request: Request) -> Response:
        crowd(disk)
        return JSONResponse({})

    it = rig(disk, [Route("/api/thing/{camera}/change", change, methods=["POST"])])
    headers = it.log_in()
    assert it.client.post("/api/thing/gate/change", json={}, headers=headers).status_code == 200
    assert told(it) == [("login", "done"), ("thing.change", "done")]
    after_a_power_cut = rig(disk, people=False)
    assert told(after_a_power_cut)[-1] == ("thing.change", "begun"), "that somebody began it is known all the same"
    assert after_a_power_cut.audit.newest(1)[0].subject == "gate"
    (disk / "filler").unlink()
    assert it.client.post("/api/logout", json={}, headers=headers).status_code == 200
    it.log_in()
    assert told(rig(disk, people=False)) == [("login", "done"), ("thing.change", "done"), ("login", "done")]


_CHANGES = """
import sys
from datetime import datetime
from pathlib import Path
from agent.adapters.audit import AuditFile
from agent.ports.console.access import AuditEntry
from tests.memory_disk import fill
folder = Path(sys.argv[1])
audit = AuditFile(folder / "audit.jsonl")
told = {"who": "operator", "address": "10.0.0.9", "detail": '"id":"f00"'}
for number, outcome in enumerate(("begun", "done", "begun", "begun")):
    at = datetime.fromisoformat(f"2026-11-27T06:00:0{number}+00:00")
    audit.write(AuditEntry(at=at, action="thing.change", outcome=outcome, id=f"a{number // 2 + number // 3}", **told))
with (folder / "audit.jsonl").open("ab") as stream:
    stream.write(b"x" * (-stream.tell() % 4096 - 1) + b"\\n")
fill(folder)
audit.note(AuditEntry(at=at, action="thing.change", outcome="done", id="a1", **told))
assert [entry.outcome for entry in audit.newest(9)] == ["done", "begun", "done"]
print("owed", flush=True)
sys.stdin.readline()
"""


def test_outcomes_that_waited_for_room_when_the_agent_was_killed_are_told_to_be_unknown_once(disk: Path) -> None:
    with Popen([sys.executable, "-c", _CHANGES, str(disk)], stdin=-1, stdout=-1, text=True) as killed:
        assert killed.stdout
        assert killed.stdout.readline() == "owed\n"
        killed.kill()
    before = [("thing.change", "begun"), ("thing.change", "begun"), ("thing.change", "done")]
    assert [(it.action, it.outcome) for it in AuditFile(disk / "audit.jsonl").newest(9)] == before
    start = FakeClock().now().utc
    after = [("thing.change", "unknown"), ("thing.change", "unknown"), ("thing.change", "done")]
    for _ in range(2):  # there is no room yet
        audit = AuditFile(disk / "audit.jsonl")
        audit.complete(start)
        assert [(it.action, it.outcome) for it in audit.newest(9)] == after
    (disk / "filler").unlink()
    for _ in range(3):
        AuditFile(disk / "audit.jsonl").complete(start)
    lines = [line for line in (disk / "audit.jsonl").read_text().splitlines() if line.startswith("{")]
    outcomes = [(entry["outcome"], entry["id"]) for entry in map(json.loads, lines)]
    assert outcomes[-2:] == [("unknown", "a1"), ("unknown", "a2")], "in order, and once"
    assert len(outcomes) == 6
    first, second = AuditFile(disk / "audit.jsonl").newest(2)[::-1]
    assert (first.at, first.detail) == (start, "begun 2026-11-27T06:00:02+00:00")
    assert second.detail == "begun 2026-11-27T06:00:03+00:00"
    assert [(it.action, it.outcome) for it in AuditFile(disk / "audit.jsonl").newest(9)] == after


def test_a_line_that_a_power_cut_tore_takes_no_other_with_it(tmp_path: Path) -> None:
    it = rig(tmp_path)
    it.log_in()
    with (tmp_path / "audit.jsonl").open("a") as stream:
        stream.write('{"at": "2026-11-27T')
    it.log_in()
    assert told(it) == [("login", "done"), ("login", "done")]


def test_the_record_goes_on_in_a_second_file_and_both_are_read(tmp_path: Path) -> None:
    it = rig(tmp_path)
    it.log_in()
    line = (tmp_path / "audit.jsonl").read_bytes()
    (tmp_path / "audit.jsonl").write_bytes(line * (FILE_BYTES // len(line)))
    it.log_in()
    assert len((tmp_path / "audit.jsonl").read_bytes()) < 2 * len(line)
    assert len(AuditFile(tmp_path / "audit.jsonl").newest(200)) == 200


def test_users_stay_as_they_are(disk: Path) -> None:
    users = UsersFile(disk / "users.json")
    users.put(*OPERATOR, Role.OPERATOR)
    fill(disk)
    before = contents(disk)
    for change in (lambda: users.put("new", "a long password", Role.VIEWER), lambda: users.remove(OPERATOR[0])):
        with pytest.raises(StoreFull, match="expected room on the disk"):
            change()
    assert contents(disk) == before
    assert users.check(*OPERATOR) is not None


def test_two_who_change_the_users_at_once_lose_none(tmp_path: Path) -> None:
    names = [f"operator-{number}" for number in range(8)]
    threads = [
        Thread(target=UsersFile(tmp_path / "users.json").put, args=(name, "a long password", Role.VIEWER))
        for name in names
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(UsersFile(tmp_path / "users.json").known()) == names


def test_marks_of_pictures_stay_as_they_are(disk: Path) -> None:
    album = ZoneAlbum(disk / "album")
    for number in (FIRST, FIRST + 1):
        assert album.keep(BINS, a_picture(number), b"jpeg")
    album.mark(BINS, {FIRST: "clean"})
    filler, before = fill(disk), contents(disk)
    with pytest.raises(StoreFull):
        album.mark(BINS, {FIRST: "full", FIRST + 1: "full"})
    assert contents(disk) == before
    assert album.marks(BINS) == {FIRST: "clean"}
    filler.unlink()
    assert album.mark(BINS, {FIRST + 1: "full"}) == {FIRST: "clean", FIRST + 1: "full"}


@pytest.mark.parametrize("full", ["where the file lies", "where the data lie"])
def test_a_configuration_is_never_half_written(tmp_path: Path, full: str) -> None:
    with memory_disk(tmp_path / "disk", "size=2m") as disk:
        site, data = (disk, tmp_path / "data") if full == "where the file lies" else (tmp_path / "site", disk / "data")
        site.mkdir(exist_ok=True)
        with run(site, data=data) as box:
            desk = ZoneDesk(box.reloader, box.site, box.street.clock)
            mine, version, before = edits(desk, lengthen), box.version, contents(site)
            filler = fill(disk)
            for _ in range(2):
                with pytest.raises(StoreFull, match="expected room on the disk, found none"):
                    desk.save("gate", mine, version, "王芳")
            assert contents(site) == before
            assert (box.version, desk.versions(), desk.status()["state"]) == (version, [], "none")
            assert not list(disk.rglob("*.new"))
            assert not (data / "probation.json").exists()
            filler.unlink()
            assert desk.save("gate", mine, version, "王芳")["state"] == "probation"
            filler = fill(disk)
            box.wait(62)
            assert desk.status()["state"] == "in_force"
            filler.unlink()
            box.wait(2)
        with run(site, data=data) as box:
            desk = ZoneDesk(box.reloader, box.site, box.street.clock)
            assert (desk.status()["state"], desk.status()["by"]) == ("in_force", "王芳")
            assert [kept.by for kept in box.site.earlier()] == ["王芳"]


def test_what_is_refused_is_told_in_both_languages() -> None:
    for lang in ("en", "zh-CN"):
        texts = texts_of(lang)["shell"]
        assert all(texts[f"error.{code}"] for code in ("unrecorded", "disk_full", "store_held", "disk", "busy"))
