"""The result of `cwt`: pycwt's tuple, with names, times and a record of the call."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arrays import ops_of
from ..helpers import ar1
from ..indexes import UNNAMED
from ..keywords import explains_keywords
from ..reconstruction import reconstruct
from ..summary import PowerSummary, summarise_power
from ..validation import as_coefficient, as_flag, as_level, as_series, brief
from .base import Array, WaveletResult

if TYPE_CHECKING:
    from ..plotting import PowerPlot


class _TransformFields(NamedTuple):
    W: NDArray[np.complex128]
    sj: Array
    freqs: Array
    coi: Array
    fft: NDArray[np.complex128]
    fftfreqs: Array


class TransformResult(WaveletResult, _TransformFields):
    """Wavelet transform of a series: the tuple (W, sj, freqs, coi, fft, fftfreqs), and more.

    It unpacks and indexes as the tuple that pycwt returns, and its fields have names: ``result.W``.

    Attributes
    ----------
    dt : float
        Sampling interval.
    unit : str
        Unit of `dt` and the periods; "" if it is not known.
    times : numpy.ndarray
        Times of the samples, numbers or dates; multiples of `dt` unless the series had an index.
    names : tuple of str
        Name of the series.
    scales : numpy.ndarray
        Scales, in the unit of `dt`.
    mother : MotherWavelet
        The mother wavelet.
    decim : int
        Every `decim`-th time of the series is in `times`; `dt` is the sampling interval of the
        series all the same.
    series : numpy.ndarray
        What was transformed, shape (n,) or (..., n).
    provenance : dict
        How it was made: function, version and arguments.

    Notes
    -----
    Of several series `W` has the shape (..., n_scales, n), and `names` are those of a table's
    columns. ``result.of("rain")`` or ``result.of(0)`` is that of one of them, which has pictures,
    ridges and tables.

    Examples
    --------
    >>> import numpy as np
    >>> from pycwt_mod import cwt
    >>> result = cwt(np.sin(2 * np.pi * np.arange(128) / 16), 1.0)
    >>> result
    <TransformResult (W, sj, freqs, coi, fft, fftfreqs) of x: 74 scales,
    periods 2 to 135.6, 128 times, 0 to 127>
    >>> result.W is result[0]
    True
    """

    decim: int = 1
    series: Any = None
    series_times: NDArray[Any] | None = None

    def power(self, *, rectified: bool = False) -> Array:
        """Return the power ``abs(W)**2``, of the shape of `W`, as an array of NumPy.

        Parameters
        ----------
        rectified : bool, default False
            Whether to divide it by the scale, so that waves of like amplitude have like power at
            all periods. Then rectify its level, too: see `pycwt_mod.rectify`.
        """
        W = self.on_host().W
        power = np.asarray(W.real**2 + W.imag**2)
        return power / self.sj[:, np.newaxis] if as_flag(rectified, "rectified") else power

    def of(self, series: str | int | tuple[int, ...]) -> TransformResult:
        """Return the transform of one series of several.

        Parameters
        ----------
        series : str, int or tuple of int
            Its name, or its place in the leading axes of `W`.

        Returns
        -------
        TransformResult
            With `W` of shape (n_scales, n).

        Raises
        ------
        ValueError
            If there is no such series.

        Examples
        --------
        >>> import numpy as np
        >>> from pycwt_mod import cwt
        >>> cwt(np.random.default_rng(0).normal(size=(3, 64)), 1.0).of(2).W.shape
        (62, 64)
        """
        shape = tuple(self.W.shape[:-2])
        place: Any = self.names.index(series) if series in self.names else series
        place = tuple(np.atleast_1d(place)) if isinstance(place, int | tuple | list) else None
        inside = place is not None and len(place) == len(shape)
        if not shape:
            raise ValueError(
                f"`series` must be left out: this result is of one series, and `of` takes one of "
                f"several, got {brief(series)}. Use the result as it is."
            )
        if not inside or not all(-size <= k < size for k, size in zip(place, shape, strict=True)):
            known = f"one of {', '.join(map(repr, self.names))}" if self.names else "a place"
            raise ValueError(
                f"`series` must be {known} within shape {shape}, that of the series, got "
                f"{brief(series)}."
            )
        name = self.names[place[0]] if self.names else ", ".join(map(str, place))
        parts = {field: getattr(self, field)[place] for field in ("W", "fft", "series")}
        return self._replace(**parts, names=(name,))

    def on_host(self) -> Self:
        """Return the result with arrays of NumPy, if it is on a device; else itself."""
        ops = ops_of(self.W)
        if ops is None:
            return self
        parts = {name: ops.to_host(getattr(self, name)) for name in ("W", "fft", "series")}
        return self._replace(**parts)

    @explains_keywords()
    def reconstruct(
        self,
        low: float | None = None,
        high: float | None = None,
        *,
        mask: ArrayLike | None = None,
    ) -> Array:
        """Rebuild the series from a band of periods, or from the points that are marked.

        Parameters
        ----------
        low, high : float, optional
            Limits of the band; by default all periods.
        mask : array_like of bool, optional
            The points to keep, shape (n_scales, n), such as those of significant power.

        Returns
        -------
        numpy.ndarray
            Shape (n,), without the mean of the series; amplitudes right to 1 %, as told in
            `pycwt_mod.reconstruct`.

        Raises
        ------
        TypeError, ValueError
            As `pycwt_mod.reconstruct`.

        Examples
        --------
        >>> import numpy as np
        >>> from pycwt_mod import cwt
        >>> t = np.arange(512)
        >>> result = cwt(3 * np.sin(2 * np.pi * t / 20) + np.sin(2 * np.pi * t / 100), 1.0)
        >>> result.reconstruct(16, 32)[64:-64].max().round(1)
        np.float64(3.0)
        """
        one = self._of_one()
        if self.decim > 1:
            raise ValueError(
                f"`decim` must be 1 in the call of `cwt` for `reconstruct`, got {self.decim}. "
                "`icwt(W, sj, dt)` rebuilds the series at the times that there are."
            )
        return reconstruct(one.W, self.sj, self.dt, self.mother, low=low, high=high, mask=mask)

    @explains_keywords()
    def summary(
        self, unit: str | None = None, *, level: float = 0.95, alpha: float | None = None
    ) -> PowerSummary:
        """Return which periods have most power, and whether it is above red noise; ``print`` it.

        Parameters
        ----------
        unit : str, optional
            Unit of time for the periods, as in `CoherenceResult.summary`.
        level : float, default 0.95
            Probability that the power of red noise stays below the level.
        alpha : float, optional
            Lag-1 autocorrelation of the red noise, by default that of the series.

        Returns
        -------
        pycwt_mod.summary.PowerSummary
            Its `rows` have for each octave of periods the share of the points outside the cone of
            influence that are significant, and `variance` its share of the variance of the series.
            `largest` is the period of the largest power averaged over time, `standing_out` the one
            that is highest above the level of such an average.

        Raises
        ------
        TypeError, ValueError
            If an argument is out of range, the series is complex or has no lag-1 autocorrelation,
            or the result is of several series, of which `of` takes one.

        Notes
        -----
        Levels are those of `significance` for each point (test 0) and for the average over time
        (test 1), where ends one scale long count as no samples. Each level is that of one period by
        itself: of red noise, ``1 - level`` of the periods exceed it, and at least one does in half
        to four fifths of the records. They take the noise at that period alone. Wavelets that are
        wide in frequency see more of a steep spectrum: where the lag-1 autocorrelation is 0.9, the
        averages of 11 % of the periods exceed their 95 % level with a Morlet wavelet, and of 40 %
        with Paul's and DOG; where it is 0.6, of 5 % and of 20 %.

        References
        ----------
        Torrence & Compo (1998), eq. 14, 18, 22 and 23.
        doi:10.1175/1520-0477(1998)079<0061:APGTWA>2.0.CO;2

        Examples
        --------
        >>> import numpy as np
        >>> from pycwt_mod import cwt
        >>> months = np.arange(600)
        >>> rain = np.sin(2 * np.pi * months / 12) + np.random.default_rng(0).normal(size=600)
        >>> found = cwt(rain, 1.0).summary("months")
        >>> f"{found.largest.period:.1f}", bool(found.largest.ratio > 1)
        ('12.0', True)
        """
        one = self._of_one()
        if one.series is None or self.mother is None:
            lacking = "`series`" if one.series is None else "`mother`, as no file holds your own"
            raise ValueError(
                "`series` and `mother` must be in the result for its summary, got one without "
                f"{lacking}. Compute it again by `cwt`."
            )
        series = as_series(one.series, "series", allow_constant=False)
        size = float(np.abs(series).max())  # whose square may be beyond floats
        found = summarise_power(
            (np.abs(one.W) / size) ** 2,
            series / size,
            self.scales,
            self.mother,
            alpha=ar1(one.series)[0] if alpha is None else as_coefficient(alpha, "alpha"),
            outside=self.outside(),
            level=as_level(level, "level"),
            dt=self.dt,
            name=(self.names or UNNAMED)[0],
            unit=self.unit or unit or "",
            every=self.decim,
        )
        return found if unit is None else found.in_unit(unit)

    def plot(self, times: ArrayLike | None = None, **options: Any) -> PowerPlot:
        """Draw the power in four panels, with its significance against red noise.

        Parameters
        ----------
        times : array_like, optional
            Times of all samples of the series, ascending: numbers or dates. By default its own.
        **options
            Handed on to `pycwt_mod.plotting.plot_cwt`: `band`, `name`, `period_unit`, `title`, `ax`
            and the rest.

        Returns
        -------
        pycwt_mod.plotting.PowerPlot
            The artists.

        Raises
        ------
        TypeError, ValueError
            As `plot_cwt`; and for several series, of which `of` takes one.

        Examples
        --------
        >>> import numpy as np
        >>> from matplotlib.figure import Figure
        >>> from pycwt_mod import cwt
        >>> result = cwt(np.random.default_rng(0).normal(size=100), 0.5)
        >>> result.plot(period_unit="days", ax=Figure()).axes["power"].get_ylabel()
        'Period (days)'
        """
        from ..plotting import plot_cwt

        one = self._of_one()
        if one.series is None:
            raise ValueError("`series` must be in the result for its picture, got None.")
        times = self._fill_in(times, options)
        if times is self.times and self.decim > 1:
            n = one.series.size
            times = self.dt * np.arange(n) if self.series_times is None else self.series_times
        (name,) = options.pop("names", ("Series",))
        options = {"name": name, "wavelet": self.mother, **options}
        return plot_cwt(one.series, self.dt, times, transform=one._falling(), **options)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the result as arrays without objects, by the names in a file."""
        return super(TransformResult, self.on_host()).to_arrays()

    def to_xarray(self) -> Any:
        """Return an xarray Dataset of the fields; of several series with a dimension for them."""
        found = super(TransformResult, self.on_host()).to_xarray()
        is_table = self.names and self.W.ndim > 2
        return found.assign_coords(series=list(self.names)) if is_table else found

    def _of_one(self) -> Self:
        """Return the result on the host, or raise ValueError if it is of several series."""
        if self.W.ndim > 2:
            raise ValueError(
                f"`W` must be of one series for this, got shape {tuple(self.W.shape)}. Take one by "
                "`result.of(...)`, its name or its place."
            )
        return self.on_host()

    def _falling(self) -> Self:
        found = super()._falling()
        return found if found is self else found._replace(sj=self.sj[::-1])

    def series_in_words(self) -> str:
        """Return the name of the series, or of several their number."""
        several = self.W.ndim > 2
        return f"{math.prod(self.W.shape[:-2])} series" if several else super().series_in_words()

    def _essentials(self) -> dict[str, str]:
        found = super()._essentials()
        kept = f", one of {self.decim} kept" if self.decim > 1 else ""
        return found | {"Times": found["Times"] + kept}

    def _variables(self) -> dict[str, tuple[tuple[str, ...], str]]:
        axes = range(self.W.ndim - 2)
        series = ("series",) if len(axes) == 1 else tuple(f"series_{k}" for k in axes)
        return {
            "W": ((*series, "period", "time"), "wavelet transform"),
            "fft": ((*series, "fft_frequency"), "Fourier transform of the padded series"),
            "fftfreqs": (("fft_frequency",), "frequency of the Fourier transform"),
        }

    def _columns(self) -> dict[str, NDArray[Any]]:
        return {"W": self.W, "power": self.power()}
