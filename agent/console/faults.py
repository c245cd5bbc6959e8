"""What goes wrong in a request, as the browser is told."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from agent.core.errors import (
    CommandRejected,
    PermanentError,
    RejectCode,
    RetryableError,
    StoreFull,
    StoreHeld,
    StoreUnusable,
)

_STATUS = {
    RejectCode.UNKNOWN_INCIDENT: 404,
    RejectCode.UNKNOWN_CAMERA: 404,
    RejectCode.UNKNOWN_ZONE: 404,
    RejectCode.UNKNOWN_RULE: 404,
    RejectCode.CONFLICT: 409,
    RejectCode.NOT_ALLOWED: 403,
    RejectCode.BUSY: 503,
    RejectCode.FAILED: 500,
}


class ConsoleFault(Exception):
    """A request that is not carried out. `code` is for the page, which has words for it, `message` for the rest."""

    def __init__(self, status: int, code: str, message: str, *, facts: dict[str, object] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.facts = facts or {}


def fault_of(error: Exception) -> ConsoleFault | None:
    """How an error of ours is told; None for one that nobody foresaw."""
    if isinstance(error, ConsoleFault):
        return error
    if isinstance(error, StoreHeld):
        return ConsoleFault(503, "store_held", str(error))
    if isinstance(error, StoreFull):
        return ConsoleFault(503, "disk_full", str(error))
    if isinstance(error, StoreUnusable):
        return ConsoleFault(500, "disk", str(error))
    if isinstance(error, CommandRejected):
        return ConsoleFault(_STATUS.get(error.code, 400), error.code.value, error.message)
    if isinstance(error, RetryableError):
        return ConsoleFault(503, "retry", str(error))
    if isinstance(error, PermanentError):
        return ConsoleFault(500, "failed", str(error))
    return None


def answer(_request: Request, error: Exception) -> Response:
    """The JSON of a fault; what nobody foresaw is raised on, and logged by the server."""
    fault = fault_of(error)
    if fault is None:
        raise error
    told = {"code": fault.code, "message": fault.message, **fault.facts}
    return JSONResponse({"error": told}, status_code=fault.status)
