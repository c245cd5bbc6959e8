"""docs/contract/: what is published is what the code makes, and it holds together."""

from __future__ import annotations

import json
import re
import runpy
from datetime import datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from agent.core.errors import RejectCode
from agent.core.notes import Said
from agent.core.wire import (
    COMMANDS,
    RESULTS,
    packet_bytes,
    parse_ack,
    parse_command,
    parse_event,
    parse_evidence,
    parse_note,
    parse_response,
)
from agent.core.wire.catalogue import KINDS
from scripts.messages.examples import FACTS, examples, sent_by_the_box

ROOT = Path(__file__).parents[2]
CONTRACT = ROOT / "docs" / "contract"
GENERATED: dict[str, str] = runpy.run_path(str(ROOT / "scripts/contract.py"))["generated"]()
SCHEMAS = {kind.name: kind.schema() for kind in KINDS}
DOCUMENT: dict[str, Any] = yaml.safe_load(GENERATED["asyncapi.yaml"])
EXAMPLES = examples()

FORMATS = jsonschema.FormatChecker(["uuid", "date"])


@FORMATS.checks("date-time", raises=ValueError)
def _is_moment(value: object) -> bool:
    if not isinstance(value, str):
        return True
    return "T" in value and datetime.fromisoformat(value).tzinfo is not None


def errors(name: str, body: object) -> list[str]:
    validator = jsonschema.Draft202012Validator(SCHEMAS[name], format_checker=FORMATS)
    return [error.message for error in validator.iter_errors(body)]


@pytest.mark.parametrize("path", GENERATED)
def test_published_is_what_the_code_makes(path: str) -> None:
    assert (CONTRACT / path).read_text(encoding="utf-8") == GENERATED[path], "run scripts/contract.py"


def test_nothing_else_is_published() -> None:
    found = [*CONTRACT.glob("*.json"), *CONTRACT.glob("examples/*"), CONTRACT / "asyncapi.yaml"]
    assert {str(p.relative_to(CONTRACT)) for p in found} == set(GENERATED), (
        "remove what scripts/contract.py no longer makes"
    )


@pytest.mark.parametrize("name", SCHEMAS)
def test_schemas_are_schemas_with_an_identity(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMAS[name])
    assert SCHEMAS[name]["$id"] == f"urn:cityeye:schema:{name}:1"


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_are_valid_and_read_back(name: str) -> None:
    kind = name.split(".")[0]
    assert errors(kind, EXAMPLES[name]) == []
    payload = json.dumps(EXAMPLES[name]).encode()
    match kind:
        case "event":
            parse_event(payload)
        case "note":
            parse_note(payload)
        case "command":
            assert parse_command(payload).command == EXAMPLES[name]["command"]
        case "response":
            parse_response(payload)
        case "evidence":
            assert parse_evidence(payload).picture().startswith(b"\xff\xd8")
        case "ack":
            parse_ack(payload, FACTS)


def test_there_is_an_example_of_everything() -> None:
    rules = ("illegal_parking", "garbage_overflow", "stall_encroachment", "camera_health")
    assert {f"event.{rule}.{phase}" for rule in rules for phase in ("opened", "updated", "closed")} <= set(EXAMPLES)
    assert {f"note.{said}" for said in Said} <= set(EXAMPLES)
    assert {f"{kind}.{c}" for kind in ("command", "response") for c in COMMANDS} <= set(EXAMPLES)
    assert {name.split(".")[0] for name in EXAMPLES} == set(SCHEMAS)
    assert set(RESULTS) == set(COMMANDS)


@pytest.mark.parametrize(
    ("example", "change", "problem"),
    [
        ("event.illegal_parking.opened", {"time": "2026-07-01 00:03"}, "does not match|not a 'date-time'"),
        ("event.illegal_parking.opened", {"id": "7"}, "not a 'uuid'"),
        ("note.dismissed", {"type": "cityeye.illegal_parking.closed"}, "does not match"),
        ("note.dismissed", {"subject": None}, "is not of type"),
        ("command.ping", {"colour": "red"}, "were unexpected|not valid under|unexpected"),
        ("command.ping", {"issued_at": "yesterday"}, "not a 'date-time'|not valid under"),
        ("command.dismiss", {"reason": None}, "not valid under"),
        ("command.rules.pause", {"until": "2026-07-01T00:03:00Z"}, "not valid under"),
        ("ack", {"sequence": "12"}, "does not match"),
        ("evidence", {"sha256": "?"}, "does not match"),
        ("response.ping", {"status": "maybe"}, "is not one of"),
    ],
)
def test_schemas_refuse_what_is_wrong(example: str, change: dict[str, object], problem: str) -> None:
    found = errors(example.split(".")[0], EXAMPLES[example] | change)
    assert found
    assert re.search(problem, found[0])


