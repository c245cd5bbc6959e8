"""What every section of the configuration file is."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from agent.config.kinds import printable

Text = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(printable)]


class Section(BaseModel):
    """Frozen, and strict about keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
