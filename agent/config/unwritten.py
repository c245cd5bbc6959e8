"""A document that nobody has written yet: part of its data came from outside, as JSON."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from agent.config.document import MAX_INTEGER, MAX_NODES, VALUE_EXPECTED, VALUE_MEND, Document, TooManyNodes
from agent.config.words import NOTHING, Finding, Path


def with_part(data: object, path: Path, part: object) -> Document:
    """The data with another part at a path, of which is told what `document.read` would tell once it is written.

    The data is not changed, though the document shares the rest of it.

    Raises:
        LookupError: nothing is around there. TooManyNodes: the part alone has more than a file may have.
    """
    if _nodes_n(part) > MAX_NODES:
        raise TooManyNodes
    document = Document()
    document.data = _changed(data, path, lambda: _as_read(part, path, document.findings))
    return document


def _changed(data: Any, path: Path, part: Callable[[], object]) -> object:
    if not path:
        return part()
    first, *rest = path
    copied: Any = data.copy()
    copied[first] = _changed(data[first], tuple(rest), part) if rest else part()
    return copied


def _nodes_n(value: object) -> int:
    if isinstance(value, dict):
        return 1 + sum(1 + _nodes_n(inner) for inner in value.values())
    return 1 + sum(map(_nodes_n, value)) if isinstance(value, list) else 1


def _as_read(value: object, path: Path, findings: list[Finding]) -> object:
    """Nothing is a fault; a number beyond those that a file can hold is text, so that it is told where it stands."""
    if isinstance(value, dict):
        return {key: _as_read(inner, (*path, key), findings) for key, inner in value.items()}
    if isinstance(value, list):
        return [_as_read(inner, (*path, i), findings) for i, inner in enumerate(value)]
    if value is None:
        findings.append(Finding(path=path, expected=VALUE_EXPECTED, found=NOTHING, mend=VALUE_MEND))
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, int) and abs(value) > MAX_INTEGER:
        return str(value)
    return value
