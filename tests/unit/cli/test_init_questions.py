"""What `cityeye init` asks, and what it does not ask."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from agent.cli.asking import Judge, Terminal, narrow
from agent.cli.init_cameras import Finder, Where
from agent.cli.init_flags import Flags, Wishes
from agent.cli.init_questions import Interview
from agent.cli.texts import Texts
from agent.config.draft import Draft
from agent.core.discovery import Found, Way

SAY = Texts("en")
NO_WISHES = dict.fromkeys(Wishes.__dataclass_fields__, "") | {"cameras": ()}


class Scripted(Terminal):
    """Somebody whose answers are known; `complaints` are what they were told."""

    def __init__(self, *answers: str) -> None:
        self.say = SAY
        self.asked: list[str] = []
        self.complaints: list[str] = []
        self._answers = list(answers)

    def ask(self, question: str, judge: Judge, *, default: str = "") -> None:
        self.asked.append(question)
        while told := list(judge(self._answers.pop(0) or default)):
            self.complaints += told

    def secret(self, question: str, judge: Judge) -> None:
        self.ask(question, judge)

    def all_said(self) -> bool:
        return not self._answers


class Known(Finder):
    """Finds what is known to be there, once a range is asked where it takes one."""

    def __init__(self, devices: Iterable[Found], *, by_range: bool = False) -> None:
        super().__init__(Where(wait_s=0, ranges=(), allow=(), ports=()), SAY)
        self._devices = tuple(devices)
        self._by_range = by_range

    def refusal(self, ranges: Sequence[str]) -> str | None:
        return "not asked" if "8.8.8.8" in ranges else None

    def look(self) -> tuple[Found, ...]:
        return self._devices if self._ranges or not self._by_range else ()


def device(last: int, **values: Any) -> Found:
    return Found(**{"address": f"192.168.1.{last}", "ways": (Way.ONVIF,), "maker": "Hikvision", **values})


def interview(folder: Path, terminal: Terminal, **wishes: Any) -> tuple[Interview, Draft]:
    draft = Draft(folder / "street.yaml", lang="en", env={"SECRET": "x"})
    wanted = Wishes(**{**NO_WISHES, **wishes})
    flags = Flags(wanted, draft, SAY)
    flags.put()
    assert flags.lines == []
    return Interview(draft, wanted, flags.camera_login, terminal, SAY), draft


def cameras(draft: Draft) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = draft.data["cameras"]
    return found


def test_what_a_flag_said_is_not_asked(tmp_path: Path) -> None:
    somebody = Scripted()
    asking, _ = interview(
        tmp_path, somebody, box_id="b", tenant="t", location="1,2", broker="mqtt://h", broker_user="u",
        broker_password="env:SECRET", camera_user="a", camera_password="env:SECRET", cameras=("gate=rtsp://h/x",),
    )  # fmt: skip
    asking.box("vm")
    asking.broker()
    assert somebody.asked == []


def test_tls_asks_for_its_files_and_nothing_else_does(tmp_path: Path) -> None:
    for name in ("ca.pem", "box.pem"):
        (tmp_path / name).touch()
    somebody = Scripted("mqtts：//broker", "none.pem", str(tmp_path / "ca.pem"), str(tmp_path / "box.pem"), "", "")
    asking, draft = interview(tmp_path, somebody)
    asking.broker()
    assert draft.data["mqtt"] == {
        "host": "broker",
        "port": 8883,
        "tls": {"ca_file": "ca.pem", "cert_file": "box.pem"},
    }
    assert somebody.complaints[0] == "  expected  a file that can be read"
    assert somebody.all_said()
    plain = Scripted("mqtt://broker", "")
    asking, _ = interview(tmp_path, plain)
    asking.broker()
    assert len(plain.asked) == 2


def test_devices_are_named_once_and_a_recorder_has_channels(tmp_path: Path) -> None:
    devices = [device(64), device(70, model="DS-7608NI"), device(71, maker="Axis"), device(72)]
    somebody = Scripted(
        "5", "1 2 3:1-2", "1 2 4",  # which: none such, channels of a maker unknown, good
        "x", "1-2",  # channels of the recorder
        "东门", "camera-64", "yard", "",  # names: the second one's id is taken by now, then the default
        "",
        "",  # no further one
        "n",  # not the same login
        "admin", "", "p1", "-", "guard", "p2",
    )  # fmt: skip
    asking, draft = interview(tmp_path, somebody)
    asking.cameras(Known(devices))
    assert somebody.all_said()
    assert [(camera["id"], camera.get("name"), camera["url"]) for camera in cameras(draft)] == [
        ("camera-64", "东门", "rtsp://192.168.1.64/Streaming/Channels/102"),
        ("yard", None, "rtsp://192.168.1.70/Streaming/Channels/102"),
        ("camera-70-2", None, "rtsp://192.168.1.70/Streaming/Channels/202"),
        ("camera-72", None, "rtsp://192.168.1.72/Streaming/Channels/102"),
    ]
    assert [camera.get("username") for camera in cameras(draft)] == ["admin", None, None, "guard"]
    assert draft.secrets == {"secrets/camera-64": "p1", "secrets/camera-72": "p2"}
    assert any("192.168.1.71: the addresses of this maker's channels" in line for line in somebody.complaints)
    assert '  found     "camera-64" again' in somebody.complaints
    assert "  expected a password, found nothing" in somebody.complaints


def test_cameras_of_one_address_are_named_in_any_language_and_only_what_is_wrong_is_told(tmp_path: Path) -> None:
    somebody = Scripted(
        "all", "East Gate", "East gate",
        "东门=rtsp://nvr/1", "admin", "北门=rtsp://nvr/2", "rtsp://nvr/3", "",
        "n", "-", "-", "-",
    )  # fmt: skip
    asking, draft = interview(tmp_path, somebody)
    asking.cameras(Known([device(64), device(65)]))
    assert somebody.all_said()
    assert [(camera["id"], camera.get("name")) for camera in cameras(draft)] == [
        ("east-gate", "East Gate"),
        ("east-gate-2", "East gate"),
        ("camera-1", "东门"),
        ("camera-1-2", "北门"),
        ("camera-1-3", None),
    ]
    told = "\n".join(somebody.complaints)
    assert ("admin" in told, "different id" in told) == (True, False)


def test_one_login_for_all_is_asked_once(tmp_path: Path) -> None:
    somebody = Scripted("all", "", "", "gate=rtsp://10.0.0.1/x", "", "y", "", "p")
    asking, draft = interview(tmp_path, somebody)
    asking.cameras(Known([device(64), device(65)]))
    assert somebody.all_said()
    assert {camera["username"] for camera in cameras(draft)} == {"admin"}
    assert (len(cameras(draft)), draft.secrets) == (3, {"secrets/cameras": "p"})


def test_a_login_of_flags_goes_to_cameras_that_were_found(tmp_path: Path) -> None:
    somebody = Scripted("all", "", "")
    asking, draft = interview(tmp_path, somebody, camera_user="admin", camera_password="env:SECRET")
    asking.cameras(Known([device(64)]))
    assert cameras(draft)[0]["password"] == {"env": "SECRET"}
    asked = Scripted("all", "", "", "typed")
    asking, draft = interview(tmp_path, asked, camera_user="admin")
    asking.cameras(Known([device(64)]))
    assert (cameras(draft)[0]["username"], draft.secrets) == ("admin", {"secrets/cameras": "typed"})


def test_a_camera_that_was_named_is_not_named_again(tmp_path: Path) -> None:
    somebody = Scripted("all", "", "", "y", "-")
    gate = "gate=rtsp://192.168.1.64/Streaming/Channels/102"
    asking, draft = interview(tmp_path, somebody, cameras=(gate,))
    asking.cameras(Known([device(64), device(65)]))
    assert somebody.all_said()
    assert [camera["id"] for camera in cameras(draft)] == ["gate", "camera-65"]


def test_where_nothing_is_found_a_range_is_asked_for(tmp_path: Path) -> None:
    somebody = Scripted("8.8.8.8", "192。168。1。0/24", "none", "")
    asking, draft = interview(tmp_path, somebody)
    asking.cameras(Known([device(64)], by_range=True))
    assert somebody.all_said()
    assert (somebody.complaints, cameras(draft)) == (["not asked"], [])
    nobody = Scripted("", "")
    asking, _ = interview(tmp_path, nobody)
    asking.cameras(Known([]))
    assert nobody.all_said()


def test_video_files_need_no_login(tmp_path: Path) -> None:
    (tmp_path / "street.mp4").touch()
    somebody = Scripted("clip=street.mp4", "")
    asking, draft = interview(tmp_path, somebody)
    asking.cameras(None)
    assert somebody.all_said()
    assert [camera["id"] for camera in cameras(draft)] == ["clip"]


@pytest.mark.parametrize(
    ("typed", "meant"), [("１９２。168．1.10：1883", "192.168.1.10:1883"), ("120.1，30.3", "120.1,30.3"), (" a ", "a")]
)
def test_what_a_chinese_keyboard_makes_of_an_address(typed: str, meant: str) -> None:
    assert narrow(typed) == meant
