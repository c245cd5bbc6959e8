"""A configuration file for eyes outside the box: what it keeps secret is masked, and comes back when it is put again.

A secret that stands in the file becomes `{kept: on-box}`, the login in an address `***@`. Put back, they mean what
stands in the box's file at the same place; a camera is found by its id, wherever it stands. Secrets that are
references (`{env: …}`) are none of ours.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from agent.config import document
from agent.config.document import Loader
from agent.config.kinds import split_credentials
from agent.config.words import Finding, Path, Words, is_secret, looks_secret, same

KEPT_KEY, KEPT = "kept", "{kept: on-box}"
_MASK = "***"
_LOGIN = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*://)(?P<login>[^/]*)@(?P<rest>.*)", re.DOTALL)
_COMMENT = re.compile(r"(?:^|\s)#(.*)$", re.MULTILINE)
_TELLING_CHARACTERS = 4
"""A secret shorter than this is not looked for in the rest of the text: it is part of too many words."""


@dataclass(frozen=True, slots=True)
class _Place:
    """A scalar, or a placeholder, and where its text begins and ends."""

    path: Path
    value: str
    start: int
    end: int


def masked(text: str, secrets: Collection[str] = ()) -> str:
    """The text without its secrets; without comments and layout where these could give one away.

    Args:
        text: of a file that can be read. secrets: also those that the file only refers to; none must be in the result.
    """
    plain = _masked_data(document.read(text).data)
    rewritten = _spliced(text, [(place, mask) for place in _scalars(text) if (mask := _mask_of(place))])
    safe = (
        document.read(rewritten).data == plain
        and not any(looks_secret(comment) for comment in _COMMENT.findall(rewritten))
        and not any(len(secret) >= _TELLING_CHARACTERS and secret in rewritten for secret in secrets)
    )
    return rewritten if safe else yaml.dump(plain, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=120)


def restored(text: str, former: str) -> tuple[str, list[Finding]]:
    """A text that was `masked` with its secrets again, from the box's file, and what cannot be found there."""
    places = sorted(_scalars(former), key=lambda place: "<<" not in place.path)  # what is written out outdoes a merge
    known = {_unmerged(place.path): place.value for place in places}
    back: list[tuple[_Place, str]] = []
    findings: list[Finding] = []
    for place, path in _placeholders(text):
        value = _kept(place, known.get(_unmerged(path[1])))
        if value is None:
            findings.append(
                Finding(
                    path=path[0],
                    expected=Words("a secret that the box's file has at this place", "设备配置文件此处已有的密码"),
                    found=same(place.value),
                    mend=Words(
                        "write {{env: NAME}}, or the secret itself", "请使用 {{env: 变量名}}，或直接填写"
                    ).fill(),
                )
            )
        else:
            back.append((place, json.dumps(value, ensure_ascii=False)))
    return _spliced(text, back), findings


def _mask_of(place: _Place) -> str | None:
    if is_secret(place.path[-1:]):
        return KEPT
    if split_credentials(place.value)[1] is not None and (login := _LOGIN.fullmatch(place.value)):
        return json.dumps(f"{login['scheme']}{_MASK}@{login['rest']}", ensure_ascii=False)
    return None


def _masked_data(value: Any, path: Path = ()) -> Any:
    if isinstance(value, dict):
        return {key: _masked_data(inner, (*path, key)) for key, inner in value.items()}
    if isinstance(value, list):
        return [_masked_data(inner, (*path, i)) for i, inner in enumerate(value)]
    mask = _mask_of(_Place(path, str(value), 0, 0)) if path else None
    return value if mask is None else yaml.safe_load(mask)


def _kept(place: _Place, known: str | None) -> str | None:
    """What a placeholder stands for, or None."""
    if known is None or place.value == KEPT:
        return known
    here, there = _LOGIN.fullmatch(place.value), _LOGIN.fullmatch(known)
    return f"{here['scheme']}{there['login']}@{here['rest']}" if here and there else None


def _placeholders(text: str) -> Iterator[tuple[_Place, tuple[Path, Path]]]:
    """Each placeholder with its path by numbers and by ids."""
    for node, path, ids in _nodes(_composed(text)):
        if isinstance(node, yaml.MappingNode) and is_secret(path[-1:]) and len(node.value) == 1:
            key, value = node.value[0]
            if key.value == KEPT_KEY:
                end = node.end_mark if node.flow_style else value.end_mark
                yield _Place(path, KEPT, node.start_mark.index, end.index), (path, ids)
        elif isinstance(node, yaml.ScalarNode) and node.value.partition("://")[2].startswith(f"{_MASK}@"):
            yield _Place(path, node.value, node.start_mark.index, node.end_mark.index), (path, ids)


def _scalars(text: str) -> Iterator[_Place]:
    """All of them, by a path with ids in it."""
    for node, _, ids in _nodes(_composed(text)):
        if isinstance(node, yaml.ScalarNode) and ids:
            yield _Place(ids, node.value, node.start_mark.index, node.end_mark.index)


def _composed(text: str) -> yaml.Node | None:
    try:
        return document.composed(text)
    except (yaml.YAMLError, RecursionError):
        return None


def _nodes(node: yaml.Node | None, path: Path = (), ids: Path = ()) -> Iterator[tuple[yaml.Node, Path, Path]]:
    """Each node with its path, and with the same path in which an item's `id` stands for its number."""
    if node is None or len(path) > document.MAX_DEPTH:
        return
    yield node, path, ids
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _nodes(value, (*path, str(key.value)), (*ids, str(key.value)))
    elif isinstance(node, yaml.SequenceNode):
        for i, item in enumerate(node.value):
            yield from _nodes(item, (*path, i), (*ids, _id_of(item) or i))


def _id_of(item: yaml.Node) -> str | None:
    pairs = item.value if isinstance(item, yaml.MappingNode) else []
    return next(
        (f"id={value.value}" for key, value in pairs if key.value == "id" and isinstance(value.value, str)), None
    )


def _unmerged(path: Path) -> Path:
    return tuple(part for part in path if part != "<<")


def _spliced(text: str, changes: list[tuple[_Place, str]]) -> str:
    """The text with some of its parts replaced; an alias brings the same part twice."""
    parts, done = list[str](), 0
    for start, (end, part) in sorted({place.start: (place.end, part) for place, part in changes}.items()):
        parts += [text[done:start], part]
        done = end
    return "".join([*parts, text[done:]])


class _Dumper(yaml.SafeDumper):
    """Puts in quotes what this agent or a stock YAML reader would take for a number or a truth value."""

    yaml_implicit_resolvers = {  # noqa: RUF012 (PyYAML's own name)
        first: [*yaml.SafeDumper.yaml_implicit_resolvers.get(first, []), *Loader.yaml_implicit_resolvers.get(first, [])]
        for first in {*yaml.SafeDumper.yaml_implicit_resolvers, *Loader.yaml_implicit_resolvers}
    }

    def ignore_aliases(self, _data: object) -> bool:
        """Write everything out."""
        return True
