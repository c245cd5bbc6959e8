"""The broker, up to the right to publish on each of the box's topics.

The doctor comes under a client id of its own: under the agent's, the broker would throw a running agent out, and hand
the commands that wait for it to somebody who does not carry them out. What it publishes has no payload and is not
retained; docs/contract/delivery.md tells the centre to take no notice.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from agent.adapters.machine import connect_s
from agent.adapters.mqtt import MqttSettings, PahoBroker, handshake
from agent.app.doctor.findings import SOON_DAYS, Finding, Findings, until
from agent.app.parts import mqtt_settings
from agent.config import Config
from agent.core.errors import BrokerRefused, BrokerUnreachable
from agent.core.types import Message
from agent.ports import Acked, Clock, Link, Lost, SubscriptionRefused

BROKER_CHECKS = ("tcp", "tls", "login", "limit", "listen", "publish", "round")
EVENT_BYTES = 64 * 1024
PICTURE_BYTES = 1024 * 1024 + 16 * 1024
"""The largest packets, docs/contract/README.md; a picture's with its topic and properties."""
_ANSWER_S = 10.0
_CLIENT_ID_REFUSED = 133


class BrokerCheck:
    """Looks at one broker, once."""

    def __init__(self, config: Config, clock: Clock) -> None:
        self._clock = clock
        settings = mqtt_settings(config)
        self._settings: MqttSettings = replace(settings, client_id=f"{settings.client_id}-doctor")
        self._branch = f"cityeye/v1/{config.box.tenant}/{config.box.id}"
        kinds = ["event", "state", "health", "rsp", *(["evidence"] if config.evidence.send == "mqtt" else [])]
        self._topics = [f"{self._branch}/{kind}" for kind in kinds]
        self._largest = PICTURE_BYTES if config.evidence.send == "mqtt" else EVENT_BYTES
        self._broker = PahoBroker(self._settings, clock)
        self._found = Findings()

    def findings(self) -> list[Finding]:
        """TCP, TLS, login, limit, rights, round trip; each only when the one before went well."""
        if not self._reached() or not self._tls_good():
            self._found.skipped(*BROKER_CHECKS[2:])
            return self._found.list
        try:
            link = self._broker.connect(self._will(), 0)
        except BrokerRefused as error:
            if error.code == _CLIENT_ID_REFUSED:
                self._found.note("login", "login_id", str(error), client=self._settings.client_id)
            else:
                self._found.bad("login", "login_refused", str(error), client=self._settings.client_id)
            self._found.skipped(*BROKER_CHECKS[3:])
        except BrokerUnreachable as error:
            self._found.bad("login", "login_unanswered", str(error))
            self._found.skipped(*BROKER_CHECKS[3:])
        else:
            self._found.good("login", "login_good", version=link.protocol, client=self._settings.client_id)
            self._limit(link)
            self._rights(link)
        return self._found.list

    def _reached(self) -> bool:
        host, port = self._settings.host, self._settings.port
        try:
            took_s = connect_s(host, port, timeout_s=self._settings.timeout_s, clock=self._clock)
        except (OSError, UnicodeError) as error:
            self._found.bad("tcp", "broker_away", str(error), where=self._settings.where)
            self._found.skipped("tls")
            return False
        self._found.good("tcp", "broker_reached", where=self._settings.where, ms=took_s * 1000)
        return True

    def _tls_good(self) -> bool:
        if self._settings.tls is None:
            self._found.note("tls", "tls_off")
            return True
        shaken = handshake(self._settings)
        if shaken.valid_until is None:
            distrust = "tls_expired" if shaken.expired else "tls_untrusted"
            self._found.bad("tls", distrust if shaken.untrusted else "tls_refused", shaken.problem)
            return False
        self._expiry(shaken.valid_until)
        return True

    def _expiry(self, end: datetime) -> None:
        now = self._clock.now().utc
        told = until(end, now)
        if end - now < timedelta(days=SOON_DAYS):
            self._found.note("tls", "tls_soon", **told)
        else:
            self._found.good("tls", "tls_good", **told)

    def _limit(self, link: Link) -> None:
        most = link.max_packet_bytes
        if most is None:
            self._found.note("limit", "limit_untold")
        elif most < self._largest:
            self._found.bad("limit", "limit_small", most=most, needed=self._largest)
        else:
            self._found.good("limit", "limit_good", most=most)

    def _rights(self, link: Link) -> None:
        """Listening and publishing. A broker may end the session after what it denies, so each goes on in a new one."""
        denied: dict[str, str] = {}
        refused, took_s = "", None
        for number, topic in enumerate(self._topics):
            try:
                if number == 0:
                    link.subscribe([f"{self._branch}/cmd", f"{self._branch}/ack"])
                began_s = self._clock.now().mono_s
                link.publish(Message(topic=topic, payload=b"", content_type=""))
                error, refusal = self._answer(link)
            except BrokerUnreachable as lost:
                error, refusal = str(lost), ""
            refused = refused or refusal
            if error is None:
                took_s = took_s if took_s is not None else self._clock.now().mono_s - began_s
                continue
            denied[topic] = error
            link.close()
            try:
                link = self._broker.connect(self._will(), 0)
            except (BrokerRefused, BrokerUnreachable) as lost:
                denied |= {later: str(lost) for later in self._topics[number + 1 :]}
                break
        link.close()
        self._tell_rights(link.protocol, denied, refused, took_s)

    def _answer(self, link: Link) -> tuple[str | None, str]:
        """Why the publish was refused, or None; and why listening was, or nothing."""
        refused, deadline_s = "", self._clock.now().mono_s + _ANSWER_S
        while (left_s := deadline_s - self._clock.now().mono_s) > 0:
            for news in link.poll(left_s):
                match news:
                    case Acked(error=error):
                        return error, refused
                    case Lost(reason=reason):
                        return reason, refused
                    case SubscriptionRefused(reason=reason):
                        refused = reason
        return f"no answer within {_ANSWER_S:g} s", refused

    def _tell_rights(self, protocol: str, denied: dict[str, str], refused: str, took_s: float | None) -> None:
        found = self._found
        if refused:
            found.bad("listen", "listen_denied", refused, topics=f"{self._branch}/cmd, …/ack")
        else:
            found.good("listen", "listen_good", topics=f"{self._branch}/cmd, …/ack")
        if denied:
            detail = "; ".join(dict.fromkeys(denied.values()))
            topics, client = ", ".join(denied), self._settings.client_id
            found.bad("publish", "publish_denied", detail, topics=topics, client=client)
        elif protocol == "5":
            found.good("publish", "publish_good", count=len(self._topics))
        else:
            found.note("publish", "publish_untold")
        if took_s is None:
            found.skipped("round")
        else:
            found.good("round", "round_good", ms=took_s * 1000)

    def _will(self) -> Message:
        """Not the agent's: a doctor that is ended must not say that the box was lost."""
        return Message(topic=f"{self._branch}/health", payload=b"", content_type="", qos=0)
