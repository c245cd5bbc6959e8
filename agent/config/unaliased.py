"""Aliases of one section of a YAML text written out, so that it can be changed without changing any other."""

from __future__ import annotations

from collections.abc import Callable

import yaml

from agent.config import document
from agent.config.splicing import Splicer
from agent.config.yaml_text import one_line


def written_out(text: str, find: Callable[[Splicer], yaml.Node]) -> str:
    """The text without the aliases that stand in a section, which `find` finds, or that stand for a part of it."""
    splicer = Splicer(text)
    section = find(splicer)
    start, end = section.start_mark.index, splicer.end(section)
    anchors = _anchored(text)
    for alias in splicer.aliases:
        place = max((at for at, name in anchors if name == alias.anchor and at < alias.start), default=-1)
        if place < 0 or not (start <= alias.start <= end or start <= place <= end):
            continue
        node = _node_at(splicer.root, place)
        splicer.replace(alias.start, alias.end, one_line(document.plain(node)))
    return splicer.result()


def _anchored(text: str) -> list[tuple[int, str]]:
    """Where each anchored node starts, and its anchor's name."""
    return [
        (event.start_mark.index, event.anchor)
        for event in yaml.parse(text, Loader=document.Loader)
        if isinstance(event, yaml.NodeEvent) and event.anchor and event.start_mark
        if not isinstance(event, yaml.AliasEvent)
    ]


def _node_at(root: yaml.Node | None, place: int) -> yaml.Node:
    """The outermost node that starts at a place. Raises LookupError."""
    waiting, seen = [root], set[int]()
    while waiting:
        node = waiting.pop(0)
        if node is None or id(node) in seen:
            continue
        seen.add(id(node))
        if node.start_mark.index == place:
            return node
        parts = node.value if isinstance(node, yaml.CollectionNode) else []
        waiting += [inner for part in parts for inner in (part if isinstance(part, tuple) else (part,))]
    raise LookupError(place)
