"""What a camera's web service says to a login, and why one could not be tried."""

from __future__ import annotations

import logging

import httpx

from agent.core.errors import CameraRefused

# httpx and httpcore tell of every request, with its address, to loggers of their own.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)

NOT_SPOKEN = (KeyError, NotImplementedError, ValueError)
"""What httpx raises for a digest that it cannot speak: it looks the algorithm up in a table, lacks `auth-int`, and
takes a challenge apart without looking."""


def not_spoken(where: str, error: Exception) -> CameraRefused:
    """The camera asks for a digest that cannot be spoken; no credential left the box."""
    match error:
        case KeyError():
            found = f"algorithm {error}"
        case NotImplementedError():
            found = "protection auth-int only"
        case _:
            found = "a challenge that cannot be read"
    return CameraRefused(
        f"{where}: expected digest authentication that can be spoken, found {found}; the password was not tried; "
        "set WEB digest algorithm to MD5 or SHA256",
        attempted=False,
    )


def refusal(where: str, response: httpx.Response, *, right: str) -> CameraRefused | None:
    """The error that an answer means, or None when the login is not the trouble. `right`: what the user wants to do."""
    if response.status_code == 403:
        mend = f"give this user the right to {right}, and check the IP address filter"
        text = f"expected to be let in, found that this user is forbidden to (403); {mend}"
        return CameraRefused(f"{where}: {text}", attempted=False)  # the login itself was right
    if response.status_code != 401:
        return None
    attempted = "authorization" in response.request.headers
    if attempted:
        mend = "check username and password; the camera locks this box out after a few wrong ones"
        text = f"expected the login to be accepted, found that it is refused (401); {mend}"
    else:
        text = (
            "expected to be let in by digest authentication, found that the camera wants another kind or a "
            "login (401); on a Hikvision camera set Security > Authentication > WEB Authentication to digest"
        )
    return CameraRefused(f"{where}: {text}", attempted=attempted)


def fault(error: Exception) -> str:
    """What went wrong, by its kind: never the text, which may hold the address."""
    match error:
        case httpx.TimeoutException():
            return "no answer in time"
        case httpx.ConnectError():
            return "that it cannot be connected to"
        case httpx.InvalidURL() | ValueError():
            return "an address that is none"
        case _:
            return type(error).__name__
