"""The pages that the box answers with: one function for each path."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import Protocol

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from agent.adapters.metrics.families import Figures, families
from agent.core.errors import StoreUnusable

log = logging.getLogger(__name__)

TURN_S = 5.0
"""How long a caller waits for another one's measuring, which takes some milliseconds."""
_JSON = "application/json"


class Said(Protocol):
    """One thing that is not well."""

    @property
    def code(self) -> str: ...
    @property
    def what(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """An answer: HTTP status, content type, content."""

    status: int
    content_type: str
    body: bytes


class StatusPages:
    """`/metrics`, `/healthz`, `/readyz`. Safe to call from several threads, one of which measures at a time."""

    def __init__(
        self,
        *,
        figures: Callable[[], Figures],
        not_alive: Callable[[], Sequence[Said]],
        not_ready: Callable[[], Sequence[Said]],
    ) -> None:
        self._figures = figures
        self._not_alive = not_alive
        self._not_ready = not_ready
        self._measuring = Lock()

    def page(self, path: str, accept: str) -> Page:
        """The page at a path; `accept`: which formats the caller takes, as in HTTP."""
        try:
            if path == "/healthz":
                return _probe(self._not_alive())
            if path == "/readyz":
                with self._turn():
                    return _probe(self._not_ready())
            if path == "/metrics":
                return self._metrics(accept)
        except StoreUnusable as error:
            log.warning("%s: cannot be answered: %s", path, error)
            return _unavailable("store_unusable", "data folder")
        except TimeoutError as error:
            log.warning("%s: cannot be answered: %s", path, error)
            return _unavailable("busy", "measuring")
        return _json(404, {"status": "not found", "paths": ["/healthz", "/metrics", "/readyz"]})

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Measure alone. Raises TimeoutError: a disk that hangs must not gather threads that wait for it."""
        if not self._measuring.acquire(timeout=TURN_S):
            raise TimeoutError(f"somebody else has been measuring for {TURN_S:g} s")
        try:
            yield
        finally:
            self._measuring.release()

    def _metrics(self, accept: str) -> Page:
        with self._turn():
            figures = self._figures()
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Snapshot(figures))
        encode, content_type = choose_encoder(accept)
        return Page(status=200, content_type=content_type, body=encode(registry))


class _Snapshot(Collector):
    """Figures that were taken already."""

    def __init__(self, figures: Figures) -> None:
        self._figures = figures

    def describe(self) -> Iterator[Metric]:
        """Nothing: the registry need not ask for the figures to know the names."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """See `families`."""
        return families(self._figures)


def _unavailable(code: str, what: str) -> Page:
    return _json(503, {"status": "unavailable", "reasons": [{"code": code, "what": what}]})


def _probe(reasons: Sequence[Said]) -> Page:
    told = [{"code": reason.code, "what": reason.what} for reason in reasons]
    return _json(503 if told else 200, {"status": "unavailable" if told else "ok", "reasons": told})


def _json(status: int, content: object) -> Page:
    return Page(status=status, content_type=_JSON, body=json.dumps(content).encode() + b"\n")
