"""The keys that the models know, by their place in the document."""

from __future__ import annotations

from collections.abc import Iterator
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from agent.config.words import Path

ANY = "*"
"""Stands for a list's index or a mapping's free key."""


def known_keys(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """The keys of a section as they are written in the file."""
    return {info.alias or name: info for name, info in model.model_fields.items()}


def section(root: type[BaseModel], path: Path) -> type[BaseModel] | None:
    """The model of the section at a path, or None where there is no section."""
    here: Any = root
    for part in path:
        model = _model(here)
        if model is not None:
            info = known_keys(model).get(str(part))
            if info is None:
                return None
            here = info.annotation
        else:
            here = next((item for form in _forms(here) if (item := _item(form)) is not None), None)
    return _model(here)


def every_key(root: type[BaseModel], path: Path = ()) -> Iterator[tuple[Path, FieldInfo]]:
    """All keys below a model, depth first in their order, with `*` for indices and free keys."""
    for key, info in known_keys(root).items():
        yield (*path, key), info
        inner, stars = _below(info.annotation, ())
        if inner is not None:
            yield from every_key(inner, (*path, key, *stars))


def _below(annotation: Any, stars: Path) -> tuple[type[BaseModel] | None, Path]:
    for form in _forms(annotation):
        if isinstance(form, type) and issubclass(form, BaseModel):
            return form, stars
        if (item := _item(form)) is not None:
            found = _below(item, (*stars, ANY))
            if found[0] is not None:
                return found
    return None, stars


def _model(annotation: Any) -> type[BaseModel] | None:
    return next((f for f in _forms(annotation) if isinstance(f, type) and issubclass(f, BaseModel)), None)


def _forms(annotation: Any) -> list[Any]:
    """The members of a union, without None and without annotations."""
    if get_origin(annotation) is Annotated:
        return _forms(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return [form for member in get_args(annotation) for form in _forms(member)]
    return [] if annotation is NoneType else [annotation]


def _item(annotation: Any) -> Any:
    """What a tuple holds, or a mapping's values are."""
    arguments = get_args(annotation)
    if get_origin(annotation) is tuple:
        return arguments[0]
    return arguments[1] if get_origin(annotation) is dict else None
