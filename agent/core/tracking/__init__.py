"""From one picture to things that stay: `sighting`s of all channels become `track`s, which a `tracker` follows.

`places`: how a sighting lies to where a thing stands. `sighted`: what one look changes about one track. `statues` are
things that a detector takes for persons.
"""
