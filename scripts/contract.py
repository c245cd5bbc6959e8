#!/usr/bin/env python3
"""Write the JSON Schemas under docs/contract/ from the wire models. A test fails when they differ."""

from __future__ import annotations

import json
from pathlib import Path

from agent.core.wire import event_schema, health_schema, state_schema

FOLDER = Path(__file__).parents[1] / "docs" / "contract"


def main() -> None:
    for name, schema in (("event", event_schema()), ("state", state_schema()), ("health", health_schema())):
        text = json.dumps(schema, ensure_ascii=False, indent=2) + "\n"
        (FOLDER / f"{name}.schema.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
