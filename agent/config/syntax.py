"""What YAML could not read, in the users' words. The text itself is never repeated: it may hold a password."""

from __future__ import annotations

from itertools import takewhile

import yaml

from agent.config import slips
from agent.config.slips import Slip
from agent.config.words import Finding, Words


def finding(error: yaml.YAMLError, text: str) -> Finding:
    """Why this text cannot be read, and where."""
    mark = getattr(error, "problem_mark", None)
    what = str(getattr(error, "problem", None) or getattr(error, "reason", None) or "")
    known = ((found, mend) for needle, found, mend in _SYNTAX if needle in what)
    found, mend = next(known, (_SYNTAX_FOUND, _SYNTAX_MEND))
    if mark is None:
        return Finding(path=(), expected=VALID, found=found, mend=mend)
    line, column = mark.line, mark.column
    lines = text.splitlines()
    if typed := _typed(lines, line, with_above=any(needle in what for needle in _RUNS_ON)):
        line, column, slip = typed
        found, mend = slip.found, slip.mend
    elif _is_misplaced(lines, line, column, what):
        column = len(lines[line]) - len(lines[line].lstrip(" "))
        found, mend = _MISPLACED
    place = Words("{found}, column {n}", "{found}，第 {n} 列").fill(found=found, n=column + 1)
    return Finding(path=(), expected=VALID, found=place, mend=mend, line=line + 1)


def _typed(lines: list[str], line: int, *, with_above: bool) -> tuple[int, int, Slip] | None:
    """A slip of the typist on the line where YAML stopped, or on the one above, with line and column."""
    above = _above(lines, line) if with_above else None
    for number in (line, above):
        if number is not None and number < len(lines) and (slip := slips.on_line(lines[number])):
            return number, slip.column, slip
    return None


def _is_misplaced(lines: list[str], line: int, column: int, what: str) -> bool:
    """Whether the line does not line up with those above: YAML stopped at its first character, or at its first colon.

    In the latter case the line goes on with the value above it, as it is indented more.
    """
    if line >= len(lines):
        return False
    before = lines[line][:column].lstrip(" ")
    if "expected <block end>" in what:
        return not before
    above = _above(lines, line)
    if "mapping values are not allowed" not in what or above is None or ": " in before:
        return False
    return _indent(lines[line]) > _indent(lines[above])


def _above(lines: list[str], line: int) -> int | None:
    """The nearest line above that holds more than a comment."""
    return next((n for n in range(min(line, len(lines)) - 1, -1, -1) if lines[n].split("#")[0].strip()), None)


def _indent(line: str) -> int:
    """Where its first key stands: the dash of a list's item counts as indentation."""
    return len(list(takewhile(lambda c: c in " -", line)))


VALID = Words("valid YAML", "有效的 YAML")
_SYNTAX_FOUND = Words("something that YAML cannot read", "YAML 无法解析的内容")
_SYNTAX_MEND = Words("check this line and the one above it", "请检查该行及其上一行")
_INDENT = Words("indent with spaces; put text with a colon in quotes", "请用空格缩进；含冒号的文字请加引号")
_MISPLACED = (
    Words("a line that does not line up with those above", "与上文没有对齐的行"),
    Words("align this key with those above it", "请将该键与上文的键对齐"),
)
_RUNS_ON = ("mapping values are not allowed", "could not find expected ':'")
"""YAML stops here a line too late: it takes the line above for text that goes on."""
_SYNTAX: tuple[tuple[str, Words, Words], ...] = (
    ("'\\t'", Words("a tab", "制表符（Tab）"), Words("indent with spaces", "请用空格缩进")),
    (
        "mapping values are not allowed",
        Words("a colon where none can stand", "不应出现的冒号"),
        _INDENT,
    ),
    (
        "could not find expected ':'",
        Words("a line without a colon", "缺少冒号的行"),
        Words('write "key: value" with a space after the colon', "请写成 “key: value”，冒号后加空格"),
    ),
    (
        "expected <block end>",
        Words("text after a value that has ended", "值结束之后的文字"),
        Words("put the whole text in one pair of quotes", "请用一对引号括住整段文字"),
    ),
    (
        "undefined alias",
        Words("an alias (*name) that no anchor (&name) defines", "未定义的别名（*name）"),
        Words("put text that begins with * in quotes", "以 * 开头的文字请加引号"),
    ),
    (
        "cannot start any token",
        Words("a character that cannot begin a value", "不能作为开头的字符"),
        Words("put the text in quotes", "请给文字加引号"),
    ),
    (
        "but found another document",
        Words("a second document (---)", "第二个文档（---）"),
        Words("keep one document in the file", "一个文件只保留一个文档"),
    ),
    (
        "special characters are not allowed",
        Words("a control character", "控制字符"),
        Words("delete it, or write it as an escape in quotes", "请删除，或在引号中用转义写法"),
    ),
)
