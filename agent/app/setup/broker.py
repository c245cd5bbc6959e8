"""A broker and a place on the map as people write them, as the keys that they mean.

What cannot be understood is passed on as it is: the loader says what is wrong with it.
"""

from __future__ import annotations

import re
from typing import Any

from agent.config.kinds import is_this_machine
from agent.config.sections.broker import TLS_OFF

_SCHEMES = {"mqtt": False, "tcp": False, "mqtts": True, "ssl": True, "tls": True}
_PORT, _TLS_PORT = 1883, 8883


def broker_of(text: str) -> dict[str, Any]:
    """`HOST`, `HOST:PORT`, `mqtt://…`, `mqtts://…` as `host`, `port` and `tls`.

    Without a scheme TLS is meant, but at port 1883, and at a broker on this machine.
    """
    scheme, mark, rest = text.strip().partition("://")
    if not mark or scheme.lower() not in _SCHEMES:
        scheme, rest = "", text.strip()
    rest = rest.rstrip("/") if scheme else rest
    if match := re.fullmatch(r"\[(?P<host>[^\]]*)\](:(?P<port>.*))?", rest):
        host, port = match["host"], match["port"]
    elif rest.count(":") == 1 and "//" not in rest:
        host, port = rest.split(":")
    else:
        host, port = rest, None
    here = is_this_machine(host)
    meant = port == str(_TLS_PORT) or (port != str(_PORT) and not here)
    tls = _SCHEMES[scheme.lower()] if scheme else meant
    return {
        "host": host,
        "port": _number(port) if port is not None else _TLS_PORT if tls else _PORT,
        **({"tls": {}} if tls else {} if here else {"tls": TLS_OFF}),
    }


def location_of(text: str) -> dict[str, Any]:
    """`LON,LAT` or `LON,LAT,gcj02`; without the third it is GPS, which is said as well: the two are 500 m apart."""
    parts = [part for part in re.split(r"[,\s]+", text.strip()) if part]
    lon_lat, crs = [_number(part) for part in parts[:2]], " ".join(parts[2:]).lower()
    return {**dict(zip(("lon", "lat"), lon_lat, strict=False)), "crs": crs or "wgs84"}


def _number(text: str) -> object:
    if re.fullmatch(r"[+-]?[0-9]{1,12}", text):
        return int(text)
    return float(text) if re.fullmatch(r"[+-]?[0-9]{1,12}\.[0-9]*", text) else text
