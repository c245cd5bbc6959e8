#!/usr/bin/env python3
"""Print how fast a backlog of events leaves the outbox for a real Mosquitto, and how much memory that takes.

PYTHONPATH=. python scripts/bench_delivery.py [--events 100000] [--require-ack]

A store is filled as an agent would that was offline for weeks; then a courier and a subscriber run until all has
arrived. With `--require-ack` a platform beside it acknowledges every hundred events. Everything is on 127.0.0.1.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import threading
import time
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from paho.mqtt.client import Client, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

from agent.adapters.mqtt import MqttSettings, PahoBroker
from agent.adapters.sqlite import Database, SqliteOutbox, SqliteStore
from agent.core.types import Event, Phase
from agent.core.wire import event_message, state_message, will_message
from agent.ports import Received
from agent.runtime.courier import Courier, CourierSettings, StateMessages
from agent.runtime.delivery import DeliverySettings
from tests.events import CLOCK, FACTS, RUN, T0, make_event
from tests.fakes_delivery import WallClock
from tests.mosquitto import Mosquitto

PER_COMMIT: Final = 500
REPORT_EVERY_S: Final = 5.0
ACK_EVERY: Final = 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--require-ack", action="store_true")
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(Mosquitto(folder / "broker", options=("max_queued_messages 0",)))
        database = stack.enter_context(Database(folder / "cityeye.db", reserve_bytes=0).open())
        fill(SqliteStore(database, lambda event, n: event_message(event, n, FACTS, CLOCK)), options.events)
        print(f"{options.events} events in {(folder / 'cityeye.db').stat().st_size / 1e6:.0f} MB")
        drain(SqliteOutbox(database), server.port, options.events, require_ack=options.require_ack)


def fill(store: SqliteStore, count: int) -> None:
    """Incidents that open, last and close."""
    phases = (Phase.OPENED, Phase.UPDATED, Phase.CLOSED)
    for first in range(0, count, PER_COMMIT):
        events = [event(n, phases[n % 3]) for n in range(first, min(count, first + PER_COMMIT))]
        store.record("gate", events, "{}")


def event(number: int, phase: Phase) -> Event:
    made = make_event(1)
    return replace(
        made,
        event_id=UUID(int=2**64 + number),
        incident_id=UUID(int=2**32 + number // 3),
        phase=phase,
        revision=number % 3 + 1,
        closed_at=made.at + timedelta(minutes=5) if phase is Phase.CLOSED else None,
    )


def drain(outbox: SqliteOutbox, port: int, count: int, *, require_ack: bool) -> None:
    """Run a courier and a subscriber until all has arrived."""
    clock = WallClock()
    arrived: set[int] = set()
    everything = threading.Event()
    platform = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5)

    def take(client: Client, _data: Any, message: MQTTMessage) -> None:
        at = message.payload.index(b'"sequence":"') + 12
        arrived.add(int(message.payload[at : at + 20]))
        if require_ack and (len(arrived) % ACK_EVERY == 0 or len(arrived) == count):
            client.publish("t/ack", str(len(arrived)), 1)
        if len(arrived) == count:
            everything.set()

    def ack(received: Received) -> None:
        outbox.acked(int(received.payload))

    platform.on_message = take
    platform.connect("127.0.0.1", port)
    platform.loop_start()
    platform.subscribe("cityeye/+/+/+/event", 1)
    courier = Courier(
        outbox=outbox,
        broker=PahoBroker(MqttSettings(host="127.0.0.1", port=port, client_id="box-01"), clock),
        clock=clock,
        state=StateMessages(
            online=lambda: state_message(FACTS, RUN, status="online", since=T0),
            offline=lambda: state_message(FACTS, RUN, status="offline", since=T0),
            will=lambda: will_message(FACTS, RUN),
        ),
        jitter=random.Random(1).uniform,
        settings=CourierSettings(delivery=DeliverySettings(require_ack=require_ack)),
        listen=["t/ack"],
        inbox=ack,
    )
    stop = threading.Event()
    thread = threading.Thread(target=courier.run, args=(stop,))
    begun_s, cpu_s = time.monotonic(), time.process_time()
    thread.start()
    while not everything.wait(REPORT_EVERY_S):
        print(f"{time.monotonic() - begun_s:6.1f} s  {len(arrived):7d} arrived  {rss_mib():.0f} MiB", flush=True)
    taken_s = time.monotonic() - begun_s
    cpu_ms = (time.process_time() - cpu_s) * 1000 / count
    print(f"{count} events in {taken_s:.1f} s: {count / taken_s:.0f} a second, {cpu_ms:.2f} CPU ms each, both sides")
    stop.set()
    courier.wake()
    thread.join()
    platform.disconnect()
    platform.loop_stop()
    platform.on_message = None
    print(f"left in the outbox: {outbox.depth()}; {rss_mib():.0f} MiB")


def rss_mib() -> float:
    """Memory of this process: courier, store and subscriber."""
    with Path("/proc/self/statm").open() as file:
        return int(file.read().split()[1]) * 4096 / 2**20


if __name__ == "__main__":
    main()
