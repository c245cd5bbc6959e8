"""What every `ports.Views` does."""

from __future__ import annotations

from collections.abc import Callable

from agent.ports import Views

Ask = Callable[[str, str | None], None]


def check_views(views: Views, ask: Ask) -> None:
    assert views.load("gate") is None
    views.save("gate", b"\x00first")
    views.save("yard", b"other")
    views.save("gate", b"\x00second")
    assert (views.load("gate"), views.load("yard")) == (b"\x00second", b"other")
    views.forget("yard")
    views.forget("nobody")
    assert (views.load("gate"), views.load("yard")) == (b"\x00second", None)

    assert views.resets("gate") == []
    for camera, zone in (("gate", "bins"), ("yard", None), ("gate", None), ("gate", "bins")):
        ask(camera, zone)
    requests = views.resets("gate")
    assert [request.zone for request in requests] == ["bins", None, "bins"]
    views.done(requests[:2])
    ask("gate", "kerb")
    left = views.resets("gate")
    assert [request.zone for request in left] == ["bins", "kerb"]
    assert len({request.number for request in [*requests, *left]}) == 4
    views.done(left)
    views.done([])
    assert (views.resets("gate"), [r.zone for r in views.resets("yard")]) == ([], [None])
