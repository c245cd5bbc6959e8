"""What the teach-in page asks of the agent: a bin zone's pictures, their marks, and what a lesson comes to."""

from __future__ import annotations

from typing import Literal, Protocol, TypedDict

Mark = Literal["clean", "full"]


class FiguresShown(TypedDict):
    """How well it tells pictures apart that it was not trained on; see `core.zone_state.Figures`."""

    clean: int
    full: int
    auc: float
    balanced: float
    margin: float


class ZoneTaught(TypedDict):
    """A bin zone.

    Attributes:
        pictures: how many are kept. clean, full: how many of them are marked so.
        on: a lesson is in force, of the moment `taught` and with `figures`. usable: it fits the model and the outline.
        candidate: a lesson waits to be switched on.
    """

    camera: str
    camera_name: str
    zone: str
    zone_name: str
    pictures: int
    clean: int
    full: int
    on: bool
    usable: bool
    taught: str | None
    figures: FiguresShown | None
    candidate: bool


class PictureShown(TypedDict):
    """A kept picture. `id`: its moment, ms since 1970. `why`: `time`, `change` or `asked`. `usable`: it can teach.

    `full`: how likely it overflows by the lesson in force, None without one. `wrong`: the candidate took it for the
    other class when it was left out of the lesson.
    """

    id: int
    utc: str
    why: str
    mark: Mark | None
    usable: bool
    full: float | None
    wrong: bool


class Page(TypedDict):
    """Newest first. `before`: give it to get the next page; None at the end."""

    pictures: list[PictureShown]
    before: int | None


class CurvePoint(TypedDict):
    """What a lesson says (`full`, 0..1) of a picture that was taken at `utc`."""

    utc: str
    full: float
    mark: Mark | None


class LessonShown(TypedDict):
    """What came of a lesson.

    Attributes:
        learnt: it can be switched on. refusal: why not: `too_few`, `shared`, `identical` or `not_separate`.
        figures: None where it came to no cross-validation. needed_auc: the least that would do. least, least_balanced:
            pictures that each class needs, and the least balanced accuracy.
        wrong: ids of marked pictures that are worth a look, which were taken for the other class when left out.
        passed_over: marked pictures that are of another model, outline or picture size.
        curve: over the last day, oldest first. threshold: from where on the zone counts as full.
    """

    learnt: bool
    refusal: str | None
    figures: FiguresShown | None
    needed_auc: float
    least: int
    least_balanced: float
    wrong: list[int]
    passed_over: int
    curve: list[CurvePoint]
    threshold: float


class TeachBackend(Protocol):
    """Safe from any thread. A zone is told by the ids of its camera and of itself; LookupError: there is none such."""

    def zones(self) -> list[ZoneTaught]:
        """All zones that can be taught."""

    def zone(self, camera: str, zone: str) -> ZoneTaught:
        """One of them."""

    def pictures(self, camera: str, zone: str, *, before: int | None, limit: int) -> Page:
        """Some of its pictures; `limit`: 100 at most are given."""

    def jpeg(self, camera: str, zone: str, picture: int) -> bytes | None:
        """One picture; None when it is gone."""

    def ask(self, camera: str, zone: str) -> None:
        """Keep a picture with the camera's next look."""

    def mark(self, camera: str, zone: str, marks: dict[int, Mark | None]) -> ZoneTaught:
        """Say what pictures show; None: neither. Raises CommandRejected: too many are marked, or the disk is full."""

    def train(self, camera: str, zone: str) -> LessonShown:
        """Learn from what is marked; nothing is switched on. Takes some seconds at most.

        Raises: CommandRejected (`busy`): another lesson is being learnt.
        """

    def candidate(self, camera: str, zone: str) -> LessonShown | None:
        """The lesson that was learnt last and neither switched on nor discarded since."""

    def switch_on(self, camera: str, zone: str) -> ZoneTaught:
        """Put the candidate in force; the running agent takes it over within seconds.

        Raises: CommandRejected: there is none, or the zone or the model is another one since; StoreFull, StoreUnusable.
        """

    def discard(self, camera: str, zone: str) -> ZoneTaught:
        """Forget the candidate."""

    def switch_off(self, camera: str, zone: str) -> ZoneTaught:
        """Forget what is in force. Raises StoreFull, StoreUnusable."""
