#!/usr/bin/env python3
"""Write what is generated from the core: the JSON Schemas under docs/contract/ and configs/taxonomy.yaml.

Tests fail when they differ.
"""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from agent.core.taxonomy import TAXONOMY
from agent.core.wire import event_schema, health_schema, state_schema

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "contract"
CROSSWALK = ROOT / "configs" / "taxonomy.yaml"


def main() -> None:
    for name, schema in (("event", event_schema()), ("state", state_schema()), ("health", health_schema())):
        text = json.dumps(schema, ensure_ascii=False, indent=2) + "\n"
        (FOLDER / f"{name}.schema.json").write_text(text, encoding="utf-8")
    CROSSWALK.write_text(crosswalk(CROSSWALK.read_text(encoding="utf-8")), encoding="utf-8")


def crosswalk(text: str) -> str:
    """The crosswalk as data, below the comment that the file begins with; what is empty is left out."""
    head = "".join(line for line in text.splitlines(keepends=True) if line.startswith("#"))
    table = TAXONOMY.model_dump(mode="json")
    table["violations"] = [{key: value for key, value in row.items() if value} for row in table["violations"]]
    return head + yaml.dump(
        table, Dumper=_Dumper, allow_unicode=True, sort_keys=False, default_flow_style=None, width=120
    )


class _Dumper(yaml.SafeDumper):
    """Puts codes in quotes, or 09009 would be read as a number by some."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"' if text[:1].isdigit() else None)


_Dumper.add_representer(str, _text)


if __name__ == "__main__":
    main()
