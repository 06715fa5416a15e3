"""The options of `cwt`: precision, threads, every k-th time, several series, and other arrays."""

import numpy as np
import pandas as pd
import pytest
import scipy.fft
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

from pycwt_mod import DOG, Morlet, Paul, cwt, icwt, load, significance
from pycwt_mod.plotting import plot_cwt

# Ways to the same transform that round differently.
ROUNDING = 1e-12
# Single precision, as a part of the largest value of a scale; float32 tensors, their FFT too.
SINGLE, SINGLE_THROUGHOUT = 6e-7, 2e-6

MOTHERS = st.sampled_from([Morlet(6), Morlet(12), Paul(4), DOG(2), DOG(3)])
DAYS = pd.date_range("2001-01-01", periods=90)

few = settings(max_examples=30)


def noise(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def largest(W):
    """Return the largest value of each scale, with an axis for the times."""
    return np.abs(W).max(axis=-1, keepdims=True)


@few
@given(
    n=st.integers(2, 700), decim=st.integers(1, 90), mother=MOTHERS, dt=st.floats(0.1, 10),
    s0=st.floats(0.5, 4), seed=st.integers(0, 99), single=st.booleans(),
)  # fmt: skip
def test_every_kth_time_is_that_of_the_whole(n, decim, mother, dt, s0, seed, single):
    decim, x = min(decim, n - 1), noise(n, seed=seed)
    whole = cwt(x, dt, 1 / 4, min(s0, n) * dt, 20, mother)
    precision = "single" if single else "double"
    part = cwt(x, dt, 1 / 4, min(s0, n) * dt, 20, mother, decim=decim, precision=precision)
    error = np.abs(part.W - whole.W[:, ::decim])
    assert part.W.dtype == (np.complex64 if single else np.complex128)
    assert (error <= (SINGLE if single else ROUNDING) * largest(whole.W)).all()
    np.testing.assert_array_equal(part.coi, whole.coi[::decim])
    np.testing.assert_array_equal(part.times, whole.times[::decim])
    np.testing.assert_allclose(part.fft, whole.fft, atol=ROUNDING)


@few
@given(
    n=st.integers(2, 3000), workers=st.sampled_from([2, 3, 7, -1, None]), mother=MOTHERS,
    precision=st.sampled_from(["double", "single"]), decim=st.sampled_from([1, 3]),
)  # fmt: skip
def test_result_does_not_depend_on_the_number_of_threads(n, workers, mother, precision, decim):
    options = {"dj": 1 / 4, "wavelet": mother, "precision": precision, "decim": min(decim, n - 1)}
    with scipy.fft.set_workers(2):
        many = cwt(noise(n), 1.0, workers=workers, **options)
    np.testing.assert_array_equal(many.W, cwt(noise(n), 1.0, workers=1, **options).W)


@few
@given(
    shape=st.lists(st.integers(1, 3), min_size=1, max_size=2), n=st.integers(32, 300),
    is_complex=st.booleans(), mother=MOTHERS, decim=st.sampled_from([1, 4]),
    precision=st.sampled_from(["double", "single"]),
)  # fmt: skip
def test_several_series_are_as_one_after_the_other(shape, n, is_complex, mother, decim, precision):
    x = noise(*shape, n) + (1j * noise(*shape, n, seed=1) if is_complex else 0)
    options = {"dj": 1 / 4, "wavelet": mother, "decim": decim, "precision": precision}
    together = cwt(x, 0.5, **options)
    assert together.W.shape[: len(shape)] == tuple(shape)
    for place in np.ndindex(*shape):
        alone = cwt(x[place], 0.5, **options)
        tolerance = (SINGLE if precision == "single" else ROUNDING) * largest(alone.W)
        assert (np.abs(together.W[place] - alone.W) <= tolerance).all()
        one = together.of(place)
        np.testing.assert_array_equal(one.W, together.W[place])
        np.testing.assert_allclose(one.fft, alone.fft, atol=ROUNDING)
        np.testing.assert_array_equal(one.power(rectified=True)[1], one.power()[1] / one.sj[1])


def test_single_precision_is_right_at_every_scale():
    x = noise(5000)
    double, single = (cwt(x, 1.0, precision=p) for p in ("double", "single"))
    assert (np.abs(single.W - double.W) <= SINGLE * largest(double.W)).all()
    assert single.provenance["precision"] == "single"


@pytest.mark.parametrize(
    "series",
    [1e8 + noise(500), 1e6 * np.arange(500) + noise(500), 1e-33 * noise(500), 1e-50 * noise(500)],
    ids=["mean", "trend", "tiny", "nothing left"],
)
def test_scales_that_lose_digits_in_single_precision_are_told_of(series):
    with pytest.warns(UserWarning, match="`precision` is 'single', and .* scales lose digits"):
        cwt(series, 1.0, precision="single")


def table():
    return pd.DataFrame(noise(90, 3), DAYS, ["rain", "flow", "wind"])


@pytest.mark.parametrize("kind", ["pandas", "xarray"])
def test_table_of_series_gives_names_and_times(kind):
    frame = table()
    data = frame
    if kind == "xarray":
        data = xr.DataArray(
            frame, dims=("time", "gauge"), coords={"time": DAYS, "gauge": list(frame)}
        )
    result = cwt(data, decim=7)
    assert (result.names, result.dt, result.unit) == (tuple(frame), 1.0, "days")
    np.testing.assert_array_equal(result.times, DAYS.to_numpy()[::7])
    alone = cwt(frame["flow"], decim=7)
    np.testing.assert_allclose(result.of("flow").W, alone.W, atol=ROUNDING)
    assert result.of("flow").names == alone.names == ("flow",)
    dataset = result.to_xarray()
    assert dataset["W"].dims == ("series", "period", "time")
    np.testing.assert_array_equal(dataset["W"].sel(series="wind"), result.of("wind").W)
    assert "of 3 series" in repr(result)
    assert "one of 7 kept" in result._repr_html_()


def test_result_of_several_series_is_saved_and_loaded(tmp_path):
    result = cwt(table(), decim=4, precision="single")
    result.save(tmp_path / "three.npz")
    again = load(tmp_path / "three.npz")
    np.testing.assert_array_equal(again.W, result.W)
    assert (again.names, again.decim, again.provenance) == (
        result.names, 4, result.provenance,
    )  # fmt: skip
    np.testing.assert_array_equal(again.of("rain").series, table()["rain"])
    assert len(again.of(1).to_dataframe()) == again.W[1].size


def test_what_needs_one_series_says_so():
    result = cwt(noise(2, 64), 1.0)
    for call in (result.plot, result.ridge, result.reconstruct, result.to_dataframe):
        with pytest.raises(ValueError, match=r"`W` must be of one series .*result\.of"):
            call()
    for wrong in ("rain", 2, -3, (0, 0), 1.5, None):
        with pytest.raises(ValueError, match="`series` must be a place within shape"):
            result.of(wrong)
    with pytest.raises(ValueError, match="`series` must be one of 'rain', 'flow', 'wind'"):
        cwt(table()).of("snow")
    for wrong in ("rain", "snow", 0, ()):
        with pytest.raises(ValueError, match="result is of one series, and `of` takes one of sev"):
            cwt(table()["rain"]).of(wrong)


def test_every_kth_time_serves_the_functions_for_whole_transforms():
    x = np.sin(2 * np.pi * np.arange(600) / 20) + 0.1 * noise(600)
    whole, part = cwt(x, 0.5), cwt(x, 0.5, decim=6)
    np.testing.assert_allclose(
        icwt(part.W, part.sj, part.dt), icwt(whole.W, whole.sj, 0.5)[::6], atol=1e-10
    )
    np.testing.assert_allclose(part.ridge(5, 20).periods, whole.ridge(5, 20).periods[::6])
    levels = [significance(x, r.dt, r.sj, 1, dof=600 - r.sj / r.dt)[0] for r in (part, whole)]
    np.testing.assert_array_equal(*levels)
    with pytest.raises(ValueError, match=r"`decim` must be 1 .* `reconstruct`, got 6"):
        part.reconstruct(5, 20)


@pytest.mark.parametrize("decim", [1, 5])
def test_result_draws_its_series(decim):
    flow = table()["flow"]
    plot = cwt(flow, decim=decim).plot(ax=figure())
    direct = plot_cwt(flow, 1.0, DAYS, detrend=None, ax=figure())
    for ours, theirs in ((plot.series[0], direct.series[0]), (plot.average[1], direct.average[1])):
        np.testing.assert_allclose(ours.get_xydata(), theirs.get_xydata())
    drawn, expected = (
        p.mesh.get_array().reshape(p.spectrum[0].get_xdata().size, -1) for p in (plot, direct)
    )
    np.testing.assert_allclose(drawn, expected[:, ::decim], rtol=1e-9)
    assert plot.axes["series"].get_ylabel() == "flow"
    series = cwt(flow.to_numpy(), 0.5, decim=decim).plot(ax=figure()).series[0]
    np.testing.assert_allclose(series.get_xdata(), 0.5 * np.arange(90))
    rising = cwt(flow, freqs=np.geomspace(0.02, 0.4, 20)).plot(ax=figure())
    np.testing.assert_allclose(rising.spectrum[0].get_ydata()[0], 2.5)


def test_options_out_of_range_are_refused_by_name():
    x = noise(64)
    for option, value, error, rule in (
        ("precision", "half", ValueError, "must be one of 'double', 'single', got 'half'"),
        ("precision", 32, TypeError, "must be one of 'double', 'single', got 32"),
        ("workers", 0, ValueError, "must be a positive integer, or -1 for all cores, got 0"),
        ("workers", -2, ValueError, "must be at least -1, got -2"),
        ("workers", "all", TypeError, "must be an integer, got 'all'"),
        ("decim", 0, ValueError, "must be at least 1, got 0"),
        ("decim", 64, ValueError, "must be at most 63, got 64"),
        ("decim", 2.5, ValueError, "must be an integer, got 2.5"),
    ):
        with pytest.raises(error, match=f"`{option}` {rule}"):
            cwt(x, 1.0, **{option: value})
    with pytest.raises(TypeError, match=r"'n_jobs'.* Use `workers`"):
        cwt(x, 1.0, n_jobs=2)


T = np.arange(4000)
STAGE = 150 + 0.15 * np.sin(2 * np.pi * T / 24)  # of a river, with a daily wave


@pytest.mark.parametrize(
    ("signal", "which", "remedy"),
    [
        (STAGE, "`signal`", "signal - signal.mean()"),
        (-STAGE.astype(np.float32), "`signal`", "signal - signal.mean()"),
        (np.ones(50), "`signal`", "signal - signal.mean()"),
        (pd.DataFrame({"a": STAGE}), "`signal`", "signal - signal.mean()"),
        (
            pd.DataFrame({"a": STAGE, "b": STAGE - 150, "c": STAGE}),
            "2 of the 3 series of `signal`",
            "signal - signal.mean()",
        ),
        (
            xr.DataArray([STAGE, STAGE - 150], dims=("gauge", "time")),
            "1 of the 2 series of `signal`",
            'signal - signal.mean("time")',
        ),
        (
            np.stack([STAGE, STAGE - 150]),
            "1 of the 2 series of `signal`",
            "signal - signal.mean(axis=-1, keepdims=True)",
        ),
    ],
)
def test_large_mean_is_told_of_once_with_a_remedy(signal, which, remedy):
    with pytest.warns(UserWarning, match="The mean of") as told:
        cwt(signal, 1.0, J=24)
    assert len(told) == 1
    assert f"The mean of {which} is more than 3 times" in str(told[0].message)
    assert str(told[0].message).endswith(f"pass `{remedy}`.")
    cwt(eval(remedy, {"signal": signal}), 1.0, J=24)  # warnings are errors here


@pytest.mark.parametrize(
    "signal", [STAGE - 150 + 0.3, np.zeros(50), STAGE + 0j, np.exp(noise(500)), 1e-200 * STAGE]
)
def test_usual_mean_is_not_told_of(signal):
    cwt(signal, 1.0, J=24)


def test_large_mean_of_a_tensor_is_told_of():
    torch = pytest.importorskip("torch")
    pytest.importorskip("array_api_compat")
    with pytest.warns(UserWarning, match="The mean of `signal` is more than 3 times"):
        cwt(torch.tensor(STAGE, requires_grad=True), 1.0, J=24)
    with pytest.warns(UserWarning, match="The mean of 1 of the 2 series"):
        cwt(torch.tensor(np.stack([STAGE, STAGE - 150])), 1.0, J=24)
    cwt(torch.tensor(STAGE - 150), 1.0, J=24)


def test_faults_of_one_of_several_series_name_it():
    x = noise(2, 3, 64)
    x[1, 2, 5] = np.nan
    with pytest.raises(ValueError, match=r"`signal\[1\]\[2\]` must be finite, got nan at index 5"):
        cwt(x, 1.0)
    with pytest.raises(ValueError, match=r"`signal\['flow'\]` must be finite, got nan at index 9"):
        cwt(table().assign(flow=table()["flow"].where(np.arange(90) != 9)))
    with pytest.raises(
        ValueError, match=r"at least 2 samples, got shape \(64, 1\)\. Time is the last"
    ):
        cwt(noise(64, 1), 1.0)
    with pytest.raises(ValueError, match="must have at least one series, got shape"):
        cwt(np.empty((0, 64)), 1.0)
    with pytest.warns(UserWarning, match=r"64 series of 3 samples\. Time is the last axis"):
        cwt(np.tile([1.0, -2.0, 1.0], (64, 1)), 1.0)
    with pytest.raises(ValueError, match="`dj` and `J` make 20001 scales of 1000000 samples"):
        cwt(noise(1000, 1000), 1.0, dj=1e-3, s0=2, J=20_000)


@pytest.mark.parametrize("kind", ["float64", "float32", "complex128", "complex64", "int64"])
@pytest.mark.parametrize("mother", [Morlet(6), Paul(4), DOG(3)], ids=repr)
def test_tensor_gives_the_transform_as_a_tensor(kind, mother):
    torch = pytest.importorskip("torch")
    pytest.importorskip("array_api_compat")
    x = (10 * noise(2, 150)).astype(kind)
    result = cwt(torch.from_numpy(x), 0.5, wavelet=mother, decim=3)
    expected = cwt(x, 0.5, wavelet=mother, decim=3)
    single = kind in ("float32", "complex64")
    assert result.W.dtype == (torch.complex64 if single else torch.complex128)
    assert isinstance(result.fft, torch.Tensor)
    error = np.abs(result.on_host().W - expected.W)
    assert (error <= (SINGLE_THROUGHOUT if single else ROUNDING) * largest(expected.W)).all()
    np.testing.assert_array_equal(result.coi, expected.coi)
    np.testing.assert_allclose(result.power(), expected.power(), rtol=1e-3 if single else 1e-8)
    assert cwt(torch.from_numpy(x), 0.5, precision="single").W.dtype == torch.complex64


class Hat(Morlet):
    """A wavelet of a user, written for NumPy."""

    def psi_ft(self, f):
        return np.where(f > 0, np.minimum(f, 8.0), 0.0) * np.exp(-np.abs(f))


def test_tensor_keeps_gradients_and_takes_wavelets_of_ones_own(tmp_path):
    torch = pytest.importorskip("torch")
    pytest.importorskip("array_api_compat")
    x = torch.from_numpy(noise(100)).requires_grad_()
    result = cwt(x, 1.0)
    (result.W[10, 50].abs() ** 2).backward()
    step = np.zeros(100)
    step[45] = 1e-6
    after, before = (cwt(x.detach().numpy() + s, 1.0).power()[10, 50] for s in (step, -step))
    np.testing.assert_allclose(x.grad[45], (after - before) / 2e-6, rtol=1e-6)
    result.save(tmp_path / "tensor.npz")
    np.testing.assert_array_equal(load(tmp_path / "tensor.npz").W, result.on_host().W)
    own = cwt(x.detach(), 1.0, wavelet=Hat()).on_host().W
    np.testing.assert_allclose(own, cwt(x.detach().numpy(), 1.0, wavelet=Hat()).W, atol=ROUNDING)


def test_tensors_with_faults_are_refused():
    torch = pytest.importorskip("torch")
    pytest.importorskip("array_api_compat")
    for tensor, error, words in (
        (torch.tensor([1.0, np.nan, 2.0]), ValueError, "must be finite, got NaN or infinite"),
        (torch.tensor(1.0), ValueError, "must have at least 2 samples"),
        (torch.tensor([True, False]), TypeError, "must be a series of numbers"),
        (torch.tensor([1e200, 0.0], dtype=torch.float64), ValueError, "must be at most 1e"),
    ):
        with pytest.raises(error, match=f"`signal` {words}"):
            cwt(tensor, 1.0)


def figure():
    return Figure(figsize=(8, 7), layout="constrained")
