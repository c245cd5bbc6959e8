"""What every `ports.Views` does."""

from __future__ import annotations

from agent.ports import Views


def check_views(views: Views, visitor: Views) -> None:
    """Of one memory: as the agent has it, and as another process does."""
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
        visitor.request(camera, zone)
    requests = views.resets("gate")
    assert [request.zone for request in requests] == ["bins", None, "bins"]
    views.done(requests[:2])
    visitor.request("gate", "kerb")
    left = views.resets("gate")
    assert [request.zone for request in left] == ["bins", "kerb"]
    assert len({request.number for request in [*requests, *left]}) == 4
    views.done(left)
    views.done([])
    assert (views.resets("gate"), [r.zone for r in views.resets("yard")]) == ([], [None])
