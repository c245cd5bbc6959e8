"""What a broker's answers and TLS failures mean, in words a person can act on."""

from __future__ import annotations

import socket
import ssl

from agent.adapters.mqtt.settings import MqttSettings, TlsSettings
from agent.core.errors import BrokerRefused, BrokerUnreachable

_UNSUPPORTED_PROTOCOL = 132
_SESSION_TAKEN_OVER = 142

# MQTT 5.0 §3.2.2.2; paho turns the return codes of 3.1.1 into the same numbers. Codes that are not here pass by
# themselves (server busy, unavailable, quota, shutting down, …).
_REFUSALS = {
    _UNSUPPORTED_PROTOCOL: "does not speak this MQTT version; set the protocol to auto, 5 or 3.1.1 as it needs",
    133: "does not accept the client id; give this box another one",
    134: "says the user name or password is wrong; correct them",
    135: "does not allow this login; check user name, password and the broker's access list",
    138: "has banned this client; ask whoever runs it",
    140: "wants another way of authentication; ask whoever runs it",
    144: "does not accept the topic of the last will; check tenant, box and the broker's access list",
    149: "finds the CONNECT packet too large; raise its packet limit",
    154: "does not keep retained messages, which the state topic needs; enable them",
    155: "does not offer QoS 1, which events need; enable it",
    156: "sends this box to another server; correct the address",
    157: "has moved to another server; correct the address",
}


UNFIT_REASONS = frozenset({0x90, 0x95, 0x99})
"""MQTT 5 PUBACK reasons that lie in the message: topic name invalid, packet too large, payload format invalid."""


class HungUp(BrokerUnreachable):
    """The broker closed the connection without answering CONNECT."""


class Silent(BrokerUnreachable):
    """The broker keeps the connection open and does not answer CONNECT; amqtt does so to one in MQTT 5 with a will."""


class ProtocolNotSpoken(BrokerRefused):
    """The broker does not speak the MQTT version that was tried."""


def connack_error(code: int, name: str, settings: MqttSettings) -> BrokerRefused | BrokerUnreachable:
    """The error for a CONNACK that is not a success."""
    expected = f"{settings.where}: expected the broker to let this box in"
    if code in _REFUSALS:
        kind = ProtocolNotSpoken if code == _UNSUPPORTED_PROTOCOL else BrokerRefused
        return kind(f"{expected}, found that it {_REFUSALS[code]} (MQTT {code}: {name})", code=code)
    return BrokerUnreachable(
        f"{expected}, found that it does not take connections now (MQTT {code}: {name}); wait, or look at its log"
    )


def socket_error(error: OSError | UnicodeError, settings: MqttSettings) -> BrokerRefused | BrokerUnreachable:
    """The error for a TCP connection or TLS handshake that failed."""
    where = settings.where
    if isinstance(error, ssl.SSLCertVerificationError):
        ca_file = settings.tls and settings.tls.ca_file
        trusted = f"{ca_file} vouches" if ca_file else "the system's authorities vouch"
        return BrokerRefused(
            f"{where}: expected a certificate for this host that {trusted} for, found: {error.verify_message}; "
            "check the CA file, the broker's certificate and the clock of this box"
        )
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError | ConnectionResetError):
        hint = " during the TLS handshake; does this port speak TLS?" if settings.tls else ""
        return BrokerUnreachable(f"{where}: the broker hung up{hint}")
    if isinstance(error, ssl.SSLError):
        return BrokerRefused(
            f"{where}: expected TLS with the broker, found that {_plain_tls(error.reason or str(error))}"
        )
    if isinstance(error, socket.gaierror | UnicodeError):
        found, mend = "that the host name is not known", "check it, and the network's DNS"
    elif isinstance(error, TimeoutError):
        found = f"no answer within {settings.timeout_s:g} s"
        mend = "check the address, the network and any firewall in between"
    else:
        found = f"no connection ({error.strerror or error})"
        mend = "check address and port, and that the broker runs"
    return BrokerUnreachable(f"{where}: expected an MQTT broker, found {found}; {mend}")


def silent_end(last_error: str, settings: MqttSettings) -> BrokerRefused | BrokerUnreachable:
    """The error for a connection that the broker closed without a CONNACK."""
    if "ALERT" in last_error or "alert" in last_error:
        return BrokerRefused(f"{settings.where}: expected TLS with the broker, found that {_plain_tls(last_error)}")
    # A TLS 1.3 server judges the client's certificate after the handshake; its alert may be lost in a reset.
    hint = "; does this port expect TLS?"
    if settings.tls:
        hint = (
            "; does it accept this box's certificate?" if settings.tls.cert_file else "; does it ask for a certificate?"
        )
    return HungUp(f"{settings.where}: expected an answer to CONNECT, found that the broker hung up{hint}")


def lost_reason(code: int, name: str, from_broker: bool, last_error: str) -> str:
    """Why an established session ended."""
    if code == _SESSION_TAKEN_OVER:
        return "another client connected with the client id of this box; give each box its own"
    if from_broker:
        return f"the broker ended the session (MQTT {code}: {name})"
    if name == "Keep alive timeout":
        return "the broker did not answer within the keep-alive time"
    return f"the connection was lost{f': {last_error}' if last_error else ''}"


class _HandshakeOrClosed(ssl.SSLSocket):
    """Closes itself when the handshake fails; paho would leave that to the garbage collector."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise


def tls_context(tls: TlsSettings) -> ssl.SSLContext:
    """A context that verifies chain and host name, and speaks TLS 1.2 at least.

    Raises:
        BrokerRefused: a file is missing or not what it should be.
    """
    try:
        context = ssl.create_default_context(cafile=None if tls.ca_file is None else str(tls.ca_file))
    except OSError as error:
        raise BrokerRefused(
            f"{tls.ca_file}: expected CA certificates in PEM, found: {_os_text(error)}; correct the CA file"
        ) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2  # whatever the system's OpenSSL is set to
    context.sslsocket_class = _HandshakeOrClosed
    if tls.cert_file is not None:
        try:
            # Without the callback, OpenSSL would ask for a passphrase on the terminal and wait.
            context.load_cert_chain(tls.cert_file, tls.key_file, password=lambda: b"")
        except OSError as error:
            raise BrokerRefused(
                f"{tls.cert_file}, {tls.key_file}: expected a certificate and its key in PEM without passphrase, "
                f"found: {_os_text(error)}; correct the files"
            ) from error
    return context


def _os_text(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or "no PEM data").replace("_", " ").lower()
    return error.strerror or str(error)


def _plain_tls(reason: str) -> str:
    known = {
        "WRONG_VERSION_NUMBER": "it does not answer in TLS; check port and tls settings",
        "CERTIFICATE_REQUIRED": "it asks for a client certificate; set cert_file and key_file",
        "UNKNOWN_CA": "it does not know the authority of this box's certificate; check cert_file",
        "BAD_CERTIFICATE": "it does not accept this box's certificate; check cert_file",
        "HANDSHAKE_FAILURE": "it rejects the handshake; does it ask for a client certificate?",
    }
    upper = reason.upper().replace(" ", "_")
    return next((text for key, text in known.items() if key in upper), f"it fails ({reason}); check the tls settings")
