"""Reading what a box tells about itself over HTTP."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Mapping
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

WAIT_S = 60.0


def get(port: int, path: str, *, method: str = "GET", headers: Mapping[str, str] = {}) -> tuple[int, str, str]:
    """Status, content type and content of one request. Raises OSError."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=WAIT_S)
    try:
        connection.request(method, path, headers=dict(headers))
        answer = connection.getresponse()
        return answer.status, answer.headers["Content-Type"], answer.read().decode()
    finally:
        connection.close()


def listening(port: int) -> bool:
    """Whether somebody can be asked there."""
    try:
        socket.create_connection(("127.0.0.1", port), 5).close()
    except ConnectionRefusedError:
        return False
    return True


class Scrape:
    """The samples of one page of metrics."""

    def __init__(self, text: str) -> None:
        self.families = {family.name: family for family in text_string_to_metric_families(text)}
        samples = [sample for family in self.families.values() for sample in family.samples]
        self.names = {sample.name for sample in samples}
        self.labels = {value for sample in samples for value in sample.labels.values()}
        self._values = {(sample.name, frozenset(sample.labels.items())): sample.value for sample in samples}
        assert len(self._values) == len(samples), "a sample is there twice"

    def value(self, name: str, **labels: str) -> float | None:
        """The sample of that name with exactly these labels; None when there is none."""
        return self._values.get((name, frozenset(labels.items())))


def scrape(port: int) -> Scrape:
    status, content_type, text = get(port, "/metrics")
    assert (status, content_type.partition(";")[0]) == (200, "text/plain")
    return Scrape(text)


def reasons(port: int, path: str = "/readyz") -> set[tuple[str, str]]:
    """Codes and what they are about, of a probe; none when all is well."""
    status, _, text = get(port, path)
    told: dict[str, Any] = json.loads(text)
    assert (status == 200) is (told["status"] == "ok") is (not told["reasons"])
    return {(reason["code"], reason["what"]) for reason in told["reasons"]}
