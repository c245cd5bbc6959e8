"""Texts in the two languages of the users, and how a value of the file is shown in one without giving a secret away."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from agent.core.address_secrets import secret_parameters

Lang = Literal["en", "zh-CN"]
Path = tuple[str | int, ...]
"""Where in the document: `("cameras", 0, "zones", 1, "polygon")`."""

STEERING = r"\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff"
"""Of a set in a regular expression: what a terminal would obey, or what turns the direction of writing."""
_SHOWN_CHARACTERS = 80
_PATH_CHARACTERS = 4096
_SECRET_KEYS = frozenset({"password", "put_url"})
_LOOKS_SECRET = re.compile(r"(password|passwort|passwd|pwd|psw|loginpas|secret|token|密码)\W*[:=]", re.IGNORECASE)
_ADDRESS_KEYS = frozenset({"url", "host"})
_HOST_AND_PORT = re.compile(r"([A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{0,5})?")
_PLAIN_ADDRESS = re.compile(rf"([A-Za-z]+://)?{_HOST_AND_PORT.pattern}(/[^:@]*)?")
"""An address that cannot hide a login, not even one that lost a character."""
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


class Words(NamedTuple):
    """One text in English and Chinese."""

    en: str
    zh: str

    def of(self, lang: Lang) -> str:
        """The text in one language."""
        return self.zh if lang == "zh-CN" else self.en

    def fill(self, **values: object) -> Words:
        """Both texts with their `{placeholders}` filled; a value may itself be `Words`."""
        en = {key: value.en if isinstance(value, Words) else value for key, value in values.items()}
        zh = {key: value.zh if isinstance(value, Words) else value for key, value in values.items()}
        return Words(self.en.format(**en), self.zh.format(**zh))


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing to tell about one place in the document. A warning does not keep the agent from running."""

    path: Path
    expected: Words
    found: Words
    mend: Words
    warning: bool = False
    line: int | None = None


def same(text: object) -> Words:
    """The same text in both languages: an example, a name, a number."""
    return Words(str(text), str(text))


NOTHING = Words("nothing", "空")
DELETE = Words("correct it or delete the key", "请改正，或删除该键")


def looks_secret(text: str) -> bool:
    """Whether a text seems to hold a password or an address with one."""
    return "@" in text or _LOOKS_SECRET.search(text) is not None or bool(secret_parameters(text))


def _odd_authority(address: str) -> bool:
    """Whether an address begins with neither a host nor a login that ends in `@`: perhaps a login that lost its `@`."""
    authority = address.partition("/")[0]
    return ":" in authority and "@" not in address and not _HOST_AND_PORT.fullmatch(authority)


def quoted(text: str, most: int = _SHOWN_CHARACTERS) -> str:
    """Text in quotes: credentials in addresses masked, control characters escaped, text longer than `most` cut."""
    if _LOOKS_SECRET.search(text) or secret_parameters(text):
        return '"***"'
    if _odd_authority(text.partition("://")[2]):
        text = f"{text.partition('://')[0]}://***"
    elif "@" in text:
        scheme = re.match(r"[A-Za-z][A-Za-z0-9+.-]*:/*(?=.*@)", text)
        known = scheme[0] if scheme and "//" in scheme[0] else ""
        text = f"{known}***@{text.rpartition('@')[2]}"
    if len(text) > most:
        text = text[:most] + "…"
    escaped = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text.replace("\n", "⏎"))
    return f'"{escaped}"'


def path_text(path: object) -> str:
    """A path, whole: its end tells most."""
    return quoted(str(path), most=_PATH_CHARACTERS)[1:-1]


def is_secret(path: Path) -> bool:
    """Whether whatever stands there must not be repeated."""
    return any(part in _SECRET_KEYS for part in path)


def shown(value: object, path: Path = ()) -> Words:
    """A value of the document in words; of a secret only its kind."""
    match value:
        case None:
            return NOTHING
        case dict():
            return Words("a mapping (key: value)", "键值表（key: value）")
        case list():
            return Words("a list of {n}", "含 {n} 项的列表").fill(n=len(value))
        case str() if path and path[-1] in _ADDRESS_KEYS and not ("@" in value or _PLAIN_ADDRESS.fullmatch(value)):
            return Words("an address that is not shown", "（地址不显示）")
        case _ if is_secret(path):
            return Words("a value that is not shown", "（内容不显示）")
        case bool():
            return same("true" if value else "false")
        case int() | float():
            return Words("the number {n}", "数字 {n}").fill(n=value)
        case _:
            return Words("the text {text}", "文字 {text}").fill(text=quoted(str(value)))


def kind(value: object) -> Words:
    """As `shown`, but plain text is not repeated: where a whole section was expected it may hold anything."""
    return Words("text", "一段文字") if isinstance(value, str) else shown(value)


def dotted(path: Path) -> str:
    """`cameras[0].zones[1].polygon`; a key that is not a plain word stands in quotes. Ends at a secret."""
    text = ""
    path = next((path[: i + 1] for i, part in enumerate(path) if part in _SECRET_KEYS), path)
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            name = part if _PLAIN_KEY.fullmatch(part) and len(part) <= _SHOWN_CHARACTERS else quoted(part)
            text += f".{name}" if text else name
    return text or "(file)"


def one_of(names: Iterable[object]) -> Words:
    """`a, b or c`."""
    *most, last = [str(name) for name in names]
    if not most:
        return same(last)
    return Words(f"{', '.join(most)} or {last}", f"{'、'.join(most)} 或 {last}")
