"""The settings of the rules, as a form needs them: taken from the rules' own models, so a new one appears by itself."""

from __future__ import annotations

from functools import cache
from typing import Any

from agent.core.quantities import DURATION_PATTERN
from agent.core.rules import RULES
from agent.ports.console.zones import FieldShown


@cache
def rule_fields() -> dict[str, list[FieldShown]]:
    """The fields of each rule, in the order of its model."""
    return {name: _fields(rule.Settings) for name, rule in RULES.items()}


def _fields(settings: Any) -> list[FieldShown]:
    schema = settings.model_json_schema(by_alias=True)
    defaults = settings().model_dump(mode="json", by_alias=True)
    return [_field(key, part, schema.get("$defs", {}), defaults[key]) for key, part in schema["properties"].items()]


def _field(key: str, part: dict[str, Any], named: dict[str, Any], default: Any) -> FieldShown:
    told, resolved = part.get("description", ""), _resolved(part, named)
    kind, options = "other", list[str]()
    if key == "calendar":
        kind, default = "calendar", None
    elif key == "goods_line":
        kind = "line"
    elif resolved.get("pattern") == DURATION_PATTERN:
        kind = "duration"
    elif "enum" in resolved:
        kind, options = "choice", resolved["enum"]
    elif resolved.get("type") == "number":
        kind = "number"
    elif resolved.get("type") == "array" and "enum" in (items := _resolved(resolved["items"], named)):
        kind, options = "several", items["enum"]
    elif resolved.get("type") == "object" and "propertyNames" in resolved:
        kind, options = "durations", _resolved(resolved["propertyNames"], named).get("enum", [])
    return FieldShown(key=key, kind=kind, options=options, default=default, told=told)


def _resolved(part: dict[str, Any], named: dict[str, Any]) -> dict[str, Any]:
    reference = part.get("$ref")
    found: dict[str, Any] = named[reference.rpartition("/")[2]] if reference else part
    return found
