"""The web console of the box: where it answers, and how."""

from __future__ import annotations

from pydantic import Field

from agent.config.kinds import ReadableFile
from agent.config.listen import Listen
from agent.config.sections.section import Section
from agent.core.quantities import Seconds

USERS_FILE = "console-users.json"
"""In the data folder: who has a password."""


class ConsoleTls(Section):
    """The console's own certificate."""

    cert_file: ReadableFile = Field(
        description="PEM file with the certificate and those between it and its authority.",
        examples=["certs/console.pem"],
    )
    key_file: ReadableFile = Field(
        description="PEM file with its private key, without a passphrase.", examples=["certs/console.key"]
    )


class ConsoleConfig(Section):
    """The web page on which people watch and tune this box (docs/console.md)."""

    listen: Listen = Field(
        "off",
        description="Address and port to answer at; off: nowhere. 127.0.0.1 is for this box and for tunnels to it; an "
        "address of the box in the LAN only counts once somebody has a password (cityeye console add).",
        examples=["127.0.0.1:8190"],
    )
    tls: ConsoleTls | None = Field(None, description="Certificate to answer over HTTPS; without it, over HTTP.")
    session: Seconds = Field(12 * 3600.0, ge=60, le=30 * 86400, description="How long a login lasts.", examples=["12h"])
