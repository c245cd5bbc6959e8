"""A document by command: checked, put in force, watched, and taken back, also by the next run of the agent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from agent.adapters.config_file import ConfigFile
from agent.app.reload import Around, Reloader
from agent.app.site import Site
from agent.core.errors import CommandRejected, RejectCode, StoreFull, StoreUnusable
from agent.core.wire import ConfigGet, ConfigPut, ConfigResult, Restart, Result
from agent.runtime.probation import Signs
from tests.unit.config.samples import config_of
from tests.unit.core.world import car
from tests.unit.crews import Street, street, two_cameras

NOW = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)
Outcome = Result | CommandRejected


@dataclass
class Box:
    """A site, a crew and a reloader; how the box is, is said by the test."""

    site: Site
    street: Street
    reloader: Reloader
    online: set[str] = field(default_factory=lambda: {"gate", "yard"})
    broker: bool = True
    centre: bool = False
    answers: list[Outcome] = field(default_factory=list)
    late: list[tuple[str | None, Outcome]] = field(default_factory=list)
    restarts: int = 0
    secrets: list[str] = field(default_factory=list)

    def put(self, edit: Callable[[dict[str, Any]], object], **members: Any) -> None:
        self.reloader.put(putting(yaml.safe_dump(document(self.site, edit)), **members), self.answers.append)

    def wait(self, seconds: int) -> None:
        for _ in range(seconds):
            self.street.clock.advance(1)
            self.reloader.tick()

    @property
    def version(self) -> str:
        return self.street.crew.config.version_hash()


def putting(text: str, **members: Any) -> ConfigPut:
    return ConfigPut(id="c-1", command="config.put", issued_at=NOW, document=text, **members)


def document(site: Site, edit: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    data = yaml.safe_load(site.file.text())
    edit(data)
    return dict(data)


@contextmanager
def run(folder: Path, *, data: Path | None = None) -> Iterator[Box]:
    """One run of the agent with what lies in the folder. `data`: its data folder, where that is elsewhere."""
    file, kept = folder / "site.yaml", data or folder / "data"
    if not file.exists():
        settings = {**two_cameras(), "storage": {"folder": str(kept)}, "commands": {"probation": "60s"}}
        settings["cameras"][0].update(username="admin", password="hunter2")
        file.write_text(yaml.safe_dump(settings, allow_unicode=True))
    site = Site(file)
    site.settle()
    text = site.file.text()
    kept.mkdir(exist_ok=True)
    with street(kept, config_of(yaml.safe_load(text), home=folder)) as it:
        box: Box

        def again() -> None:
            box.restarts += 1

        around = Around(
            clock=it.clock,
            signs=lambda: Signs(
                at_s=it.clock.now().mono_s, online=frozenset(box.online), broker=box.broker, centre=box.centre
            ),
            again=again,
            answer_late=lambda command_id, outcome: box.late.append((command_id, outcome)),
            secret=lambda secrets: box.secrets.extend(secrets),
        )
        box = Box(site=site, street=it, reloader=Reloader(site, text, it.crew, around))
        box.reloader.resume()
        yield box


def rename(data: dict[str, Any]) -> None:
    data["cameras"][0]["zones"][0]["id"] = "lane"


def more_workers(data: dict[str, Any]) -> None:
    data["model"] = {"workers": 2}


def elsewhere(data: dict[str, Any]) -> None:
    data["mqtt"].update(host="elsewhere", port=1884)


def code_of(outcome: Outcome) -> str:
    assert isinstance(outcome, CommandRejected)
    return outcome.code.value


def test_the_log_learns_a_new_password_before_it_is_used(tmp_path: Path) -> None:
    with run(tmp_path) as box:
        box.put(lambda data: data["cameras"][0].update(password="new-hunter3"))
        assert "new-hunter3" in box.secrets


def test_a_document_proves_itself_and_the_former_one_is_kept(tmp_path: Path) -> None:
    with run(tmp_path) as box:
        before = box.site.file.text()
        box.put(rename, if_version=box.version)
        assert box.answers == []
        assert box.street.crew.zones["gate"] == {"lane"}
        box.wait(59)
        assert box.answers == []
        box.wait(2)
        assert box.answers == [ConfigResult(config_version=box.version)]
        assert yaml.safe_load(box.site.file.text())["cameras"][0]["zones"][0]["id"] == "lane"
        assert (tmp_path / "data" / "config-history" / "000001.yaml").read_text() == before
        assert box.site.trial() is None
        box.put(lambda data: None)
        assert len(box.answers) == 2, "the same document needs no probation"


def test_what_is_given_out_can_be_put_again_and_shows_no_secret(tmp_path: Path) -> None:
    with run(tmp_path) as box:
        given: list[Outcome] = []
        box.reloader.get(ConfigGet(id="g", command="config.get", issued_at=NOW), given.append)
        [result] = given
        assert isinstance(result, ConfigResult)
        assert result.document is not None
        assert (result.config_version, "hunter2" in result.document) == (box.version, False)
        box.reloader.put(putting(result.document.replace("id: kerb", "id: lane", 1)), box.answers.append)
        password = box.street.crew.config.camera("gate").password
        assert password is not None
        assert password.get_secret_value() == "hunter2"
        assert box.street.crew.zones["gate"] == {"lane"}
        assert "hunter2" in box.site.file.text()


@pytest.mark.parametrize(
    ("edit", "code", "told"),
    [
        (lambda d: d.update(box={"id": "other"}), "not_allowed", "box.id: expected box-1 as it is, found other"),
        (lambda d: d.update(box={"tenant": "other"}), "not_allowed", "box.tenant"),
        (lambda d: d.update(storage={"folder": "/elsewhere"}), "not_allowed", "storage.folder"),
        (
            lambda d: d["commands"].update(refuse=["ping", "config.put"]),
            "not_allowed",
            "commands.refuse: expected no config.put, found it: the centre could never send another document; change",
        ),
        (lambda d: d["cameras"][0].update(id="new"), "invalid", "document:5: cameras[0].password: expected"),
        (
            lambda d: d["cameras"][1].update(url="rtsp://***@127.0.0.1/x"),
            "invalid",
            "cameras[1].url: expected a secret",
        ),
        (lambda d: d.update(model={"file": "missing.onnx", "id": "x"}), "invalid", "model.file: expected either"),
        (lambda d: d.update(model={"file": "missing.onnx"}), "failed", "missing.onnx"),
    ],
    ids=["box", "tenant", "folder", "last word", "mask of nothing", "login of nothing", "contradiction", "no model"],
)
def test_what_is_refused_changes_nothing(
    edit: Callable[[dict[str, Any]], object], code: str, told: str, tmp_path: Path
) -> None:
    with run(tmp_path) as box:
        before = box.site.file.text(), box.version

        def masked_edit(data: dict[str, Any]) -> None:
            data["cameras"][0]["password"] = {"kept": "on-box"}
            edit(data)

        with pytest.raises(CommandRejected, match=r".") as caught:
            box.put(masked_edit)
        assert (caught.value.code, told in caught.value.message) == (code, True), caught.value.message
        assert ((box.site.file.text(), box.version), box.site.trial(), box.restarts) == (before, None, 0)


def test_masks_of_nothing_are_told_among_all_other_problems(tmp_path: Path) -> None:
    def edit(data: dict[str, Any]) -> None:
        data["cameras"][0].update(id="new", password={"kept": "on-box"}, decode="some")
        data["cameras"][1]["url"] = "rtsp://***@127.0.0.1/x"
        data["mqtt"]["port"] = 0

    with run(tmp_path) as box, pytest.raises(CommandRejected) as caught:
        box.put(edit)
    told = [line.split(": ")[1] for line in caught.value.message.splitlines()]
    assert told == ["cameras[0].decode", "cameras[0].password", "cameras[1].url", "mqtt.port"]


def test_of_many_problems_an_answer_tells_as_many_as_it_has_room_for(tmp_path: Path) -> None:
    with run(tmp_path) as box, pytest.raises(CommandRejected) as caught:
        box.put(lambda d: d["cameras"].extend({"id": f"UP{n}", "url": "x"} for n in range(40)))
    lines = caught.value.message.splitlines()
    assert len(caught.value.message) < 2000
    assert lines[-1] == f"… and {80 - len(lines) + 1} more"
    assert all(line.startswith("document:") for line in lines[:-1])


def test_a_version_that_is_not_in_force_and_an_edit_at_the_box_are_conflicts(tmp_path: Path) -> None:
    with run(tmp_path) as box:
        with pytest.raises(
            CommandRejected, match=f"conflict: if_version: expected the version in force, {box.version}"
        ):
            box.put(rename, if_version="000000000000")
        box.site.file.path.write_text(box.site.file.text() + "# by hand\n")
        with pytest.raises(CommandRejected, match=r"conflict: .*edited at the box since"):
            box.put(rename)
        assert box.site.file.text().endswith("# by hand\n")


def test_a_second_document_waits_for_the_first(tmp_path: Path) -> None:
    with run(tmp_path) as box:
        box.put(rename)
        with pytest.raises(CommandRejected) as caught:
            box.put(lambda data: None)
        assert caught.value.code is RejectCode.BUSY


def test_a_camera_that_does_not_come_back_takes_the_document_back(tmp_path: Path) -> None:
    with run(tmp_path) as box:
        before = box.site.file.text(), box.version
        box.put(lambda d: d["cameras"][0].update(url="rtsp://127.0.0.1:2/x"))
        box.online.remove("gate")
        box.wait(31)
        [outcome] = box.answers
        assert isinstance(outcome, CommandRejected)
        expected = "camera gate delivered pictures before and has not for 30 s; the former document was put back"
        assert (outcome.code, outcome.message) == ("failed", expected)
        assert ((box.site.file.text(), box.version), box.site.trial()) == (before, None)
        box.put(rename)


def test_an_untouched_camera_that_goes_away_is_no_reason(tmp_path: Path) -> None:
    with run(tmp_path) as box:
        box.put(rename)
        box.online.remove("yard")
        box.wait(61)
        assert box.answers == [ConfigResult(config_version=box.version)]


def test_an_edit_at_the_box_during_the_probation_is_left_as_it_is(tmp_path: Path) -> None:
    with run(tmp_path) as box:
        before = box.version
        box.put(rename)
        edited = box.site.file.text() + "# by hand\n"
        box.site.file.path.write_text(edited)
        box.online.remove("gate")
        box.wait(31)
        [outcome] = box.answers
        assert isinstance(outcome, CommandRejected)
        assert outcome.message.endswith("the file was edited at the box meanwhile and is left as it is")
        assert (box.site.file.text(), box.version) == (edited, before)


@pytest.mark.parametrize("trouble", [StoreFull("full"), StoreUnusable("read-only")])
def test_a_full_disk_stops_a_change_and_only_delays_its_way_back(
    trouble: StoreFull | StoreUnusable, tmp_path: Path
) -> None:
    with run(tmp_path) as box:
        before = box.site.file.text(), box.version
        box.street.store.trouble = trouble
        with pytest.raises(CommandRejected, match=f"failed: {trouble}; nothing was changed, try again later"):
            box.put(rename)
        assert ((box.site.file.text(), box.version), box.site.trial()) == (before, None)
        box.street.store.trouble = None
        box.put(rename)
        box.online.remove("gate")
        box.street.store.trouble = trouble
        box.wait(40)
        assert (box.answers, box.version == before[1]) == ([], False)
        box.street.store.trouble = None
        box.wait(1)
        assert ((box.site.file.text(), box.version), len(box.answers)) == (before, 1)


@pytest.mark.parametrize("calls", range(1, 6))
def test_a_disk_that_fails_anywhere_in_a_change_leaves_the_document_as_it_was_or_in_force(
    calls: int, tmp_path: Path
) -> None:
    with run(tmp_path) as box:
        before = box.site.file.text(), box.version
        box.street.see("gate", 14, car())
        box.street.database.fail(calls, lasting=True)
        try:
            box.put(rename)
        except CommandRejected as rejected:
            assert rejected.code is RejectCode.FAILED
            assert "disk I/O error; nothing was changed, try again later" in rejected.message
            assert ((box.site.file.text(), box.version), box.site.trial()) == (before, None)
            box.street.database.mend()
            box.put(rename)
        box.street.database.mend()
        box.street.see("gate", 4)
        box.wait(61)
        assert box.answers == [ConfigResult(config_version=box.version)]
        assert [event.data.close_reason for event in box.street.events()] == [None, "rule_removed"]
        assert box.street.crew.zones["gate"] == {"lane"}


class StubbornFile(ConfigFile):
    """A file that can be replaced once, and then not until it is mended."""

    left = 1

    def replace(self, text: str) -> None:
        if self.left == 0:
            raise StoreUnusable("read-only")
        self.left -= 1
        super().replace(text)


def test_a_file_that_cannot_be_put_back_is_tried_again_and_answered_for_when_it_is_done(tmp_path: Path) -> None:
    with run(tmp_path) as box:
        before = box.site.file.text(), box.version
        box.site.file = file = StubbornFile(box.site.file.path)
        box.street.store.trouble = StoreFull("full")
        box.put(rename)
        box.wait(5)
        assert (box.answers, box.version, box.site.file.text() == before[0]) == ([], before[1], False)
        with pytest.raises(CommandRejected, match="busy"):
            box.put(more_workers)
        file.left = 9
        box.wait(1)
        [outcome] = box.answers
        told = "failed: full; nothing was changed, try again later; the former document was put back"
        assert str(outcome) == told
        assert ((box.site.file.text(), box.version), box.site.trial()) == (before, None)
        box.street.store.trouble = None
        box.put(rename)


def test_a_fault_that_nobody_foresaw_takes_the_document_back(tmp_path: Path) -> None:
    def broken() -> None:
        raise RuntimeError("a mistake")

    with run(tmp_path) as box:
        before = box.site.file.text(), box.version
        box.street.see("gate", 14, car())
        box.street.crew.introduce = broken
        with pytest.raises(RuntimeError, match="a mistake"):
            box.put(rename)
        box.street.crew.introduce = lambda: None
        box.wait(1)
        [(command_id, outcome)] = [told for told in box.late if told[0]]
        assert (command_id, str(outcome)) == ("c-1", "failed: a fault of the agent; the former document was put back")
        assert ((box.site.file.text(), box.version), box.site.trial()) == (before, None)
        assert box.street.crew.zones["gate"] == {"kerb"}
        box.street.see("gate", 14, car())
        assert box.street.events()[-1].data.zone == "kerb"


def test_without_room_for_the_history_nothing_is_changed(tmp_path: Path) -> None:
    with run(tmp_path) as box:
        before = box.site.file.text(), box.version
        (tmp_path / "data" / "config-history").write_text("in the way")
        with pytest.raises(StoreUnusable, match="config-history"):
            box.put(rename)
        assert ((box.site.file.text(), box.version), box.site.trial()) == (before, None)


def test_what_takes_a_new_start_is_proved_and_answered_by_the_next_run(tmp_path: Path) -> None:
    with run(tmp_path) as box:
        box.put(more_workers)
        assert (box.restarts, box.answers) == (1, [])
        box.reloader.close()
    with run(tmp_path) as box:
        assert box.street.crew.config.model.workers == 2
        box.wait(59)
        assert box.late == []
        box.wait(2)
        assert box.late == [("c-1", ConfigResult(config_version=box.version))]
        assert box.site.trial() is None


def test_a_put_is_awaited_until_it_is_answered_also_by_the_next_run(tmp_path: Path) -> None:
    with run(tmp_path) as box:
        assert not box.reloader.awaits("c-1")
        box.put(more_workers)
        assert (box.reloader.awaits("c-1"), box.reloader.awaits("c-2")) == (True, False)
        box.reloader.close()
    with run(tmp_path) as box:
        box.wait(59)
        assert box.reloader.awaits("c-1")
        box.wait(2)
        assert not box.reloader.awaits("c-1")


def test_what_takes_a_new_start_and_fails_takes_another_one_back(tmp_path: Path) -> None:
    with run(tmp_path) as box:
        before = box.site.file.text()
        box.put(more_workers)
        box.reloader.close()
    with run(tmp_path) as box:
        box.online.clear()
        box.wait(40)
        assert (box.restarts, box.late, box.site.file.text()) == (1, [], before)
        box.reloader.close()
    with run(tmp_path) as box:
        [(command_id, outcome), _] = box.late
        assert (command_id, code_of(outcome), box.site.trial()) == ("c-1", "failed", None)


def test_a_broker_that_is_lost_with_its_new_address_takes_the_document_back(tmp_path: Path) -> None:
    with run(tmp_path) as box:
        before = box.site.file.text()
        box.put(lambda d: d["mqtt"].update(host="elsewhere"))
        box.reloader.close()
    with run(tmp_path) as box:
        box.broker = False
        box.wait(31)
        assert (box.restarts, box.site.file.text()) == (1, before)


def test_another_broker_where_nobody_of_the_centre_is_heard_takes_the_document_back(tmp_path: Path) -> None:
    with run(tmp_path) as box:
        before = box.site.file.text()
        box.put(elsewhere)
        box.reloader.close()
    with run(tmp_path) as box:
        box.wait(59)
        assert (box.restarts, box.site.file.text() == before) == (0, False), "the centre may take its time"
        box.wait(2)
        assert (box.restarts, box.site.file.text()) == (1, before)
        box.reloader.close()
    with run(tmp_path) as box:
        [(command_id, outcome), _] = box.late
        assert (command_id, code_of(outcome)) == ("c-1", "failed")
        told = "nobody of the centre was heard at elsewhere:1884: no ack or command within 60 s"
        assert str(outcome) == f"failed: {told}; the former document was put back"


def test_another_broker_where_the_centre_is_heard_proves_itself(tmp_path: Path) -> None:
    with run(tmp_path) as box:
        box.centre = True  # at the old one
        box.put(elsewhere)
        box.reloader.close()
    with run(tmp_path) as box:
        box.wait(30)
        box.centre = True
        box.wait(29)
        assert box.late == []
        box.wait(2)
        assert box.late == [("c-1", ConfigResult(config_version=box.version))]


def test_a_centre_that_was_heard_before_a_stop_in_order_need_not_be_heard_again(tmp_path: Path) -> None:
    with run(tmp_path) as box:
        box.centre = True  # at the old one, which says nothing about the new one
        box.put(elsewhere)
        box.reloader.close()
    with run(tmp_path) as box:
        trial = box.site.trial()
        assert (trial is None, trial and trial.centre) == (False, "elsewhere:1884")
        box.centre = True
        box.wait(10)
        box.reloader.close()
    with run(tmp_path) as box:
        box.wait(61)
        assert box.late == [("c-1", ConfigResult(config_version=box.version))]


@pytest.mark.parametrize(
    "edit",
    [
        lambda d: d["mqtt"].update(require_ack=True),
        lambda d: d.update(commands={"probation": "60s", "refuse": ["config.get", "restart", "ping"]}),
    ],
    ids=["acks", "refusals"],
)
def test_what_keeps_the_way_to_the_centre_needs_no_word_of_it(
    edit: Callable[[dict[str, Any]], object], tmp_path: Path
) -> None:
    with run(tmp_path) as box:
        box.put(edit)
        box.reloader.close()
    with run(tmp_path) as box:
        box.wait(61)
        assert box.late == [("c-1", ConfigResult(config_version=box.version))]


@pytest.mark.parametrize("starts", [1, 2])
def test_a_run_that_ends_without_a_word_loses_the_document(starts: int, tmp_path: Path) -> None:
    with run(tmp_path) as box:
        before = box.site.file.text()
        box.put(rename if starts == 1 else more_workers)
    for _ in range(starts - 1):  # the start that was announced
        with run(tmp_path) as box:
            box.wait(10)
            assert box.site.file.text() != before
    with run(tmp_path) as box:
        assert box.site.file.text() == before
        [(command_id, outcome), _] = box.late
        assert (command_id, code_of(outcome)) == ("c-1", "failed")
        assert "in the middle of the probation" in str(outcome)


def test_a_stop_in_order_is_no_crash(tmp_path: Path) -> None:
    with run(tmp_path) as box:
        box.put(rename)
        box.wait(10)
        box.reloader.close()
        box.online.clear()
        box.wait(40)
        assert box.answers == [], "nobody judges a box that is stopping"
    with run(tmp_path) as box:
        box.wait(61)
        assert box.late == [("c-1", ConfigResult(config_version=box.version))]
        assert box.street.crew.zones["gate"] == {"lane"}


@pytest.mark.parametrize("edit", [rename, more_workers])
def test_a_power_cut_before_the_file_was_replaced_is_noticed(
    edit: Callable[[dict[str, Any]], object], tmp_path: Path
) -> None:
    with run(tmp_path) as box:
        before = box.site.file.text()
        box.put(edit)
        box.site.file.replace(before)  # as if the note had been written, and the file not yet
    with run(tmp_path) as box:
        [(_, outcome), _] = box.late
        assert (box.site.file.text(), code_of(outcome)) == (before, "failed")
        assert "edited at the box" not in str(outcome)


def test_an_agent_that_cannot_be_started_with_a_document_gets_the_former_one(tmp_path: Path) -> None:
    with run(tmp_path) as box:
        before, site = box.site.file.text(), box.site
        box.put(more_workers)
    site.settle()
    assert site.recovered("the model cannot be opened")
    assert (site.file.text(), site.recovered("again")) == (before, False)
    with run(tmp_path) as box:
        assert "the model cannot be opened" in str(box.late[0][1])


def test_a_second_agent_that_cannot_start_takes_nothing_back(tmp_path: Path) -> None:
    with run(tmp_path) as box:
        box.put(rename)
        put = box.site.file.text()
        second = Site(box.site.file.path)
        second.settle()
        assert not second.recovered("the folder is in use")
        assert box.site.file.text() == put
        box.wait(61)
        assert box.answers == [ConfigResult(config_version=box.version)]


def test_a_damaged_note_keeps_nobody_from_starting(tmp_path: Path) -> None:
    with run(tmp_path) as box:
        box.put(rename)
        (tmp_path / "data" / "probation.json").write_text("{")
    with run(tmp_path) as box:
        assert box.street.crew.zones["gate"] == {"lane"}
        box.put(lambda d: d["cameras"][0]["zones"][0].update(id="kerb"))


def test_commands_that_a_run_left_behind_are_answered(tmp_path: Path) -> None:
    with run(tmp_path) as box:
        [(command_id, outcome)] = box.late
        assert (command_id, code_of(outcome)) == (None, "failed")


def test_a_restart_is_refused_when_the_agent_would_not_start_again(tmp_path: Path) -> None:
    command = Restart(id="r", command="restart", issued_at=NOW)
    with run(tmp_path) as box:
        box.reloader.restart(command, box.answers.append)
        assert (box.restarts, box.answers) == (1, [])
        box.site.file.path.write_text("mqtt: {}\n")
        with pytest.raises(CommandRejected, match=r"site\.yaml:1: mqtt\.host"):
            box.reloader.restart(command, box.answers.append)
        assert box.restarts == 1


def test_an_open_incident_of_another_camera_survives_change_and_way_back(tmp_path: Path) -> None:
    with run(tmp_path) as box:
        box.street.see("yard", 14, car())
        box.put(rename)
        box.online.remove("gate")
        box.wait(31)
        box.street.see("yard", 10, car())
        [opened] = box.street.events()
        [incident] = box.street.crew.desks["yard"]._scene.open_incidents
        assert (incident.incident_id, incident.blind_s) == (opened.subject, 0)


def test_a_trial_is_kept_as_it_is(tmp_path: Path) -> None:
    with run(tmp_path) as box:
        box.put(rename)
        trial = box.site.trial()
        assert trial is not None
        assert (trial.command_id, trial.cameras, trial.broker, trial.starts) == ("c-1", ("gate",), False, 0)
        box.site.note(replace(trial, fault="门"))
        assert box.site.trial() == replace(trial, fault="门")
