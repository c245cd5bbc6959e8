"""Texts that are composed once while somebody works on them."""

from __future__ import annotations

import threading

import pytest
import yaml

from agent.config.document import composed, read, remembering

TEXT = "cameras:\n- {id: gate, zones: []}\n"


def test_a_text_is_composed_once_within_and_let_go_afterwards() -> None:
    with remembering():
        first = composed(TEXT)
        with remembering():
            assert composed(TEXT) is first
        assert composed(TEXT) is first
        assert composed(TEXT + "box: {}\n") is not first
    assert composed(TEXT) is not first


def test_what_is_read_is_the_callers_own_each_time() -> None:
    with remembering():
        one, other = read(TEXT), read(TEXT)
        assert isinstance(one.data, dict)
        one.data["cameras"] = "changed"
        assert other.data == read(TEXT).data == {"cameras": [{"id": "gate", "zones": []}]}


def test_a_text_that_cannot_be_read_fails_each_time() -> None:
    with remembering():
        for _ in range(2):
            with pytest.raises(yaml.YAMLError):
                composed("cameras: [")
            assert read("cameras: [").findings
    assert composed(TEXT) is not composed(TEXT)


def test_each_thread_remembers_for_itself() -> None:
    seen: list[yaml.Node | None] = []

    def other() -> None:
        seen.append(composed(TEXT))
        with remembering():
            seen.append(composed(TEXT))

    with remembering():
        mine = composed(TEXT)
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        assert all(one is not mine for one in seen) and seen[0] is not seen[1]
        assert composed(TEXT) is mine
