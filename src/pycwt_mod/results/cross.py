"""The result of `xwt`: pycwt's tuple, with names, times and a record of the call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..keywords import explains_keywords
from ..measures import rectify, semblance
from ..summary import Summary
from .base import Array, significant_share
from .pair import PairResult

if TYPE_CHECKING:
    from ..plotting import FieldPlot


class _CrossFields(NamedTuple):
    W12: NDArray[np.complex128]
    coi: Array
    freqs: Array
    signif: Array


class CrossWaveletResult(PairResult, _CrossFields):
    """Cross-wavelet transform of two series: the tuple (W12, coi, freqs, signif), and more.

    It unpacks and indexes as the tuple that pycwt returns, and its fields have names:
    ``result.W12``.

    Attributes
    ----------
    dt, unit, times, names, scales, mother
        As in `TransformResult`.
    level : float
        The probability that `signif` belongs to.
    mean_freqs, mean_power, common_cycle
        As in `CoherenceResult`.
    provenance : dict
        How it was made: function, version, arguments and lag-1 coefficients.

    Examples
    --------
    >>> import numpy as np
    >>> from pycwt_mod import xwt
    >>> xwt(*np.random.default_rng(0).normal(size=(2, 64)), 1.0)
    <CrossWaveletResult (W12, coi, freqs, signif) of x and y:
    62 scales, periods 2 to 67.81, 64 times, 0 to 63>
    """

    level: float = 0.95

    def semblance(self, order: int = 1, *, weighted: bool = False) -> Array:
        """Return how alike the phases are, from -1 to 1, shape (n_scales, n).

        Parameters
        ----------
        order, weighted
            As in `pycwt_mod.semblance`.
        """
        return semblance(self.W12, order, weighted=weighted)

    def rectified(self) -> CrossWaveletResult:
        """Return the result with `W12` and its level divided by the scale.

        Then waves of like amplitudes have like power at all periods; what is significant stays the
        same. See `pycwt_mod.rectify`.
        """
        both = {name: rectify(getattr(self, name), self.scales) for name in ("W12", "signif")}
        return self._replace(**both)

    @explains_keywords()
    def summary(self, names: tuple[str, ...] | None = None, unit: str | None = None) -> Summary:
        """Return the findings, octave by octave of periods; ``print`` them.

        Parameters
        ----------
        names, unit
            As in `CoherenceResult.summary`.
        """
        significant = np.abs(self.W12) > self.signif[:, np.newaxis]
        return self._summary(significant, self.level, names, unit)

    def _told(self) -> tuple[Array, Array | None, str]:
        return np.abs(self.W12), np.angle(self.W12), "power"

    def plot(self, times: ArrayLike | None = None, **options: Any) -> FieldPlot:
        """Draw the common power with its significance, phase arrows and cone of influence.

        Parameters
        ----------
        times, **options
            As in `CoherenceResult.plot`; handed on to `pycwt_mod.plotting.plot_xwt`.

        Returns
        -------
        pycwt_mod.plotting.FieldPlot
            The artists.

        Examples
        --------
        >>> import numpy as np
        >>> from pycwt_mod import xwt
        >>> from pycwt_mod.plotting import offscreen_axes
        >>> result = xwt(*np.random.default_rng(0).normal(size=(2, 100)), 0.5)
        >>> result.plot(period_unit="days", ax=offscreen_axes()).axes.get_xlabel()
        'Time (days)'
        """
        from ..plotting import level_words, plot_xwt

        times = self._fill_in(times, options)
        options.setdefault("level_label", level_words(self.level))
        if self.mother is not None:
            options.setdefault("wavelet", self.mother)
        if not self.provenance.get("normalize", True):
            options.setdefault("power_label", "Cross power")
        return plot_xwt(*self._falling()._in_unit(options["period_unit"]), times, **options)

    def _variables(self) -> dict[str, tuple[tuple[str, ...], str]]:
        return {
            "W12": (("period", "time"), "cross-wavelet transform"),
            "signif": (("period",), "significance level of abs(W12)"),
        }

    def _columns(self) -> dict[str, NDArray[Any]]:
        return {"W12": self.W12, "power": np.abs(self.W12), "phase": np.angle(self.W12)}

    def _essentials(self) -> dict[str, str]:
        above = np.abs(self.W12) > self.signif[:, np.newaxis]
        return {**super()._essentials(), **significant_share(above, self.outside(), self.level)}
