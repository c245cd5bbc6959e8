"""The steps from an empty file to today's tables. Applied in order, each in one transaction; never edited later."""

from __future__ import annotations

from typing import NamedTuple


class Migration(NamedTuple):
    """One step; its position (from 1) is the `user_version` it leads to."""

    name: str
    statements: tuple[str, ...]


MIGRATIONS: tuple[Migration, ...] = (
    Migration(
        "store, outbox and login ledger",
        (
            "CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID",
            "INSERT INTO meta VALUES ('sequence', 0)",
            """CREATE TABLE incidents (
                number INTEGER PRIMARY KEY,
                incident_id TEXT NOT NULL UNIQUE,
                camera TEXT NOT NULL, rule TEXT NOT NULL, zone TEXT NOT NULL, phase TEXT NOT NULL,
                opened_at TEXT NOT NULL, closed_at TEXT,
                dwell_s REAL NOT NULL, blind_s REAL NOT NULL,
                close_reason TEXT, revision INTEGER NOT NULL
            )""",
            "CREATE INDEX incidents_by_camera ON incidents (camera, opened_at)",
            "CREATE INDEX incidents_by_time ON incidents (opened_at)",
            "CREATE TABLE scenes (camera TEXT PRIMARY KEY, state TEXT NOT NULL) WITHOUT ROWID",
            # state: 0 pending, 1 done, 2 set aside. AUTOINCREMENT: a row number is never used twice.
            """CREATE TABLE outbox (
                row INTEGER PRIMARY KEY AUTOINCREMENT,
                event_id TEXT NOT NULL UNIQUE,
                sequence INTEGER NOT NULL UNIQUE,
                order_key TEXT NOT NULL,
                topic TEXT NOT NULL, content_type TEXT NOT NULL, qos INTEGER NOT NULL, retain INTEGER NOT NULL,
                payload BLOB NOT NULL,
                attempts INTEGER NOT NULL DEFAULT 0,
                due_at_utc_s REAL NOT NULL DEFAULT 0,
                state INTEGER NOT NULL DEFAULT 0 CHECK (state IN (0, 1, 2)),
                reason TEXT
            )""",
            "CREATE INDEX outbox_pending ON outbox (row) WHERE state = 0",
            "CREATE INDEX outbox_done ON outbox (row) WHERE state = 1",
            "CREATE INDEX outbox_set_aside ON outbox (row) WHERE state = 2",
            "CREATE INDEX outbox_open_by_key ON outbox (order_key, row) WHERE state <> 1",
            """CREATE TABLE logins (
                camera TEXT NOT NULL, fingerprint TEXT NOT NULL, refusals INTEGER NOT NULL, last_utc_s REAL NOT NULL,
                PRIMARY KEY (camera, fingerprint)
            ) WITHOUT ROWID""",
        ),
    ),
    Migration(
        "views of the cameras, and requests to reset them",
        (
            "CREATE TABLE views (camera TEXT PRIMARY KEY, kept BLOB NOT NULL) WITHOUT ROWID",
            """CREATE TABLE view_resets (
                number INTEGER PRIMARY KEY AUTOINCREMENT, camera TEXT NOT NULL, zone TEXT
            )""",
        ),
    ),
    Migration(
        "taught zones",
        (
            """CREATE TABLE zone_heads (
                camera TEXT NOT NULL, zone TEXT NOT NULL, head TEXT NOT NULL,
                PRIMARY KEY (camera, zone)
            ) WITHOUT ROWID""",
            # Counts up with every change of the table, so that a running agent sees what another process taught.
            "INSERT INTO meta VALUES ('heads', 0)",
        ),
    ),
    Migration(
        "the platform's acknowledgements, and a bounded backlog",
        (
            # sent: how often the broker took it while the platform's word is awaited. lesser: goes first when full.
            "ALTER TABLE outbox ADD COLUMN sent INTEGER NOT NULL DEFAULT 0",
            "ALTER TABLE outbox ADD COLUMN lesser INTEGER NOT NULL DEFAULT 0",
            "CREATE INDEX outbox_lesser ON outbox (row) WHERE state = 0 AND lesser = 1",
            "CREATE INDEX outbox_unacked ON outbox (sequence) WHERE state = 0 AND sent > 0",
            "INSERT INTO meta VALUES ('dropped', 0)",
        ),
    ),
    Migration(
        "answers to commands, dismissals, pauses and acknowledgements",
        (
            # answer: NULL while the command is being carried out. asked: what the answer repeats.
            """CREATE TABLE answers (
                number INTEGER PRIMARY KEY AUTOINCREMENT,
                command_id TEXT NOT NULL UNIQUE, digest TEXT NOT NULL,
                command TEXT NOT NULL, response_topic TEXT, correlation TEXT, correlation_data BLOB,
                answer TEXT
            )""",
            """CREATE TABLE dismissals (
                number INTEGER PRIMARY KEY AUTOINCREMENT,
                incident_id TEXT NOT NULL UNIQUE, camera TEXT NOT NULL, until_utc_s REAL, dismissal TEXT NOT NULL
            )""",
            """CREATE TABLE pauses (
                number INTEGER PRIMARY KEY AUTOINCREMENT, until_utc_s REAL NOT NULL, pause TEXT NOT NULL
            )""",
            # Counts up with every change of the two, so that a running agent sees what another process changed.
            "INSERT INTO meta VALUES ('silences', 0)",
            "ALTER TABLE incidents ADD COLUMN acknowledged_at TEXT",
            "ALTER TABLE incidents ADD COLUMN acknowledged_by TEXT",
            "ALTER TABLE incidents ADD COLUMN acknowledged_note TEXT",
        ),
    ),
    Migration(
        "pictures that are to reach the centre",
        (
            """CREATE TABLE parcels (
                row INTEGER PRIMARY KEY AUTOINCREMENT,
                evidence_id TEXT NOT NULL UNIQUE,
                camera TEXT NOT NULL, incident TEXT, sequence INTEGER, command_id TEXT,
                kind TEXT NOT NULL, sha256 TEXT NOT NULL, bytes INTEGER NOT NULL, mime TEXT NOT NULL,
                captured_at TEXT NOT NULL, path TEXT NOT NULL,
                attempts INTEGER NOT NULL DEFAULT 0,
                due_at_utc_s REAL NOT NULL DEFAULT 0
            )""",
            "CREATE INDEX parcels_asked_for ON parcels (row) WHERE command_id IS NOT NULL",
            "INSERT INTO meta VALUES ('parcels_dropped', 0)",
        ),
    ),
    Migration(
        "open incidents are counted often",
        ("CREATE INDEX incidents_open ON incidents (rule) WHERE closed_at IS NULL",),
    ),
    Migration(
        "what people look up about an incident, and how long each camera was watched",
        (
            *(
                f"ALTER TABLE incidents ADD COLUMN {column}"
                for column in (
                    "first_seen TEXT",
                    "severity TEXT",
                    "channel TEXT",
                    "class_name TEXT",
                    "score REAL",
                    "kind TEXT",
                    "limits TEXT",
                    "box TEXT",
                    "previous_incident TEXT",
                    # disposition: false_report or tolerated; NULL while nobody dismissed it.
                    "disposition TEXT",
                    # handled_at: when somebody first acknowledged or dismissed it.
                    "handled_at TEXT",
                )
            ),
            "UPDATE incidents SET handled_at = acknowledged_at",
            """UPDATE incidents SET disposition = json_extract(dismissal, '$.reason')
                FROM dismissals WHERE dismissals.incident_id = incidents.incident_id AND json_valid(dismissal)""",
            # One row for each event. taken_at: when the broker had it. acked_at: when the platform said so.
            """CREATE TABLE moments (
                sequence INTEGER PRIMARY KEY,
                incident_id TEXT NOT NULL, revision INTEGER NOT NULL,
                phase TEXT NOT NULL, at TEXT NOT NULL, reason TEXT,
                severity TEXT NOT NULL, channel TEXT NOT NULL, class_name TEXT, score REAL,
                dwell_s REAL NOT NULL, blind_s REAL NOT NULL, evidence_note TEXT,
                taken_at TEXT, acked_at TEXT
            )""",
            "CREATE INDEX moments_of_incident ON moments (incident_id)",
            "CREATE INDEX moments_unacked ON moments (sequence) WHERE acked_at IS NULL AND taken_at IS NOT NULL",
            # sequence: of the event that names the picture; NULL for one that answered a question only.
            """CREATE TABLE shots (
                evidence_id TEXT PRIMARY KEY,
                incident_id TEXT NOT NULL, sequence INTEGER,
                kind TEXT NOT NULL, sha256 TEXT NOT NULL, bytes INTEGER NOT NULL, mime TEXT NOT NULL,
                captured_at TEXT NOT NULL, path TEXT NOT NULL
            ) WITHOUT ROWID""",
            "CREATE INDEX shots_of_incident ON shots (incident_id)",
            # kind: acknowledged, dismissed, restored or verified. details: JSON.
            """CREATE TABLE remarks (
                number INTEGER PRIMARY KEY AUTOINCREMENT,
                incident_id TEXT NOT NULL, kind TEXT NOT NULL, at TEXT NOT NULL, by TEXT, details TEXT NOT NULL
            )""",
            "CREATE INDEX remarks_of_incident ON remarks (incident_id)",
            # hour: whole hours since the epoch, UTC.
            """CREATE TABLE watch_hours (
                camera TEXT NOT NULL, hour INTEGER NOT NULL, looked_s REAL NOT NULL, blind_s REAL NOT NULL,
                PRIMARY KEY (camera, hour)
            ) WITHOUT ROWID""",
            "CREATE INDEX watch_hours_by_hour ON watch_hours (hour)",
        ),
    ),
    Migration(
        "what people say at the box is told to the centre",
        (
            # sequence: of its outbox row; NULL where the centre was not told. taken_at, acked_at: as of moments.
            "ALTER TABLE remarks ADD COLUMN sequence INTEGER",
            "ALTER TABLE remarks ADD COLUMN taken_at TEXT",
            "ALTER TABLE remarks ADD COLUMN acked_at TEXT",
            "CREATE UNIQUE INDEX remarks_by_sequence ON remarks (sequence) WHERE sequence IS NOT NULL",
            "CREATE INDEX remarks_unacked ON remarks (sequence) WHERE acked_at IS NULL AND taken_at IS NOT NULL",
        ),
    ),
)
