"""A process with a store and a courier, killed by tests: `python -m tests.agent_child DATABASE PORT`.

Records an event for each line on stdin and prints its number when it is kept.
"""

from __future__ import annotations

import random
import sys
import threading
from pathlib import Path

from agent.adapters.mqtt import MqttSettings, PahoBroker
from agent.adapters.sqlite import Database, SqliteOutbox, SqliteStore
from agent.core.wire import event_message, state_message, will_message
from agent.runtime.courier import Courier, CourierSettings, StateMessages
from tests.events import CLOCK, FACTS, RUN, T0, make_event
from tests.fakes_delivery import WallClock

STATE = StateMessages(
    online=lambda: state_message(FACTS, RUN, status="online", since=T0),
    offline=lambda: state_message(FACTS, RUN, status="offline", since=T0),
    will=lambda: will_message(FACTS, RUN),
)


def main() -> None:
    clock = WallClock()
    with Database(Path(sys.argv[1]), reserve_bytes=0).open() as database:
        courier = Courier(
            outbox=SqliteOutbox(database),
            broker=PahoBroker(MqttSettings(host="127.0.0.1", port=int(sys.argv[2]), client_id="box-01"), clock),
            clock=clock,
            state=STATE,
            jitter=random.Random().uniform,
            settings=CourierSettings(first_wait_s=0.05, will_delay_s=0),
        )
        store = SqliteStore(database, lambda e, n: event_message(e, n, FACTS, CLOCK), courier.wake)
        stop = threading.Event()
        thread = threading.Thread(target=courier.run, args=(stop,))
        thread.start()
        number = int(store.load_state("gate") or 0)
        for _ in sys.stdin:
            number += 1
            store.record("gate", [make_event(number)], str(number))
            print(number, flush=True)
        stop.set()
        courier.wake()
        thread.join()


if __name__ == "__main__":
    main()
