"""The pure core: same inputs, same events.

Nothing here reads a clock, a file, a socket or a random number; time always arrives as a `Stamp`.
May import numpy, shapely and pydantic, and nothing else of this package.
"""
