"""The centre's side of commands: asks, and keeps what a box answers; every answer is checked against the contract."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import jsonschema

from tests.listener import Listener

_CONTRACT = Path(__file__).parents[2] / "docs" / "contract"
COMMAND_SCHEMA = json.loads((_CONTRACT / "command.schema.json").read_text())
RESPONSE_SCHEMA = json.loads((_CONTRACT / "response.schema.json").read_text())


class Asker:
    """Asks one box over the listener's session."""

    def __init__(self, centre: Listener, box: str) -> None:
        """`box`: the first levels of its topics, such as `cityeye/v1/demo/box-1`."""
        self._centre = centre
        self._box = box
        self._numbers = count(1)
        self._known: dict[str, int] = {}
        self._checked = 0

    def send(self, command: str, **body: Any) -> str:
        """Send a command; returns its id."""
        body.setdefault("id", f"e2e-{next(self._numbers)}")
        content = {"command": command, "issued_at": datetime.now(UTC).isoformat(), **body}
        jsonschema.validate(content, COMMAND_SCHEMA, format_checker=jsonschema.FormatChecker())
        self._known[body["id"]] = self._settled(body["id"])
        self._centre.publish(f"{self._box}/cmd", json.dumps(content).encode())
        return str(body["id"])

    def answers(self, command_id: str) -> list[dict[str, Any]]:
        """What came to this command so far, in order."""
        read = [json.loads(message.payload) for message in self._centre.on("/rsp")]
        for answer in read[self._checked :]:
            jsonschema.validate(answer, RESPONSE_SCHEMA, format_checker=jsonschema.FormatChecker())
        self._checked = len(read)
        return [answer for answer in read if answer["id"] == command_id]

    def outcome(self, command_id: str) -> dict[str, Any]:
        """Wait for `done` or `rejected` since the command was sent last."""
        self._centre.wait_until(lambda: self._settled(command_id) > self._known.get(command_id, 0))
        return self.answers(command_id)[-1]

    def _settled(self, command_id: str) -> int:
        return sum(answer["status"] != "accepted" for answer in self.answers(command_id))

    def ask(self, command: str, **body: Any) -> dict[str, Any]:
        """Send a command and return the result it was done with."""
        outcome = self.outcome(self.send(command, **body))
        assert outcome["status"] == "done", outcome
        return dict(outcome["result"])

    def refused(self, command: str, **body: Any) -> str:
        """Send a command and return the code it was rejected with."""
        outcome = self.outcome(self.send(command, **body))
        assert outcome["status"] == "rejected", outcome
        return str(outcome["code"])
