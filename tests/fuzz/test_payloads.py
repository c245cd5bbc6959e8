"""What arrives over MQTT, from whoever may publish there: read or rejected, however it was made."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.errors import CommandRejected
from agent.core.wire import asked, parse_ack, parse_command
from agent.core.wire.reading import MAX_COMMAND_BYTES
from tests.events import FACTS

MARKS = (
    '"',
    "\\",
    '\\"',
    "\\u",
    "\\ud800",
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "1e",
    "-",
    "null",
    "NaN",
    "\x00",
    "\ufeff",
    " ",
)
MEMBERS = ('{"command":"ping"', '"id":"x"', '"issued_at":"2026-07-01T08:00:00Z"', '"sequence":', "é", "1" * 400)
PARTS = st.sampled_from([*MARKS, *MEMBERS])


@given(st.lists(PARTS, max_size=40).map(lambda parts: "".join(parts).encode()))
def test_anything_made_of_json_is_read_or_rejected(payload: bytes) -> None:
    for read in (parse_command, lambda body: parse_ack(body, FACTS)):
        try:
            read(payload)
        except CommandRejected as rejected:
            assert str(rejected).isprintable()
            assert len(str(rejected)) < 1000
    asked(payload)


FULL = MAX_COMMAND_BYTES - 100
TWICE = ",".join(f'"{n}":0' for n in range(25_000))


@pytest.mark.timeout(60)  # none takes a second; the first two took a minute and ten seconds
@pytest.mark.parametrize(
    "payload",
    [
        '"' + '\\"' * (FULL // 2),
        "{" + TWICE + ',"24999":1}',
        "{" + TWICE + "}",
        '{"command":"ping",' + TWICE + "}",
        "[" * FULL,
        "{" * FULL,
        "1" * FULL,
        '{"command":"ping","id":' + "1" * FULL + "}",
        '{"command":"ping","id":1e' + "9" * FULL + "}",
        '{"command":"' + "\\u0041" * (FULL // 6) + '"}',
        '{"command":"config.put","document":"' + "x" * FULL + '"}',
        " " * FULL,
        '{"":' * (FULL // 4),
    ],
    ids=range(13),
)
def test_a_payload_made_to_keep_the_box_busy(payload: str) -> None:
    with pytest.raises(CommandRejected):
        parse_command(payload.encode())
    with pytest.raises(CommandRejected):
        parse_ack(payload.encode(), FACTS)
    asked(payload.encode())
