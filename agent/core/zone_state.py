"""The zone-state channel: what a zone looks like when it is clean and when it overflows, learnt from a few pictures.

A logistic regression on the detector's backbone features, with an L2 penalty, solved in the space of the pictures: of
them there are tens, of features hundreds, and the best weights are a weighted sum of the pictures (the representer
theorem: Kimeldorf and Wahba 1971), so Newton's method needs as many unknowns as there are pictures.

Everything is judged on pictures that were left out. Folds are runs of neighbours in the given order, because pictures
taken one after the other are alike, and one would give the answer for the next.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from agent.core.types import Floats

LEAST = 6
"""Different pictures that each class needs."""
FOLDS = 5
LEAST_AUC = 0.85
LEAST_BALANCED = 0.8
CHANCE_DEVIATIONS = 2.33
"""AUC must also lie this many standard deviations above one half, those of labels dealt by chance (Mann and Whitney
1947): 1 set of shuffled pictures in 100 gets there."""
PENALTY = 0.5
"""Weight of the L2 penalty against one picture's loss; features have unit variance, and length 1 on average."""
_LEAST_DEVIATION = 0.1
"""A feature's standard deviation counts as at least this share of the median one: a feature that was constant in the
few pictures must not decide when it moves."""
_STEPS = 50
_DONE = 1e-9

Scores = NDArray[np.float64]


class Refusal(StrEnum):
    """Why nothing was learnt."""

    TOO_FEW = "too_few"
    SHARED = "shared"
    """The same picture is among both."""
    IDENTICAL = "identical"
    """All pictures of the zone are alike to the last pixel."""
    NOT_SEPARATE = "not_separate"


class Figures(BaseModel):
    """How well it tells pictures apart that it was not trained on.

    Attributes:
        clean, full: pictures. auc: chance that a full one scores above a clean one. balanced: mean of both classes'
            share that is right. margin: lowest score of a full picture less the highest of a clean one; below 0 they
            overlap.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    clean: int = Field(ge=0)
    full: int = Field(ge=0)
    auc: float = Field(ge=0, le=1)
    balanced: float = Field(ge=0, le=1)
    margin: float


class Origin(BaseModel):
    """What a head was made from; with anything else it means nothing.

    Attributes:
        model_sha256: of the model whose features it reads. recipe: how they are read, `FeatureExtractor.recipe`.
        outline: `outline_hash` of the zone. picture_px: width and height of the pictures.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    model_sha256: str
    recipe: str
    outline: str
    picture_px: tuple[int, int]

    def fits(self, model_sha256: str, recipe: str, outline: str) -> bool:
        """Whether a zone that is read in this way may be judged by it; the size of the picture does not matter."""
        return (self.model_sha256, self.recipe, self.outline) == (model_sha256, recipe, outline)


