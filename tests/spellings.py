"""In how many ways a secret can be written down, and whether it was."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

REALMS = ("IP Camera(SIM)", "IP Camera")
"""Of the cameras of the tests; a digest login is made from a hash of user, realm and password."""


def spellings(secret: str, user: str = "admin") -> set[str]:
    """As it is, as addresses and quoted texts write it, in base 64 as a basic login has it, and as hashes."""
    plain = {secret, quote(secret), quote(secret, safe=""), quote_plus(secret), repr(secret)[1:-1]}
    plain |= {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], secret.encode().hex()}
    hashes = {
        hashed(text.encode()).hexdigest()
        for hashed in (hashlib.md5, hashlib.sha256)
        for text in (secret, f"{user}:{secret}", *(f"{user}:{realm}:{secret}" for realm in REALMS))
    }
    return plain | hashes | set(_in_base64(secret))


def _in_base64(secret: str) -> Iterator[str]:
    """Wherever it begins in a longer text: the characters that depend on it alone."""
    for before in range(3):
        data = bytes(before) + secret.encode()
        coded = base64.b64encode(data).decode().rstrip("=")
        first, last = (before * 8 + 5) // 6, len(data) * 8 // 6
        yield coded[first:last]


def spelt_in(told: str | bytes, secret: str, user: str = "admin") -> list[str]:
    """The spellings that were found."""
    text = told.encode("utf-8", "surrogateescape") if isinstance(told, str) else told
    return [spelling for spelling in sorted(spellings(secret, user)) if spelling.encode() in text]
