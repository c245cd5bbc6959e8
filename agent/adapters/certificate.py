"""Until when a certificate of this box is valid, read from its file.

The standard library tells that of a peer's certificate only, and of authorities'.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

_BEGIN, _END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
_VERSION, _UTC_TIME, _GENERALIZED_TIME = 0xA0, 0x17, 0x18
"""Tags of DER, X.690; where they stand: RFC 5280, 4.1."""
_SPLIT_YEAR = "50"
"""Two digits from here on are of the last century (RFC 5280, 4.1.2.5.1)."""


def valid_until(file: Path) -> datetime:
    """Of the first certificate of a PEM file, which is the box's own where its chain follows.

    Raises:
        OSError: the file cannot be read.
        ValueError: there is no certificate in it.
    """
    _, begin, rest = file.read_text(encoding="latin-1").partition(_BEGIN)
    body, end, _ = rest.partition(_END)
    if not (begin and end):
        raise ValueError("no certificate in PEM")
    try:
        [(_, certificate)] = _elements(ssl.PEM_cert_to_DER_cert(begin + body + end))
        _, signed = next(_elements(certificate))
        fields = [content for tag, content in _elements(signed) if tag != _VERSION]
        _, (tag, text) = _elements(fields[3])  # after serial number, signature and issuer
        return _time(tag, text.decode("ascii"))
    except (IndexError, StopIteration, ValueError) as error:
        raise ValueError("no certificate in PEM that can be read") from error


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Tag and content of each, one after the other."""
    at = 0
    while at < len(data):
        tag, length, start = data[at], data[at + 1], at + 2
        if length & 0x80:
            start += length & 0x7F
            length = int.from_bytes(data[at + 2 : start], "big")
        at = start + length
        if at > len(data):
            raise ValueError("cut short")
        yield tag, data[start:at]


def _time(tag: int, text: str) -> datetime:
    if tag == _UTC_TIME:
        text = ("19" if text[:2] >= _SPLIT_YEAR else "20") + text
    elif tag != _GENERALIZED_TIME:
        raise ValueError("not a time")
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
