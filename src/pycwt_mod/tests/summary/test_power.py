"""The power of one series in words: its octaves, and the period that stands out."""

import re

import numpy as np
import pytest

from pycwt_mod import ar1, cwt, load, significance

MONTHS = np.arange(600)
RAIN = np.sin(2 * np.pi * MONTHS / 12) + np.random.default_rng(0).normal(size=MONTHS.size)
RESULT = cwt(RAIN, 1.0)._replace(names=("rain",), unit="months")


def red_noise(seed, n=600, alpha=0.6):
    noise = np.random.default_rng(seed).normal(size=n + 100)
    for k in range(1, noise.size):
        noise[k] += alpha * noise[k - 1]
    return noise[100:]


def words_of(summary):
    return " ".join(str(summary).split())


def test_cycle_above_red_noise_is_told():
    found = RESULT.summary()
    assert found.largest == found.standing_out
    assert found.largest.period == pytest.approx(12, rel=0.03)
    assert found.largest.ratio > 2
    words = words_of(found)
    period = re.search(r"a period of ([\d.]+) months stands out most: [\d.]+ times the 95 %", words)
    assert float(period[1]) == pytest.approx(found.largest.period, rel=0.01)
    assert f"red noise (lag-1 autocorrelation {found.alpha:.2f})" in words
    assert words.endswith("It has most power, too.")


def test_octaves_share_the_variance():
    found = RESULT.summary()
    assert sum(found.variance) == pytest.approx(1, abs=0.1)
    of_cycle = found.variance[[row.periods for row in found.rows].index((8.0, 16.0))]
    # A wave of amplitude 1 in noise of variance 1, of which the octave has a share, too.
    assert 1 / 3 < of_cycle < 0.6
    assert re.search(rf"8 to 16 .* {100 * of_cycle:.0f} %$", found.table(), re.M)
    assert found.as_dict()["variance"] == list(found.variance)


def test_levels_are_those_of_significance():
    found = RESULT.summary(level=0.99)
    alpha, n = ar1(RAIN)[0], RAIN.size
    test = {"alpha": alpha, "significance_level": 0.99}
    power = np.abs(RESULT.W) ** 2
    dof = np.maximum(n - RESULT.scales, 1)
    mean, level = power.mean(axis=1), significance(RAIN, 1.0, RESULT.scales, 1, dof=dof, **test)[0]
    best = np.argmax(mean)
    assert found.alpha == alpha
    assert (found.largest.period, found.largest.ratio) == pytest.approx(
        (RESULT.periods[best], mean[best] / level[best])
    )
    assert found.largest.power == pytest.approx(mean[best] / RAIN.var())
    above = power > significance(RAIN, 1.0, RESULT.scales, 0, **test)[0][:, np.newaxis]
    assert found.share == above[RESULT.outside()].mean()
    white = RESULT.summary(alpha=0.0)
    assert white.largest.level != pytest.approx(found.largest.level, rel=0.1)


def test_red_noise_has_most_power_at_long_periods_and_nothing_above_its_level():
    found = cwt(red_noise(8), 1.0).summary()
    assert found.standing_out is None
    assert found.largest.period > 16
    words = words_of(found)
    assert "Averaged over time, no period exceeds the 95 % level of red noise" in words
    assert re.search(r"Most power is at a period of [\d.]+, 0\.\d+ times its level\.$", words)


@pytest.mark.parametrize("alpha", [0.0, 0.6])
def test_red_noise_exceeds_the_level_of_its_mean_as_often_as_it_says(alpha):
    shares, dof = [], np.maximum(600 - RESULT.scales, 1)
    used = RESULT.outside().any(axis=1)
    for seed in range(60):
        x = red_noise(seed, alpha=alpha)
        level = significance(x, 1.0, RESULT.scales, 1, alpha, dof=dof)[0]
        shares.append(((np.abs(cwt(x, 1.0).W) ** 2).mean(axis=1) > level)[used].mean())
    assert 0.01 < np.mean(shares) < 0.09


def test_unit_is_converted_or_a_label():
    months, years = RESULT.summary(), RESULT.summary("years")
    assert years.largest.period == pytest.approx(months.largest.period / 12)
    assert years.largest.power == months.largest.power
    assert years.variance == months.variance
    assert years.rows[0].periods == pytest.approx(np.divide(months.rows[0].periods, 12))
    assert " years stands out most" in words_of(years)
    label = cwt(RAIN, 1.0).summary("ticks")
    assert (label.unit, label.largest) == ("ticks", months.largest)


