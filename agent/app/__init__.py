"""The composition root: the only place that knows which adapter stands behind which port.

Import from its modules: this package itself imports nothing, so that a question to a running agent (`inquiry`) need
not load decoders and the model runtime.
"""
