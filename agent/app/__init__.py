"""The composition root: the only place that knows which adapter stands behind which port."""

from agent.app.inquiry import stored_incidents, what_ails
from agent.app.models import (
    Imported,
    KnownModel,
    State,
    import_model,
    known_models,
    pull_model,
    verified_models,
    wanted_model,
)
from agent.app.replay import Replayed, replay, video_length_s
from agent.app.run import App

__all__ = [
    "App",
    "Imported",
    "KnownModel",
    "Replayed",
    "State",
    "import_model",
    "known_models",
    "pull_model",
    "replay",
    "stored_incidents",
    "verified_models",
    "video_length_s",
    "wanted_model",
    "what_ails",
]
