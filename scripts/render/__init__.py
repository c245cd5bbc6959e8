"""Street scenes with known truth: pictures of which everything is known, because we drew them. See docs/scenes.md.

Not part of the agent: it serves the demo, evaluation and training. numpy, OpenCV and PyAV only.
"""
