"""The evidence folder on real file systems: quota, full disks, read-only folders, crashes."""

from __future__ import annotations

import dataclasses
import hashlib
import logging
import os
import resource
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from uuid import UUID

import pytest

from agent.adapters.evidence import EvidenceFolder
from agent.core.errors import EvidenceSkipped
from agent.core.ids import uuid7_from
from agent.core.types import Channel, Event, Evidence, Phase, Severity
from tests.memory_disk import memory_disk

AT = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
PLENTY = 10**9
KIB = 1024


def event(number: int = 1, revision: int = 1, at: datetime = AT) -> Event:
    return Event(
        event_id=uuid7_from(1_772_352_000_000, f"event {number} {revision}".encode()),
        incident_id=uuid7_from(1_772_352_000_000, f"incident {number}".encode()),
        revision=revision,
        phase=Phase.OPENED,
        camera="c",
        rule="illegal_parking",
        zone="z",
        severity=Severity.LOW,
        channel=Channel.MODEL,
        at=at,
        first_seen=at,
        opened_at=at,
        last_seen=at,
        closed_at=None,
        dwell_s=1.0,
        blind_s=0.0,
        objects=(),
    )


def jpeg(size: int = 100, fill: int = 7) -> bytes:
    return b"\xff\xd8" + bytes([fill]) * (size - 2)


def opened(folder: Path, quota_bytes: int = PLENTY, keep_free_bytes: int = 0) -> EvidenceFolder:
    return EvidenceFolder(folder, quota_bytes=quota_bytes, keep_free_bytes=keep_free_bytes)


def files(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if not p.is_dir())


def refused(store: EvidenceFolder, number: int = 99, size: int = 100) -> str:
    with pytest.raises(EvidenceSkipped) as caught:
        store.keep(event(number), "wide", jpeg(size), AT)
    return caught.value.reason


def test_constructor_touches_nothing(tmp_path: Path) -> None:
    opened(tmp_path / "evidence")
    assert list(tmp_path.iterdir()) == []


def test_a_kept_picture_can_be_found_and_known_again(tmp_path: Path) -> None:
    captured_at = datetime(2026, 3, 2, 7, 30, tzinfo=timezone(timedelta(hours=8)))  # still the first in UTC
    kept = opened(tmp_path).keep(event(revision=3), "close_up", jpeg(), captured_at)
    assert kept.path == f"2026-03-01/{event().incident_id}/3-close_up.jpg"
    assert (tmp_path / kept.path).read_bytes() == jpeg()
    assert (kept.bytes, kept.mime, kept.captured_at) == (100, "image/jpeg", captured_at)
    assert kept.sha256 == hashlib.sha256(jpeg()).hexdigest()
    assert (tmp_path / kept.path).stat().st_mode & 0o007 == 0  # pictures of streets are not for everybody


def test_ids_follow_from_event_and_kind_alone(tmp_path: Path) -> None:
    store = opened(tmp_path)
    wide = store.keep(event(), "wide", jpeg(fill=1), AT)
    again = store.keep(event(), "wide", jpeg(300, fill=2), AT + timedelta(seconds=5))
    close = store.keep(event(), "close_up", jpeg(), AT)
    update = store.keep(event(revision=2), "wide", jpeg(), AT)
    assert wide.evidence_id == again.evidence_id
    assert len({wide.evidence_id, close.evidence_id, update.evidence_id}) == 3
    assert wide.evidence_id.version == 7
    assert wide.evidence_id.int >> 80 == int(AT.timestamp() * 1000)
    assert (tmp_path / wide.path).read_bytes() == jpeg(300, fill=2)
    assert store.used_bytes == 500


@pytest.mark.parametrize("kind", ["", "../x", "a/b", "A", "wide.jpg", "wide\n"])
def test_a_kind_is_no_path(tmp_path: Path, kind: str) -> None:
    with pytest.raises(ValueError, match="kind must match"):
        opened(tmp_path).keep(event(), kind, jpeg(), AT)


def test_the_oldest_make_room_and_empty_folders_go(tmp_path: Path) -> None:
    store = opened(tmp_path, quota_bytes=350)
    kept = [store.keep(event(i), "wide", jpeg(), AT + timedelta(days=i)) for i in range(5)]
    assert files(tmp_path) == [k.path for k in kept[2:]]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["2026-03-03", "2026-03-04", "2026-03-05"]
    assert store.used_bytes == 300


def test_what_an_earlier_run_left_counts_oldest_first(tmp_path: Path) -> None:
    before = opened(tmp_path)
    kept = [before.keep(event(i), "wide", jpeg(), AT - timedelta(days=i)) for i in range(4)]
    store = opened(tmp_path, quota_bytes=250)
    store.prepare()
    assert files(tmp_path) == sorted(k.path for k in kept[:2])
    assert store.used_bytes == 200
    newest = store.keep(event(9), "wide", jpeg(), AT)
    assert files(tmp_path) == sorted([kept[0].path, newest.path])


