"""Teaching a zone from pictures: files to features, features to a head, the head into the store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from agent.adapters.clock import SystemClock
from agent.adapters.labelled import SUFFIXES, read_picture
from agent.adapters.onnx.features import RECIPE, FeatureExtractor
from agent.adapters.onnx.model import file_sha256
from agent.adapters.onnx.zone_reader import READ_EVERY_S, Lens, Outline, TaughtZones
from agent.adapters.sqlite import Database, SqliteHeads, Visitor
from agent.app.places import DATABASE
from agent.config import CameraConfig, Config
from agent.config.catalogue import choose
from agent.core.errors import ModelError, PicturesUnusable
from agent.core.plan import CameraPlan
from agent.core.rules import RULES
from agent.core.types import Channel, Image
from agent.core.zone_state import Head, Lesson, Origin, outline_hash, train
from agent.ports import Heads, ZoneReader


@dataclass(frozen=True, slots=True, kw_only=True)
class Taught:
    """What came of teaching, with the files by name.

    Attributes:
        clean, full: the files that were used, each content once. repeated: those that were left out as copies.
        wrong_clean, wrong_full: those that were taken for the other class when they were left out, and the like; see
            `zone_state.Lesson`.
        saved: whether the head was kept.
    """

    lesson: Lesson
    clean: tuple[Path, ...]
    full: tuple[Path, ...]
    repeated: tuple[Path, ...]
    saved: bool

    @property
    def wrong_clean(self) -> tuple[Path, ...]:
        return tuple(self.clean[i] for i in self.lesson.wrong_clean)

    @property
    def wrong_full(self) -> tuple[Path, ...]:
        return tuple(self.full[i] for i in self.lesson.wrong_full)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptHead:
    """What one zone was taught. `usable`: it fits the model, the zones and the agent as they are now."""

    camera: str
    zone: str
    head: Head
    usable: bool


def teach(
    config: Config, place: tuple[str, str], clean: Sequence[Path], full: Sequence[Path], *, keep: bool = True
) -> Taught:
    """Learn what a zone looks like when it is clean and when it overflows, and keep it for the agent.

    Args:
        place: ids of a camera and of one of its zones.
        clean, full: files, and folders for all pictures in them; in the order in which they were taken.
        keep: whether to store what was learnt, in place of what the zone was taught before.

    Raises:
        PicturesUnusable: of every file that is missing, no picture, or of another size than most.
        ModelError: the configured model has no features to give.
        StoreFull, StoreUnusable: nothing was kept.
    """
    camera, zone = place
    outline = outlines_of(config, camera)[zone]
    (clean_files, clean_copies), (full_files, full_copies) = (_distinct(_files(paths)) for paths in (clean, full))
    images = _pictures([*clean_files, *full_files])
    model = choose(config.model)
    extractor = FeatureExtractor.load(model.file, family=model.family, threads=config.model.threads)
    rows = [extractor.features(image, outline) for image in images]
    height, width = images[0].shape[:2] if images else (0, 0)
    origin = Origin(
        model_sha256=extractor.sha256, recipe=RECIPE, outline=outline_hash(outline), picture_px=(width, height)
    )
    count = len(clean_files)
    table = np.stack(rows) if rows else np.zeros((0, 0), np.float32)
    lesson = train(table[:count], table[count:], origin, SystemClock().now().utc)
    if keep and lesson.head is not None:
        database = config.storage.folder / DATABASE
        _made(database)
        SqliteHeads(Visitor(database)).save_head(camera, zone, lesson.head)
    return Taught(
        lesson=lesson,
        clean=clean_files,
        full=full_files,
        repeated=(*clean_copies, *full_copies),
        saved=keep and lesson.head is not None,
    )


def kept_heads(config: Config) -> list[KeptHead]:
    """What is kept, by camera and zone; also while the agent runs. Raises StoreUnusable."""
    database = config.storage.folder / DATABASE
    heads = SqliteHeads(Visitor(database)).heads() if database.exists() else {}
    try:
        sha256 = file_sha256(choose(config.model).file, None) if heads else ""
    except ModelError:
        sha256 = ""
    return [
        KeptHead(camera=camera, zone=zone, head=head, usable=_usable(config, (camera, zone), head, sha256))
        for (camera, zone), head in heads.items()
    ]


def forget_zone(config: Config, camera: str, zone: str) -> bool:
    """Drop what a zone was taught; False when there was nothing. Raises StoreFull, StoreUnusable."""
    database = config.storage.folder / DATABASE
    return database.exists() and SqliteHeads(Visitor(database)).forget_head(camera, zone)


def outlines_of(config: Config, camera: str) -> dict[str, Outline]:
    """The corners of a camera's zones, 0..1 of the picture; none for a camera that does not exist."""
    return {area.id: area.polygon for known in config.cameras if known.id == camera for area in known.zones}


