"""The table of transitions is complete, closed and drawn as it is."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from agent.core.errors import IllegalTransition
from agent.core.lifecycle import TRANSITIONS, State, Trigger, advance, diagram

DOC = Path(__file__).parents[3] / "docs" / "lifecycle.md"


@pytest.mark.parametrize(("state", "trigger"), list(product(State, Trigger)))
def test_a_step_is_in_the_table_or_raises(state: State, trigger: Trigger) -> None:
    if (state, trigger) in TRANSITIONS:
        assert advance(state, trigger) is TRANSITIONS[state, trigger]
    else:
        with pytest.raises(IllegalTransition, match=f"found {trigger}"):
            advance(state, trigger)


def test_final_states_are_final() -> None:
    assert {state for state, _ in TRANSITIONS} == {State.WATCHED, State.OPEN}


def test_the_documented_diagram_is_the_table() -> None:
    assert f"```mermaid\n{diagram()}\n```" in DOC.read_text(encoding="utf-8")
