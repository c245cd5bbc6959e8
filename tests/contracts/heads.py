"""What every `Heads` does."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from agent.core.zone_state import Figures, Head, Origin
from agent.ports import Heads


def make_head(bias: float = 0.5, *, model: str = "m", outline: str = "o", recipe: str = "r") -> Head:
    """A head over two features, 1 and -1."""
    return Head(
        origin=Origin(model_sha256=model, recipe=recipe, outline=outline, picture_px=(640, 480)),
        created=datetime(2026, 5, 4, 8, tzinfo=UTC),
        figures=Figures(clean=8, full=9, auc=0.97, balanced=0.9, margin=-0.25),
        weights="AACAPwAAgL8=",
        bias=bias,
        slope=1.0,
        shift=0.0,
    )


class HeadsContract:
    """Subclass it as `Test…` and give a fixture `heads` that is empty."""

    @pytest.fixture
    def heads(self) -> Heads:
        raise NotImplementedError

    def test_nothing_was_taught_at_first(self, heads: Heads) -> None:
        assert heads.heads() == {}
        assert heads.heads("gate") == {}

    def test_it_keeps_the_newest_of_each_zone(self, heads: Heads) -> None:
        heads.save_head("yard", "bins", make_head(1.0))
        heads.save_head("gate", "heap", make_head(2.0))
        heads.save_head("gate", "bins", make_head(3.0))
        heads.save_head("gate", "bins", make_head(4.0))
        assert list(heads.heads().items()) == [
            (("gate", "bins"), make_head(4.0)),
            (("gate", "heap"), make_head(2.0)),
            (("yard", "bins"), make_head(1.0)),
        ]
        assert list(heads.heads("yard")) == [("yard", "bins")]

    def test_forgetting_takes_one_zone_only(self, heads: Heads) -> None:
        heads.save_head("gate", "bins", make_head())
        heads.save_head("gate", "heap", make_head())
        assert heads.forget_head("gate", "bins") is True
        assert heads.forget_head("gate", "bins") is False
        assert list(heads.heads()) == [("gate", "heap")]

    def test_the_version_changes_with_every_change_and_only_then(self, heads: Heads) -> None:
        versions = [heads.version()]
        heads.save_head("gate", "bins", make_head(1.0))
        versions.append(heads.version())
        heads.save_head("gate", "bins", make_head(2.0))
        versions.append(heads.version())
        heads.forget_head("gate", "nosuch")
        heads.heads()
        assert heads.version() == versions[-1]
        heads.forget_head("gate", "bins")
        versions.append(heads.version())
        assert len(set(versions)) == 4
