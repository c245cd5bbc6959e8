"""Scenes with known truth for `scripts/score_scenes.py`: who does what in them, and how they are looked at.

`case` says what a scene is; `parking`, `garbage` and `stalls` hold them; `geometry` computes what can be seen without
painting a pixel; `oracle` and `pixels` are two ways of looking. See docs/scenes.md.
"""
