"""Slips of the typist: what stands there is named, and no text that may be a password is repeated."""

from __future__ import annotations

import pytest

from tests.unit.config.samples import BASE, read

ALIGN = "found a line that does not line up with those above, column {n}; align this key with those above it"
WIDE = "found a full-width colon (：){at}; write a plain colon and a space: key: value"
SPACE = "found no space after the colon{at}; a space is missing after the colon: write key: value"
QUOTE = (
    "expected straight quotes, or none, found a typographic quote ({c}); "
    "write \" or ' instead; if it belongs to the text, put straight quotes around the whole"
)
SECRET = "Ge-heim9"


def told(text: str) -> list[str]:
    return [str(problem).removeprefix("c.yaml:") for problem in read(text).problems]


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("mqtt:\n  host: a\n   port: 3\n", 3, 4),
        ("mqtt:\n    host: a\n  port: 3\n", 3, 3),
        ("mqtt:\n  host: a\n cameras: []\n", 3, 2),
        ("mqtt: {host: a}\n cameras: []\n", 2, 2),
        ("cameras:\n  - id: gate\n     url: rtsp://h/x\n", 3, 6),
        ("cameras:\n  - id: gate\n   url: rtsp://h/x\n", 3, 4),
        ("cameras:\n  - id: gate\n # a comment\n\n   url: rtsp://h/x\n", 5, 4),
        ("cameras:\n  - id: gate\n - id: yard\n", 3, 2),
    ],
)
def test_a_key_that_does_not_line_up(text: str, line: int, column: int) -> None:
    assert told(text) == [f"{line}: (file): expected valid YAML, {ALIGN.format(n=column)}"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mqtt：\n  host: a\n", f"1: (file): expected valid YAML, {WIDE.format(at=', column 5')}"),
        ("mqtt:\n  host：a\n  port: 3\n", f"2: (file): expected valid YAML, {WIDE.format(at=', column 7')}"),
        ("mqtt:\n  port: 3\n  host ：a\n", f"3: (file): expected valid YAML, {WIDE.format(at=', column 8')}"),
        ("mqtt:\n  host：a\n", f"1: mqtt: expected a section (key: value), {WIDE.format(at='')}"),
        ("mqtt: {host：a}\n", f"1: mqtt.host: expected key: value, {WIDE.format(at='')}"),
        ("mqtt： {host: a}\n", f"1: mqtt: expected key: value, {WIDE.format(at='')}"),
        ("mqtt:\n  host:h\n  port: 3\n", f"2: (file): expected valid YAML, {SPACE.format(at=', column 7')}"),
        ("mqtt:\n  port: 3\n  host:10.0.0.1\n", f"3: (file): expected valid YAML, {SPACE.format(at=', column 7')}"),
        ("mqtt:\n  host:10.0.0.1\n", f"1: mqtt: expected a section (key: value), {SPACE.format(at='')}"),
        ("mqtt: {host:10.0.0.1}\n", f"1: mqtt.host: expected key: value, {SPACE.format(at='')}"),
        ("mqtt: {host: a, port:1883}\n", f"1: mqtt.port: expected key: value, {SPACE.format(at='')}"),
        ("mqtt: {host: “10.0.0.1”}\n", f"1: mqtt.host: {QUOTE.format(c='“')}"),
        ("mqtt: {host: ‘broker’}\n", f"1: mqtt.host: {QUOTE.format(c='‘')}"),
        ("mqtt: {“host”: broker}\n", f"1: mqtt.host: {QUOTE.format(c='“')}"),
        (
            "mqtt:\n  host: “a: b”\n",
            "2: (file): expected valid YAML, found a typographic quote (“), column 9; "
            "write \" or ' instead; if it belongs to the text, put straight quotes around the whole",
        ),
    ],
)
def test_a_slip_is_named_once(text: str, expected: str) -> None:
    assert told(text) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        f"password:{SECRET}",
        f"password：{SECRET}",
        f"password: “{SECRET}”",
        f"password: ‘{SECRET}",
        f"“password”: {SECRET}",
        f"  password: {SECRET}",
        f"password: “{SECRET}: x”",
        f'password: "{SECRET}" {SECRET}',
    ],
)
@pytest.mark.parametrize("before", ["mqtt:\n  host: a\n  username: u\n  ", "mqtt:\n  "])
def test_passwords_are_not_repeated(before: str, text: str) -> None:
    report = read(f"{before}{text}\n")
    assert report.config is None
    assert SECRET not in str(report.problems + report.warnings)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("id: kerb", "id: kerb\n        name: “老街”路口"),
        ("id: kerb", "id: kerb\n        name: “老街”"),
        ("id: kerb", "id: kerb\n        name: 东门：北侧"),
        ("url: rtsp://192.168.1.64/x", "url: file:clip.mp4"),
        ("host: broker", "host: broker, username: '“u”'"),
        ("host: broker", "host: broker, username: “u” of box"),
        ("host: broker", "host: broker, username: a：b"),
    ],
)
def test_what_is_no_slip(old: str, new: str) -> None:
    assert told(BASE.replace(old, new, 1)) == []


def test_in_chinese() -> None:
    problems = read("mqtt: {host：a, port:1, ‘username’: u}\n", lang="zh-CN").problems
    straight = """请改用 " 或 '；若它是文字的一部分，请用英文直引号括住整段文字"""
    assert [(problem.key, problem.found, problem.mend) for problem in problems] == [
        ("mqtt.host", "全角冒号（：）", "请用英文冒号加空格：key: value"),
        ("mqtt.port", "冒号后没有空格", "冒号后缺少空格：请写成 key: value"),
        ("mqtt.username", "弯引号（‘）", straight),
    ]
    (problem,) = read("mqtt:\n  host: a\n   port: 3\n", lang="zh-CN").problems
    assert (problem.found, problem.mend) == ("与上文没有对齐的行，第 4 列", "请将该键与上文的键对齐")


def test_text_after_the_closing_quote() -> None:
    assert told('mqtt:\n  host: "a" b\n') == [
        "2: (file): expected valid YAML, found text after a value that has ended, column 13; "
        "put the whole text in one pair of quotes"
    ]
