"""What every `LoginLedger` does."""

from __future__ import annotations

import pytest

from agent.ports import LoginLedger


class LoginLedgerContract:
    """Subclass it as `Test…` and give a fixture `ledger` that is empty."""

    @pytest.fixture
    def ledger(self) -> LoginLedger:
        raise NotImplementedError

    def test_an_unknown_camera_has_no_refusals(self, ledger: LoginLedger) -> None:
        assert ledger.refusals("gate", "f1") == (0, 0.0)

    def test_refusals_count_up_and_keep_the_last_time(self, ledger: LoginLedger) -> None:
        ledger.refused("gate", "f1", 1000.5)
        ledger.refused("gate", "f1", 1060.25)
        assert ledger.refusals("gate", "f1") == (2, 1060.25)

    def test_cameras_and_credentials_are_counted_apart(self, ledger: LoginLedger) -> None:
        ledger.refused("gate", "f1", 1000.0)
        assert ledger.refusals("gate", "f2") == (0, 0.0)
        assert ledger.refusals("yard", "f1") == (0, 0.0)

    def test_clear_forgets_all_credentials_of_one_camera(self, ledger: LoginLedger) -> None:
        ledger.refused("gate", "f1", 1000.0)
        ledger.refused("gate", "f2", 1001.0)
        ledger.refused("yard", "f1", 1002.0)
        ledger.clear("gate")
        assert ledger.refusals("gate", "f1") == (0, 0.0)
        assert ledger.refusals("gate", "f2") == (0, 0.0)
        assert ledger.refusals("yard", "f1") == (1, 1002.0)

    def test_clearing_an_unknown_camera_does_nothing(self, ledger: LoginLedger) -> None:
        ledger.clear("nowhere")
        assert ledger.refusals("nowhere", "f1") == (0, 0.0)