def test_within_a_day_age_is_the_time_of_writing(tmp_path: Path) -> None:
    before = opened(tmp_path)
    kept = [before.keep(event(i), "wide", jpeg(), AT) for i in range(4)]
    for age, place in enumerate([2, 0, 3, 1]):
        os.utime(tmp_path / kept[place].path, (1000 + age, 1000 + age))
    opened(tmp_path, quota_bytes=200).prepare()
    assert files(tmp_path) == sorted([kept[3].path, kept[1].path])


def test_a_picture_beyond_the_whole_quota_deletes_nothing(tmp_path: Path) -> None:
    store = opened(tmp_path, quota_bytes=250)
    kept = store.keep(event(), "wide", jpeg(), AT)
    assert refused(store, size=251) == "disk_full"
    assert files(tmp_path) == [kept.path]


def test_leftovers_of_a_crash_are_cleared_and_foreign_files_left_alone(tmp_path: Path) -> None:
    kept = opened(tmp_path).keep(event(), "wide", jpeg(), AT)
    folder = (tmp_path / kept.path).parent
    (folder / ".2-wide.jpg.tmp").write_bytes(b"half")
    (folder / "notes.txt").write_text("of the operator")
    (tmp_path / "README").write_text("of the operator")
    (tmp_path / "2026-01-01" / str(UUID(int=5))).mkdir(parents=True)
    store = opened(tmp_path, quota_bytes=100)
    store.prepare()
    assert store.used_bytes == 100
    assert files(tmp_path) == sorted(["README", kept.path, str((folder / "notes.txt").relative_to(tmp_path))])
    assert not (tmp_path / "2026-01-01").exists()
    store.keep(event(2), "wide", jpeg(), AT)
    assert (folder / "notes.txt").exists()
    assert not (tmp_path / kept.path).exists()


def test_links_out_of_the_folder_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    root = tmp_path / "evidence"
    kept = opened(outside).keep(event(), "wide", jpeg(), AT)
    root.mkdir()
    (root / "2026-03-01").symlink_to(outside / "2026-03-01")
    store = opened(root, quota_bytes=100)
    store.prepare()
    assert store.used_bytes == 0
    assert refused(store, number=1) == "io_error"
    assert files(outside) == [kept.path]
    (root / "2026-03-01").unlink()
    (root / "2026-03-01" / str(event().incident_id)).mkdir(parents=True)
    picture = root / kept.path
    picture.symlink_to(outside / kept.path)
    store = opened(root)
    store.prepare()
    assert store.used_bytes == 0
    replaced = store.keep(event(), "wide", jpeg(fill=9), AT)
    assert not (root / replaced.path).is_symlink()
    assert (outside / kept.path).read_bytes() == jpeg()


def test_a_folder_that_became_a_link_is_not_pruned_through(tmp_path: Path) -> None:
    root, outside = tmp_path / "evidence", tmp_path / "outside"
    store = opened(root, quota_bytes=100)
    store.keep(event(), "wide", jpeg(), AT)
    shutil.move(root / "2026-03-01", outside)
    (root / "2026-03-01").symlink_to(outside)
    kept = store.keep(event(2), "wide", jpeg(), AT + timedelta(days=1))
    assert len(files(outside)) == 1
    assert (root / kept.path).exists()
    assert store.used_bytes == 100


def test_the_folder_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "evidence").symlink_to(tmp_path / "disk")
    kept = opened(tmp_path / "evidence").keep(event(), "wide", jpeg(), AT)
    assert files(tmp_path / "disk") == [kept.path]


def test_free_space_is_left_to_others_after_pruning_all(tmp_path: Path) -> None:
    before = opened(tmp_path)
    for i in range(3):
        before.keep(event(i), "wide", jpeg(), AT)
    store = opened(tmp_path, keep_free_bytes=1 << 60)
    assert refused(store) == "disk_full"
    assert files(tmp_path) == []
    assert store.used_bytes == 0


def test_a_write_that_fails_half_way_leaves_nothing_of_itself_and_all_the_rest(tmp_path: Path) -> None:
    store = opened(tmp_path)
    kept = store.keep(event(), "wide", jpeg(KIB), AT)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200 * KIB, limits[1]))
    try:
        assert refused(store, size=300 * KIB) == "disk_full"
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert files(tmp_path) == [kept.path]
    assert [p.name for p in (tmp_path / "2026-03-01").iterdir()] == [str(event().incident_id)]
    assert store.used_bytes == KIB


def aged(folder: Path, kept: Evidence, days: float) -> None:
    """As if it had been written so long before AT."""
    written_s = (AT - timedelta(days=days)).timestamp()
    os.utime(folder / kept.path, (written_s, written_s))


