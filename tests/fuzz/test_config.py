"""The configuration file as a person, a bad editor or somebody with a grudge leaves it: problems, never a traceback."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agent.app.proposal import proposed
from agent.config import inspect
from agent.core.errors import CommandRejected
from tests.unit.config.samples import HOME, read

ROOT = Path(__file__).parents[2]
LINES = (ROOT / "configs/example.yaml").read_text(encoding="utf-8").replace("#", " ").splitlines()
LINES = [line for line in LINES if ":" in line]
CANARY = "correcthorse"
LOGIN = f"""\
mqtt: {{host: broker, username: box, password: {CANARY}}}
cameras:
  - {{id: gate, url: rtsp://10.0.0.1/x, username: admin, password: {CANARY}, main_stream: http://10.0.0.1/p}}
  - {{id: yard, url: "rtsp://admin:{CANARY}@10.0.0.2/y"}}
evidence: {{send: put, put_url: "https://s.example/{{id}}?X-Amz-Signature={CANARY}"}}
"""
ODD = [
    "!!python/object/apply:os.system [id]",
    "!!binary aGk=",
    "&a [*a, *a]",
    "*nobody",
    "<<: *x",
    "? [a, b]",
    "{" * 200,
    "- " * 300,
    "\u2028",
    "\x1b[2J",
    '"\\ud800"',
    "1" * 5000,
    "0x" + "f" * 400,
    "1e999",
    ".inf",
    ".nan",
    "~",
    "|\n  text",
    "2026-02-30",
    "999999999999d",
    "rtsp://[::1",
    "http://h:99999/",
]


def check(text: str) -> None:
    for lang in ("en", "zh-CN"):
        report = read(text, lang="zh-CN" if lang == "zh-CN" else "en")
        assert (report.config is None) == bool(report.problems)
        said = str((report.problems, report.warnings))
        assert CANARY not in said
        assert CANARY not in repr(report.config)
        assert all(text.isprintable() for p in report.problems for text in (p.key, p.expected, p.found, p.mend))


@st.composite
def changed(draw: st.DrawFn) -> str:
    """The example with lines exchanged, repeated, lost, indented, and with odd values."""
    lines = list(LINES)
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, len(lines) - 1))
        match draw(st.sampled_from(["lose", "repeat", "swap", "indent", "value", "cut"])):
            case "lose":
                del lines[at]
            case "repeat":
                lines.insert(draw(st.integers(0, len(lines))), lines[at])
            case "swap":
                other = draw(st.integers(0, len(lines) - 1))
                lines[at], lines[other] = lines[other], lines[at]
            case "indent":
                lines[at] = draw(st.sampled_from([" ", "  ", "\t", "- "])) + lines[at]
            case "value":
                lines[at] = lines[at].partition(":")[0] + ": " + draw(st.sampled_from(ODD) | st.text(max_size=20))
            case "cut":
                lines[at] = lines[at][: draw(st.integers(0, len(lines[at])))]
    return "\n".join(lines)


@given(changed())
def test_the_example_with_anything_done_to_it(text: str) -> None:
    check(text)


@given(st.integers(0, len(LOGIN)), st.integers(0, 12), st.sampled_from(ODD) | st.text(max_size=8))
@example(at=LOGIN.index("correct") - 1, length=1, instead="")
@example(at=LOGIN.index("@10") - 0, length=1, instead="/")
def test_logins_with_anything_done_to_them_are_never_shown(at: int, length: int, instead: str) -> None:
    text = LOGIN[:at] + instead + LOGIN[at + length :]
    part_of_a_user_name = re.search(rf"username: [^,}}]*{CANARY}", text)  # which is no secret
    if CANARY in text and not part_of_a_user_name:
        check(text)


@given(st.binary(max_size=300))
def test_any_bytes_in_the_file(tmp_path_factory: pytest.TempPathFactory, body: bytes) -> None:
    file = tmp_path_factory.getbasetemp() / "any.yaml"
    file.write_bytes(body)
    report = inspect(file, env={})
    assert (report.config is None) == bool(report.problems)


@given(st.integers(0, len(LOGIN)), st.integers(0, 12), st.sampled_from(ODD) | st.text(max_size=8))
def test_a_document_by_command_is_taken_or_rejected(at: int, length: int, instead: str) -> None:
    now = read(LOGIN).config
    assert now is not None
    shown = LOGIN.replace(f"password: {CANARY}", "password: {kept: on-box}")
    try:
        proposed(shown[:at] + instead + shown[at + length :], LOGIN, now, HOME)
    except CommandRejected as rejected:
        assert CANARY not in str(rejected)


BIG = 180_000
"""Characters; a document by command has 200,000 at most."""


@pytest.mark.timeout(60)  # seconds that are needed; hours were, for some of these
@pytest.mark.parametrize(
    "text",
    [
        "mqtt: {host: b}\ncameras: [{id: gate, url: 'rtsp://h/" + "a" * BIG + "'}]",
        "mqtt: {host: b}\ncameras: [{id: gate, url: 'rtsp://" + "a:" * (BIG // 2) + "'}]",
        "mqtt: {host: b}\ncameras: [{id: gate, url: 'rtsp://" + "a@" * (BIG // 2) + "h'}]",
        "mqtt: {host: '" + "a." * (BIG // 2) + "'}",
        "mqtt: {host: '" + "a-" * (BIG // 2) + "'}",
        "mqtt: {host: b, keepalive: " + "1" * BIG + "s}",
        "mqtt: {host: b, keepalive: " + "1h" * (BIG // 2) + "}",
        "mqtt: {host: b, password: " + "password" * (BIG // 8) + "}",
        "k" * BIG + ": 1",
        "mqtt: {host: b, " + "k" * BIG + ": 1}",
        "[" * BIG,
        "{a: " * (BIG // 4),
        "- " * (BIG // 2),
        "a: " * (BIG // 3),
        "'" * BIG,
        "\n".join(f"k{i}: &a{i} [*a{i - 1}, *a{i - 1}]" if i else "k0: &a0 [1]" for i in range(3000)),
        "\n".join(f"k{i}: {i}" for i in range(15_000)),
        "mqtt: {host: b}\ncameras:\n" + "- {id: a, url: 'rtsp://***@h/x'}\n" * 4000,
        "#" * BIG,
        "“" * BIG,
        "a：" * (BIG // 2),
        "- {,[" * (BIG // 5),
        "evidence: {put_url: 'http://h/" + "{" * BIG + "'}",
        "box: {time_zone: " + "A" * BIG + "}",
    ],
    ids=range(24),
)
def test_a_document_made_to_keep_the_box_busy(text: str) -> None:
    now = read(LOGIN).config
    assert now is not None
    with pytest.raises(CommandRejected):
        proposed(text, LOGIN, now, HOME)
