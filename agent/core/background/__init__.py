"""The scene-change channel: what changed against a camera's clean reference and then stood still.

`channel.Background` is one camera's; it learns a `reference` from `lessons`, follows the `stays` of pixels, and judges
`region`s of stuck ones for its `reports`. `working` is the picture's size; `steady` undoes shaking, `kept` makes bytes
of it all, `masks` are maps of yes and no.
"""

from agent.core.background.channel import Background
from agent.core.background.working import working_picture

__all__ = ["Background", "working_picture"]
