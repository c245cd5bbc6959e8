"""What goes wrong around the agent, by name. A fault has a beginning and, unless it is over at once, an end."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from random import Random

from tests.chaos.box import Box, Disk
from tests.chaos.centre import Centre
from tests.chaos.clock import DAY_S, SteppedClock
from tests.mosquitto import Mosquitto
from tests.proxy import Proxy


@dataclass(frozen=True)
class World:
    """The box and everything around it."""

    box: Box
    disk: Disk
    clock: SteppedClock
    proxy: Proxy
    broker: Mosquitto
    centre: Centre
    numbers: count[int]


@dataclass(frozen=True)
class Fault:
    """`lasts_s`: shortest and longest time from beginning to end."""

    begin: Callable[[World, Random], None]
    end: Callable[[World], None] | None = None
    lasts_s: tuple[float, float] = (0.0, 0.0)


def stop_broker(world: World, _rng: Random) -> None:
    world.broker.stop()


def start_broker(world: World) -> None:
    world.broker.start()


def replace_broker(world: World, rng: Random) -> None:
    """A fresh one on the same port: neither sessions nor messages are left."""
    world.broker.stop()
    (Path(world.broker.folder) / "mosquitto.db").unlink(missing_ok=True)


def swallow(world: World, _rng: Random) -> None:
    """The link dies without a word; connections stay open at both ends."""
    world.proxy.swallow = True


def let_through(world: World) -> None:
    world.proxy.cut()  # a stream with bytes missing in its middle is not what a real network gives back
    world.proxy.swallow = False


def reset_link(world: World, _rng: Random) -> None:
    world.proxy.cut()


def fill_disk(world: World, _rng: Random) -> None:
    world.disk.fill()


def free_disk(world: World) -> None:
    world.disk.empty()


def lock_folder(world: World, _rng: Random) -> None:
    world.disk.lock()


def unlock_folder(world: World) -> None:
    world.disk.unlock()


def step_clock(world: World, rng: Random) -> None:
    """A day forward or back, and never more than a day off."""
    offsets = [o for o in (-DAY_S, 0.0, DAY_S) if abs(o - world.clock.offset_s) == DAY_S]
    world.clock.set(rng.choice(offsets))


def command_twice(world: World, rng: Random) -> None:
    """Sound commands, each several times."""
    known = world.centre.incidents
    for name in rng.sample(["ping", "config.get", "verify"], rng.randint(1, 3)):
        now = datetime.now(UTC) + timedelta(seconds=world.clock.offset_s)
        command = {"id": f"chaos-{next(world.numbers)}", "command": name, "issued_at": now.isoformat()}
        if name == "verify":
            if not known:
                continue
            command["incident"] = rng.choice(known[-6:])
        for _ in range(rng.randint(2, 4)):
            world.centre.say("cmd", json.dumps(command).encode())


def command_badly(world: World, rng: Random) -> None:
    """What no box can understand."""
    for payload in rng.sample(BAD_COMMANDS, rng.randint(1, 4)):
        world.centre.say("cmd", payload)


def acknowledge_twice(world: World, rng: Random) -> None:
    """Words that were said before, late ones, and questions for what had come already."""
    mark = world.centre.mark
    for _ in range(rng.randint(1, 3)):
        world.centre.acknowledge()
    old = rng.randint(0, mark)
    world.centre.say("ack", json.dumps({"sequence": f"{old:020d}"}).encode())
    if mark:
        first = rng.randint(max(1, mark - 30), mark)
        ranges = [{"first": f"{first:020d}", "last": f"{min(mark, first + rng.randint(0, 9)):020d}"}]
        world.centre.say("ack", json.dumps({"sequence": f"{mark:020d}", "missing": ranges}).encode())


def acknowledge_badly(world: World, rng: Random) -> None:
    """Words that must not count: broken, for another box, of the future."""
    for payload in rng.sample(BAD_ACKS, rng.randint(1, 4)):
        world.centre.say("ack", payload)


BAD_COMMANDS = [
    b"",
    b"{",
    b"[]",
    b"\xff\xfe\x00",
    b'{"id": 1}',
    b'{"id": "x", "command": "explode", "issued_at": "2026-01-01T00:00:00Z"}',
    b'{"id": "y", "command": "ping", "issued_at": "yesterday"}',
    b'{"id": "z", "command": "ping", "issued_at": "2020-01-01T00:00:00Z", "expires_at": "2020-01-01T00:01:00Z"}',
    b'{"id": "q", "command": "ping", "issued_at": "2026-01-01T00:00:00Z", "surplus": NaN}',
    b"[" * 2000 + b"]" * 2000,
    b'{"id": "' + b"x" * 300_000 + b'"}',
]
BAD_ACKS = [
    b"",
    b"{",
    b"null",
    b"\x80\x81",
    b'{"sequence": 5}',
    b'{"sequence": "-00000000000000000001"}',
    b'{"sequence": "00000000000000000000", "surplus": 1}',
    b'{"sequence": "00000000000000900000"}',
    b'{"sequence": "99999999999999999999"}',
    b'{"sequence": "00000000000000000003", "source": "/cityeye/gongshu/box-8"}',
    b'{"sequence": "00000000000000000001", "missing": [{"first": "00000000000000000009", "last": "1"}]}',
]

FAULTS: dict[str, Fault] = {
    "broker stopped": Fault(stop_broker, start_broker, (1.0, 15.0)),
    "broker replaced by a fresh one": Fault(replace_broker, start_broker, (0.0, 3.0)),
    "link dead without a FIN": Fault(swallow, let_through, (3.0, 20.0)),
    "link reset": Fault(reset_link),
    "disk full": Fault(fill_disk, free_disk, (2.0, 8.0)),
    "folder read-only": Fault(lock_folder, unlock_folder, (2.0, 8.0)),
    "clock stepped by a day": Fault(step_clock),
    "duplicate commands": Fault(command_twice),
    "malformed commands": Fault(command_badly),
    "duplicate and late acks": Fault(acknowledge_twice),
    "malformed acks": Fault(acknowledge_badly),
}
NOT_TOGETHER = ({"broker stopped", "broker replaced by a fresh one"}, {"disk full", "folder read-only"})
