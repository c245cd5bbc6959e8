"""Finds cameras on a network, without ever logging in: by ONVIF's multicast, and by asking given addresses.

`interfaces` says which networks this machine is in, `ws_discovery` asks all devices there at once (`probe_match` reads
what they say), `scan` asks addresses one by one (`web` over HTTP, `adapters/rtsp_probe` over RTSP).
"""

from __future__ import annotations

from agent.adapters.discovery.interfaces import Interface, local_interfaces
from agent.adapters.discovery.scan import PORTS, Answered, Scanner
from agent.adapters.discovery.ws_discovery import Heard, WsDiscovery

__all__ = ["PORTS", "Answered", "Heard", "Interface", "Scanner", "WsDiscovery", "local_interfaces"]
