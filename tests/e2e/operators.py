"""People at the console of a running agent, each with a login of his own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import httpx

from agent.adapters.console_users import UsersFile
from agent.app.places import CONSOLE_USERS
from agent.ports.console.access import Role

PASSWORD = "correct horse battery"


class Operator:
    """One who is logged in."""

    def __init__(self, port: int, name: str) -> None:
        self.name = name
        self._url, self._headers, self._cookies = f"http://127.0.0.1:{port}", dict[str, str](), httpx.Cookies()
        answer = self.post("/api/login", name=name, password=PASSWORD)
        assert answer.status_code == 200, answer.text
        self._headers = {"X-CSRF-Token": answer.json()["csrf"]}
        self._cookies = answer.cookies

    def get(self, path: str) -> Any:
        """What is there."""
        answer = httpx.get(self._url + path, cookies=self._cookies, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def tag(self, path: str) -> str:
        """What tells what is there now from what was; empty while nothing is."""
        answer = httpx.get(self._url + path, cookies=self._cookies, timeout=60)
        return str(answer.headers.get("ETag", ""))

    def post(self, path: str, **body: Any) -> httpx.Response:
        """What came of it, whatever that is."""
        return httpx.post(self._url + path, json=body, headers=self._headers, cookies=self._cookies, timeout=60)


def employ(data: Path, names: Sequence[str]) -> None:
    """Give them a password."""
    users = UsersFile(data / CONSOLE_USERS)
    for name in names:
        users.put(name, PASSWORD, Role.OPERATOR)


def at_once(operators: Sequence[Operator], act: Callable[[Operator], httpx.Response]) -> dict[str, httpx.Response]:
    """All do it in the same moment; the answers by name."""
    answers: dict[str, httpx.Response] = {}
    start = Barrier(len(operators))

    def one(operator: Operator) -> None:
        start.wait()
        answers[operator.name] = act(operator)

    threads = [Thread(target=one, args=(operator,)) for operator in operators]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == len(operators)
    return answers
