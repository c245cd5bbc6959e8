"""The people with a password for the console: a file of scrypt hashes that only the agent's user reads."""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from pydantic import TypeAdapter, ValidationError

from agent.adapters.config_file import replace_durably, unwritten
from agent.core.errors import StoreUnusable
from agent.ports.console.access import Role, User

NAME = re.compile(r"[\w.@-]{1,60}")
"""Letters of any script, so that people can go by the name that they have."""
LEAST = 10
"""Characters of a password (NIST SP 800-63B asks for 8 at least)."""
MOST = 200
_N, _R, _P = 2**14, 8, 5
"""OWASP's scrypt for little memory: 16 MiB, about a fifth of a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    role: Role
    salt: str
    hash: str


_ROWS: TypeAdapter[dict[str, _Row]] = TypeAdapter(dict[str, _Row])


class UsersFile:
    """Implements `ports.console.Users`. Safe to call from several threads; one password is looked at at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()

    def known(self) -> Mapping[str, User]:
        """See `Users.known`; nobody where there is no file."""
        return {name: _user(name, row) for name, row in self._rows().items()}

    def check(self, name: str, password: str) -> User | None:
        """See `Users.check`."""
        row = self._rows().get(name)
        salt = row.salt if row else "00" * 16
        with self._lock:  # bounds the memory that somebody who only guesses can make us use
            given = _hashed(password[: MOST + 1], salt)
        return _user(name, row) if row and hmac.compare_digest(given, row.hash) else None

    def put(self, name: str, password: str, role: Role) -> None:
        """Add somebody, or give him another password or role.

        Raises: ValueError, saying what was expected; StoreFull, StoreUnusable.
        """
        if not NAME.fullmatch(name):
            raise ValueError("a name of at most 60 letters, digits, '.', '_', '@' and '-'")
        if not LEAST <= len(password) <= MOST:
            raise ValueError(f"a password of {LEAST} to {MOST} characters")
        salt = os.urandom(16).hex()
        row = _Row(role=role, salt=salt, hash=_hashed(password, salt))
        with self._alone():
            self._write({**self._rows(), name: row})

    def remove(self, name: str) -> bool:
        """Take somebody's password away; returns whether he had one. Raises StoreFull, StoreUnusable."""
        with self._alone():
            rows = self._rows()
            there = rows.pop(name, None) is not None
            if there:
                self._write(rows)
        return there

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Another process that changes the users waits, or one of the changes would be lost."""
        try:
            self._path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)  # nobody else's, as the agent makes it
            handle = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            raise unwritten(self._path, error, "a folder that may be written to") from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _rows(self) -> dict[str, _Row]:
        try:
            return _ROWS.validate_json(self._path.read_bytes())
        except FileNotFoundError:
            return {}
        except (OSError, ValidationError) as error:
            found = getattr(error, "strerror", None) or "something else"
            raise StoreUnusable(
                f"{self._path}: expected the console's users, found: {found}; delete it and add them anew"
            ) from error

    def _write(self, rows: dict[str, _Row]) -> None:
        try:
            owner = self._path.parent.stat()  # root adds somebody for the agent that runs there
            replace_durably(self._path, _ROWS.dump_json(rows, indent=1), mode=0o600, owner=(owner.st_uid, owner.st_gid))
        except OSError as error:
            raise unwritten(self._path, error, "a folder that may be written to") from error


def _user(name: str, row: _Row) -> User:
    return User(name=name, role=row.role, stamp=f"{row.role}:{row.hash[:16]}")


def _hashed(password: str, salt: str) -> str:
    return hashlib.scrypt(password.encode(), salt=bytes.fromhex(salt), n=_N, r=_R, p=_P, dklen=32).hex()
