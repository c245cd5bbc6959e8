"""Digest logins (RFC 7616, MD5 or SHA-256) of the web service, and the lock-out that RTSP shares."""

from __future__ import annotations

import hashlib
import re
import secrets
import threading
from collections import Counter

ALGORITHMS = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}


class Lockout:
    """Counts logins. After so many bad ones in a row an address is let in no more, with whatever it says."""

    def __init__(self, after: int) -> None:
        self._after = after
        self._lock = threading.Lock()
        self._bad: Counter[str] = Counter()
        self.good = 0
        self.bad = 0

    def open_to(self, address: str) -> bool:
        """Whether a login from there is looked at. If not, it counts as a bad one."""
        with self._lock:
            is_open = self._bad[address] < self._after
            self.bad += not is_open
            return is_open

    def judged(self, address: str, *, right: bool) -> bool:
        """Take note of a login that was looked at; returns whether it is let in."""
        with self._lock:
            self.good += right
            self.bad += not right
            self._bad[address] = 0 if right else self._bad[address] + 1
            return right

    def is_locked(self, address: str) -> bool:
        """Whether nobody is let in from there."""
        with self._lock:
            return self._bad[address] >= self._after

    def locked(self) -> list[str]:
        """Addresses that are locked out."""
        with self._lock:
            return sorted(address for address, bad in self._bad.items() if bad >= self._after)


class Door:
    """A digest login."""

    def __init__(self, user: str, password: str, *, algorithm: str, realm: str, lockout: Lockout) -> None:
        self._user = user
        self._password = password
        self._algorithm = algorithm
        self._realm = realm
        self._nonce = secrets.token_hex(16)
        self._lockout = lockout

    @property
    def challenge(self) -> str:
        """The value of WWW-Authenticate."""
        return (
            f'Digest realm="{self._realm}", qop="auth", algorithm={self._algorithm}, nonce="{self._nonce}", '
            'stale="FALSE"'
        )

    def lets_in(self, header: str, method: str, address: str) -> bool:
        """Whether a request with this Authorization header is let in; one without is not, and costs nothing."""
        if not header or not self._lockout.open_to(address):
            return False
        return self._lockout.judged(address, right=self._right(header, method))

    def _right(self, header: str, method: str) -> bool:
        told = {name.lower(): quoted or bare for name, quoted, bare in _FIELDS.findall(header)}
        if not header.lower().startswith("digest ") or told.get("nonce") != self._nonce:
            return False
        if told.get("algorithm", "MD5").upper() != self._algorithm:
            return False
        secret = self._digest(f"{self._user}:{self._realm}:{self._password}")
        asked = self._digest(f"{method}:{told.get('uri', '')}")
        middle = [self._nonce]
        if "qop" in told:
            middle += [told.get("nc", ""), told.get("cnonce", ""), told["qop"]]
        answer = self._digest(":".join([secret, *middle, asked]))
        return told.get("username") == self._user and secrets.compare_digest(answer, told.get("response", ""))

    def _digest(self, text: str) -> str:
        return ALGORITHMS[self._algorithm](text.encode()).hexdigest()


_FIELDS = re.compile(r'(\w+)=(?:"([^"]*)"|([^",\s]*))')
