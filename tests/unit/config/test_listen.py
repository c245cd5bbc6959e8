"""Where the box may be asked over HTTP."""

from __future__ import annotations

import pytest

from agent.config.listen import split_listen
from tests.unit.config.samples import BASE, read


def told(listen: str) -> list[str]:
    return [str(problem) for problem in read(f"metrics: {{listen: '{listen}'}}\n{BASE}").problems]


@pytest.mark.parametrize(
    ("written", "place"),
    [
        ("off", None),
        ("127.0.0.1:9105", ("127.0.0.1", 9105)),
        ("localhost:1", ("127.0.0.1", 1)),
        ("192.168.1.20:65535", ("192.168.1.20", 65535)),
        ("[::1]:9105", ("::1", 9105)),
    ],
)
def test_places_that_may_be_written(written: str, place: tuple[str, int] | None) -> None:
    assert told(written) == []
    assert split_listen(written) == place


@pytest.mark.parametrize(
    "written", ["", "9105", ":9105", "box.example:9105", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:65536", "1.2.3:80"]
)
def test_what_is_no_place_is_refused(written: str) -> None:
    [problem] = told(written)
    assert "metrics.listen: expected off, or an IP address of this box and a port from 1 to 65535" in problem
    assert problem.endswith("for example 127.0.0.1:9105")


@pytest.mark.parametrize("address", ["0.0.0.0", "[::]", "8.8.8.8", "[2606:4700::1111]"])
def test_an_address_that_the_world_may_reach_is_wondered_about(address: str) -> None:
    report = read(f"metrics: {{listen: '{address}:9105'}}\n{BASE}")
    assert report.config is not None
    [problem] = report.warnings
    assert "there is no login" in str(problem)
