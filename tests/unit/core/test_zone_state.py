"""Learning clean and full from rows of numbers."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.core.types import Floats
from agent.core.zone_state import LEAST, Head, Lesson, Origin, Refusal, needed_auc, outline_hash, train

ORIGIN = Origin(model_sha256="m", recipe="r", outline="o", picture_px=(640, 480))
AT = datetime(2026, 5, 4, 8, tzinfo=UTC)


def rows(count: int, seed: int, shift: float = 0.0, width: int = 64) -> Floats:
    """Noise, with `shift` in the first eight features."""
    table = np.random.default_rng(seed).normal(size=(count, width)).astype(np.float32)
    table[:, :8] += np.float32(shift)
    return table


def taught(clean: Floats, full: Floats) -> Lesson:
    return train(clean, full, ORIGIN, AT)


def head_of(lesson: Lesson) -> Head:
    assert lesson.head is not None
    return lesson.head


def test_it_tells_unseen_rows_apart() -> None:
    lesson = taught(rows(12, 1), rows(10, 2, shift=3.0))
    head = head_of(lesson)
    assert lesson.refusal is None
    assert (head.origin, head.created) == (ORIGIN, AT)
    assert (head.figures.clean, head.figures.full) == (12, 10)
    assert head.figures.auc == 1.0
    assert head.figures.margin > 0
    clean = [head.probability(row) for row in rows(50, 3)]
    full = [head.probability(row) for row in rows(50, 4, shift=3.0)]
    assert np.mean(np.array(clean) < 0.5) >= 0.98
    assert np.mean(np.array(full) > 0.5) >= 0.98


def test_few_pictures_never_make_it_certain() -> None:
    head = head_of(taught(rows(8, 1), rows(8, 2, shift=3.0)))
    far = rows(1, 3, shift=1e6)[0]
    assert head.probability(far) == pytest.approx(0.9)
    assert head.probability(-far) == pytest.approx(0.1)


def test_it_survives_being_written_down() -> None:
    head = head_of(taught(rows(8, 1), rows(8, 2, shift=3.0)))
    again = Head.model_validate_json(head.model_dump_json())
    assert again == head
    row = rows(1, 5, shift=1.5)[0]
    assert again.probability(row) == head.probability(row)


def test_the_same_pictures_teach_the_same() -> None:
    assert taught(rows(9, 1), rows(7, 2, shift=2.0)) == taught(rows(9, 1), rows(7, 2, shift=2.0))


def test_a_few_do_not_outvote_many() -> None:
    head = head_of(taught(rows(60, 1), rows(8, 2, shift=3.0)))
    assert min(head.probability(row) for row in rows(20, 4, shift=3.0)) > 0.5


def test_it_names_the_picture_that_lies_on_the_wrong_side() -> None:
    clean, full = rows(12, 1), rows(12, 2, shift=3.0)
    clean[4], full[7] = rows(1, 9, shift=3.0)[0], rows(1, 8)[0]
    lesson = taught(clean, full)
    assert (lesson.wrong_clean, lesson.wrong_full) == ((4,), (7,))


def test_pictures_without_a_difference_are_refused() -> None:
    accepted = [taught(rows(12, seed), rows(12, seed + 100)).head is not None for seed in range(20)]
    lesson = taught(rows(12, 3), rows(12, 103))
    assert sum(accepted) == 0
    assert lesson.refusal is Refusal.NOT_SEPARATE
    assert lesson.figures is not None


def test_neighbours_do_not_answer_for_each_other() -> None:
    """Five moments of each kind, each photographed twice, say nothing of a sixth moment."""
    for seed in range(10):
        moments = np.repeat(rows(10, seed), 2, axis=0) + rows(20, seed + 50) * np.float32(0.01)
        assert taught(moments[:10], moments[10:]).refusal is Refusal.NOT_SEPARATE


@pytest.mark.parametrize(("clean", "full"), [(LEAST - 1, 9), (9, LEAST - 1), (0, 9), (0, 0)])
def test_too_few(clean: int, full: int) -> None:
    lesson = taught(rows(clean, 1), rows(full, 2, shift=3.0))
    assert (lesson.head, lesson.refusal, lesson.figures) == (None, Refusal.TOO_FEW, None)


def test_repetitions_do_not_count() -> None:
    clean = rows(LEAST, 1)
    clean[3] = clean[0]
    lesson = taught(clean, rows(9, 2, shift=3.0))
    assert (lesson.refusal, lesson.wrong_clean, lesson.wrong_full) == (Refusal.TOO_FEW, (3,), ())


def test_a_picture_on_both_sides() -> None:
    clean, full = rows(8, 1), rows(8, 2, shift=3.0)
    full[5] = clean[2]
    lesson = taught(clean, full)
    assert (lesson.refusal, lesson.wrong_clean, lesson.wrong_full) == (Refusal.SHARED, (2,), (5,))


def test_nothing_to_see() -> None:
    same = np.ones((8, 5), np.float32)
    assert taught(same, same).refusal is Refusal.IDENTICAL


def test_the_auc_that_is_asked_of_few_is_higher() -> None:
    assert needed_auc(6, 6) == pytest.approx(0.904, abs=0.001)
    assert needed_auc(30, 30) == 0.85
    assert needed_auc(1, 1) == 1.0


@pytest.mark.parametrize(("clean", "full"), [((3, 4), (3, 5)), ((3,), (3,))])
def test_shapes_that_do_not_fit(clean: tuple[int, ...], full: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"expected \(N, D\) and \(M, D\)"):
        taught(np.zeros(clean, np.float32), np.zeros(full, np.float32))


def test_features_of_another_length() -> None:
    head = head_of(taught(rows(8, 1), rows(8, 2, shift=3.0)))
    with pytest.raises(ValueError, match=r"expected features \(64,\), found \(9,\)"):
        head.probability(np.zeros(9, np.float32))


def test_features_that_are_no_numbers() -> None:
    bad = rows(8, 1)
    bad[0, 0] = np.nan
    with pytest.raises(ValueError, match="expected finite features"):
        taught(bad, rows(8, 2))


def test_an_outline_is_known_again() -> None:
    outline = ((0.1, 0.2), (0.3, 0.2), (0.3, 0.4))
    assert outline_hash(outline) == outline_hash([(0.1, 0.2), (0.3, 0.2), (0.3, 0.4000000001)])
    assert outline_hash(outline) != outline_hash(outline[::-1])


@settings(max_examples=40, deadline=None)
@given(
    clean=st.integers(LEAST, 14),
    full=st.integers(LEAST, 14),
    seed=st.integers(0, 10_000),
    shift=st.floats(0, 6),
    scale=st.floats(1e-3, 1e3),
    constant=st.booleans(),
)
def test_whatever_it_is_shown_it_stays_sound(
    clean: int, full: int, seed: int, shift: float, scale: float, constant: bool
) -> None:
    a, b = rows(clean, seed) * np.float32(scale), rows(full, seed + 1, shift) * np.float32(scale)
    if constant:
        a[:, 20:], b[:, 20:] = 0.0, 0.0
    lesson = taught(a, b)
    figures = lesson.figures
    assert figures is not None
    assert (lesson.head is None) == (figures.auc < lesson.needed_auc or figures.balanced < 0.8)
    if lesson.head is not None:
        assert np.isfinite(np.frombuffer(base64.b64decode(lesson.head.weights), "<f4")).all()
        full_means = np.mean([lesson.head.probability(row) for row in b])
        clean_means = np.mean([lesson.head.probability(row) for row in a])
        assert clean_means < full_means
        assert clean_means > 1 / (clean + 2) - 1e-9
        assert full_means < 1 - 1 / (full + 2) + 1e-9
