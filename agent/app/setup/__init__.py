"""`cityeye init`: what a first configuration is made of, and putting it there."""

from __future__ import annotations

from agent.app.setup.broker import broker_of, location_of
from agent.app.setup.cameras import Offer, free_id, from_file, from_flag, named, offers_of
from agent.app.setup.keep import Kept, keep

__all__ = [
    "Kept",
    "Offer",
    "broker_of",
    "free_id",
    "from_file",
    "from_flag",
    "keep",
    "location_of",
    "named",
    "offers_of",
]
