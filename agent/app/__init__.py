"""The composition root: the only place that knows which adapter stands behind which port."""

from agent.app.inquiry import stored_incidents, what_ails
from agent.app.replay import Replayed, replay, video_length_s
from agent.app.run import App

__all__ = ["App", "Replayed", "replay", "stored_incidents", "video_length_s", "what_ails"]
