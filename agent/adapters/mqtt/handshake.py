"""A TLS handshake with the broker and nothing more: what certificate it shows."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime

from agent.adapters.mqtt.reasons import socket_error, tls_context
from agent.adapters.mqtt.settings import MqttSettings
from agent.core.errors import BrokerRefused, BrokerUnreachable

_EXPIRED = 10
"""X509_V_ERR_CERT_HAS_EXPIRED (openssl/x509_vfy.h)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handshake:
    """`valid_until` of the broker's certificate, or a `problem` in words.

    Attributes:
        untrusted: TLS is there, and this box does not believe the certificate. expired: that is why.
    """

    valid_until: datetime | None = None
    problem: str = ""
    untrusted: bool = False
    expired: bool = False


def handshake(settings: MqttSettings) -> Handshake:
    """Connect and shake hands, checking chain and host name. Settings with `tls` only."""
    assert settings.tls is not None
    try:
        context = tls_context(settings.tls)
        address = (settings.host, settings.port)
        with (
            socket.create_connection(address, timeout=settings.timeout_s) as plain,
            context.wrap_socket(plain, server_hostname=settings.host) as peer,
        ):
            told = peer.getpeercert() or {}
    except (BrokerRefused, BrokerUnreachable) as error:
        return Handshake(problem=str(error))
    except (OSError, UnicodeError) as error:
        untrusted = isinstance(error, ssl.SSLCertVerificationError)
        expired = isinstance(error, ssl.SSLCertVerificationError) and error.verify_code == _EXPIRED
        return Handshake(problem=str(socket_error(error, settings)), untrusted=untrusted, expired=expired)
    seconds = ssl.cert_time_to_seconds(str(told["notAfter"]))
    return Handshake(valid_until=datetime.fromtimestamp(seconds, UTC))
