"""What the cameras showed in the last days, kept in little room, so that decisions can be made again."""

from agent.adapters.observations.reader import Extent, ObservationReader
from agent.adapters.observations.writer import ObservationWriter

__all__ = ["Extent", "ObservationReader", "ObservationWriter"]
