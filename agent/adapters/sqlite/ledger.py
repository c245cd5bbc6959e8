"""Refused camera logins, remembered across restarts so that no camera locks the box out."""

from __future__ import annotations

from agent.adapters.sqlite.connection import Database
from agent.adapters.sqlite.visitor import Visitor


class SqliteLedger:
    """`ports.LoginLedger`, on the agent's own `Database` or as a `Visitor` of it.

    The fingerprint is a digest of the credential, never the credential. The column `camera` holds the device: an older
    version kept camera ids there, which match nothing any more.
    """

    def __init__(self, database: Database | Visitor) -> None:
        self._database = database

    def refusals(self, device: str, fingerprint: str) -> tuple[int, float]:
        """See `ports.LoginLedger.refusals`."""
        sql = "SELECT refusals, last_utc_s FROM logins WHERE camera = ? AND fingerprint = ?"
        rows = self._database.read(sql, (device, fingerprint))
        return (int(rows[0][0]), float(rows[0][1])) if rows else (0, 0.0)

    def refused(self, device: str, fingerprint: str, at_utc_s: float) -> None:
        """See `ports.LoginLedger.refused`."""
        sql = (
            "INSERT INTO logins VALUES (?, ?, 1, ?) ON CONFLICT (camera, fingerprint) "
            "DO UPDATE SET refusals = refusals + 1, last_utc_s = excluded.last_utc_s"
        )
        self._database.write(lambda connection: connection.execute(sql, (device, fingerprint, at_utc_s)))

    def clear(self, device: str) -> None:
        """See `ports.LoginLedger.clear`."""
        self._database.write(lambda connection: connection.execute("DELETE FROM logins WHERE camera = ?", (device,)))