def test_pictures_expire_by_the_age_of_their_files(tmp_path: Path) -> None:
    before = opened(tmp_path)
    kept = [before.keep(event(i), "wide", jpeg(), AT) for i in range(4)]
    for picture, days in zip(kept, (30.1, 29.9, 400, -1), strict=True):
        aged(tmp_path, picture, days)
    store = EvidenceFolder(tmp_path, quota_bytes=PLENTY, keep_free_bytes=0, keep_for=timedelta(days=30))
    assert store.expire(AT) == 2
    assert files(tmp_path) == sorted([kept[1].path, kept[3].path])
    assert (store.used_bytes, store.expire(AT)) == (200, 0)
    assert store.expire(AT + timedelta(days=1)) == 1
    fresh = store.keep(event(5), "wide", jpeg(), AT)  # its file is of today, whatever it is about
    written = datetime.fromtimestamp((tmp_path / fresh.path).stat().st_mtime, UTC)
    assert store.expire(written + timedelta(days=29)) == 1
    assert files(tmp_path) == [fresh.path]
    assert store.expire(written + timedelta(days=31)) == 1
    assert files(tmp_path) == []


def test_pictures_that_are_still_needed_do_not_expire_and_are_the_last_to_make_room(tmp_path: Path) -> None:
    before = opened(tmp_path)
    kept = [before.keep(event(i), "wide", jpeg(), AT) for i in range(4)]
    for picture in kept:
        aged(tmp_path, picture, 90)
    store = opened(tmp_path, quota_bytes=400)
    store.hold([event(0).incident_id, event(2).incident_id])
    assert store.expire(AT - timedelta(days=61)) == 0
    fifth = store.keep(event(5), "wide", jpeg(), AT)
    assert files(tmp_path) == sorted(k.path for k in (kept[0], kept[2], kept[3], fifth)), "the oldest not needed went"
    assert store.expire(AT) == 1
    assert files(tmp_path) == sorted(k.path for k in (kept[0], kept[2], fifth))
    store.hold([event(0).incident_id, event(2).incident_id], [kept[0].path, "../odd"])
    sixth = store.keep(event(6), "wide", jpeg(200), AT)  # no room but in place of a needed one
    assert files(tmp_path) == sorted(k.path for k in (kept[0], fifth, sixth)), "what is unsent goes last"
    store.hold([], [])
    assert store.expire(AT) == 1
    assert files(tmp_path) == sorted(k.path for k in (fifth, sixth)), "both are of today"


def test_what_was_kept_just_now_stays_until_it_is_known_to_be_sent(tmp_path: Path) -> None:
    store = opened(tmp_path, quota_bytes=300)
    first = store.keep(event(1), "wide", jpeg(), AT)
    store.hold([], [first.path])
    second = store.keep(event(2), "wide", jpeg(), AT)
    store.hold([], [first.path])  # asked before the second one's event was recorded
    third = store.keep(event(3), "wide", jpeg(), AT)
    store.hold([], [first.path])
    fourth = store.keep(event(4), "wide", jpeg(), AT)
    assert files(tmp_path) == sorted(k.path for k in (first, third, fourth)), "the second was sent, the others were not"
    assert second.path not in files(tmp_path)


