"""The AsyncAPI 3.0 document, from `core/wire/catalogue.py`. MQTT bindings 0.2.0.

Operations are written from both sides: `box...` for the agent, `centre...` for the platform. One side's send is the
other side's receive.
"""

from __future__ import annotations

from typing import Any

from agent.core.wire.catalogue import KINDS, Kind

BINDING = "0.2.0"
WILL_DELAY_S = 30
KEEP_ALIVE_S = 30
SESSION_EXPIRY_S = 60


def document() -> dict[str, Any]:
    """The whole document as plain data."""
    return {
        "asyncapi": "3.0.0",
        "id": "urn:cityeye:v1",
        "info": {
            "title": "City Eye",
            "version": "1.0.0",
            "description": "What a box with street cameras and the city's platform say to each other. See README.md.",
        },
        "defaultContentType": "application/json",
        "servers": {"broker": _server()},
        "channels": _channels(),
        "operations": _operations(),
        "components": {
            "messages": {kind.name: _message(kind) for kind in KINDS},
            "parameters": {
                "tenant": {"description": "The city or district: 1 to 64 of letters, digits, '.', '_' and '-'."},
                "box": {"description": "The box, unique within its tenant; the same alphabet."},
            },
            "securitySchemes": {"certificate": {"type": "X509"}, "password": {"type": "userPassword"}},
        },
    }


def _server() -> dict[str, Any]:
    return {
        "host": "broker.example:8883",
        "protocol": "secure-mqtt",
        "protocolVersion": "5.0",
        "description": "MQTT 5; 3.1.1 is spoken with brokers that know no 5. The binding is that of a box.",
        "security": [
            {"$ref": "#/components/securitySchemes/certificate"},
            {"$ref": "#/components/securitySchemes/password"},
        ],
        "bindings": {
            "mqtt": {
                "clientId": "cityeye-{tenant}-{box}",
                "cleanSession": False,
                "lastWill": {
                    "topic": "cityeye/v1/{tenant}/{box}/state",
                    "qos": 1,
                    "message": "As examples/state.lost.json; it carries the boot id of the run that is lost.",
                    "retain": True,
                },
                "keepAlive": KEEP_ALIVE_S,
                "sessionExpiryInterval": SESSION_EXPIRY_S,
                "bindingVersion": BINDING,
                "x-will-delay-interval": WILL_DELAY_S,
            }
        },
    }


def _channels() -> dict[str, Any]:
    """One for each topic, with all kinds of messages that it carries; the first one's summary is the topic's."""
    found: dict[str, Any] = {}
    for kind in KINDS:
        channel = found.setdefault(kind.topic, _channel(kind))
        channel["messages"][kind.name] = {"$ref": f"#/components/messages/{kind.name}"}
    return found


def _channel(kind: Kind) -> dict[str, Any]:
    return {
        "address": f"cityeye/v1/{{tenant}}/{{box}}/{kind.topic}",
        "summary": kind.summary,
        "servers": [{"$ref": "#/servers/broker"}],
        "parameters": {name: {"$ref": f"#/components/parameters/{name}"} for name in ("tenant", "box")},
        "messages": {},
    }


def _operations() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for kind in KINDS:
        for side in ("box", "centre"):
            sends = side == kind.sender
            operation: dict[str, Any] = {
                "action": "send" if sends else "receive",
                "channel": {"$ref": f"#/channels/{kind.topic}"},
                "summary": kind.summary,
                "messages": [{"$ref": f"#/channels/{kind.topic}/messages/{kind.name}"}],
                "bindings": {"mqtt": _operation_binding(kind)},
            }
            if kind.topic == "cmd":
                operation["reply"] = {
                    "address": {
                        "location": "$message.payload#/response_topic",
                        "description": "Or the response topic of MQTT 5, which wins; without either, `rsp` of the box.",
                    },
                    "channel": {"$ref": "#/channels/rsp"},
                }
            found[f"{side}{'Sends' if sends else 'Receives'}{kind.name.capitalize()}"] = operation
    return found


def _operation_binding(kind: Kind) -> dict[str, Any]:
    binding: dict[str, Any] = {"qos": kind.qos, "retain": kind.retain}
    if kind.topic == "cmd":
        binding["messageExpiryInterval"] = {
            "type": "integer",
            "minimum": 1,
            "description": "Seconds until `expires_at`, so that the broker does not keep what nobody may carry out.",
        }
    return binding | {"bindingVersion": BINDING}


def _message(kind: Kind) -> dict[str, Any]:
    binding: dict[str, Any] = {"payloadFormatIndicator": 1, "contentType": kind.content_type}
    if kind.topic == "cmd":
        binding["responseTopic"] = {
            "type": "string",
            "description": "Where to answer; an allowed topic, see commands.md.",
        }
    if kind.topic in ("cmd", "rsp"):
        binding["correlationData"] = {"type": "string", "description": "As `correlation` of the body."}
    message: dict[str, Any] = {
        "name": kind.name,
        "title": kind.name.capitalize(),
        "summary": kind.summary,
        "contentType": kind.content_type,
        "payload": {
            "schemaFormat": "application/schema+json;version=draft-2020-12",
            "schema": {"$ref": f"./{kind.name}.schema.json"},
        },
        "bindings": {"mqtt": binding | {"bindingVersion": BINDING}},
        "x-max-bytes": kind.max_bytes,
    }
    if kind.topic in ("cmd", "rsp"):
        message["correlationId"] = {
            "location": "$message.payload#/id",
            "description": "An answer repeats the command's id.",
        }
    return message
