"""Persons' faces and licence plates are made unrecognisable before a picture is kept: docs/privacy.md."""

from agent.adapters.privacy.finders import FaceFinder, Finder, PlateFinder
from agent.adapters.privacy.guard import PrivacyGuard

__all__ = ["FaceFinder", "Finder", "PlateFinder", "PrivacyGuard"]
