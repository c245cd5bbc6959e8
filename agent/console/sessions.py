"""Who is logged in, and who has guessed too often. In memory: a new start of the agent asks for the password again."""

from __future__ import annotations

import hashlib
import secrets
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

from agent.ports.console.access import User

MOST_SESSIONS = 100
MOST_GUESSERS = 1000
FREE_GUESSES = {"address": 5, "name": 50}
"""Wrong passwords from one address, or for one name from wherever, before it has to wait. A name is more patient: or
whoever reaches the page could keep its owner out."""
WAIT_S = 30.0
"""After the last free one; twice as long after each further one."""
LONGEST_WAIT_S = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A login. `csrf`: what a page of ours sends along with every change, and a page of others cannot know."""

    user: User
    csrf: str
    until_s: float


class Sessions:
    """Logins by a token of which only the hash is kept. Safe to call from several threads."""

    def __init__(self, lasts_s: float) -> None:
        self._lasts_s = lasts_s
        self._lock = Lock()
        self._open: OrderedDict[str, Session] = OrderedDict()

    def begin(self, user: User, now_s: float) -> tuple[str, Session]:
        """A new login, and its token."""
        token = secrets.token_urlsafe(32)
        session = Session(user=user, csrf=secrets.token_urlsafe(32), until_s=now_s + self._lasts_s)
        with self._lock:
            self._open[_key(token)] = session
            while len(self._open) > MOST_SESSIONS:
                self._open.popitem(last=False)
        return token, session

    def find(self, token: str, now_s: float) -> Session | None:
        """The login of that token, if it still lasts."""
        with self._lock:
            session = self._open.get(_key(token))
        return session if session and now_s < session.until_s else None

    def end(self, token: str) -> None:
        """Somebody leaves."""
        with self._lock:
            self._open.pop(_key(token), None)

    def sweep(self, now_s: float) -> None:
        """Forget what is over."""
        with self._lock:
            for key in [key for key, session in self._open.items() if now_s >= session.until_s]:
                del self._open[key]


class Guesses:
    """Counts wrong passwords by whom they came from and by whom they were for; each has to wait ever longer."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._wrong: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def wait_s(self, keys: tuple[str, ...], now_s: float) -> float:
        """Seconds until one of these may try again; 0 for now."""
        with self._lock:
            known = [(key, *self._wrong[key]) for key in keys if key in self._wrong]
        return max((_waits(key, wrong) - (now_s - at_s) for key, wrong, at_s in known), default=0.0)

    def wrong(self, keys: tuple[str, ...], now_s: float) -> None:
        """A password was wrong."""
        with self._lock:
            for key in keys:
                count, at_s = self._wrong.pop(key, (0, now_s))
                forgiven = now_s - at_s > 2 * LONGEST_WAIT_S
                self._wrong[key] = (1 if forgiven else count + 1, now_s)
            while len(self._wrong) > MOST_GUESSERS:
                self._wrong.popitem(last=False)

    def right(self, keys: tuple[str, ...]) -> None:
        """A password was right."""
        with self._lock:
            for key in keys:
                self._wrong.pop(key, None)


def _waits(key: str, wrong: int) -> float:
    beyond = wrong - FREE_GUESSES[key.partition(" ")[0]]
    return 0.0 if beyond < 0 else float(min(LONGEST_WAIT_S, WAIT_S * 2 ** min(beyond, 20)))


def _key(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
