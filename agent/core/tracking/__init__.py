"""From one picture to things that stay: `sighting`s of all channels become `track`s, which a `tracker` follows.

`statues` are things that a detector takes for persons.
"""
