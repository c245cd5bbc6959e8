"""What is another in a new configuration: which cameras, and whether the agent has to be started anew for the rest."""

from __future__ import annotations

from dataclasses import dataclass

from agent.config.models import Config
from agent.config.sections.broker import MqttConfig
from agent.config.sections.cameras import CameraConfig
from agent.core.camera_health import CameraHealthSettings

_LIVE = frozenset({"cameras", "calendars"})
"""Sections that a running agent takes over. Any other, also one that comes to be, asks for a new start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Between two configurations; cameras by id, in the order of the new one.

    Attributes:
        renewed: their stream, login or a time-out is another. replanned: only what they are watched for is.
        elsewhere: sections that a running agent cannot take over.
        reconnected: the box goes to another broker, or to the same in another way: who was there before may not be.
    """

    removed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    renewed: tuple[str, ...] = ()
    replanned: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    reconnected: bool = False

    @property
    def touched(self) -> tuple[str, ...]:
        """Cameras of the new configuration that do not just go on."""
        return (*self.added, *self.renewed, *self.replanned)


def difference(old: Config, new: Config) -> Difference:
    """What `new` changes. A camera's name and place change nothing about how it is watched."""
    before = {camera.id: camera for camera in old.cameras}
    old_plans, new_plans = old.plans(), new.plans()
    both = [camera for camera in new.cameras if camera.id in before]
    renewed = [camera.id for camera in both if _stream(camera) != _stream(before[camera.id])]
    return Difference(
        removed=tuple(camera for camera in before if camera not in new_plans),
        added=tuple(camera for camera in new_plans if camera not in before),
        renewed=tuple(renewed),
        replanned=tuple(
            camera.id for camera in both if camera.id not in renewed and old_plans[camera.id] != new_plans[camera.id]
        ),
        elsewhere=tuple(_elsewhere(old, new)),
        reconnected=_connection(old.mqtt) != _connection(new.mqtt),
    )


def _elsewhere(old: Config, new: Config) -> list[str]:
    sections = [name for name in Config.model_fields if name not in _LIVE | {"box"}]
    different = [name for name in sections if getattr(old, name) != getattr(new, name)]
    if old.taxonomy_table != new.taxonomy_table and "taxonomy" not in different:
        different.append("taxonomy")
    # Where the box stands is only told; its names and its time zone are woven into everything.
    if old.box.model_copy(update={"location": None}) != new.box.model_copy(update={"location": None}):
        different.append("box")
    return different


def _stream(camera: CameraConfig) -> CameraConfig:
    """All that is not about names, places and rules: also a key that comes to be is taken for the stream's."""
    aside = {"name": None, "location": None, "health": CameraHealthSettings(), "zones": ()}
    return camera.model_copy(update=aside)


def _connection(mqtt: MqttConfig) -> MqttConfig:
    """All that is not about what is sent when: also a key that comes to be is taken for the connection's."""
    return mqtt.model_copy(update={"require_ack": False, "resend_after": 0.0, "backlog": 0, "keepalive": 0.0})
