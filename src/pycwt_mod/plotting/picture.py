"""What all pictures share."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, Protocol, TypeVar

from .saving import save_figure

P = ParamSpec("P")
R = TypeVar("R")


class Drawn(Protocol):
    """What `wct` and `xwt` return: it knows its times, names and levels, and draws itself."""

    def plot(self, times: Any = None, **options: Any) -> Any:
        """Draw it."""


class Picture:
    """Base of the pictures: a figure, and a line for the prompt in place of its many artists."""

    figure: Any

    def save(self, path: str | Path, dpi: float = 200) -> None:
        """Save the figure, as `save_figure` does."""
        save_figure(self.figure, path, dpi)

    def __repr__(self) -> str:
        width, height = self.figure.bbox.size / self.figure.dpi  # of a subfigure, too
        size = f"{width:.3g} x {height:.3g} inches"
        return f'<{type(self).__name__} of {size}: save("picture.png") writes it>'


def draws_results(field: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a function that draws arrays take a result with a field of that name in their place."""

    def decorated(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def drawn(*args: P.args, **options: P.kwargs) -> R:
            result: Any = args[0] if args else None
            if not isinstance(args[0] if args else None, tuple) or not hasattr(result, field):
                return function(*args, **options)
            picture: R = result.plot(*args[1:], **options)
            return picture

        return drawn

    return decorated


def check_given(function: str, **arrays: Any) -> None:
    """Raise TypeError if an array is missing."""
    missing = [f"`{name}`" for name, array in arrays.items() if array is None]
    if missing:
        raise TypeError(
            f"{', '.join(missing)} must be given to {function}, too. Unpack a tuple, as in "
            f"{function}(*fields), or pass what {function[5:]} returns as it is."
        )
