"""The log's last line of defence against credentials.

No part of the agent is to log one. But texts of libraries, cameras and servers end up in the log too, and a mistake of
ours must not put a password into a journal that is copied around: whatever is written goes through here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote

from agent.core.address_secrets import MASK, without_secrets

TELLING_CHARACTERS = 4
"""A secret shorter than this is not looked for: it is part of too many words, and of too little use."""
_LOGIN = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,15}://)[^\s/]*@")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,15}://\S+")
_ASTRAY = re.compile(r"([?&;/](?:pass\w{0,12}|pwd|psw|secret|token)=)[^\s&;]+", re.IGNORECASE)
"""A parameter of an address that is none, with a space in the middle."""


class Redactor:
    """Masks logins in addresses, secret parameters of addresses, and every secret that it was told."""

    def __init__(self) -> None:
        self._secrets: frozenset[str] = frozenset()
        self._known: re.Pattern[str] | None = None

    def learn(self, secrets: Iterable[str]) -> None:
        """From now on these too are masked, as they are and as they stand in addresses and in quoted texts."""
        telling = {secret for secret in secrets if len(secret) >= TELLING_CHARACTERS}
        self._secrets |= {
            form for secret in telling for form in (secret, quote(secret), quote(secret, safe=""), repr(secret)[1:-1])
        }
        longest_first = sorted(self._secrets, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def __call__(self, text: str) -> str:
        """The text without what is secret."""
        if self._known is not None:
            text = self._known.sub(MASK, text)
        if "://" not in text:
            return text
        text = _ADDRESS.sub(lambda address: without_secrets(address[0]), _LOGIN.sub(rf"\1{MASK}@", text))
        return _ASTRAY.sub(rf"\1{MASK}", text)
