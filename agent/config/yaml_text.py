"""Plain data as one line of YAML, quoted so that it is read as the same by this agent and by YAML 1.1 programs."""

from __future__ import annotations

import re

import yaml

from agent.config import slips
from agent.config.document import Loader


class _Dumper(yaml.SafeDumper):
    """Takes for text only what neither version of YAML takes for something else."""


_Dumper.yaml_implicit_resolvers = {
    first: [*yaml.SafeDumper.yaml_implicit_resolvers.get(first, []), *Loader.yaml_implicit_resolvers.get(first, [])]
    for first in {*yaml.SafeDumper.yaml_implicit_resolvers, *Loader.yaml_implicit_resolvers}
}
_WHOLE = 10**9
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


def _inside(value: object) -> str:
    """As `one_line`, inside brackets, where PyYAML ends a plain text at commas, brackets and `?`."""
    text = one_line(value)
    if isinstance(value, str) and _FLOW.search(value) and text[:1] not in "'\"":
        text = yaml.dump(value, Dumper=_Dumper, allow_unicode=True, width=_WHOLE, default_style='"').removesuffix("\n")
    return text
