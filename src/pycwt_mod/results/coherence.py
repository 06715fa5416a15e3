"""The result of `wct`: pycwt's tuple, with p-values, significance and a picture."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..coherence import PairSpectra
from ..keywords import explains_keywords
from ..measures import semblance
from ..montecarlo.options import SimulationKeywords, SimulationOptions
from ..montecarlo.time_means import TimeMeans, mean_over_time
from ..summary import Summary
from ..validation import as_coefficient, as_flag, as_level
from .base import Array, significant_share
from .judged import JudgedPair

if TYPE_CHECKING:
    from ..plotting import FieldPlot


# Options of a simulation that do not apply to means over time.
_OF_LEVELS = {
    "cache", "fixed", "mc_count_max", "n_samples", "noise", "smoothing", "surrogate_length", "tol",
}  # fmt: skip


class _CoherenceFields(NamedTuple):
    WCT: Array
    aWCT: Array  # noqa: N815  (pycwt's name)
    coi: Array
    freqs: Array
    sig: Array


class CoherenceResult(JudgedPair, _CoherenceFields):
    """Wavelet coherence of two series: the tuple (WCT, aWCT, coi, freqs, sig), and more.

    It unpacks and indexes as the tuple that pycwt returns, and its fields have names:
    ``result.WCT``.

    Attributes
    ----------
    null : NullDistribution or None
        The simulated null distribution; None if `wct` was called with ``sig=False``.
    level : float
        The probability that `sig` belongs to.
    dt, unit, times, names, scales, mother
        As in `TransformResult`.
    mean_freqs : numpy.ndarray or None
        Mean frequency of what the series have at each scale: a lag turns the phase by 2 pi times
        this frequency. By default `freqs`, from which it differs by a percent or two.
    mean_power : numpy.ndarray or None
        Mean of ``abs(W1) * abs(W2)`` at each scale, the largest 1: it weights scales in a lag.
    common_cycle : float or None
        Period of a cycle that both series keep through the record, such as the year; None if there
        is none, or the record holds less than three. Near it any two such series are coherent.
    provenance : dict
        How it was made: function, version, arguments, lag-1 coefficients and the simulation.
    spectra : PairSpectra or None
        With ``wct(..., spectra=True)`` both transforms `W1` and `W2`, the smoothed powers `S1` and
        `S2`, the smoothed cross-spectrum `S12` and its `phase`.

    Examples
    --------
    >>> import numpy as np
    >>> from pycwt_mod import wct
    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.normal(size=(2, 100))
    >>> result = wct(x, y, 1.0, dj=1 / 4, mc_count=20, rng_seed=1, progress=False)
    >>> WCT, aWCT, coi, freqs, sig = result
    >>> result.pvalues().shape == WCT.shape
    True
    >>> bool(result.significant(correction="fdr").any())
    False
    """

    spectra: PairSpectra | None = None

    QUANTITY: ClassVar[str] = "squared wavelet coherence"
    PARTS: ClassVar[Mapping[str, Any]] = {**JudgedPair.PARTS, "spectra": PairSpectra}

    def semblance(self, order: int = 1) -> Array:
        """Return how alike the phases are, from -1 to 1, shape (n_scales, n).

        Parameters
        ----------
        order : int, default 1
            As in `pycwt_mod.semblance`.
        """
        return semblance(np.exp(1j * self.aWCT), order)

    def mean_over_time(
        self,
        level: float | None = None,
        *,
        al1: float | None = None,
        al2: float | None = None,
        inside_cone: bool = False,
        **options: Unpack[SimulationKeywords],
    ) -> TimeMeans:
        """Average the coherence over time, scale by scale, with a significance of its own.

        Use it to ask at which periods two series are coherent on the whole. The level of the points
        is not that of their mean: means vary far less, so that a mean may lie well below it and be
        significant, and the more so the longer the record. 300 surrogates take a second for a
        record of 1000 samples and a quarter of a minute for 10 000, on one core; they are not kept
        in the cache.

        Parameters
        ----------
        level : float, optional
            Probability of the level, such as 0.95; by default the one `wct` was called with.
        al1, al2 : float, optional
            Lag-1 autocorrelation of each series under the null hypothesis; by default that of the
            result.
        inside_cone : bool, default False
            Whether means run over all times, those inside the cone of influence, too. So do those
            of the surrogates, which makes the test valid for every scale.
        **options
            Options of the simulation, as in `wct_significance`: `mc_count`, `rng_seed`, `rng`,
            `backend`, `n_workers`, `parallel`, `method`, `progress`, `timeout`.

        Returns
        -------
        pycwt_mod.montecarlo.time_means.TimeMeans
            `periods`, `coherence`, `level` and `pvalue`, each of shape (n_scales,).

        Raises
        ------
        TypeError, ValueError
            If an argument is not as described here, or `wct` was called with ``sig=False`` and
            `al1` or `al2` is missing.
        TimeoutError
            After `timeout`.

        Notes
        -----
        The null hypothesis is that of `wct`: two independent AR(1) series, or what its `noise` and
        `fixed` say. `mc_count` pairs of them, as long as the record, are transformed like the
        record, and averaged over the times outside the cone of influence, or all times. Levels and
        p-values are those of each scale by itself: of unrelated series a share ``1 - level`` of the
        scales is significant, in runs of neighbours.

        Examples
        --------
        >>> import numpy as np
        >>> from pycwt_mod import wct
        >>> rng = np.random.default_rng(0)
        >>> x, y = rng.normal(size=(2, 400)) + np.sin(2 * np.pi * np.arange(400) / 12)
        >>> result = wct(x, y, 1.0, dj=1 / 4, mc_count=40, rng_seed=1, progress=False)
        >>> means = result.mean_over_time(mc_count=100, rng_seed=1, progress=False)
        >>> means.periods[means.pvalue < 0.001].round(1)
        array([ 8. ,  9.5, 11.3, 13.5, 16. ])
        """
        unfit = sorted(_OF_LEVELS & options.keys())
        if unfit:
            raise TypeError(
                f"`{unfit[0]}` has no meaning for a mean over time, whose surrogates are as long "
                "as the record and smoothed alike. Leave it out."
            )
        geometry, order = self._geometry()
        means = mean_over_time(
            self.WCT[order],
            replace(geometry, inside_cone=as_flag(inside_cone, "inside_cone")),
            (self._coefficient(al1, "al1"), self._coefficient(al2, "al2")),
            SimulationOptions(**options),
            self.level if level is None else as_level(level, "level"),
            centred=self._centred,
            surrogates=self._surrogates,
        )
        return means.reordered(order)

    def _coefficient(self, given: float | None, name: str) -> float:
        """Return a lag-1 autocorrelation as given, or else as `wct` took it."""
        if self._surrogates is not None:
            if given is not None:
                raise ValueError(
                    f"`{name}` must be left out with noise={self._surrogates.name!r}, got "
                    f"{given!r}: surrogates are those of the call of `wct`."
                )
            return math.nan
        if given is not None:
            return as_coefficient(given, name)
        if "coefficients" not in self.provenance:
            raise ValueError(
                f"`{name}` must be given, as `wct` was called with sig=False: such as "
                f"{name}=ar1(y{name[-1]})[0]."
            )
        return float(self.provenance["coefficients"][int(name[-1]) - 1])

    @explains_keywords()
    def summary(
        self,
        names: tuple[str, ...] | None = None,
        unit: str | None = None,
        *,
        level: float | None = None,
        null: str | None = None,
    ) -> Summary:
        """Return the findings, octave by octave of periods; ``print`` them.

        Parameters
        ----------
        names : (str, str), optional
            Names of the series in the text, by default those of the result.
        unit : str, optional
            Unit of time for the text, by default that of the result. Periods and lags are
            converted to it, but where the result knows no unit of its own: there it is a label.
        level : float, optional
            Probability of the level, such as 0.95; by default the one `wct` was called with.
        null : {"point", "scale"}, optional
            What points are compared with, as in `pvalues`; by default the `default_null`.

        Returns
        -------
        pycwt_mod.summary.Summary
            Its `rows` have for each octave the share of the points outside the cone of influence
            that are significant, its mean phase and the lag that it means with their standard
            errors, and the evidence for them; `to_dataframe` gives them to pandas.

        Raises
        ------
        TypeError, ValueError
            If an argument is out of range, `unit` is no unit of time while that of the result is,
            or `level` or `null` is given and `wct` was called with ``sig=False``; else such a
            summary has no significant shares.

        Notes
        -----
        One phase tells a lag up to whole periods only. Where the phases of several octaves agree
        on one lag, and the lag of each octave by itself does too, `common_lag` is that lag, and the
        lags of their rows are those next to it. Where lags of octaves contradict each other, as
        behind a reservoir, it is None, and the text says how the lag changes with the period.
        Phases are means over all times outside the cone of influence, since a choice of coherent
        times favours some phases; scales are weighted by coherence and power. A stretch of one
        cycle and one octave counts as one independent value, or less where the series have narrower
        rhythms than red noise: their phases keep for a while. Significant points there may be those
        of unrelated rhythms, which a line of the text then says (`narrow`). Periods below two
        samples are left out.

        Examples
        --------
        >>> import numpy as np
        >>> from pycwt_mod import wct
        >>> wave = np.sin(2 * np.pi * np.arange(206) / 24)
        >>> rng = np.random.default_rng(0)
        >>> rain = wave[6:] + 0.3 * rng.normal(size=200)
        >>> flow = wave[:-6] + 0.3 * rng.normal(size=200)
        >>> result = wct(rain, flow, 1.0, dj=1 / 4, mc_count=50, rng_seed=1, progress=False)
        >>> summary = result.summary(("rain", "flow"), "days")
        >>> summary.strongest.periods, summary.strongest.relation
        ((16.0, 32.0), 'lag mod period')
        >>> round(summary.strongest.lag)
        6
        """
        probability = self.level if level is None else as_level(level, "level")
        if self.sig.dtype.kind != "f" and level is None and null is None:
            return self._summary(None, probability, names, unit)
        found = self.significant(probability, null=self._null_or_default(null))
        return self._summary(found, probability, names, unit)

    def _told(self) -> tuple[Array, Array | None, str]:
        return self.WCT, self.aWCT, "R2"

    def plot(
        self,
        times: ArrayLike | None = None,
        *,
        level: float | None = None,
        correction: str | None = None,
        null: str | None = None,
        **options: Any,
    ) -> FieldPlot:
        """Draw the coherence with its significance, phase arrows and cone of influence.

        Parameters
        ----------
        times : array_like, optional
            Times of the samples, ascending: numbers or dates. By default those of the result.
        level, correction
            What is outlined as significant, as in `significant`.
        null : {"point", "scale"}, optional
            What points are compared with, as in `significant`; by default the `default_null`. The
            outline allows for the ends of the record with "point" only.
        **options
            Handed on to `pycwt_mod.plotting.plot_wct`: `names`, `period_unit`, `title`, `ax` and
            the rest. Periods are converted to the `period_unit`, such as "months", from the `unit`
            of the result if it knows one.

        Returns
        -------
        pycwt_mod.plotting.FieldPlot
            The artists.

        Raises
        ------
        ValueError
            If `level`, `correction` or `null` is given and `wct` was called with ``sig=False``, or
            `period_unit` is no unit of time while that of the result is.

        Examples
        --------
        >>> import numpy as np
        >>> from pycwt_mod import wct
        >>> from pycwt_mod.plotting import offscreen_axes
        >>> rng = np.random.default_rng(0)
        >>> x, y = rng.normal(size=(2, 100))
        >>> result = wct(x, y, 0.5, dj=1 / 4, mc_count=20, rng_seed=1, progress=False)
        >>> plot = result.plot(correction="fdr", period_unit="days", ax=offscreen_axes())
        >>> plot.axes.get_xlabel(), plot.axes.get_ylabel()
        ('Time (days)', 'Period (days)')
        """
        from ..plotting import level_words, plot_wct

        own = {name: options.pop(name, None) for name in ("sig", "significant")}
        outline = {name: given for name, given in own.items() if given is not None}
        # An outline of the caller's own is not at this level; plot_wct has a label of its own.
        if correction is not None or not outline:
            probability = self.level if level is None else as_level(level, "level")
            options.setdefault("level_label", level_words(probability, correction, self._noise))
        if not outline:
            outline = self._outline(level, correction, self._null_or_default(null))
        options.setdefault("coherence_label", self.QUANTITY)
        times, shown = self._fill_in(times, options), self._falling()
        if shown is not self:  # rising, as they were asked for
            outline = {name: np.asarray(part)[::-1] for name, part in outline.items()}
        WCT, aWCT, coi, freqs, _ = shown._in_unit(options["period_unit"])
        return plot_wct(WCT, aWCT, coi, freqs, times=times, **outline, **options)

    def _variables(self) -> dict[str, tuple[tuple[str, ...], str]]:
        variables: dict[str, tuple[tuple[str, ...], str]] = {
            "WCT": (("period", "time"), self.QUANTITY),
            "aWCT": (("period", "time"), "phase in radians, positive where the second series lags"),
        }
        if self.sig.dtype.kind == "f":  # with sig=False it is the one integer 0
            variables["sig"] = ("period",), "significance level of WCT"
        return variables

    def _columns(self) -> dict[str, NDArray[Any]]:
        return {"WCT": self.WCT, "aWCT": self.aWCT}

    def _essentials(self) -> dict[str, str]:
        essentials = super()._essentials()
        if self.null is None:
            return essentials
        # Showing a result must not start work: the null of each point may take seconds.
        found = significant_share(self.significant(null="scale"), self.outside(), self.level)
        return {**essentials, **self.null.essentials(self.level), **found}
