"""What other programs on the network may ask the box about itself: Prometheus metrics and probes, over HTTP."""

from __future__ import annotations

from agent.adapters.metrics.pages import Page, StatusPages
from agent.adapters.metrics.server import StatusServer

__all__ = ["Page", "StatusPages", "StatusServer"]
