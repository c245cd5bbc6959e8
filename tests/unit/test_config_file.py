"""The configuration file is replaced as a whole or not at all, and its earlier contents can be had again."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.adapters.config_file import KEEP, ConfigFile, History, Note
from agent.app.places import CONFIG_HISTORY
from agent.app.site import Site
from agent.core.errors import StoreUnusable


def test_a_file_keeps_its_rights_its_links_and_its_line_ends(tmp_path: Path) -> None:
    real, link = tmp_path / "real.yaml", tmp_path / "site.yaml"
    real.write_bytes("\ufeffold\r\n".encode())
    real.chmod(0o640)
    link.symlink_to(real)
    file = ConfigFile(link)
    assert file.text() == "old\r\n"
    file.replace("新\r\n")
    assert (file.text(), real.read_bytes()) == ("新\r\n", "新\r\n".encode())
    assert (real.stat().st_mode & 0o777, link.is_symlink()) == (0o640, True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["real.yaml", "site.yaml"]


def test_a_file_that_is_no_text_or_missing_is_told(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    for found in ("No such file", "no UTF-8 text"):
        with pytest.raises(StoreUnusable, match=f"expected a configuration that can be read, found: {found}"):
            ConfigFile(file).text()
        file.write_bytes(b"\xff\xfe\xff")


def test_a_device_that_takes_no_files_beside_it_is_told() -> None:
    with pytest.raises(StoreUnusable, match=r"expected a file that the agent may replace.*mount the folder"):
        ConfigFile(Path("/proc/version")).replace("new")


def test_the_newest_texts_are_kept_by_number_for_the_agent_only(tmp_path: Path) -> None:
    history = History(tmp_path / "history")
    numbers = [history.keep(f"text {i}") for i in range(KEEP + 3)]
    assert numbers == list(range(1, KEEP + 4))
    assert len(list((tmp_path / "history").iterdir())) == KEEP
    assert history.text(numbers[-1]) == f"text {KEEP + 2}"
    with pytest.raises(StoreUnusable):
        history.text(numbers[2])
    kept = tmp_path / "history" / "000004.yaml"
    assert (kept.stat().st_mode & 0o777, kept.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_a_note_is_there_or_not(tmp_path: Path) -> None:
    note = Note(tmp_path / "note.json")
    assert note.read() is None
    note.write("one")
    note.write("two")
    assert note.read() == "two"
    note.clear()
    note.clear()
    assert note.read() is None


def test_the_data_folder_is_that_of_the_text_in_the_file_now(tmp_path: Path) -> None:
    path = tmp_path / "box.yaml"
    site = Site(path)
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        path.write_text(f"storage: {{folder: {folder}}}\n")
        History(tmp_path / folder / CONFIG_HISTORY).keep(folder)
        assert [site.earlier_text(kept.number) for kept in site.earlier()] == [folder]