class Head(BaseModel):
    """What was learnt about one zone. `weights` are little-endian float32, in base64."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    origin: Origin
    created: datetime
    figures: Figures
    weights: str
    bias: float
    slope: float
    shift: float

    def probability(self, features: Floats) -> float:
        """How likely it is (0..1) that the zone overflows, of its (D,) features.

        Never more certain than the number of pictures allows: between 1 / (n + 2) and its counterpart (Laplace's rule).

        Raises:
            ValueError: another number of features than it was trained on.
        """
        weights = np.frombuffer(base64.b64decode(self.weights), "<f4")
        if features.shape != weights.shape:
            raise ValueError(f"expected features {weights.shape}, found {features.shape}")
        score = float(weights.astype(np.float64) @ features) + self.bias
        chance = float(_sigmoid(np.float64(self.slope * score + self.shift)))
        return min(max(chance, 1 / (self.figures.clean + 2)), 1 - 1 / (self.figures.full + 2))


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """What came of teaching.

    Attributes:
        head: what was learnt, or None. refusal: why not.
        figures: None where it came to no cross-validation. needed_auc: the least that would have done.
        wrong_clean, wrong_full: numbers of the pictures that were taken for the other class when they were left out; of
            those in both sets where they are shared; of repetitions where there are too few.
    """

    head: Head | None
    refusal: Refusal | None = None
    figures: Figures | None = None
    needed_auc: float = LEAST_AUC
    wrong_clean: tuple[int, ...] = ()
    wrong_full: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class _Fit:
    """score = weights . features + bias."""

    weights: Scores
    bias: float

    def scores(self, rows: Scores) -> Scores:
        return np.asarray(rows @ self.weights + self.bias)


def outline_hash(outline_n: Sequence[tuple[float, float]]) -> str:
    """Sixteen hexadecimal digits that change with the corners of a zone, given in 0..1 of the picture."""
    corners = ";".join(f"{x:.6f},{y:.6f}" for x, y in outline_n)
    return hashlib.sha256(corners.encode()).hexdigest()[:16]


def train(clean: Floats, full: Floats, origin: Origin, created: datetime, penalty: float = PENALTY) -> Lesson:
    """Learn to tell full from clean, or say why that cannot be.

    Args:
        clean, full: (N, D) and (M, D) features, each in the order in which the pictures were taken.
        origin, created: kept with the head.

    Raises:
        ValueError: shapes that do not fit, or features that are not finite.
    """
    if clean.ndim != 2 or full.ndim != 2 or clean.shape[1:] != full.shape[1:]:
        raise ValueError(f"expected (N, D) and (M, D), found {clean.shape} and {full.shape}")
    rows = np.concatenate([clean, full]).astype(np.float64)
    if not np.isfinite(rows).all():
        raise ValueError("expected finite features, found others")
    labels = np.repeat([0.0, 1.0], [len(clean), len(full)])
    if (refused := _unusable(clean, full)) is not None:
        return refused
    scores = _left_out_scores(rows, labels, penalty)
    found = _figures(scores, labels)
    wrong = np.flatnonzero((scores > 0) != (labels > 0))
    wrong_clean = tuple(int(i) for i in wrong if i < len(clean))
    wrong_full = tuple(int(i) - len(clean) for i in wrong if i >= len(clean))
    needed = needed_auc(len(clean), len(full))
    head = None
    if found.auc >= needed and found.balanced >= LEAST_BALANCED:
        head = _head(_fitted(rows, labels, penalty), _calibrated(scores, labels), found, (origin, created))
    return Lesson(
        head=head,
        refusal=Refusal.NOT_SEPARATE if head is None else None,
        figures=found,
        needed_auc=needed,
        wrong_clean=wrong_clean,
        wrong_full=wrong_full,
    )


def needed_auc(clean: int, full: int) -> float:
    """The least AUC that so few pictures do not reach by chance."""
    deviation = float(np.sqrt((clean + full + 1) / (12 * clean * full)))
    return min(max(LEAST_AUC, 0.5 + CHANCE_DEVIATIONS * deviation), 1.0)


def _unusable(clean: Floats, full: Floats) -> Lesson | None:
    theirs, ours = [row.tobytes() for row in clean], [row.tobytes() for row in full]
    if len(theirs) + len(ours) > 1 and len({*theirs, *ours}) == 1:
        return Lesson(head=None, refusal=Refusal.IDENTICAL)
    if shared := set(theirs) & set(ours):
        twice = [tuple(i for i, row in enumerate(rows) if row in shared) for rows in (theirs, ours)]
        return Lesson(head=None, refusal=Refusal.SHARED, wrong_clean=twice[0], wrong_full=twice[1])
    repeated = [tuple(i for i, row in enumerate(rows) if row in rows[:i]) for rows in (theirs, ours)]
    if min(len(set(theirs)), len(set(ours))) < LEAST:
        return Lesson(head=None, refusal=Refusal.TOO_FEW, wrong_clean=repeated[0], wrong_full=repeated[1])
    return None


def _left_out_scores(rows: Scores, labels: Scores, penalty: float) -> Scores:
    """The score of each picture by a head that did not see it nor its neighbours."""
    folds = np.empty(len(rows), np.int64)
    for label in (0.0, 1.0):
        members = np.flatnonzero(labels == label)
        folds[members] = np.arange(len(members)) * FOLDS // len(members)
    scores = np.empty(len(rows))
    for fold in range(FOLDS):
        out = folds == fold
        scores[out] = _fitted(rows[~out], labels[~out], penalty).scores(rows[out])
    return scores


def _fitted(rows: Scores, labels: Scores, penalty: float) -> _Fit:
    """Both classes have the same say, however many pictures each has."""
    mean, deviation = rows.mean(axis=0), rows.std(axis=0)
    moving = deviation[deviation > 0]
    floor = _LEAST_DEVIATION * float(np.median(moving)) if len(moving) else 1.0
    scale = np.maximum(deviation, floor) * np.sqrt(rows.shape[1])
    normed = (rows - mean) / scale
    shares = np.where(labels > 0, 0.5 / labels.mean(), 0.5 / (1 - labels.mean()))
    parts, bias = _newton(normed @ normed.T, labels, shares, penalty)
    weights = (normed.T @ parts) / scale
    return _Fit(weights, bias - float(mean @ weights))


def _newton(gram: Scores, labels: Scores, shares: Scores, penalty: float) -> tuple[Scores, float]:
    """Parts of the pictures (n,) and bias that minimise sum(shares * log loss) + penalty / 2 * |weights|^2.

    Iteratively reweighted least squares; the penalty keeps the steps short, so no line search is needed.
    """
    n = len(labels)
    parts, bias = np.zeros(n), 0.0
    system = np.zeros((n + 1, n + 1))
    system[:n, n] = system[n, :n] = 1.0
    for _ in range(_STEPS):
        scores = gram @ parts + bias
        chance = _sigmoid(scores)
        curvature = np.maximum(shares * chance * (1 - chance), 1e-9)
        target = scores + shares * (labels - chance) / curvature
        system[:n, :n] = gram + np.diag(penalty / curvature)
        solution = np.linalg.solve(system, np.append(target, 0.0))
        moved = float(np.abs(solution[:n] - parts).max())
        parts, bias = solution[:n], float(solution[n])
        if moved < _DONE:
            break
    return parts, bias


def _calibrated(scores: Scores, labels: Scores) -> tuple[float, float]:
    """Slope and shift from a left-out score to a probability, with targets that allow for few pictures.

    Source: Platt 1999, "Probabilistic outputs for support vector machines", section 2.2.
    """
    full, clean = labels.sum(), len(labels) - labels.sum()
    targets = np.where(labels > 0, (full + 1) / (full + 2), 1 / (clean + 2))
    columns = np.stack([scores, np.ones(len(scores))], axis=1)
    best = np.zeros(2)
    for _ in range(_STEPS):
        chance = _sigmoid(columns @ best)
        pull = columns.T @ (targets - chance)
        bend = (columns * (chance * (1 - chance))[:, None]).T @ columns + 1e-9 * np.eye(2)
        step = np.linalg.solve(bend, pull)
        step *= min(1.0, 2.0 / float(np.abs(step).max() + 1e-12))
        best = best + step
        if float(np.abs(step).max()) < _DONE:
            break
    return float(best[0]), float(best[1])


def _figures(scores: Scores, labels: Scores) -> Figures:
    clean, full = scores[labels == 0], scores[labels > 0]
    above = full[:, None] - clean[None, :]
    return Figures(
        clean=len(clean),
        full=len(full),
        auc=float(np.mean((above > 0) + 0.5 * (above == 0))),
        balanced=float((np.mean(full > 0) + np.mean(clean <= 0)) / 2),
        margin=float(full.min() - clean.max()),
    )


def _head(fit: _Fit, calibration: tuple[float, float], figures: Figures, made: tuple[Origin, datetime]) -> Head:
    weights = base64.b64encode(fit.weights.astype("<f4").tobytes()).decode("ascii")
    slope, shift = calibration
    origin, created = made
    return Head(
        origin=origin,
        created=created,
        figures=figures,
        weights=weights,
        bias=fit.bias,
        slope=slope,
        shift=shift,
    )


def _sigmoid(x: Scores | np.float64) -> Scores:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * x)))
