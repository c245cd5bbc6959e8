"""What was found on a network: devices, who made them, where their streams may be, and which addresses may be asked."""

from __future__ import annotations

from agent.core.discovery.found import Found, Way, merged
from agent.core.discovery.makers import maker_of, rtsp_urls
from agent.core.discovery.ranges import MAX_ADDRESSES, Allowed, addresses_in
from agent.core.discovery.snippet import snippet

__all__ = [
    "MAX_ADDRESSES",
    "Allowed",
    "Found",
    "Way",
    "addresses_in",
    "maker_of",
    "merged",
    "rtsp_urls",
    "snippet",
]
