"""The JSON Schema of the configuration file, for editors and other programs."""

from __future__ import annotations

import json
from typing import Any

from agent.config.models import Config
from agent.config.sections.broker import TLS_OFF
from agent.core.calendar import ALWAYS, CLOCK_PATTERN, format_clock
from agent.core.quantities import DURATION_PATTERN, SIZE_PATTERN, format_duration, format_size

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_FORMATS = {DURATION_PATTERN: format_duration, SIZE_PATTERN: format_size, CLOCK_PATTERN: format_clock}


def json_schema() -> dict[str, Any]:
    """JSON Schema, draft 2020-12, of what may be written in the file."""
    generated = Config.model_json_schema(by_alias=True)
    schema = {"$schema": DIALECT, **_tidy(generated), "title": "City Eye agent configuration"}
    protocol = schema["$defs"]["MqttConfig"]["properties"]["protocol"]
    protocol["enum"] = [*protocol["enum"], 5]
    tls = schema["$defs"]["MqttConfig"]["properties"]["tls"]
    tls["anyOf"] = [{"$ref": tls.pop("$ref")}, {"const": TLS_OFF}]
    return schema


def _tidy(node: Any) -> Any:
    """As written by people: no null for a key left out, quantities with their unit, defaults where the keys are."""
    if isinstance(node, list):
        return [_tidy(item) for item in node]
    if not isinstance(node, dict):
        return node
    node = {key: _tidy(value) for key, value in node.items() if key != "title" or not isinstance(value, str)}
    forms = node.get("anyOf")
    if isinstance(forms, list) and {"type": "null"} in forms:
        forms = [form for form in forms if form != {"type": "null"}]
        rest = {key: value for key, value in node.items() if key not in ("anyOf", "default")}
        node = {**(forms[0] if len(forms) == 1 else {"anyOf": forms}), **rest}
    form = _FORMATS.get(node.get("pattern", "")) if isinstance(node.get("pattern"), str) else None
    if form is not None and isinstance(node.get("default"), int | float):
        node["default"] = form(node["default"])
    if node.get("default") == _ALWAYS or ("$ref" in node and isinstance(node.get("default"), dict)):
        del node["default"]
    return node


_ALWAYS = json.loads(ALWAYS.model_dump_json(by_alias=True))
