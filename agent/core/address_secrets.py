"""Passwords and tokens among the parameters of an address, where some cameras and object stores take them."""

from __future__ import annotations

import re

MASK = "***"
_PARAMETER = re.compile(r"(?P<name>[^\s/?&;=]{1,200})=(?P<value>[^&;]*(?:[&;](?:=[^&;]*|[^&;=]*(?=[&;]|$)))*)")
"""Of an address, wherever it stands (XM cameras: in the path). After a `&`, what has no name or no `=` belongs to
the value. Bounded, or a long text without `=` would be tried again from each of its characters."""
_SECRET_NAME = re.compile(
    r"pass|pas$|pwd|psw|(^|_)(p|pw|pin|sid)$|secret|token|key|sig|auth|cred|sess|ticket|%", re.IGNORECASE
)


def parameters(address: str) -> list[re.Match[str]]:
    """All `name=value` of an address, each with a `name` and a `value`."""
    return list(_PARAMETER.finditer(address)) if "://" in address else []


def secret_parameters(address: str) -> list[re.Match[str]]:
    """The parameters of an address (`…://…`) that seem secret: matches with a `name`, and a `value` that is not empty.

    When in doubt a parameter is one: that only hides more. (`user=a_password=b` is taken for one parameter.)
    """
    return [
        match
        for match in parameters(address)
        if match["value"] and any(_SECRET_NAME.search(name) for name in match[0].split("=")[:-1])
    ]


def without_secrets(address: str) -> str:
    """The address as it may be shown: its secret parameters masked. A login before its host is not looked for."""
    for match in reversed(secret_parameters(address)):
        address = f"{address[: match.start('value')]}{MASK}{address[match.end('value') :]}"
    return address
