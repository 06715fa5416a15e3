"""What the results for two series share: the lag between them, and the findings in rows."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from ..indexes import UNNAMED
from ..keywords import explains_keywords
from ..summary import (
    Lag,
    Phases,
    Summary,
    common_cycle,
    lag_between,
    mean_spectrum,
    passed,
    summarise,
)
from ..time_axis import unit_factor
from .base import Array, WaveletResult

# Null hypotheses by which a series keeps its cycles.
_WITH_CYCLES = {"phase", "iaaft"}


class PairResult(WaveletResult):
    """Base of the results of `wct` and `xwt`; a subclass tells its field, phase and quantity."""

    series: Array | None = None

    SMOOTHED: ClassVar[bool] = False  # the phase

    @cached_property
    def mean_freqs(self) -> Array | None:
        """Mean frequency of what the series have at each scale, if it is known."""
        return self._kept_spectrum()[0]

    @cached_property
    def mean_power(self) -> Array | None:
        """Mean of ``abs(W1) * abs(W2)`` at each scale, the largest 1, if it is known."""
        return self._kept_spectrum()[1]

    def _kept_spectrum(self) -> tuple[Array | None, Array | None]:
        """Return `mean_freqs` and `mean_power`, facts that summaries alone need, and keep them."""
        facts = self.__dict__
        if not {"mean_freqs", "mean_power"} <= facts.keys():
            frequencies, power = self._mean_spectrum()
            facts.setdefault("mean_freqs", frequencies)
            facts.setdefault("mean_power", power)
        return facts["mean_freqs"], facts["mean_power"]

    def _mean_spectrum(self) -> tuple[Array | None, Array | None]:
        if self.series is None or self.mother is None:
            return None, None
        return mean_spectrum(self.series, self.mother, self.scales, self.dt)

    def _of_phases(self) -> dict[str, Any]:
        """Return what phases need besides themselves, as `Phases.of` takes it."""
        facts = {"frequencies": self.mean_freqs, "power": self.mean_power}
        if self.mean_freqs is None or self.series is None or self.mother is None:
            return {**facts, "smoothed": self.SMOOTHED}
        rhythms = passed(self.series, self.mother, self.scales, self.dt)
        return {**facts, "smoothed": self.SMOOTHED, "rhythms": rhythms}

    @cached_property
    def common_cycle(self) -> float | None:
        """Period of a cycle that both series keep, such as the year, if there is one."""
        if self.series is None or len(self.series) != 2:
            return None
        return common_cycle(self.series, self.dt)

    def _keep_what_summaries_need(self) -> None:
        self._kept_spectrum()
        _ = self.common_cycle

    def _replace(self, **changes: Any) -> Self:
        """Return a copy with other fields or facts, and the spectrum and cycle of the call."""
        if changes.keys() & {"series", "mother"}:
            self._keep_what_summaries_need()
        return super()._replace(**changes)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the result as arrays without objects, by the names in a file."""
        self._keep_what_summaries_need()
        return super().to_arrays()

    @property
    def _noise(self) -> str:
        """The null hypothesis in words, as `noise` of `wct`."""
        return "ar1"

    def _told(self) -> tuple[Array, Array | None, str]:
        raise NotImplementedError

    @explains_keywords()
    def lag(
        self, low: float | None = None, high: float | None = None, unit: str | None = None
    ) -> Lag:
        """Return the time by which the second series follows the first, with its standard error.

        Parameters
        ----------
        low, high : float, optional
            Limits of the band, both included; by default all periods.
        unit : str, optional
            Unit of time of the limits and of the lag, by default that of the result. Where the
            result knows no unit of its own, it is a label.

        Returns
        -------
        pycwt_mod.summary.Lag
            Its `lag` and `lag_error`, `phase` and `phase_error`, the number of independent values
            and the evidence that there is a steady phase at all (`pvalue`). If
            `whole_periods_known` is False, the lag may be longer or shorter by whole periods.

        Raises
        ------
        TypeError, ValueError
            If the band holds no period of the transform, or none outside the cone of influence, or
            `unit` is no unit of time while that of the result is.

        Notes
        -----
        It needs no significance level, and takes all points outside the cone of influence. Of a
        band wider than an octave it is the one lag on which octaves agree, if there is one; else
        the lag is NaN, unless a single cycle has nearly all the power.

        Examples
        --------
        >>> import numpy as np
        >>> from pycwt_mod import wct
        >>> rain = np.random.default_rng(0).normal(size=503)
        >>> found = wct(rain[3:], rain[:-3], 1.0, sig=False).lag(4, 64)
        >>> f"{found.lag:.1f}", found.whole_periods_known
        ('3.0', True)
        """
        factor = unit_factor(self.unit, unit, "unit")
        field, phase, quantity = self._told()
        assert phase is not None
        used, how = self.outside() & np.isfinite(field), self._of_phases()
        if self.mean_freqs is not None:
            how["frequencies"] = self.mean_freqs / factor
        times = self.periods * factor, self.dt * factor
        phases = Phases.of(field, phase, used, *times, quantity, **how)
        return replace(lag_between(phases, low, high), unit=self.unit if unit is None else unit)

    def _summary(
        self,
        significant: NDArray[np.bool_] | None,
        level: float,
        names: tuple[str, ...] | None,
        unit: str | None,
    ) -> Summary:
        field, phase, quantity = self._told()
        number = 1 if phase is None else 2
        found = summarise(
            field,
            significant,
            self.outside(),
            self.periods,
            phase,
            level=level,
            dt=self.dt,
            names=(self.names or UNNAMED)[:number] if names is None else names,
            unit=self.unit or unit or "",
            quantity=quantity,
            common_cycle=self.common_cycle,
            cycle_in_noise=_WITH_CYCLES.issuperset(self._noise.split(", ")),
            **self._of_phases(),
        )
        return found if unit is None else found.in_unit(unit)