def test_periods_may_rise_and_times_be_few():
    freqs = RESULT.freqs
    rising, few = cwt(RAIN, 1.0, freqs=freqs[::-1]), cwt(RAIN, 1.0, decim=5)
    expected = RESULT.summary()
    for found, slack in ((rising.summary(), 1e-9), (few.summary(), 0.1)):
        assert found.variance == pytest.approx(expected.variance, abs=slack)
        assert found.largest.period == pytest.approx(expected.largest.period)
        assert found.largest.ratio == pytest.approx(expected.largest.ratio, rel=slack)


def test_wavelet_without_reconstruction_tells_no_shares():
    found = cwt(RAIN, 1.0, wavelet="dog").summary()
    assert "variance" in found.table()
    odd = cwt(RAIN, 1.0, wavelet=type(cwt(RAIN, 1.0, wavelet="dog").mother)(3)).summary()
    assert np.isnan(odd.variance).all()
    assert "variance" not in odd.table()
    assert odd.largest.period == pytest.approx(12, rel=0.2)


def test_mean_that_was_kept_is_told():
    with_mean = cwt(RAIN + 2.5, 1.0).summary()
    assert "The mean of x, 2" in words_of(with_mean)
    assert "Subtract it before the transform." in words_of(with_mean)
    assert "The mean of" not in words_of(RESULT.summary())


def test_rows_as_a_frame():
    pytest.importorskip("pandas")
    frame = RESULT.summary().to_dataframe()
    assert frame["variance"].tolist() == list(RESULT.summary().variance)
    assert "phase" not in frame


@pytest.mark.parametrize(
    ("signal", "options", "error", "message"),
    [
        (np.stack([RAIN, RAIN]), {}, ValueError, r"Take one by `result\.of"),
        (RAIN * 1j, {}, TypeError, "must be real"),
        (RAIN, {"level": 95}, ValueError, "`level`"),
        (RAIN, {"alpha": 2}, ValueError, "`alpha`"),
        (RAIN, {"unit": 3}, TypeError, "`unit` must be a string"),
    ],
)
def test_what_has_no_summary_is_refused(signal, options, error, message):
    with pytest.raises(error, match=message):
        cwt(signal, 1.0).summary(**options)


@pytest.mark.parametrize("lacking", ["series", "mother"])
def test_result_without_what_a_summary_needs_says_so(lacking):
    with pytest.raises(ValueError, match=f"got one without `{lacking}`.* again by `cwt`"):
        RESULT._replace(**{lacking: None}).summary()


def test_summary_of_one_of_several_and_of_a_file(tmp_path):
    both = cwt(np.stack([RAIN, red_noise(1)]), 1.0)
    assert both.of(0).summary().largest == pytest.approx(RESULT.summary().largest)
    RESULT.save(tmp_path / "power.npz")
    assert str(load(tmp_path / "power.npz").summary()) == str(RESULT.summary())


def test_every_kth_time_tells_as_much():
    times, rng = np.arange(2000), np.random.default_rng(3)
    series = np.sin(2 * np.pi * times / 40) * (times > 900) + rng.normal(size=2000)
    whole, some = (cwt(series, 1.0, decim=decim).summary() for decim in (1, 8))
    assert some.strongest.periods == whole.strongest.periods == (32, 64)
    assert some.strongest.n_independent == pytest.approx(whole.strongest.n_independent, rel=0.05)


def test_shares_of_variance_do_not_depend_on_the_order_of_frequencies():
    freqs = np.array([0.3, 0.2, 0.15, 0.1, 0.07, 0.05, 0.03, 0.02])
    series = np.random.default_rng(0).normal(size=300)
    expected = cwt(series, 1.0, freqs=freqs).summary()
    found = cwt(series, 1.0, freqs=freqs[[3, 0, 7, 1, 5, 2, 6, 4]]).summary()
    assert found.variance == pytest.approx(expected.variance)
    assert str(found) == str(expected)


@pytest.mark.parametrize("unit", [1e-200, 1e100])
def test_power_of_any_unit_is_that_of_one(unit):
    series = np.random.default_rng(0).normal(size=300)
    assert str(cwt(series * unit, 1.0).summary()) == str(cwt(series, 1.0).summary())
