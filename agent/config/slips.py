"""Slips of the typist that YAML takes for text: a full-width colon, a colon without its space, typographic quotes."""

from __future__ import annotations

import re
from typing import NamedTuple

from agent.config.words import Words, same

_OPENING = "“”„‟‘’‚‛＂＇"
_KEY = r"[A-Za-z_][A-Za-z0-9_-]*"
_COLON = re.compile(rf"(?P<key>{_KEY})(?P<colon>\s*：|:(?!\s|//|$))")
_BEGIN = r"(?:^\s*(?:-\s+)*|[{,]\s*)"
_COLON_ON_LINE = re.compile(_BEGIN + _COLON.pattern)
_QUOTE_ON_LINE = re.compile(rf"(?:{_BEGIN}|[:\[]\s*)(?P<quote>[{_OPENING}])")


class Slip(NamedTuple):
    """What was typed and how to mend it. `key` is the key that was meant, where there is one."""

    expected: Words
    found: Words
    mend: Words
    column: int = 0
    key: str = ""


def on_line(line: str) -> Slip | None:
    """The slip on a line that YAML could not read."""
    if match := _COLON_ON_LINE.search(line):
        return _colon(match)
    if match := _QUOTE_ON_LINE.search(line):
        return _quote(match["quote"])._replace(column=match.start("quote"))
    return None


def in_key(text: str, *, alone: bool) -> Slip | None:
    """The slip in an unquoted key. `alone`: it has no value, so a colon within it was to end it."""
    if text and text[0] in _OPENING:
        return _quote(text[0])._replace(key=text.strip(_OPENING))
    match = _COLON.match(text)
    return _colon(match) if match and (alone or match["colon"] != ":") else None


def in_pair(text: str) -> Slip | None:
    """The slip in text that stands where `key: value` was expected."""
    match = _COLON.match(text)
    return _colon(match) if match else None


def in_value(text: str) -> Slip | None:
    """Typographic quotes around an unquoted value, or one at its beginning only; not `“Old Town” gate`."""
    if not text or text[0] not in _OPENING:
        return None
    closing = [i for i, c in enumerate(text[1:], 1) if c in _OPENING + "\"'"]
    return _quote(text[0]) if not closing or closing[-1] == len(text) - 1 else None


def _colon(match: re.Match[str]) -> Slip:
    if match["colon"] == ":":
        found, mend = Words("no space after the colon", "冒号后没有空格"), _SPACE
    else:
        found, mend = Words("a full-width colon (：)", "全角冒号（：）"), _NARROW
    return Slip(_PAIR, found, mend, column=match.end("colon") - 1, key=match["key"])


def _quote(character: str) -> Slip:
    return Slip(_STRAIGHT, Words("a typographic quote ({c})", "弯引号（{c}）").fill(c=character), _STRAIGHTEN)


_PAIR = same("key: value")
_STRAIGHT = Words("straight quotes, or none", "英文直引号，或不加引号")
_SPACE = Words("a space is missing after the colon: write key: value", "冒号后缺少空格：请写成 key: value")
_NARROW = Words("write a plain colon and a space: key: value", "请用英文冒号加空格：key: value")
_STRAIGHTEN = Words(
    """write " or ' instead; if it belongs to the text, put straight quotes around the whole""",
    """请改用 " 或 '；若它是文字的一部分，请用英文直引号括住整段文字""",
)
