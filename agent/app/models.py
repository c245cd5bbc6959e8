"""What can be done with models: list, fetch, check, and take in one's own."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from agent.adapters.download import Progress, Wanted, fetch, sha256_of
from agent.adapters.onnx.labels import UNMAPPED, class_table, label_names
from agent.adapters.onnx.model import OnnxModel, file_sha256
from agent.config.catalogue import ID_PATTERN, Bilingual, Catalogue, ModelEntry, read_catalogue, save_local
from agent.core.errors import ModelError, ModelUnavailable
from agent.core.taxonomy import CLASSES


class State(StrEnum):
    """What lies where a model's file should be."""

    ABSENT = "absent"
    THERE = "there"
    GOOD = "good"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownModel:
    """One line of the list. `THERE` says no more than that a file of the right length is there."""

    entry: ModelEntry
    path: Path
    state: State


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """A model that was taken in. `label_classes`: each of its labels, and the agent's class for it or None."""

    entry: ModelEntry
    path: Path
    label_classes: tuple[tuple[str, str | None], ...]


def known_models(folder: Path) -> list[KnownModel]:
    """All models and whether they are there, by their length only. Raises ModelError for an unreadable list."""
    catalogue = read_catalogue(folder)
    return [_known(catalogue, entry, thorough=False) for entry in catalogue.entries.values()]


def verified_models(folder: Path, model_id: str | None = None) -> list[KnownModel]:
    """One model, or all that are there, by their hashes. Raises ModelError for an unknown id or an unreadable list."""
    catalogue = read_catalogue(folder)
    if model_id is not None:
        return [_known(catalogue, catalogue.entry(model_id), thorough=True)]
    there = [entry for entry in catalogue.entries.values() if catalogue.installed(entry)]
    return [_known(catalogue, entry, thorough=True) for entry in there]


def _known(catalogue: Catalogue, entry: ModelEntry, *, thorough: bool) -> KnownModel:
    path = catalogue.path(entry)
    try:
        right = path.stat().st_size == entry.bytes and (not thorough or sha256_of(path) == entry.sha256)
    except FileNotFoundError:
        return KnownModel(entry=entry, path=path, state=State.ABSENT)
    except OSError:
        right = False
    state = (State.GOOD if thorough else State.THERE) if right else State.WRONG
    return KnownModel(entry=entry, path=path, state=state)


def wanted_model(folder: Path, model_id: str) -> ModelEntry:
    """What is known about one model. Raises ModelError."""
    return read_catalogue(folder).entry(model_id)


def pull_model(folder: Path, model_id: str, *, mirror: str | None, progress: Progress) -> tuple[Path, str | None]:
    """Fetch a model's file, unless the right one is there.

    Args:
        mirror: folder or http(s) address to take it from instead of its own address.
        progress: called with the number of bytes that are there.

    Returns:
        Where it lies, and where it came from: None when it was there.

    Raises:
        ModelError, ModelUnavailable: see `agent.adapters.download.fetch`.
    """
    catalogue = read_catalogue(folder)
    entry = catalogue.entry(model_id)
    target = catalogue.path(entry)
    if _known(catalogue, entry, thorough=True).state is State.GOOD:
        return target, None
    if catalogue.comes_with_agent(entry):
        raise ModelError(
            f"{target}: expected the file that comes with the agent, found another; install the agent again"
        )
    wanted = Wanted(name=entry.file, bytes=entry.bytes, sha256=entry.sha256, url=entry.url)
    return target, fetch(wanted, target, mirror=mirror, progress=progress)


def import_model(
    folder: Path,
    file: Path,
    *,
    model_id: str | None = None,
    family: str = "auto",
    classes: Mapping[str, str | None] | None = None,
    licence: str = "not told",
    good_for: str = "",
) -> Imported:
    """Check an ONNX file, copy it to the models folder and add it to the site's own list.

    Args:
        model_id: its id; None: made from the file's name. One of the site's own models is replaced.
        family: as in `model.family`. classes: model label to agent class, or to None; None: labels alike by name.

    Raises:
        ModelError: it is no model that the agent can use, or the id is taken. ModelUnavailable: it cannot be copied.
    """
    catalogue = read_catalogue(folder)
    name = model_id or re.sub(r"[^a-z0-9._-]+", "-", file.stem.lower()).strip("-._")[:60] or "own"
    if name in catalogue.entries and name not in catalogue.local_ids:
        raise ModelError(
            f"{file}: expected an id of its own, found {name}, which is a shipped model's; choose with --id"
        )
    if not re.fullmatch(ID_PATTERN, name):
        raise ModelError(f"{file}: expected an id of a to z, 0 to 9, '.', '_' and '-', found {name}; choose with --id")
    if taken := [e.id for e in catalogue.entries.values() if e.file == f"{name}.onnx" and e.id != name]:
        raise ModelError(f"{file}: expected a file name of its own, found {name}.onnx of {taken[0]}; choose with --id")
    digest = file_sha256(file, None)
    model = OnnxModel.load(file, family=family)
    labels = label_names(model, classes)
    table = class_table(model, labels, classes)
    mapped = tuple(
        (label, None if number == UNMAPPED else CLASSES[number]) for label, number in zip(labels, table, strict=True)
    )
    seen = {found for _, found in mapped}
    entry = ModelEntry.model_validate(
        {
            "id": name,
            "file": f"{name}.onnx",
            "sha256": digest,
            "bytes": file.stat().st_size,
            "licence": licence,
            "source": file.name,
            "family": model.family.name,
            "input_px": model.signature.input_px,
            "colours": "rgb" if model.family.style.rgb else "bgr",
            "labels": ", ".join(labels)[:200],
            "classes": [known for known in CLASSES if known in seen],
            "label_classes": classes and dict(classes),
            "good_for": Bilingual(en=good_for, zh=good_for),
        }
    )
    target = folder / entry.file
    _copy(file, target)
    save_local(folder, entry)
    return Imported(entry=entry, path=target, label_classes=mapped)


def take_in(folder: Path, file: Path) -> str:
    """Bring a file into the models folder, whatever it is called; returns the id of its model.

    One of the known models is told by its hash; any other is imported. Raises ModelError, ModelUnavailable.
    """
    digest = file_sha256(file, None)
    catalogue = read_catalogue(folder)
    known = next((entry for entry in catalogue.entries.values() if entry.sha256 == digest), None)
    if known is None:
        return import_model(folder, file).entry.id
    if not catalogue.comes_with_agent(known):
        _copy(file, catalogue.path(known))
    return known.id


def there_or_near(folder: Path, model_id: str, near: Sequence[str]) -> str | None:
    """Whether a model needs no network: empty when it is installed, else the first mirror folder with its very file.

    None where it has to be fetched. Raises ModelError for an unknown id.
    """
    catalogue = read_catalogue(folder)
    entry = catalogue.entry(model_id)
    if _known(catalogue, entry, thorough=True).state is State.GOOD:
        return ""
    for place in near:
        for file in (Path(place) / "models" / entry.file, Path(place) / entry.file):
            with suppress(OSError):
                if file.stat().st_size == entry.bytes and sha256_of(file) == entry.sha256:
                    return place
    return None


def _copy(file: Path, target: Path) -> None:
    if target.exists() and target.samefile(file):
        return
    part = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, part)
        part.replace(target)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise ModelUnavailable(f"{target}: expected a folder with room for it, found: {error.strerror}") from error
