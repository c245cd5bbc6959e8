"""A configuration as text that a person goes on with: commented by the models' own descriptions, in their language.

What is written is what was given, key by key; keys that are worth offering stand there as comments, to be taken by
removing the `#`. So does an example of a zone: one that counts but that nobody drew would report falsely.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.cells import cell_len

from agent.config.comments import comment
from agent.config.models import Config
from agent.config.sections.cameras import ZoneConfig
from agent.config.tree import known_keys, section
from agent.config.words import Lang, Path, Words
from agent.config.yaml_text import one_line

_COLUMN, _WIDTH = 40, 120
"""Where comments begin, and where they go on below."""
_TOLD_CHARACTERS = 56
_OFFERED: dict[Path, tuple[str, ...]] = {("box",): ("location",), ("mqtt",): ("tls", "username", "password")}
_WORD = re.compile(r"[\u2e80-\uffef][，。；：、！？）」』”’]*\s*|[^\s\u2e80-\uffef]+[，。；：、！？）」』”’]*\s*")
"""Where a line may end: behind a word, and in Chinese behind any character that no punctuation follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraNote:
    """What is known of a camera beside its keys: who made it, and other addresses that may be its."""

    told: str = ""
    others: tuple[str, ...] = ()


def written(data: Mapping[str, Any], *, file: str, lang: Lang, notes: Sequence[CameraNote] = ()) -> str:
    """The whole text.

    Args:
        data: plain data of a configuration. file: its name, for the commands that the text tells of.
        notes: of the cameras, in their order.
    """
    lines = [f"# {line}" for line in _head(data, shlex.quote(file), lang)]
    for key, value in _ordered((), data):
        if key != "cameras":
            lines += ["", *_entry((key,), value, "", lang)]
    lines += ["", *_cameras(data.get("cameras", []), notes, shlex.quote(file), lang)]
    return "\n".join(lines) + "\n"


def _head(data: Mapping[str, Any], file: str, lang: Lang) -> Iterator[str]:
    yield _TITLE.of(lang)
    yield _CHECK.fill(file=file).of(lang)
    yield _REFERENCE.of(lang)
    if any("file" in password for password in _passwords(data)):
        yield _SECRETS.of(lang)


def _passwords(data: Mapping[str, Any]) -> Iterator[Mapping[str, str]]:
    for part in (data.get("mqtt", {}), *data.get("cameras", [])):
        if isinstance(part.get("password"), dict):
            yield part["password"]


def _entry(path: Path, value: Any, indent: str, lang: Lang) -> Iterator[str]:
    """A key with its comment; a section with its keys, and with those that it might have as well."""
    key = str(path[-1])
    if not isinstance(value, dict) or section(Config, path) is None or not value:
        yield from _commented(f"{indent}{key}: {one_line(value)}", comment(path, lang))
        return
    yield from _commented(f"{indent}{key}:", comment(path, lang))
    for inner, part in _ordered(path, value):
        yield from _entry((*path, inner), part, f"{indent}  ", lang)
    for inner in _OFFERED.get(path, ()):
        if inner not in value:
            here = (*path, inner)
            yield from _commented(f"{indent}  #{inner}: {one_line(_example(here))}", comment(here, lang))


