"""The sections of the configuration file, a module for what belongs together: keys, defaults and limits.

The descriptions are the reference: docs/config.md and the JSON Schema are made from them.
"""
