"""Which cameras a new configuration touches, and how."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from agent.config.difference import Difference, difference
from tests.unit.config.samples import config_of, good


def two() -> dict[str, Any]:
    data = good()
    yard = deepcopy(data["cameras"][0])
    yard.update(id="yard", url="rtsp://192.168.1.65/x", username="admin", password="one")
    yard["zones"][0]["rules"]["illegal_parking"] = {"calendar": "market"}
    data["cameras"].append(yard)
    data["calendars"] = {"market": {"active": [{"days": ["mon"]}]}}
    return data


def change(edit: Callable[[dict[str, Any]], object]) -> Difference:
    after = two()
    edit(after)
    return difference(config_of(two()), config_of(after))


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (lambda d: None, Difference()),
        (lambda d: d["cameras"].reverse(), Difference()),
        (lambda d: d["cameras"][1].update(name="院子"), Difference()),
        (lambda d: d["cameras"][1].update(location={"lon": 1, "lat": 2}), Difference()),
        (lambda d: d.update(box={"location": {"lon": 1, "lat": 2}}), Difference()),
        (
            lambda d: d["cameras"][1]["zones"][0].update(polygon=[[0, 0], [1, 0], [1, 1]]),
            Difference(replanned=("yard",)),
        ),
        (lambda d: d["cameras"][1].update(health={"dwell": "5m"}), Difference(replanned=("yard",))),
        (lambda d: d["calendars"]["market"]["active"][0].update(days=["tue"]), Difference(replanned=("yard",))),
        (lambda d: d["cameras"][1].update(password="two"), Difference(renewed=("yard",))),
        (lambda d: d["cameras"][1].update(read_timeout="4s", zones=[]), Difference(renewed=("yard",))),
        (lambda d: d["cameras"][1].update(main_stream="off"), Difference(renewed=("yard",))),
        (lambda d: d["cameras"].pop(1), Difference(removed=("yard",))),
        (lambda d: d["cameras"][1].update(id="court"), Difference(removed=("yard",), added=("court",))),
        (lambda d: d["mqtt"].update(port=1884), Difference(elsewhere=("mqtt",), reconnected=True)),
        (lambda d: d["mqtt"].update(tls="off"), Difference(elsewhere=("mqtt",), reconnected=True)),
        (lambda d: d["mqtt"].update(protocol="3.1.1"), Difference(elsewhere=("mqtt",), reconnected=True)),
        (lambda d: d["mqtt"].update(username="b", password="p"), Difference(elsewhere=("mqtt",), reconnected=True)),
        (lambda d: d["mqtt"].update(client_id="box-b"), Difference(elsewhere=("mqtt",), reconnected=True)),
        (
            lambda d: d["mqtt"].update(require_ack=True, resend_after="9s", backlog=2000, keepalive="1m"),
            Difference(elsewhere=("mqtt",)),
        ),
        (lambda d: d.update(model={"workers": 2}, evidence={"blur": []}), Difference(elsewhere=("model", "evidence"))),
        (
            lambda d: d.update(box={"time_zone": "UTC"}),
            Difference(replanned=("gate", "yard"), elsewhere=("box",)),
        ),
    ],
    ids=lambda value: None if callable(value) else str(value)[11:-1],
)
def test_what_a_change_touches(edit: Callable[[dict[str, Any]], object], expected: Difference) -> None:
    assert change(edit) == expected
