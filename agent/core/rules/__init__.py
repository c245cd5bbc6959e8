"""The registry of rules. A new kind is one module here and one line below."""

from __future__ import annotations

from typing import Any

from agent.core.rules.base import Rule, RuleSettings
from agent.core.rules.garbage_overflow import GarbageOverflow
from agent.core.rules.illegal_parking import IllegalParking
from agent.core.rules.stall_encroachment import StallEncroachment

RULES: dict[str, type[Rule[Any]]] = {rule.name: rule for rule in (IllegalParking, GarbageOverflow, StallEncroachment)}

__all__ = ["RULES", "Rule", "RuleSettings"]
