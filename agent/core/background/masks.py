"""Maps of yes (255) and no (0) over a picture, (h, w) uint8: fast in OpenCV, and typed."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.uint8]
"""(h, w) uint8, 0 or 255."""


def both(a: Mask, b: Mask) -> Mask:
    """Where both say yes."""
    return np.asarray(cv2.bitwise_and(a, b), np.uint8)


def either(a: Mask, b: Mask) -> Mask:
    """Where one of them says yes."""
    return np.asarray(cv2.bitwise_or(a, b), np.uint8)


def inverse(a: Mask) -> Mask:
    """Where it says no."""
    return np.asarray(cv2.bitwise_not(a), np.uint8)


def compared(values: NDArray[Any], limit: Any, how: int) -> Mask:
    """Where values compare with a limit, an array or a number, as `how` (a `cv2.CMP_...`) says."""
    return np.asarray(cv2.compare(values, limit, how), np.uint8)


def grown(a: Mask, kernel: Mask) -> Mask:
    """Where yes is within the kernel's reach."""
    return np.asarray(cv2.dilate(a, kernel), np.uint8)


def add_where(values: NDArray[Any], amount: Any, where: Mask) -> None:
    """Add a number to (h, w) values, in place, where it says yes; integers saturate."""
    cv2.add(values, amount, dst=values, mask=where)


def clear_where(values: NDArray[Any], where: Mask) -> None:
    """Set (h, w) values to zero, in place, where it says yes."""
    cv2.subtract(values, values, dst=values, mask=where)
