"""Write the table of keys in docs/config.md from the models. A test tells when that was forgotten."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from agent.config import Config
from agent.config.schema import json_schema
from agent.config.tree import ANY, every_key

PAGE = Path(__file__).parents[1] / "docs" / "config.md"
BEGIN, END = "<!-- keys: begin (scripts/config_docs.py) -->", "<!-- keys: end -->"


def table() -> str:
    """One row for each key: its place, what may stand there, its default and its meaning."""
    schema = json_schema()
    rows = ["| key | value | default | meaning |", "|---|---|---|---|"]
    for path, info in every_key(Config):
        if "calendar" in path[:-1]:
            continue  # a calendar in place has the keys of calendars.*
        key = "".join("[]" if part == ANY and path[i - 1] != "calendars" else f".{part}" for i, part in enumerate(path))
        node = _node(schema, path)
        required = info.is_required()
        default = "**required**" if required else _default(node)
        cells = (f"`{key.lstrip('.')}`", _value(node, schema), default, str(info.description))
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows)


def page(text: str) -> str:
    """The page with its table made anew."""
    head, _, rest = text.partition(BEGIN)
    return f"{head}{BEGIN}\n{table()}\n{END}{rest.partition(END)[2]}"


def _node(schema: dict[str, Any], path: tuple[str | int, ...]) -> dict[str, Any]:
    node = schema
    for part in path:
        node = _target(node, schema)
        if part == ANY:
            node = node["items"] if "items" in node else node["additionalProperties"]
        else:
            node = node["properties"][part]
    return node


def _target(node: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    node = next((form for form in node.get("anyOf", []) if "$ref" in form), node)
    return schema["$defs"][node["$ref"].rpartition("/")[2]] if "$ref" in node else node


def _default(node: dict[str, Any]) -> str:
    if "default" not in node:
        return ""
    default = node["default"]
    return f"`{default if isinstance(default, str) else json.dumps(default, ensure_ascii=False)}`"


def _value(node: dict[str, Any], schema: dict[str, Any]) -> str:
    node = {**_target(node, schema), **{key: value for key, value in node.items() if key != "$ref"}}
    if "enum" in node or "const" in node:
        return ", ".join(f"`{choice}`" for choice in dict.fromkeys(map(str, node.get("enum", [node.get("const")]))))
    for form in ("anyOf", "oneOf"):
        if form in node:
            return " or ".join(dict.fromkeys(_value(option, schema) for option in node[form]))
    pattern = node.get("pattern", "")
    for name, mark in (("duration", "ms)?"), ("size", "GiB"), ("time of day", "24:00"), ("id", "{0,62}")):
        if mark in pattern:
            return name
    limits = [f"{sign} {node[key]}" for key, sign in _SIGNS.items() if key in node]
    kind = {"string": "text", "integer": "whole number", "array": "list", "object": "section"}.get(node["type"])
    if node.get("maxItems") == 2:
        return "point"
    if node["type"] == "array":
        item = _value(node["items"], schema)
        return f"list of {item}s" if item in ("section", "point", "date") else f"list of {item}"
    if node["type"] == "object" and set(node.get("properties", {})) in ({"env"}, {"file"}, {"credential"}):
        return f"`{{{next(iter(node['properties']))}: …}}`"
    return " ".join([node.get("format") or kind or node["type"], *limits])


_SIGNS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}

if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