def test_a_picture_is_read_as_it_was_kept_or_not_at_all(tmp_path: Path) -> None:
    store = opened(tmp_path / "evidence")
    kept = store.keep(event(1), "wide", jpeg(), AT)
    assert store.read(kept) == jpeg()
    store.keep(event(1), "wide", jpeg(fill=9), AT)
    assert store.read(kept) is None, "another one now"
    assert store.read(dataclasses.replace(kept, path=f"../{kept.path}")) is None
    (tmp_path / "evidence" / kept.path).unlink()
    assert store.read(kept) is None
    (tmp_path / "other").write_bytes(jpeg())
    (tmp_path / "evidence" / kept.path).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / "evidence" / kept.path).symlink_to(tmp_path / "other")
    assert store.read(kept) is None, "links are not followed"


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 KiB and 40 inodes. The tests above cover most of it where mounting is not permitted."""
    with memory_disk(tmp_path / "disk", "size=256k", "nr_inodes=40", "mode=0777") as folder:
        yield folder


def test_a_full_disk_takes_new_pictures_in_place_of_old_ones(tiny_disk: Path) -> None:
    store = opened(tiny_disk)
    kept: list[Evidence] = [store.keep(event(i), "wide", jpeg(40 * KIB), AT) for i in range(12)]
    present = set(files(tiny_disk))
    assert 3 <= len(present) <= 6
    assert present == {k.path for k in kept[-len(present) :]}
    assert store.used_bytes == len(present) * 40 * KIB
    assert refused(store, size=300 * KIB) == "disk_full"


def test_a_disk_filled_by_others(tiny_disk: Path) -> None:
    with (tiny_disk / "log").open("wb", buffering=0) as log, pytest.raises(OSError, match="No space"):
        while True:
            log.write(b"x" * 4096)
    store = opened(tiny_disk)
    assert refused(store) == "disk_full"
    (tiny_disk / "log").unlink()
    assert store.keep(event(), "wide", jpeg(), AT).bytes == 100
    assert (store.used_bytes, store.skipped) == (100, 1)


def test_a_disk_with_room_but_without_inodes(tiny_disk: Path) -> None:
    store = opened(tiny_disk)
    kept = [store.keep(event(i), "wide", jpeg(), AT + timedelta(days=i)) for i in range(20)]  # three inodes each
    assert files(tiny_disk) == [k.path for k in kept[-len(files(tiny_disk)) :]]
    assert 8 <= len(files(tiny_disk)) <= 13


def test_keep_free_on_a_real_disk(tiny_disk: Path) -> None:
    store = opened(tiny_disk, keep_free_bytes=128 * KIB)
    for i in range(8):
        store.keep(event(i), "wide", jpeg(30 * KIB), AT)
        status = os.statvfs(tiny_disk)
        assert status.f_bavail * status.f_frsize >= 120 * KIB  # tmpfs rounds up to pages and counts folders
    assert 2 <= len(files(tiny_disk)) <= 4


def test_a_disk_that_turned_read_only(tiny_disk: Path) -> None:
    store = opened(tiny_disk)
    kept = store.keep(event(), "wide", jpeg(), AT)
    subprocess.run(["mount", "-o", "remount,ro", str(tiny_disk)], check=True)
    assert refused(store) == "read_only"
    assert refused(store) == "read_only"
    subprocess.run(["mount", "-o", "remount,rw", str(tiny_disk)], check=True)
    store.keep(event(2), "wide", jpeg(), AT)
    assert kept.path in files(tiny_disk)
    assert (store.used_bytes, store.skipped) == (200, 2)


@contextmanager
def as_nobody() -> Iterator[None]:
    """Root ignores permissions; nobody does not. For anybody else this changes nothing."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def public_place() -> Iterator[Path]:
    """A folder that nobody can reach; tmp_path lies under a private one."""
    folder = Path(tempfile.mkdtemp(prefix="cityeye-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def test_what_cannot_be_deleted_for_its_age_is_deleted_later(public_place: Path) -> None:
    store = opened(public_place)
    kept = store.keep(event(), "wide", jpeg(), AT)
    incident = (public_place / kept.path).parent
    later = AT + timedelta(days=10_000)
    incident.chmod(0o555)
    with as_nobody():
        assert store.expire(later) == 0
    assert files(public_place) == [kept.path]
    incident.chmod(0o755)
    assert store.expire(later) == 1


def test_a_folder_without_permission_is_logged_once_and_recovers(
    public_place: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="agent.adapters.evidence")
    folder = public_place / "evidence"
    folder.mkdir(mode=0o555)
    store = opened(folder)
    with as_nobody():
        store.prepare()
        assert [refused(store, i) for i in range(5)] == ["read_only"] * 5
    assert store.skipped == 5
    folder.chmod(0o777)
    with as_nobody():
        store.keep(event(), "wide", jpeg(), AT)
        store.keep(event(2), "wide", jpeg(), AT)
    messages = [r.getMessage() for r in caplog.records]
    assert messages == [
        f"evidence pictures are not kept (read_only): {folder}: Permission denied",
        f"evidence pictures are kept again in {folder}; 5 were skipped so far",
    ]


def test_a_file_in_place_of_the_folder(tmp_path: Path) -> None:
    path = tmp_path / "evidence"
    path.write_text("not a folder")
    store = opened(path)
    store.prepare()
    assert refused(store) == "io_error"
    path.unlink()
    assert store.keep(event(), "wide", jpeg(), AT).bytes == 100


def test_a_folder_that_somebody_deleted_is_made_again(tmp_path: Path) -> None:
    store = opened(tmp_path / "evidence")
    store.keep(event(), "wide", jpeg(), AT)
    shutil.rmtree(tmp_path / "evidence")
    assert refused(store) == "io_error"
    kept = store.keep(event(2), "wide", jpeg(), AT)
    assert files(tmp_path / "evidence") == [kept.path]
    assert store.used_bytes == 100


def test_threads_share_one_folder(tmp_path: Path) -> None:
    store = opened(tmp_path, quota_bytes=50 * 100)
    start = threading.Barrier(4)

    def work(first: int) -> None:
        start.wait(30)
        for i in range(30):
            store.keep(event(first + i), "wide", jpeg(), AT)

    threads = [threading.Thread(target=work, args=(1000 * t,)) for t in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(files(tmp_path)) == 50
    assert store.used_bytes == 5000
