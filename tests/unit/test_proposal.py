"""What a document by command may not do."""

from __future__ import annotations

import pytest

from agent.app.proposal import proposed
from agent.core.errors import CommandRejected, RejectCode
from tests.unit.config.samples import HOME, read

NOW = "mqtt: {host: broker}\n"


def test_no_other_file_is_read_as_a_crosswalk_and_quoted_in_the_answer() -> None:
    config = read(NOW).config
    assert config is not None
    with pytest.raises(CommandRejected) as rejected:
        proposed(NOW + "taxonomy: {file: /etc/passwd}\n", NOW, config, HOME)
    assert rejected.value.code is RejectCode.NOT_ALLOWED
    assert "root" not in str(rejected.value)
    assert proposed(NOW + "taxonomy: {code_system: GB/T 30428.2-2013}\n", NOW, config, HOME)
