"""What all pictures share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .saving import save_figure


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
