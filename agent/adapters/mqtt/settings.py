"""How to reach one broker."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

ProtocolChoice = Literal["auto", "5", "3.1.1"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsSettings:
    """Whom to trust, and how to prove who we are.

    Attributes:
        ca_file: PEM file of the authorities to trust; None for the system's.
        cert_file: PEM certificate of this box, with `key_file`, for brokers that ask for one.
    """

    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MqttSettings:
    """One broker and one identity. `protocol` auto: MQTT 5, and 3.1.1 where the broker does not speak 5."""

    host: str
    port: int
    client_id: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    protocol: ProtocolChoice = "auto"
    tls: TlsSettings | None = None
    keepalive_s: int = 30
    timeout_s: float = 10.0

    @property
    def where(self) -> str:
        """The broker as errors name it; never a credential."""
        return f"{'mqtts' if self.tls else 'mqtt'}://{self.host}:{self.port}"
