"""The box itself: model, data folder, disk, memory, clock."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from agent.adapters.certificate import valid_until
from agent.adapters.clock import clock_info
from agent.adapters.machine import disk_of, existing, may_write, memory, others_may_read
from agent.adapters.onnx import OnnxDetector
from agent.adapters.sqlite import SqliteLedger, Visitor, agent_in
from agent.app.doctor.findings import SOON_DAYS, Finding, Findings, until
from agent.app.doctor.ledger import is_made
from agent.app.parts import open_detector
from agent.app.places import DATABASE
from agent.config import Config
from agent.core.errors import ModelError, StoreFull, StoreUnusable
from agent.ports import Clock

AGENT_BYTES = 250 * 2**20
CAMERA_BYTES = 30 * 2**20
"""What the agent needs with its model, and for each camera more; the latter is the most that a camera may cost."""
ROOM_BYTES = 64 * 2**20
"""For the database and its reserve, beside what `keep_free` keeps."""
LEDGER_BYTES = 4 * 2**20
"""For the database that a refused login makes, with its journal; without it the refusal would be forgotten."""
_MEDIA = {
    "fixed": "medium_good",
    "card": "medium_card",
    "removable": "medium_removable",
    "memory": "medium_memory",
    "unknown": "medium_unknown",
}


def model_findings(config: Config) -> tuple[list[Finding], OnnxDetector | None]:
    """Whether the model is there, is the right one, and can be run; and the model."""
    found = Findings()
    try:
        detector = open_detector(config)
    except ModelError as error:
        missing = config.model.file is not None and not config.model.file.exists()
        code = "model_missing" if missing or "found nothing" in str(error) else "model_unusable"
        found.bad("model", code, str(error))
        return found.list, None
    found.good("model", "model_good", name=detector.info.name, sha=detector.info.sha256[:12])
    return found.list, detector


def folder_findings(config: Config) -> list[Finding]:
    """The data folder: may it be written, is an agent using it, is its database one of ours."""
    found, folder = Findings(), config.storage.folder
    if running := agent_in(folder):
        found.note("agent", "agent_running", pid=running)
    else:
        found.note("agent", "agent_stopped")
    if not may_write(folder):
        found.bad("folder", "folder_closed", folder=str(folder))
    elif not folder.exists():
        found.good("folder", "folder_new", folder=str(folder))
    elif detail := _database_fault(folder / DATABASE):
        found.bad("folder", "database_unusable", detail, folder=str(folder))
    else:
        found.good("folder", "folder_good", folder=str(folder))
    key_file = config.mqtt.tls.key_file if config.mqtt.tls else None
    if key_file is not None:
        _key_findings(key_file, found)
    return found.list


def ledger_fault(folder: Path) -> str:
    """Why refused logins could not be kept there, or nothing. Then none may be risked."""
    if not may_write(folder):
        return f"{folder}: expected a folder where refused logins can be kept, found that it may not be written"
    try:
        free_bytes = disk_of(folder).free_bytes
    except OSError as error:
        return f"{folder}: expected a disk where refused logins can be kept, found: {error.strerror}"
    if free_bytes < LEDGER_BYTES:
        return (
            f"{folder}: expected {LEDGER_BYTES / 2**20:.0f} MiB of room where refused logins can be kept, "
            f"found {free_bytes / 2**20:.1f} MiB; free some"
        )
    return _database_fault(folder / DATABASE)


def _database_fault(database: Path) -> str:
    """Why it cannot be read, or nothing. One that is still to be made is good."""
    if not is_made(database):
        return ""
    try:
        SqliteLedger(Visitor(database)).refusals("", "")
    except (StoreFull, StoreUnusable) as error:
        return str(error)
    return ""


def certificate_findings(config: Config, clock: Clock) -> list[Finding]:
    """Until when this box's own certificate is valid, where it has one: the broker refuses it after that."""
    found, file = Findings(), config.mqtt.tls.cert_file if config.mqtt.tls else None
    if file is None:
        return found.list
    try:
        end = valid_until(file)
    except (OSError, ValueError) as error:
        found.bad("certificate", "certificate_unreadable", str(error), file=str(file))
        return found.list
    told = until(end, clock.now().utc)
    if end <= clock.now().utc:
        found.bad("certificate", "certificate_expired", file=str(file), **told)
    elif end - clock.now().utc < timedelta(days=SOON_DAYS):
        found.note("certificate", "certificate_soon", file=str(file), **told)
    else:
        found.good("certificate", "certificate_good", file=str(file), **told)
    return found.list


def _key_findings(file: Path, found: Findings) -> None:
    try:
        readable = others_may_read(file)
    except OSError as error:
        found.bad("key", "key_missing", str(error), file=str(file))
        return
    if readable:
        found.bad("key", "key_open", file=str(file))
    else:
        found.good("key", "key_good", file=str(file))


def disk_findings(folder: Path, keep_free_bytes: int, quota_bytes: int) -> list[Finding]:
    """Room, and what the folder lies on."""
    found = Findings()
    try:
        disk = disk_of(folder)
    except OSError as error:
        found.bad("disk", "disk_unknown", str(error), folder=str(folder))
        return found.list
    free, needed = disk.free_bytes / 1e9, (keep_free_bytes + ROOM_BYTES) / 1e9
    if disk.free_bytes < keep_free_bytes + ROOM_BYTES:
        found.bad("disk", "disk_low", free=free, needed=needed)
    elif disk.free_bytes < keep_free_bytes + quota_bytes:
        found.note("disk", "disk_tight", free=free, quota=quota_bytes / 1e9)
    else:
        found.good("disk", "disk_good", free=free)
    told = {"device": disk.device or "?", "folder": str(existing(folder))}
    match disk.medium:
        case "fixed":
            found.good("medium", "medium_good", **told)
        case "memory":
            found.bad("medium", "medium_memory", **told)
        case other:
            found.note("medium", _MEDIA[other], **told)
    return found.list


def memory_findings(cameras: int, *, running: bool) -> list[Finding]:
    """Whether there is enough for so many cameras. An agent that runs has its own already."""
    found, has = Findings(), memory()
    if has is None:
        found.note("memory", "memory_unknown")
        return found.list
    needed = 0 if running else AGENT_BYTES + cameras * CAMERA_BYTES
    told = {"available": has.available_bytes / 2**20, "needed": needed / 2**20, "total": has.total_bytes / 2**20}
    if has.available_bytes < needed:
        found.bad("memory", "memory_low", **told)
    else:
        found.good("memory", "memory_good", **told)
    return found.list


def clock_findings() -> list[Finding]:
    """Whether somebody sets the box's clock."""
    found, info = Findings(), clock_info()
    if info.source == "unknown":
        found.note("clock", "clock_unknown")
    elif info.synced:
        found.good("clock", "clock_good", ms=info.uncertainty_ms or 0)
    else:
        found.bad("clock", "clock_free")
    return found.list
