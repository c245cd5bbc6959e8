"""The registry of rules. A new kind is one module here and one line below."""

from __future__ import annotations

from typing import Any

from agent.core.rules.base import Rule, RuleSettings
from agent.core.rules.illegal_parking import IllegalParking

RULES: dict[str, type[Rule[Any]]] = {rule.name: rule for rule in (IllegalParking,)}

__all__ = ["RULES", "Rule", "RuleSettings"]
