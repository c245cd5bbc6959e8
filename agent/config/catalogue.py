"""The models that this box knows, and which of them a configuration means.

Known are the models of the shipped manifest and those of `local.yaml` in the models folder; `choice.yaml` there says
which one `cityeye bench models --write` found best on this box.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from agent.config.sections.model import AgentClass, ModelConfig
from agent.core.errors import ModelError

MANIFEST, LOCAL, CHOICE = "manifest.yaml", "local.yaml", "choice.yaml"
DEFAULT_ID = "yolox-nano"
ID_PATTERN = r"^[a-z0-9][a-z0-9._-]{0,62}$"
DETECTORS = ("yolox", "ultralytics", "end-to-end", "picodet")

Runtime = Literal["onnxruntime", "openvino"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Bilingual(_Part):
    """A text for people."""

    en: str
    zh: str


class Measured(_Part):
    """Figures on a labelled set: `coco128` is the 128 photos of docs/credits.md, all 80 labels."""

    set: str
    map50: float
    map50_95: float | None = None


class ModelEntry(_Part):
    """One model. Of `url` and `embedded` at most one is there; a site's own model has neither."""

    id: str = Field(pattern=ID_PATTERN)
    file: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*\.onnx$")
    url: str | None = Field(None, pattern=r"^https?://")
    embedded: str | None = None
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    bytes: int = Field(gt=0)
    licence: str
    source: str = ""
    family: Literal["yolox", "ultralytics", "end-to-end", "picodet", "yunet", "plate"]
    purpose: Literal["detector", "privacy"] = "detector"
    input_px: tuple[int, int]
    colours: Literal["bgr", "rgb"]
    labels: str = ""
    classes: tuple[AgentClass, ...] = ()
    label_classes: dict[str, AgentClass | None] | None = None
    good_for: Bilingual
    measured: tuple[Measured, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _embedded_names_its_file(cls, data: Any) -> Any:
        if isinstance(data, dict) and "embedded" in data:
            return {"file": data["embedded"], **data}
        return data

    @model_validator(mode="after")
    def _consistent(self) -> ModelEntry:
        if self.url and self.embedded:
            raise ValueError("url and embedded exclude each other")
        if self.purpose == "detector" and (self.family not in DETECTORS or not self.classes):
            raise ValueError("a detector has one of the detectors' families, and classes")
        return self

    def map50(self, name: str = "coco128") -> float | None:
        """The mAP50 that was measured on a set, or None."""
        return next((measured.map50 for measured in self.measured if measured.set == name), None)


class Choice(_Part):
    """What `cityeye bench models --write` found best on this box."""

    id: str
    runtime: Runtime
    sha256: str
    ms: float
    cpu: str = ""


class _Manifest(_Part):
    models: tuple[ModelEntry, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """All models that are known, by id, the shipped ones first."""

    folder: Path
    entries: Mapping[str, ModelEntry]
    local_ids: frozenset[str]

    def entry(self, model_id: str) -> ModelEntry:
        """Raises ModelError, naming what there is."""
        if model_id in self.entries:
            return self.entries[model_id]
        known = ", ".join(self.entries)
        raise ModelError(
            f"model {model_id}: expected one of {known}; see `cityeye models list`, or import a file with "
            "`cityeye models import FILE`"
        )

    def path(self, entry: ModelEntry) -> Path:
        """Where its file lies, or would lie."""
        return shipped_folder() / entry.file if self.comes_with_agent(entry) else self.folder / entry.file

    def comes_with_agent(self, entry: ModelEntry) -> bool:
        """Whether its file is the installed release's own: embedded, or put beside by the installer.

        Each release finds its own model so, whatever another one or a site has put into the models folder.
        """
        return bool(entry.embedded) or (entry.id not in self.local_ids and (packed_folder() / entry.file).is_file())

    def installed(self, entry: ModelEntry) -> bool:
        """Whether the file is there; whether it is the right one is told by its hash."""
        return self.path(entry).is_file()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenModel:
    """What a configuration's `model` section comes to. `because`: why, for the log."""

    id: str | None
    file: Path
    family: str
    sha256: str | None
    classes: Mapping[str, str | None] | None
    runtime: Runtime
    because: str


def packed_folder() -> Path:
    """Where an installed package has its models; a checkout has no such folder."""
    return Path(__file__).parents[1] / "models"


def shipped_folder() -> Path:
    """The folder of the manifest and the embedded models: in the installed package, else in the checkout."""
    packed = packed_folder()
    return packed if (packed / MANIFEST).is_file() else packed.parents[1] / "models"


def read_catalogue(folder: Path) -> Catalogue:
    """What is known with this models folder. Raises ModelError for a list that cannot be read."""
    shipped = _read(shipped_folder() / MANIFEST, _Manifest).models
    local = _local(folder)
    entries = {entry.id: entry for entry in shipped}
    if taken := sorted(set(entries) & {entry.id for entry in local}):
        raise ModelError(f"{folder / LOCAL}: expected ids of its own, found {', '.join(taken)}; rename them there")
    return Catalogue(
        folder=folder,
        entries=entries | {entry.id: entry for entry in local},
        local_ids=frozenset(entry.id for entry in local),
    )


def read_choice(folder: Path) -> Choice | None:
    """What was found best on this box, or None. Raises ModelError when it cannot be read."""
    file = folder / CHOICE
    return _read(file, Choice) if file.is_file() else None


def save_local(folder: Path, entry: ModelEntry) -> None:
    """Add a site's own model to its list, in place of one of the same id."""
    others = [known for known in _local(folder) if known.id != entry.id]
    rows = [_plain(known) for known in (*others, entry)]
    _write(folder / LOCAL, "# Written by `cityeye models import`.\n", {"models": rows})


def forget_local(folder: Path, model_id: str) -> None:
    """Take a site's own model off its list; its file stays."""
    rows = [_plain(known) for known in _local(folder) if known.id != model_id]
    _write(folder / LOCAL, "# Written by `cityeye models import`.\n", {"models": rows})


def save_choice(folder: Path, choice: Choice) -> None:
    """Keep what was found best on this box."""
    _write(folder / CHOICE, "# Written by `cityeye bench models --write`.\n", _plain(choice))


def choose(model: ModelConfig) -> ChosenModel:
    """The model that a configuration means.

    Raises:
        ModelError: it is unknown, no detector, or not there; the text says how to get it.
    """
    if model.file is not None:
        runtime: Runtime = "onnxruntime" if model.runtime == "auto" else model.runtime
        return ChosenModel(
            id=None,
            file=model.file,
            family=model.family,
            sha256=model.sha256,
            classes=model.classes,
            runtime=runtime,
            because="named by model.file",
        )
    catalogue = read_catalogue(model.folder)
    try:
        choice, unread = read_choice(model.folder), ""
    except ModelError as error:  # a convenience must not stop a box
        choice, unread = None, f", {error}"
    entry, because = _named(model, catalogue, choice)
    if not catalogue.installed(entry):
        raise ModelError(
            f"{catalogue.path(entry)}: expected the file of model {entry.id}, found nothing; "
            + (f"get it with `cityeye models pull {entry.id}`" if entry.url else "import it again with its --map")
        )
    return ChosenModel(
        id=entry.id,
        file=catalogue.path(entry),
        family=entry.family if model.family == "auto" else model.family,
        sha256=model.sha256 or entry.sha256,
        classes=entry.label_classes if model.classes is None else model.classes,
        runtime=_runtime(model, entry, choice),
        because=because + unread,
    )


def _named(model: ModelConfig, catalogue: Catalogue, choice: Choice | None) -> tuple[ModelEntry, str]:
    """The entry that is meant, and why."""
    if model.id != "auto":
        entry = catalogue.entry(model.id)
        if entry.purpose != "detector":
            raise ModelError(f"model {entry.id}: expected a detector, found one for {entry.purpose}; choose another")
        return entry, "named by model.id"
    passed_over = ""
    if choice is not None:
        known = catalogue.entries.get(choice.id)
        if known is not None and catalogue.installed(known) and known.sha256 == choice.sha256:
            return known, f"measured best on this box ({CHOICE})"
        passed_over = f", {choice.id} of {CHOICE} is not there, or another file by now"
    if catalogue.installed(default := catalogue.entry(DEFAULT_ID)):
        return default, f"the default{passed_over}"
    for entry in catalogue.entries.values():
        if entry.embedded and entry.purpose == "detector" and catalogue.installed(entry):
            return entry, f"comes with the agent, {DEFAULT_ID} is not installed{passed_over}"
    return default, "the default"


def _runtime(model: ModelConfig, entry: ModelEntry, choice: Choice | None) -> Runtime:
    if model.runtime != "auto":
        return model.runtime
    measured = choice is not None and (choice.id, choice.sha256) == (entry.id, entry.sha256)
    if choice is not None and measured and importlib.util.find_spec(choice.runtime) is not None:
        return choice.runtime
    return "onnxruntime"


_Kind = TypeVar("_Kind", bound=BaseModel)


def _local(folder: Path) -> tuple[ModelEntry, ...]:
    file = folder / LOCAL
    return _read(file, _Manifest).models if file.is_file() else ()


def _read(file: Path, kind: type[_Kind]) -> _Kind:
    try:
        return kind.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")) or {})
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ModelError(f"{file}: expected a list of models that can be read, found: {error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise ModelError(f"{file}: {where}: {first['msg']}; correct the file, or delete it") from error


def _plain(part: BaseModel) -> dict[str, Any]:
    return part.model_dump(mode="json", exclude_defaults=True)


def _write(file: Path, head: str, data: object) -> None:
    """Whole or not at all. Raises ModelError."""
    text = head + yaml.safe_dump(data, allow_unicode=True, sort_keys=False)
    new = file.with_name(file.name + ".new")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with new.open("w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        new.replace(file)
    except OSError as error:
        raise ModelError(f"{file}: expected a folder that can be written, found: {error.strerror}") from error
