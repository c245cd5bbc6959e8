"""The life of a violation as one table. A gap in sight is not among the triggers, on purpose."""

from __future__ import annotations

from enum import StrEnum

from agent.core.errors import IllegalTransition


class State(StrEnum):
    """Where a presence in a zone stands."""

    WATCHED = "watched"
    OPEN = "open"
    CLOSED = "closed"
    FORGOTTEN = "forgotten"


class Trigger(StrEnum):
    """What can happen to it."""

    OVERDUE = "overdue"
    LEFT = "left"
    REPLACED = "replaced"
    PERMITTED = "permitted"
    RULE_REMOVED = "rule_removed"
    ACCEPTED = "accepted"
    DISMISSED = "dismissed"
    LASTED = "lasted"
    ESCALATED = "escalated"
    EVIDENCED = "evidenced"


TRANSITIONS: dict[tuple[State, Trigger], State] = {
    (State.WATCHED, Trigger.OVERDUE): State.OPEN,
    (State.WATCHED, Trigger.LEFT): State.FORGOTTEN,
    (State.WATCHED, Trigger.REPLACED): State.FORGOTTEN,
    (State.WATCHED, Trigger.PERMITTED): State.FORGOTTEN,
    (State.WATCHED, Trigger.RULE_REMOVED): State.FORGOTTEN,
    (State.WATCHED, Trigger.ACCEPTED): State.FORGOTTEN,
    (State.WATCHED, Trigger.DISMISSED): State.FORGOTTEN,
    (State.OPEN, Trigger.LASTED): State.OPEN,
    (State.OPEN, Trigger.ESCALATED): State.OPEN,
    (State.OPEN, Trigger.EVIDENCED): State.OPEN,
    (State.OPEN, Trigger.LEFT): State.CLOSED,
    (State.OPEN, Trigger.REPLACED): State.CLOSED,
    (State.OPEN, Trigger.PERMITTED): State.CLOSED,
    (State.OPEN, Trigger.RULE_REMOVED): State.CLOSED,
    (State.OPEN, Trigger.ACCEPTED): State.CLOSED,
    (State.OPEN, Trigger.DISMISSED): State.CLOSED,
}


def advance(state: State, trigger: Trigger) -> State:
    """The next state. Raises IllegalTransition when the table has no such step."""
    try:
        return TRANSITIONS[state, trigger]
    except KeyError:
        allowed = ", ".join(t for s, t in TRANSITIONS if s is state) or "nothing: it is final"
        raise IllegalTransition(f"lifecycle: {state} allows {allowed}; found {trigger}") from None


def diagram() -> str:
    """The table as a Mermaid state diagram; docs/lifecycle.md holds it and a test compares."""
    lines = ["stateDiagram-v2", f"    [*] --> {State.WATCHED}: seen standing in a zone"]
    lines += [f"    {state} --> {after}: {trigger}" for (state, trigger), after in TRANSITIONS.items()]
    finals = sorted({after for after in TRANSITIONS.values() if not any(s is after for s, _ in TRANSITIONS)})
    return "\n".join(lines + [f"    {state} --> [*]" for state in finals])
