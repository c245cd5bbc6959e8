"""YAML to frozen, checked configuration, or every problem at once. Never touches the network.

`load(path)` is the way in; `inspect` also gives warnings, `inspect_text` takes text that came by a command.
"""

from agent.config.load import Report, folder_named, home_of, inspect, inspect_data, inspect_text, load
from agent.config.models import (
    BoxConfig,
    CameraConfig,
    Config,
    LocationConfig,
    ModelConfig,
    MqttConfig,
    RulesConfig,
    StorageConfig,
    TaxonomyConfig,
    TlsConfig,
    ZoneConfig,
)
from agent.config.words import Lang

__all__ = [
    "BoxConfig",
    "CameraConfig",
    "Config",
    "Lang",
    "LocationConfig",
    "ModelConfig",
    "MqttConfig",
    "Report",
    "RulesConfig",
    "StorageConfig",
    "TaxonomyConfig",
    "TlsConfig",
    "ZoneConfig",
    "folder_named",
    "home_of",
    "inspect",
    "inspect_data",
    "inspect_text",
    "load",
]
