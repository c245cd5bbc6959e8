"""What was found on a network: devices, who made them, where their streams may be, and which addresses may be asked."""

from __future__ import annotations

from agent.core.discovery.found import Found, Way, merged
from agent.core.discovery.makers import is_recorder, maker_of, rtsp_urls
from agent.core.discovery.picks import Pick, channels_in, picks_in
from agent.core.discovery.ranges import MAX_ADDRESSES, Allowed, addresses_in
from agent.core.discovery.snippet import camera_ids, snippet

__all__ = [
    "MAX_ADDRESSES",
    "Allowed",
    "Found",
    "Pick",
    "Way",
    "addresses_in",
    "camera_ids",
    "channels_in",
    "is_recorder",
    "maker_of",
    "merged",
    "picks_in",
    "rtsp_urls",
    "snippet",
]
