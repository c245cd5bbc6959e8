"""One request to a camera's web service, so that an answer takes no more memory than its reader allows.

Not left to httpx as a whole: its login reads the body of the answer that asks for it to the end, and its decoders
unpack an answer as often as its head says it was packed. Either lets a camera, or whoever answers in its place, fill
the box's memory with a few kilobytes or with patience.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import httpx

Credential = tuple[str, str]
"""User name and password."""


@contextmanager
def asked(
    request: tuple[str, str],
    *,
    login: Credential | None,
    timeout: httpx.Timeout,
    content: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Iterator[httpx.Response]:
    """The answer, to be read by `iter_raw` as far as is wanted.

    Args:
        request: method and address. login: spent once, by digest, and only when it is asked for.

    Raises: httpx.HTTPError, httpx.InvalidURL, and what `login.NOT_SPOKEN` lists.
    """
    # No proxy of the environment, no redirect: the login is for this camera. Cameras sign their certificates
    # themselves, so none can be checked; the digest tells whoever answers no password.
    with httpx.Client(timeout=timeout, trust_env=False, verify=False, follow_redirects=False) as http:  # noqa: S501  # nosec B501  # see above
        sent = http.build_request(*request, content=content, headers={"Accept-Encoding": "identity", **(headers or {})})
        response = http.send(sent, stream=True)
        try:
            if login is not None and (again := _with_login(sent, response, login)) is not None:
                response.close()
                response = http.send(again, stream=True)
            yield response
        finally:
            response.close()


def _with_login(sent: httpx.Request, response: httpx.Response, login: Credential) -> httpx.Request | None:
    """The request once more, with the digest that the answer asks for; None where it asks for none.

    A digest of its own for each request: a kept one would try a nonce that the camera may have forgotten.
    """
    flow = httpx.DigestAuth(*login).sync_auth_flow(sent)
    next(flow)
    try:
        return flow.send(response)
    except StopIteration:
        return None
