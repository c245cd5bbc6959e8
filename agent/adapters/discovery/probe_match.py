"""WS-Discovery's messages as ONVIF uses them: the question, and what devices answer.

WS-Discovery (April 2005), as the ONVIF Core Specification (7.3) takes it: SOAP over UDP, `ProbeMatches` with one
`ProbeMatch` for each device: `Types`, `XAddrs` (addresses of its service) and `Scopes` (URIs that hold its name,
hardware and location).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote
from uuid import UUID
from xml.etree.ElementTree import Element

from agent.adapters.isapi.device import shown
from agent.adapters.isapi.xml import child, local, parsed, text
from agent.core.discovery import Found, Way, maker_of
from agent.core.errors import CameraAnswerUnusable

TYPES = ("dn:NetworkVideoTransmitter", "tds:Device")
"""What is asked for; there are devices that answer to the one only."""
MAX_MESSAGE_BYTES = 32 * 1024
"""An answer has 1 to 4 KiB."""
_MAX_PARTS = 64
"""Most matches of a message, scopes of a match and addresses of a service that are looked at."""
_ONVIF = "onvif://www.onvif.org/"
_VIDEO = re.compile(r"(?:^|[\s:])NetworkVideo")


def probe(message: UUID, types: str) -> bytes:
    """The question."""
    addressing = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
    discovery = "http://schemas.xmlsoap.org/ws/2005/04/discovery"
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="{addressing}" xmlns:d="{discovery}" '
        'xmlns:dn="http://www.onvif.org/ver10/network/wsdl" xmlns:tds="http://www.onvif.org/ver10/device/wsdl">'
        f'<s:Header><a:Action s:mustUnderstand="1">{discovery}/Probe</a:Action>'
        f"<a:MessageID>urn:uuid:{message}</a:MessageID>"
        f"<a:ReplyTo><a:Address>{addressing}/role/anonymous</a:Address></a:ReplyTo>"
        '<a:To s:mustUnderstand="1">urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To></s:Header>'
        f"<s:Body><d:Probe><d:Types>{types}</d:Types></d:Probe></s:Body></s:Envelope>"
    ).encode()


def devices_of(sender: str, body: bytes) -> list[Found]:
    """The ONVIF devices of one answer; whatever else answers to probes, such as printers, is left out.

    Args:
        sender: the address that the answer came from, which becomes the device's: a camera with two networks names
            an address that cannot be reached as often as not.

    Raises CameraAnswerUnusable when this is no answer to a probe.
    """
    where = f"device {sender} (WS-Discovery)"
    if len(body) > MAX_MESSAGE_BYTES:
        found = f"more than {MAX_MESSAGE_BYTES} bytes"
        raise CameraAnswerUnusable(f"{where}: expected an answer to a probe, found {found}")
    root = parsed(where, body)
    matches = child(root, "Body", "ProbeMatches")
    if local(root) != "Envelope" or matches is None:
        raise CameraAnswerUnusable(f"{where}: expected ProbeMatches in an Envelope, found {shown(local(root))!r}")
    found_here = [below for below in matches if local(below) == "ProbeMatch"][:_MAX_PARTS]
    return [device for match in found_here if (device := _device(sender, match))]


def _device(sender: str, match: Element) -> Found | None:
    scopes = dict(_scopes(text(match, "Scopes") or ""))
    if not scopes and not _VIDEO.search(text(match, "Types") or ""):
        return None
    model, name = scopes.get("hardware", ""), scopes.get("name", "")
    addresses = (text(match, "XAddrs") or "").split()[:_MAX_PARTS]
    return Found(
        address=sender,
        ways=(Way.ONVIF,),
        maker=maker_of(scopes.get("manufacturer", ""), name, model),
        model=model,
        name=name,
        location=scopes.get("location", ""),
        web=tuple(shown(address) for address in addresses if address.startswith(("http://", "https://"))),
    )


def _scopes(told: str) -> Iterator[tuple[str, str]]:
    """Category and value of each of ONVIF's scopes; of `location/country/china` that is `location` and `china`."""
    for scope in told.split()[:_MAX_PARTS]:
        if scope.lower().startswith(_ONVIF):
            category, _, value = scope[len(_ONVIF) :].partition("/")
            yield category.lower(), shown(unquote(value.rpartition("/")[2])).strip()
