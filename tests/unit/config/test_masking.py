"""No secret leaves the box in a document, and every one of them comes back with it."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from agent.config import document
from agent.config.masking import masked, restored
from agent.config.models import Config
from agent.config.tree import every_key
from agent.config.words import is_secret
from tests.unit.config.samples import read

FILE = """\
# the gate's box
mqtt: {host: broker, username: box, password: "b: #1"}   # the city's broker
cameras:
  - id: gate
    url: rtsp://admin:c@mera/64@192.168.1.64/Streaming/Channels/102
  - id: yard
    url: rtsp://192.168.1.65/x
    username: admin
    password: hunter2
  - {id: door, url: rtsp://192.168.1.66/x, username: admin, password: {env: DOOR}}
"""
SHOWN = """\
# the gate's box
mqtt: {host: broker, username: box, password: {kept: on-box}}   # the city's broker
cameras:
  - id: gate
    url: "rtsp://***@192.168.1.64/Streaming/Channels/102"
  - id: yard
    url: rtsp://192.168.1.65/x
    username: admin
    password: {kept: on-box}
  - {id: door, url: rtsp://192.168.1.66/x, username: admin, password: {env: DOOR}}
"""
FILE = FILE.replace("c@mera/64", "c@mera")


def back(text: str, former: str = FILE) -> object:
    whole, findings = restored(text, former)
    assert findings == []
    return document.read(whole).data


def test_secrets_are_masked_in_place_and_all_else_stays_as_it_is_written() -> None:
    assert masked(FILE, ["b: #1", "hunter2", "c@mera", "from-the-environment"]) == SHOWN


def test_what_was_masked_comes_back_to_what_it_was() -> None:
    assert back(SHOWN) == document.read(FILE).data


def test_a_secret_follows_its_camera_wherever_it_stands_now() -> None:
    data = yaml.safe_load(SHOWN)
    data["cameras"].reverse()
    data["cameras"][1]["url"] = "rtsp://192.168.1.65/y"
    cameras = back(yaml.safe_dump(data))["cameras"]  # type: ignore[index]
    assert [camera["id"] for camera in cameras] == ["door", "yard", "gate"]
    assert (cameras[1]["password"], cameras[2]["url"]) == (
        "hunter2",
        "rtsp://admin:c@mera@192.168.1.64/Streaming/Channels/102",
    )


def test_a_secret_may_be_replaced() -> None:
    text = SHOWN.replace("password: {kept: on-box}\n", "password: another\n")
    assert back(text)["cameras"][1]["password"] == "another"  # type: ignore[index]


@pytest.mark.parametrize(
    ("was", "now", "key"),
    [
        ("password: {kept: on-box}\n", "password: {file: yard.txt}\n", ("cameras", 1, "password")),
        ("rtsp://192.168.1.66/x", "rtsp://evil/x", ("cameras", 2, "password")),
        ("{env: DOOR}", "{env: AWS_SECRET}", ("cameras", 2, "password")),
        ("{env: DOOR}", "{env: DOOR}, main_stream: http://evil/p", ("cameras", 2, "password")),
        ("box, password: {kept: on-box}", "box, password: {file: /etc/shadow}", ("mqtt", "password")),
    ],
)
def test_a_reference_goes_nowhere_that_it_did_not_go_before(was: str, now: str, key: tuple[str | int, ...]) -> None:
    assert was in SHOWN
    _, [finding] = restored(SHOWN.replace(was, now, 1), FILE)
    assert finding.path == key
    assert "a reference that the box's file has already" in finding.expected.en


def test_a_further_channel_of_the_same_device_may_have_its_reference() -> None:
    text = SHOWN + "  - {id: door-2, url: rtsp://192.168.1.66/y, username: admin, password: {env: DOOR}}\n"
    assert restored(text, FILE)[1] == []


def test_where_pictures_are_put_is_not_read_from_another_file_by_command() -> None:
    text = "evidence: {send: put, put_url: {env: PUT_URL}}"
    assert restored(text, text)[1] == []
    assert [finding.path for finding in restored(text.replace("env: PUT_URL", "file: /etc/hostname"), text)[1]] == [
        ("evidence", "put_url")
    ]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("cameras: [{id: new, password: {kept: on-box}}]", ("cameras", 0, "password")),
        ("cameras: [{id: yard, url: 'rtsp://***@h/x'}]", ("cameras", 0, "url")),
        ("cameras: [{id: door, password: {kept: on-box}}]", ("cameras", 0, "password")),
    ],
    ids=["another camera", "no login in the address", "a reference"],
)
def test_a_mask_without_a_secret_behind_it_is_told(text: str, path: tuple[str | int, ...]) -> None:
    _, [finding] = restored(text, FILE)
    assert finding.path == path


def test_a_mask_that_was_copied_into_a_file_by_hand_is_no_password() -> None:
    report = read("mqtt: {host: broker, username: box, password: {kept: on-box}}")
    assert [problem.key for problem in report.problems] == ["mqtt.password"]


@pytest.mark.parametrize(
    "text",
    [
        FILE + "# password: old-secret\n",
        FILE + "# was rtsp://admin:old-secret@192.168.1.60/x\n",
        FILE + "# old-secret, the cleaner's\n",
        "cameras:\n- &a {id: gate, username: admin, password: &p old-secret}\n- {id: yard, password: *p}\n",
        "cameras:\n- {id: gate, password: |\n    old-secret\n    }\n",
        "cameras:\n- id: gate\n  password: >-\n    old-secret\n  name: x\n",
        "base: &b {password: old-secret}\ncameras:\n- {id: gate, <<: *b}\n- {id: yard, <<: *b}\n",
    ],
    ids=["comment", "address in a comment", "known secret", "alias", "broken", "block", "merge"],
)
def test_a_text_whose_layout_could_give_a_secret_away_is_written_anew(text: str) -> None:
    shown = masked(text, ["old-secret"])
    assert "old-secret" not in shown
    assert back(shown, text) == document.read(text).data


def test_numbers_and_words_that_look_alike_survive_being_written_anew() -> None:
    text = 'a: "1e3"\nb: on\nc: "22:00"\nd: 0x10\ne: "5"\nf: 0.5\ng: "true"\nh: no\n# token: x\n'
    shown = masked(text)
    assert "token" not in shown
    assert document.read(shown).data == document.read(text).data


def test_an_address_that_is_a_key_in_itself_is_masked_as_a_whole() -> None:
    text = "evidence:\n  send: put\n  put_url: https://store/{camera}?X-Signature=abc   # signed\n"
    shown = masked(text)
    assert shown == "evidence:\n  send: put\n  put_url: {kept: on-box}   # signed\n"
    assert back(shown, text) == document.read(text).data


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).filter(lambda t: "\ufeff" not in t))
def test_any_password_comes_back(password: str) -> None:
    data = {"cameras": [{"id": "gate", "password": password, "name": "东门"}]}
    text = yaml.safe_dump(data, allow_unicode=True, default_style='"')
    shown = masked(text)
    assert document.read(shown).data == {"cameras": [{"id": "gate", "password": {"kept": "on-box"}, "name": "东门"}]}
    assert back(shown, text) == document.read(text).data == data


@given(st.text(max_size=200))
def test_no_text_whatsoever_makes_it_fail(text: str) -> None:
    masked(text)
    restored(text, FILE)


def test_every_secret_key_is_masked() -> None:
    secret = [path for path, info in every_key(Config) if "SecretStr" in repr(info.annotation)]
    assert secret
    assert all(is_secret(path[-1:]) for path in secret)


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(["a0: &a0 [x]"] + [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]),
        "\n".join(["a0: &a0 {}"] + [f"a{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * 10)}]}}" for i in range(1, 12)]),
        "a: &a [*a, *a, *a]",
        f"cameras: [{'x, ' * (document.MAX_NODES + 1)}]",
    ],
    ids=["aliases", "merges", "an alias of itself", "all written out"],
)
def test_a_text_that_grows_without_end_is_not_followed(text: str) -> None:
    assert restored(text, FILE) == (text, [])
    assert [finding.found.en for finding in document.read(text).findings] == [
        "too many, or an alias of something around it"
    ]
    assert masked(text)


def test_a_box_full_of_cameras_is_far_below_the_bound() -> None:
    outline = ", ".join(["[0.1, 0.2]"] * 8)
    zones = "".join(f"\n  - {{id: z{n}, polygon: [{outline}], rules: {{illegal_parking: {{}}}}}}" for n in range(5))
    cameras = "".join(f"\n- id: c{n}\n  url: rtsp://h/{n}\n  zones:{zones}" for n in range(64))
    assert document.read(f"cameras:{cameras}").findings == []


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("rtsp://h/user=admin&password=Xy-1&channel=1", "rtsp://h/user=admin&password=***&channel=1"),
        ("rtsp://h/user=admin&password=a/b?c&d&channel=1", "rtsp://h/user=admin&password=***&channel=1"),
        ("rtsp://h/user=admin_password=tl_Jw_channel=1_stream=0.sdp", "rtsp://h/user=***"),
        ("rtsp://h/x?usr=admin&pwd=Xy-1", "rtsp://h/x?usr=admin&pwd=***"),
        ("http://h/cgi?loginuse=a&loginpas=Xy-1", "http://h/cgi?loginuse=a&loginpas=***"),
        ("http://h/s?token=zz", "http://h/s?token=***"),
        ("http://h/s?u=a&p=Xy-1", "http://h/s?u=a&p=***"),
        ("http://h/s?p%61ss=Xy-1", "http://h/s?p%61ss=***"),
        ("rtsp://a:b@h/x?pwd=Xy-1", "rtsp://***@h/x?pwd=***"),
        ("rtsp://h/cam/realmonitor?channel=1&subtype=0", "rtsp://h/cam/realmonitor?channel=1&subtype=0"),
        ("rtsp://h/user=admin&password=&channel=1", "rtsp://h/user=admin&password=&channel=1"),
    ],
)
def test_a_secret_among_the_parameters_of_an_address_is_masked_and_comes_back(address: str, shown: str) -> None:
    text = yaml.safe_dump({"cameras": [{"id": "gate", "url": address}]})
    given = masked(text)
    assert document.read(given).data == {"cameras": [{"id": "gate", "url": shown}]}
    assert back(given, text) == document.read(text).data


def test_what_is_not_masked_of_an_address_may_change() -> None:
    text = "cameras: [{id: gate, url: 'rtsp://h/user=admin&password=Xy-1&channel=1'}]"
    whole, findings = restored(masked(text).replace("channel=1", "channel=2"), text)
    assert (findings, document.read(whole).data) == ([], document.read(text.replace("channel=1", "channel=2")).data)


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ("host: broker,", "host: evil,"),
        ("host: broker,", "host: broker, port: 8884,"),
        ("host: broker,", "host: broker, tls: off,"),
        ("***@192.168.1.64/", "***@evil/"),
        ("***@192.168.1.64/", "***@192.168.1.64:8554/"),
        ("rtsp://192.168.1.65/x", "rtsp://192.168.1.65.evil.example/x"),
        ("rtsp://192.168.1.65/x", "rtsp://192.168.1.65/x\n    main_stream: http://evil/p"),
    ],
)
def test_no_secret_follows_to_another_place(was: str, now: str) -> None:
    _, [finding] = restored(SHOWN.replace(was, now), FILE)
    assert finding.expected.en == "the secret anew, since the host or port that it goes to is another"


def test_a_mask_does_not_bring_one_camera_the_secret_of_another() -> None:
    two = "cameras:\n- {id: gate, url: rtsp://h/1, password: one}\n- {id: yard, url: rtsp://h/2, password: two}\n"
    shared = two.replace("one", "&p {kept: on-box}").replace("two", "*p")
    assert [finding.path for finding in restored(shared, two)[1]] == [("cameras", 1, "password")]
    parameter = "cameras: [{id: gate, url: 'rtsp://evil/x?pwd=***'}]"
    assert restored(parameter, "cameras: [{id: gate, url: 'rtsp://h/x?pwd=Xy-1'}]")[1]


def test_a_password_in_an_address_is_warned_about_and_never_shown() -> None:
    for address in ("rtsp://h/user=a&password=Xy-1&channel=1", "rtsp://h/?usr=a&pwd=Xy-1", "ftp://h/?u=a&p=Xy-1"):
        report = read(f"mqtt: {{host: b}}\ncameras: [{{id: gate, url: '{address}', zones: []}}]\n")
        assert "cameras[0].url" in [problem.key for problem in report.warnings]
        assert "Xy-1" not in "".join(map(str, (*report.problems, *report.warnings)))
