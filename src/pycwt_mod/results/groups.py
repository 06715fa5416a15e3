"""The results of `pwct` and `mwct`: those of `wct`, but for what only two series have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from numpy.typing import ArrayLike, NDArray

from ..statistic import Statistic, multiple, partial
from ..summary.text import listed
from .base import Array
from .coherence import CoherenceResult

if TYPE_CHECKING:
    from ..plotting import FieldPlot


class _GroupResult(CoherenceResult):
    """What is not known of more than two series."""

    SMOOTHED: ClassVar[bool] = True

    def _mean_spectrum(self) -> tuple[None, None]:
        return None, None

    def _of(self, names: Any) -> str:
        """Return the series by the given names, in words."""
        raise NotImplementedError

    def series_in_words(self) -> str:
        return self._of(self.names) if self.names else ""

    def plot(self, times: ArrayLike | None = None, **options: Any) -> FieldPlot:
        """Draw the coherence, as ``CoherenceResult.plot`` does.

        Parameters
        ----------
        times, **options
            As there; `names` are those of all series.
        """
        names = options.get("names", self.names)
        if isinstance(names, tuple | list) and len(names) == len(self.names) > 1:
            options.setdefault("coherence_label", f"{self.QUANTITY} of {self._of(names)}")
            options["names"] = names[:2]
        return super().plot(times, **options)

    def mean_over_time(self, *_: Any, **__: Any) -> NoReturn:
        """Raise TypeError: the means of surrogates are those of pairs."""
        raise TypeError(
            f"`mean_over_time` must be called on the result of `wct`, got that of `{self.FUNCTION}`"
            ": its surrogates are pairs. Use `pvalues`."
        )

    def _place_of(self, given: str) -> NoReturn:
        raise ValueError(
            f"`given` must be left out for the result of `{self.FUNCTION}`, got {given!r}: the "
            "closed form with one series as it was observed is that of two series, by `wct`. Call "
            f"`{self.FUNCTION}` with `fixed`, which simulates."
        )


class PartialResult(_GroupResult):
    """Partial wavelet coherence: the tuple (WCT, aWCT, coi, freqs, sig), and more.

    It is a `CoherenceResult` in all but this:

    - `names` and ``provenance["coefficients"]`` are those of y, x and each series removed.
    - `aWCT` is the phase of the *smoothed* cross-spectrum of what is left of y and x. Short periods
      count more in smoothing across scales, so that lags are up to 8 % too long.
    - The null distribution of each point, `null_field`, takes a few seconds in closed form.
    - `mean_over_time`, and `given` of `pvalues`, are of two series; `fixed` of the call simulates.

    Examples
    --------
    >>> import numpy as np
    >>> from pycwt_mod import pwct
    >>> y, x, z = np.random.default_rng(0).normal(size=(3, 100))
    >>> pwct(y, x, z, 1.0, 1 / 4, mc_count=20, rng_seed=1, progress=False)
    <PartialResult (WCT, aWCT, coi, freqs, sig) of y and x without z:
    24 scales, periods 2 to 107.6, 100 times, 0 to 99>
    """

    FUNCTION: ClassVar[str] = "pwct"
    QUANTITY: ClassVar[str] = "squared partial wavelet coherence"

    @staticmethod
    def statistic_of(n_series: int) -> Statistic:
        """Return which coherence it is of a number of series."""
        return partial(n_series - 2)

    def _of(self, names: Any) -> str:
        y, x, *removed = names
        return f"{y} and {x} without {listed(removed)}"


class MultipleResult(_GroupResult):
    """Multiple wavelet coherence: the tuple (WCT, aWCT, coi, freqs, sig), and more.

    It is a `CoherenceResult` in all but this:

    - `names` and ``provenance["coefficients"]`` are those of y and each predictor.
    - There is no phase: `aWCT` is NaN, pictures have no arrows, summaries no lags, and `lag` is an
      error.
    - The null distribution of each point, `null_field`, takes some seconds in closed form, twice as
      many with each predictor more.
    - `mean_over_time`, and `given` of `pvalues`, are of two series; `fixed` of the call simulates.

    Examples
    --------
    >>> import numpy as np
    >>> from pycwt_mod import mwct
    >>> y, a, b = np.random.default_rng(0).normal(size=(3, 100))
    >>> mwct(y, [a, b], 1.0, 1 / 4, mc_count=20, rng_seed=1, progress=False)
    <MultipleResult (WCT, aWCT, coi, freqs, sig) of y with x1 and x2:
    24 scales, periods 2 to 107.6, 100 times, 0 to 99>
    """

    FUNCTION: ClassVar[str] = "mwct"
    QUANTITY: ClassVar[str] = "squared multiple wavelet coherence"

    @staticmethod
    def statistic_of(n_series: int) -> Statistic:
        """Return which coherence it is of a number of series."""
        return multiple(n_series - 1)

    def lag(self, *_: Any, **__: Any) -> NoReturn:
        """Raise TypeError: a lag is that of two series."""
        raise TypeError(
            "`lag` must be called on the result of `wct` or `pwct`, got that of `mwct`: a multiple "
            "coherence has no phase. Compare y with one predictor, or without the others."
        )

    def _told(self) -> tuple[Array, Array | None, str]:
        return self.WCT, None, "R2"

    def _of(self, names: Any) -> str:
        return f"{names[0]} with {listed(names[1:])}"

    def _variables(self) -> dict[str, tuple[tuple[str, ...], str]]:
        return {name: each for name, each in super()._variables().items() if name != "aWCT"}

    def _columns(self) -> dict[str, NDArray[Any]]:
        return {"WCT": self.WCT}
