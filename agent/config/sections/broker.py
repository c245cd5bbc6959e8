"""The way to the centre, and what the centre may ask for."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainSerializer

from agent.config.kinds import Host, ReadableFile, TopicFilter, is_this_machine
from agent.config.secrets import Secret
from agent.config.sections.section import Section, Text
from agent.core.quantities import Seconds

CommandName = Literal[
    "verify", "acknowledge", "dismiss", "snapshot", "config.get", "config.put", "rules.pause", "ping", "restart"
]  # wire.COMMANDS, likewise


class TlsConfig(Section):
    """TLS to the broker; `{}` trusts the system's certificate authorities."""

    ca_file: ReadableFile | None = Field(
        None, description="Certificate authorities to trust, PEM.", examples=["certs/ca.pem"]
    )
    cert_file: ReadableFile | None = Field(
        None, description="Certificate of this box, PEM.", examples=["certs/box.pem"]
    )
    key_file: ReadableFile | None = Field(
        None, description="Private key of this box, PEM; may also be in cert_file.", examples=["certs/box.key"]
    )


def _tls(value: object) -> object:
    return None if value == TLS_OFF else value


def _default_tls(data: dict[str, Any]) -> TlsConfig | None:
    return None if is_this_machine(data.get("host")) else TlsConfig()


TLS_OFF = "off"
Tls = Annotated[
    TlsConfig | None,
    BeforeValidator(_tls),
    PlainSerializer(lambda tls: TLS_OFF if tls is None else tls.model_dump(mode="json")),
]
"""None: what is sent can be read, and changed, by whoever is in between."""


def _protocol(value: object) -> object:
    return "5" if value == 5 and not isinstance(value, bool) else value


class MqttConfig(Section):
    """The broker that takes the events."""

    host: Host = Field(description="Name or address of the broker.", examples=["192.168.1.10"])
    tls: Tls = Field(
        default_factory=_default_tls,
        description="TLS to the broker, whose certificate is checked; {}, the default, trusts the system's certificate "
        "authorities. off: none, the default only where the broker is this machine itself (localhost, 127.0.0.1, ::1).",
        examples=[{}],
    )
    port: int = Field(
        default_factory=lambda data: 8883 if data.get("tls") else 1883,
        ge=1,
        le=65535,
        description="Port of the broker; default 8883, with tls: off 1883.",
        examples=[8883],
    )
    protocol: Annotated[Literal["auto", "5", "3.1.1"], BeforeValidator(_protocol)] = Field(
        "auto", description="MQTT version; auto tries 5, then 3.1.1."
    )
    username: Text | None = Field(None, description="Login at the broker.", examples=["box-1"])
    password: Secret | None = Field(None, description="Its password.", examples=[{"env": "MQTT_PASSWORD"}])
    client_id: Text | None = Field(
        None, description="MQTT client id; default cityeye-TENANT-BOX.", examples=["cityeye-default-box-1"]
    )
    require_ack: bool = Field(
        False,
        description="An event counts as delivered when the platform's own `ack` covers it, not when the broker has it.",
    )
    resend_after: Seconds = Field(
        60.0, ge=5, le=600, description="With require_ack: how long to wait for the platform before sending again."
    )
    backlog: int = Field(
        100_000,
        ge=1000,
        description="Undelivered events that are kept; beyond, the oldest `updated` ones are given up, and counted.",
    )
    keepalive: Seconds = Field(30.0, ge=5, le=3600, description="How often the connection proves that it is alive.")


class CommandsConfig(Section):
    """What the box does when the centre asks."""

    response_topics: tuple[TopicFilter, ...] = Field(
        (),
        max_length=20,
        description="Topics that answers may go to beside those of the contract, with + and # as MQTT has them.",
        examples=[["city/answers/+"]],
    )
    refuse: tuple[CommandName, ...] = Field(
        (),
        description="Commands that are not carried out here. A document by command may not add config.put.",
        examples=[["config.put", "restart"]],
    )
    probation: Seconds = Field(
        120.0,
        ge=10,
        le=3600,
        description="How long a configuration that came by command is watched; the former one comes back when the box "
        "gets unhealthy, or when nobody of the centre is heard at another broker.",
    )