def teachable(camera: CameraConfig) -> dict[str, Outline]:
    """The corners of the zones whose rules ask for what they are taught, by id: those that are watched as one thing."""
    return {
        area.id: area.polygon
        for area in camera.zones
        if any(
            RULES[name].whole_zone(settings) and Channel.ZONE_STATE in RULES[name].channels(settings)
            for name, settings in area.rules.items()
        )
    }


def zone_readers(
    config: Config, heads: Heads, model_sha256: str, *, read_every_s: float = READ_EVERY_S
) -> dict[str, ZoneReader]:
    """A reader for each camera, sharing one extractor, which is opened when a first zone was taught.

    Args:
        model_sha256: of the model that is watching, `detector.info.sha256`.
    """
    lens = lens_of(config, model_sha256)
    return {
        camera.id: zone_reader(config, camera.id, heads, lens, read_every_s=read_every_s) for camera in config.cameras
    }


def zone_reader(
    config: Config, camera: str, heads: Heads, lens: Lens, *, read_every_s: float = READ_EVERY_S
) -> ZoneReader:
    """A reader of what one camera's zones were taught."""
    return TaughtZones(camera, outlines_of(config, camera), heads=heads, lens=lens, read_every_s=read_every_s)


def lens_of(config: Config, model_sha256: str) -> Lens:
    """The extractor of the configured model; `model_sha256`: of the model that is watching."""
    model = choose(config.model)
    return Lens(
        model_sha256,
        lambda: FeatureExtractor.load(model.file, family=model.family, threads=config.model.threads),
    )


def taught_reader(config: Config, plan: CameraPlan, model_sha256: str) -> ZoneReader | None:
    """A reader of what the box was taught about one camera, beside the agent that may run; None where nothing was."""
    database = config.storage.folder / DATABASE
    if not plan.asks_for(Channel.ZONE_STATE) or not database.exists():
        return None
    return zone_readers(config, SqliteHeads(Visitor(database)), model_sha256)[plan.camera]


def _usable(config: Config, place: tuple[str, str], head: Head, sha256: str) -> bool:
    outline = outlines_of(config, place[0]).get(place[1])
    return outline is not None and head.origin.fits(sha256, RECIPE, outline_hash(outline))


def _files(paths: Sequence[Path]) -> list[Path]:
    """Each file, and for a folder the pictures in it by name."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += sorted(file for file in path.iterdir() if file.suffix.lower() in SUFFIXES)
        else:
            found.append(path)
    return found


def _distinct(files: Sequence[Path]) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """The first file of each content, and the copies. One that cannot be read is judged later, as a picture."""
    kept: list[Path] = []
    copies: list[Path] = []
    known: set[bytes] = set()
    for file in files:
        try:
            content = file.read_bytes()
        except OSError:
            kept.append(file)
            continue
        (copies if content in known else kept).append(file)
        known.add(content)
    return tuple(kept), tuple(copies)


def _pictures(files: Sequence[Path]) -> list[Image]:
    """All of them, all of one size. Raises PicturesUnusable."""
    images: list[Image] = []
    faults: list[str] = []
    for file in files:
        try:
            images.append(read_picture(file))
        except ModelError as error:
            faults.append(str(error))
    sizes = Counter((image.shape[1], image.shape[0]) for image in images)
    if len(sizes) > 1 and not faults:
        (width, height), _ = sizes.most_common(1)[0]
        faults = [
            f"{file}: expected {width}x{height} as most of the pictures, found {image.shape[1]}x{image.shape[0]}; "
            "take all pictures from one stream of the camera"
            for file, image in zip(files, images, strict=True)
            if image.shape[:2] != (height, width)
        ]
    if faults:
        raise PicturesUnusable("\n".join(faults))
    return images


def _made(database: Path) -> None:
    """Make the database where no agent has run yet. Raises StoreFull, StoreUnusable."""
    if not database.exists():
        Database(database).open().close()
