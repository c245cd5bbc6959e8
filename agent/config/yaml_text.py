"""Plain data as YAML, quoted so that it is read as the same by this agent and by YAML 1.1 programs."""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from agent.config import slips
from agent.config.document import Loader


class _Dumper(yaml.SafeDumper):
    """Takes for text only what neither version of YAML takes for something else."""


_Dumper.yaml_implicit_resolvers = {
    first: [*yaml.SafeDumper.yaml_implicit_resolvers.get(first, []), *Loader.yaml_implicit_resolvers.get(first, [])]
    for first in {*yaml.SafeDumper.yaml_implicit_resolvers, *Loader.yaml_implicit_resolvers}
}
_Dumper.yaml_implicit_resolvers = {
    **_Dumper.yaml_implicit_resolvers,
    **{
        digit: [*_Dumper.yaml_implicit_resolvers.get(digit, []), ("tag:yaml.org,2002:int", re.compile(r"\d+(:\d\d)+$"))]
        for digit in "0123456789"
    },
}
"""Also all that looks like a time: YAML 1.1 takes 20:00 for a number; 07:00 beside it looks odd without quotes."""
_WHOLE = 10**9
_ONE_LINE_CHARACTERS = 88
"""A mapping that takes more is written key by key."""
_FLOW = re.compile(r"[,?\[\]{}]|^:")


def one_line(value: object) -> str:
    """A scalar, a list or a mapping as it stands behind `key: `."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{one_line(key)}: {_inside(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_inside, value)) + "]"
    style = '"' if isinstance(value, str) and (slips.in_value(value) or not value.isprintable()) else None
    text = yaml.dump(value, Dumper=_Dumper, allow_unicode=True, width=_WHOLE, default_style=style)
    return text.removesuffix("\n").removesuffix("\n...")


def lines_of(key: str, value: object, column: int) -> Iterator[str]:
    """`key: value` at a column, on one line or, for a mapping that is long or holds others, on several."""
    start = f"{' ' * column}{one_line(key)}:"
    line = one_line(value)
    if isinstance(value, dict) and value and (key == "rules" or len(line) > _ONE_LINE_CHARACTERS):
        yield start
        for inner, part in value.items():
            yield from lines_of(inner, part, column + 2)
    else:
        yield f"{start} {line}"


def item_lines(value: object, column: int) -> list[str]:
    """`- value` at a column; a mapping key by key."""
    if not isinstance(value, dict) or not value:
        return [f"{' ' * column}- {one_line(value)}"]
    lines = [line for key, part in value.items() for line in lines_of(key, part, column + 2)]
    return [f"{' ' * column}- {lines[0].lstrip()}", *lines[1:]]


def _inside(value: object) -> str:
    """As `one_line`, inside brackets, where PyYAML ends a plain text at commas, brackets and `?`."""
    text = one_line(value)
    if isinstance(value, str) and _FLOW.search(value) and text[:1] not in "'\"":
        text = yaml.dump(value, Dumper=_Dumper, allow_unicode=True, width=_WHOLE, default_style='"').removesuffix("\n")
    return text
