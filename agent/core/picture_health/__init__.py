"""Whether a camera's pictures show what they should, and where it looks now.

`watch.PictureWatch` is one camera's; it compares pictures with a `reference_view`, follows the `pose` by `registration`
against it, and knows a stream that is a `freeze` of one picture.
"""

from agent.core.picture_health.registration import Alignment, warp
from agent.core.picture_health.watch import PictureWatch

__all__ = ["Alignment", "PictureWatch", "warp"]
