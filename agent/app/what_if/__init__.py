"""Another configuration over what the cameras showed in the last days: what would have been reported, and what not."""

from agent.app.what_if.compare import Kept, WhatIf, kept_by, what_if
from agent.app.what_if.scores import ScorePoint, scores_at
from agent.app.what_if.told import as_json

__all__ = ["Kept", "ScorePoint", "WhatIf", "as_json", "kept_by", "scores_at", "what_if"]