def test_the_catalogue_says_how_the_box_really_sends() -> None:
    sent = sent_by_the_box()
    assert set(sent) == {kind.name for kind in KINDS if kind.sender == "box"}
    for kind in KINDS:
        if kind.sender == "box":
            message = sent[kind.name]
            assert (message.qos, message.retain, message.content_type) == (kind.qos, kind.retain, kind.content_type)
            assert message.topic == f"cityeye/v1/demo/box-01/{kind.topic}"
            assert packet_bytes(message) <= kind.max_bytes


def references(node: object) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if "$ref" in node else []
        return own + [ref for value in node.values() for ref in references(value)]
    if isinstance(node, list):
        return [ref for value in node for ref in references(value)]
    return []


def test_asyncapi_references_lead_somewhere() -> None:
    found = references(DOCUMENT)
    assert len(found) > 50
    for ref in found:
        if ref.startswith("./"):
            assert (CONTRACT / ref).is_file(), ref
            continue
        node: Any = DOCUMENT
        for part in ref.removeprefix("#/").split("/"):
            assert part in node, ref
            node = node[part]


def test_asyncapi_has_what_the_specification_requires() -> None:
    """The structure of AsyncAPI 3.0.0 that its own JSON Schema demands of the parts that are used here."""
    assert DOCUMENT["asyncapi"] == "3.0.0"
    assert {"title", "version"} <= set(DOCUMENT["info"])
    allowed = {"asyncapi", "id", "info", "servers", "defaultContentType", "channels", "operations", "components"}
    assert set(DOCUMENT) <= allowed
    for server in DOCUMENT["servers"].values():
        assert {"host", "protocol"} <= set(server)
    for channel in DOCUMENT["channels"].values():
        assert set(re.findall(r"\{(\w+)\}", channel["address"])) == set(channel["parameters"])
    for operation in DOCUMENT["operations"].values():
        assert operation["action"] in ("send", "receive")
        channel = operation["channel"]["$ref"]
        assert all(m["$ref"].startswith(f"{channel}/messages/") for m in operation["messages"])
        assert operation["bindings"]["mqtt"]["qos"] in (0, 1)
    for message in DOCUMENT["components"]["messages"].values():
        assert {"schemaFormat", "schema"} == set(message["payload"])


def test_both_sides_see_each_channel_once() -> None:
    actions: dict[str, set[str]] = {}
    for operation in DOCUMENT["operations"].values():
        actions.setdefault(operation["channel"]["$ref"], set()).add(operation["action"])
    assert actions == {f"#/channels/{kind.topic}": {"send", "receive"} for kind in KINDS}


# --- the pages ---


def fenced(page: str) -> list[dict[str, Any]]:
    text = (CONTRACT / page).read_text(encoding="utf-8")
    return [json.loads(block) for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL)]


def test_every_command_of_the_page_is_one() -> None:
    bodies = fenced("commands.md")
    requests = [body for body in bodies if "issued_at" in body]
    assert {parse_command(json.dumps(body).encode()).command for body in requests} == set(COMMANDS)
    for body in bodies:
        if "status" in body:
            assert errors("response", body) == []
            parse_response(json.dumps(body).encode())


def test_the_page_shows_what_is_said_at_the_box_as_it_is_sent() -> None:
    assert fenced("README.md") == [EXAMPLES["note.dismissed"]]
    rows = (CONTRACT / "README.md").read_text(encoding="utf-8").partition("| `data.said` |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `(\w+)` \|", rows, re.MULTILINE) == list(Said)


def test_every_code_is_explained() -> None:
    text = (
        (CONTRACT / "commands.md").read_text(encoding="utf-8").partition("| code | meaning |")[2].partition("\n\n")[0]
    )
    assert set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)) == {str(code) for code in RejectCode}


@pytest.mark.parametrize("page", ["README.md", "delivery.md", "commands.md", "broker.md"])
def test_links_of_the_pages_lead_somewhere(page: str) -> None:
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", (CONTRACT / page).read_text(encoding="utf-8"))
    for link in links:
        assert link.startswith("https://") or (CONTRACT / link).exists(), link