def _ordered(path: Path, value: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The keys of a section in the models' order."""
    model = section(Config, path)
    order = list(known_keys(model)) if model is not None else []
    return sorted(value.items(), key=lambda pair: order.index(pair[0]) if pair[0] in order else len(order))


def _example(path: Path) -> Any:
    """What could stand there, by the models' own examples."""
    around, inner = section(Config, path[:-1]), section(Config, path)
    if inner is not None:
        keys = {key: (info.examples or [info.default])[0] for key, info in known_keys(inner).items()}
        return {key: value for key, value in keys.items() if value is not None}
    assert around is not None
    return (known_keys(around)[str(path[-1])].examples or [""])[0]


def _cameras(cameras: Sequence[Mapping[str, Any]], notes: Sequence[CameraNote], file: str, lang: Lang) -> Iterator[str]:
    if not cameras:
        yield f"# {_NO_CAMERA.of(lang)}"
        yield from _commented("cameras: []", comment(("cameras",), lang))
        return
    yield from _commented("cameras:", comment(("cameras",), lang))
    yield from (f"  # {words.fill(file=file).of(lang)}" for words in _NO_ZONE)
    for number, camera in enumerate(cameras):
        note = notes[number] if number < len(notes) else CameraNote()
        yield ""
        yield from _camera(number, camera, note, lang)


def _camera(number: int, camera: Mapping[str, Any], note: CameraNote, lang: Lang) -> Iterator[str]:
    """One camera; the keys are explained at the first one."""
    told = "".join(c for c in " ".join(note.told.split()) if c.isprintable())[:_TOLD_CHARACTERS]
    if told:
        yield f"  # {told}"
    for key, value in _ordered(("cameras", number), camera):
        line = f"  {'- ' if key == 'id' else '  '}{key}: {one_line(value)}"
        yield from _commented(line, comment(("cameras", number, key), lang) if number == 0 else "")
        if key == "url":
            yield from _other_addresses(note.others, lang)
    yield from _example_zone()


def _other_addresses(others: Sequence[str], lang: Lang) -> Iterator[str]:
    if others:
        yield f"    # {_OTHERS.of(lang)}"
    yield from (f"    #url: {one_line(other)}" for other in others)


def _example_zone() -> Iterator[str]:
    """A zone that counts when each `#` is removed, of the models' own examples."""
    keys = {
        key: info.examples[0] for key, info in known_keys(ZoneConfig).items() if info.is_required() and info.examples
    }
    yield "    #zones:"
    for place, (key, value) in enumerate({**keys, "rules": {"illegal_parking": {}}}.items()):
        yield f"    #  {'- ' if place == 0 else '  '}{key}: {one_line(value)}"


def _commented(line: str, text: str) -> Iterator[str]:
    """A line with what is said about it behind it, or above it where there is no room."""
    if not text:
        yield line
    elif cell_len(line) > _COLUMN - 2:
        indent = line[: len(line) - len(line.lstrip())]
        yield from (f"{indent}# {part}" for part in _wrapped(text, _WIDTH - len(indent) - 2))
        yield line
    else:
        first, *more = _wrapped(text, _WIDTH - _COLUMN - 2)
        yield f"{line}{' ' * (_COLUMN - cell_len(line))}# {first}"
        yield from (f"{' ' * _COLUMN}# {part}" for part in more)


def _wrapped(text: str, width: int) -> list[str]:
    """Lines of at most so many columns; a Chinese character takes two."""
    lines = [""]
    for word in _WORD.findall(text):
        if lines[-1] and cell_len(lines[-1] + word.rstrip()) > width:
            lines.append("")
        lines[-1] += word
    return [line.rstrip() for line in lines]


_TITLE = Words(
    "City Eye edge agent; written by cityeye init, yours to change.",
    "城市之眼边缘代理；由 cityeye init 写成，可自行修改。",
)
_CHECK = Words("After a change:  cityeye check {file}", "修改后检查：cityeye check {file}")
_REFERENCE = Words(
    "Every key that is not here has a default: docs/config.md, configs/example.yaml.",
    "此处未写的键均取默认值：见 docs/config.md、configs/example.yaml。",
)
_SECRETS = Words(
    "Passwords stand in files of their own, one line each, readable for their owner only: change one in its file.",
    "密码各存于单独的文件，一行，仅其所有者可读；要更改密码，请修改相应文件。",
)
_NO_ZONE = (
    Words(
        "A camera begins without zones: only its own faults (offline, covered, moved, …) are reported. To add one:",
        "摄像机起初没有区域：只上报其自身故障（离线、遮挡、移位等）。要添加区域：",
    ),
    Words(
        "1. take a picture of each camera:  cityeye doctor --config {file} --pictures look",
        "1. 给每台摄像机拍一张照片：cityeye doctor --config {file} --pictures look",
    ),
    Words(
        "2. draw the ground that is meant: corners in order, each in shares of the picture's size, from its upper left",
        "2. 画出所管的地面：依次写出各角点，为画面宽、高的比例，原点在左上角",
    ),
    Words(
        "3. remove the # from zones: on, and set the rules that hold there: docs/rules/",
        "3. 从 zones: 起删去 #，并写明该处的规则：docs/rules/",
    ),
)
_OTHERS = Words(
    "Nobody said who made it. Where doctor finds no stream, take instead:", "厂商未知。若 doctor 找不到码流，请改用："
)
_NO_CAMERA = Words(
    "No camera yet: cityeye discover --yaml prints lines for those that are found, to stand below in place of the [].",
    "还没有摄像机：cityeye discover --yaml 会输出找到的摄像机，请将其写在下方，并删去 []。",
)
