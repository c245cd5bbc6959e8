"""YAML to frozen, checked configuration, or every problem at once. Never touches the network.

`load(path)` is the way in; `inspect` also gives warnings, `inspect_text` takes text that came by a command.
"""

from agent.config.load import Report, folder_named, home_of, inspect, inspect_data, inspect_text, load
from agent.config.models import Config
from agent.config.sections.box import BoxConfig, LocationConfig, StorageConfig, TaxonomyConfig
from agent.config.sections.broker import MqttConfig, TlsConfig
from agent.config.sections.cameras import CameraConfig, RulesConfig, ZoneConfig
from agent.config.sections.model import ModelConfig
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
