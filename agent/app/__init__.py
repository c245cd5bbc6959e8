"""The composition root: the only place that knows which adapter stands behind which port."""

from agent.app.bench import BenchRow, bench_int8, bench_models, keep_choice, recommended
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
    "BenchRow",
    "Imported",
    "KnownModel",
    "Replayed",
    "State",
    "bench_int8",
    "bench_models",
    "import_model",
    "keep_choice",
    "known_models",
    "pull_model",
    "recommended",
    "replay",
    "stored_incidents",
    "verified_models",
    "video_length_s",
    "wanted_model",
    "what_ails",
]
