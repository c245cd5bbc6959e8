"""What messages say about the box; from the configuration alone, for commands that open no model."""

from __future__ import annotations

from agent.config import CameraConfig, Config
from agent.core.wire import BoxFacts, CameraFacts, Location, ModelFacts


def box_facts(config: Config, model: ModelFacts | None = None) -> BoxFacts:
    """What every message says about this box; `model`: which one looks, where that matters."""

    def location(camera: CameraConfig) -> Location | None:
        place = config.location_of(camera.id)
        if place is None:
            return None
        return Location(lon=place.lon, lat=place.lat, crs=place.crs.upper(), grid_code=place.grid_code)

    return BoxFacts(
        tenant=config.box.tenant,
        box=config.box.id,
        code_system=config.taxonomy.code_system,
        config_version=config.version_hash(),
        taxonomy=config.taxonomy_table,
        model=model,
        cameras={
            camera.id: CameraFacts(
                name=camera.name or camera.id,
                location=location(camera),
                zones={zone.id: zone.name or zone.id for zone in camera.zones},
            )
            for camera in config.cameras
        },
    )
