"""What people at the box want done, on its way through the commander."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Condition

from agent.core.errors import CommandRejected, StoreFull, StoreHeld, StoreUnusable
from agent.core.wire import Command, Result
from agent.ports.console.incidents import ALREADY, DISK, DISK_FULL, STORE_HELD, Asked
from agent.runtime.commander import Answer

MOST_WISHES = 200
"""Answers that are remembered until somebody asks."""
PATIENCE_S = 10.0
"""How long one waits for an answer that comes at once, as soon as the commander is free."""


class Wishes:
    """Leaves commands with the commander and remembers what became of the newest. From any thread."""

    def __init__(self, intend: Callable[[Command, Answer], None]) -> None:
        self._intend = intend
        self._known: OrderedDict[str, Asked] = OrderedDict()
        self._news = Condition()

    def begin(self, command: Command) -> Asked:
        """Have it carried out; the answer comes later."""
        wish = command.id
        with self._news:
            self._known[wish] = {"id": wish, "status": "waiting", "code": None, "message": None, "result": None}
            while len(self._known) > MOST_WISHES:
                self._known.popitem(last=False)
        self._intend(command, lambda outcome: self._settle(wish, outcome))
        return self._known.get(wish) or _waiting(wish)

    def done(self, command: Command) -> Asked:
        """Have it carried out and wait for the answer, for `PATIENCE_S` at most."""
        begun = self.begin(command)
        with self._news:
            self._news.wait_for(lambda: (self.asked(command.id) or begun)["status"] != "waiting", PATIENCE_S)
            return self.asked(command.id) or begun

    def asked(self, wish: str) -> Asked | None:
        """What became of it; None when it is not known, or forgotten."""
        return self._known.get(wish)

    def _settle(self, wish: str, outcome: Result | CommandRejected) -> None:
        with self._news:
            if isinstance(outcome, CommandRejected):
                told = rejected(wish, _code(outcome), outcome.message)
            else:
                told = {**_waiting(wish), "status": "done", "result": outcome.model_dump(mode="json")}
            if wish in self._known:
                self._known[wish] = told
            self._news.notify_all()


def rejected(wish: str, code: str, message: str) -> Asked:
    """It was not carried out."""
    return {**_waiting(wish), "status": "rejected", "code": code, "message": message}


def done_before(wish: str) -> Asked:
    """Nothing was left to be carried out."""
    return {**_waiting(wish), "status": "done", "code": ALREADY}


def _code(outcome: CommandRejected) -> str:
    """Of a store that did not take it, why."""
    kinds = {StoreHeld: STORE_HELD, StoreFull: DISK_FULL, StoreUnusable: DISK}
    return next((code for kind, code in kinds.items() if isinstance(outcome.__cause__, kind)), outcome.code)


def _waiting(wish: str) -> Asked:
    return {"id": wish, "status": "waiting", "code": None, "message": None, "result": None}
