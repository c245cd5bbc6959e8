"""Cases through the agent's own scene, and how well it did."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from agent.app.evaluate import score_steps
from agent.core.scoring.scores import ClipScore
from agent.core.types import Observation
from scripts.scenes import garbage, parking, stalls
from scripts.scenes.case import START, Case
from scripts.scenes.oracle import Oracle

CASES: tuple[Case, ...] = (*parking.CASES, *garbage.CASES, *stalls.CASES)


@dataclass(frozen=True, kw_only=True)
class Scored:
    """One case, looked at once. `seed`: of the oracle, None for the real detector."""

    case: Case
    seed: int | None
    score: ClipScore


def with_oracle(cases: Iterable[Case], seeds: Iterable[int]) -> Iterator[Scored]:
    """Every case with every seed of the oracle."""
    chosen = tuple(seeds)
    for case in cases:
        truth = case.truth()
        for seed in chosen:
            oracle = Oracle(case, seed)
            looks = (oracle.observe(number, at_s) for number, at_s in enumerate(case.moments))
            yield Scored(case=case, seed=seed, score=score_steps(case.plan, looks, START, truth))


def with_looks(case: Case, looks: Iterable[Observation]) -> Scored:
    """A case as these looks show it."""
    return Scored(case=case, seed=None, score=score_steps(case.plan, looks, START, case.truth()))
