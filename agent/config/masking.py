"""A configuration file for eyes outside the box: what it keeps secret is masked, and comes back when it is put again.

A secret that stands in the file becomes `{kept: on-box}`, the login in an address `***@`, a parameter of an address
that seems secret `name=***`. Put back, they mean what stands in the box's file at the same place; a camera is found by
its id, wherever it stands. But no secret follows to another host or port: there it has to be given anew. Nor does a
reference (`{env: …}`), which is not masked: whoever may put a document could else have any secret of the box, or any
file that the agent can read, sent to a host of his own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import yaml
from pydantic import BaseModel, SecretStr

from agent.config import document
from agent.config.checks import secret_sections
from agent.config.document import Loader
from agent.config.kinds import is_this_machine, split_credentials
from agent.config.sections.broker import TLS_OFF
from agent.config.words import Finding, Path, Words, is_secret, looks_secret, same, shown
from agent.core.address_secrets import MASK, parameters, secret_parameters, without_secrets

KEPT_KEY, KEPT = "kept", "{kept: on-box}"
_LOGIN = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*://)(?P<login>[^/]*)@(?P<rest>.*)", re.DOTALL)
_COMMENT = re.compile(r"(?:^|\s)#(.*)$", re.MULTILINE)
_TELLING_CHARACTERS = 4
"""A secret shorter than this is not looked for in the rest of the text: it is part of too many words."""
_KNOWN = Words("a secret that the box's file has at this place", "设备配置文件此处已有的密码")
_ANEW = Words("the secret anew, since the host or port that it goes to is another", "主机或端口已变，须重新填写密码")
_SENT = Words(
    "a reference that the box's file has already, going to the same host and port",
    "设备配置文件中已有、且发往同一主机和端口的引用",
)
_AT_THE_BOX = Words("write the secret itself, or add the reference at the box", "请直接填写密码，或在设备上添加该引用")
_WRITE = Words("write {{env: NAME}}, or the secret itself", "请使用 {{env: 变量名}}，或直接填写").fill()


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
    places = list(_scalars(text))
    rewritten = _spliced(text, [(place, mask) for place in places if (mask := _mask_of(place))])
    secrets = {*secrets, *(match["value"] for place in places for match in secret_parameters(place.value))}
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
    doc, before = document.read(text), document.read(former)
    back: dict[int, tuple[_Place, str]] = {}
    findings: list[Finding] = []
    for place, (path, ids) in _placeholders(text):
        was = known.get(_unmerged(ids))
        value = _kept(place, was)
        found = same(KEPT) if place.value == KEPT else shown(place.value)
        if place.value == KEPT:
            moved = _goes_to(doc.at(_unmerged(path[:-1]))) != _goes_to(_at(before.data, ids[:-1]))
        else:
            moved = _authority(place.value) != _authority(was or "")
        if value is not None and moved:
            findings.append(Finding(path=path, expected=_ANEW, found=found, mend=_WRITE))
        elif value is None or back.get(place.start, (place, value))[1] != value:
            findings.append(Finding(path=path, expected=_KNOWN, found=found, mend=_WRITE))
        else:
            back[place.start] = place, value
    sent = {pair for _, pair in _references(before.data)}
    for path, pair in _references(doc.data):
        if pair not in sent:
            findings.append(Finding(path=path, expected=_SENT, found=shown(doc.at(path)), mend=_AT_THE_BOX))
    parts = [(place, json.dumps(value, ensure_ascii=False)) for place, value in back.values()]
    return _spliced(text, parts), findings


def _references(data: object) -> Iterator[tuple[Path, tuple[str, str]]]:
    """The place of each secret that lies outside the file, and what it is together with where it is sent."""
    for path, section in secret_sections(data):
        for key in section:
            secret = section[key]
            if is_secret((key,)) and isinstance(secret, dict) and KEPT_KEY not in secret:
                yield (*path, key), (json.dumps(secret), json.dumps(_goes_to(section)))


def secrets_of(value: object) -> Iterator[str]:
    """Every secret of a configuration, wherever it came from; also those in the parameters of its addresses."""
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
        yield from secrets_of(value.get_secret_value())
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from secrets_of(getattr(value, name))
    elif isinstance(value, tuple):
        for item in value:
            yield from secrets_of(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from secrets_of(item)
    elif isinstance(value, str):
        yield from (match["value"] for match in secret_parameters(value))


def _mask_of(place: _Place) -> str | None:
    if is_secret(place.path[-1:]):
        return KEPT
    address = without_secrets(place.value)
    if split_credentials(address)[1] is not None and (login := _LOGIN.fullmatch(address)):
        address = f"{login['scheme']}{MASK}@{login['rest']}"
    return None if address == place.value else json.dumps(address, ensure_ascii=False)


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
    address, values = place.value, {match["name"]: match["value"] for match in secret_parameters(known)}
    for match in reversed(_masked_parameters(address)):
        if match["name"] not in values:
            return None
        address = f"{address[: match.start('value')]}{values[match['name']]}{address[match.end('value') :]}"
    here, there = _LOGIN.fullmatch(address), _LOGIN.fullmatch(known)
    if not here or here["login"] != MASK:
        return address
    return f"{here['scheme']}{there['login']}@{here['rest']}" if there else None


def _masked_parameters(address: str) -> list[re.Match[str]]:
    return [match for match in parameters(address) if match["value"] == MASK]


def _authority(address: str) -> str:
    """`scheme://host:port` of an address without its login, else nothing."""
    scheme, mark, rest = split_credentials(address)[0].partition("://")
    return f"{scheme}{mark}{re.split('[/?#]', rest)[0]}".lower() if mark else ""


def _goes_to(section: object) -> object:
    """Where a section's login is sent: it must not follow to another place."""
    if not isinstance(section, dict):
        return None
    addresses = [_authority(str(section.get(key))) for key in ("url", "main_stream")]
    host = section.get("host")
    plain = section["tls"] == TLS_OFF if "tls" in section else is_this_machine(host)
    return host, section.get("port"), plain, addresses


def _at(data: object, ids: Path) -> object:
    """What stands at a path with ids in it."""
    for part in _unmerged(ids):
        if isinstance(data, dict):
            data = data.get(part)
        elif isinstance(data, list) and isinstance(part, int):
            data = data[part] if part < len(data) else None
        elif isinstance(data, list):
            data = next((item for item in data if isinstance(item, dict) and f"id={item.get('id')}" == part), None)
        else:
            return None
    return data


def _placeholders(text: str) -> Iterator[tuple[_Place, tuple[Path, Path]]]:
    """Each placeholder with its path by numbers and by ids."""
    for node, path, ids in _nodes(_composed(text)):
        if isinstance(node, yaml.MappingNode) and is_secret(path[-1:]) and len(node.value) == 1:
            key, value = node.value[0]
            if key.value == KEPT_KEY:
                end = node.end_mark if node.flow_style else value.end_mark
                yield _Place(path, KEPT, node.start_mark.index, end.index), (path, ids)
        elif isinstance(node, yaml.ScalarNode) and (
            node.value.partition("://")[2].startswith(f"{MASK}@") or _masked_parameters(node.value)
        ):
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
