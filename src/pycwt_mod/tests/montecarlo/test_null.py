"""The null distribution: levels, p-values, errors, merging, files."""

import json

import numpy as np
import pytest

from pycwt_mod import NullDistribution

N_BINS = 1000


def make(values, *, ranges=((0, 32),), problem="p", n_scales=2):
    """Return a distribution whose scale 0 holds `values` in turn over batches; scale 1 nothing."""
    counts = np.zeros((16, n_scales, N_BINS), dtype=np.int64)
    for i, value in enumerate(values):
        counts[i % 16, 0, min(int(value * N_BINS), N_BINS - 1)] += 1
    return NullDistribution(counts, ranges, problem, {"entropy": 1})


@pytest.fixture
def uniform():
    return make(np.random.default_rng(0).random(16_000))


def test_quantile_is_pycwts_interpolation():
    null = make([0.1005, 0.1005, 0.3005, 0.9005])
    # Cumulated shares (2 - 0.5)/4, (3 - 0.5)/4 and (4 - 0.5)/4 at the midpoints of three bins.
    assert null.quantile(0.5)[0] == pytest.approx(0.1005 + 0.2 * 0.5)
    assert null.quantile(0.95)[0] == pytest.approx(0.9005)
    assert np.isnan(null.quantile(0.5)[1])


def test_quantile_takes_any_shape_of_levels(uniform):
    levels = np.array([[0.5, 0.8], [0.9, 0.95]])
    many = uniform.quantile(levels)
    assert many.shape == (2, 2, 2)
    assert many[1, 1, 0] == uniform.quantile(0.95)[0]
    # Four standard errors of a quantile of 16 000 uniform values.
    assert many[..., 0] == pytest.approx(levels, abs=4 * 0.5 / np.sqrt(16_000))


@pytest.mark.parametrize("level", [0, 1, -0.1, 1.5, np.nan, [0.5, 1.0]])
def test_quantile_refuses_levels_outside_zero_and_one(uniform, level):
    with pytest.raises(ValueError, match=r"`level` must lie strictly between 0 and 1"):
        uniform.quantile(level)


def test_standard_error_is_true_for_independent_values():
    # The error of the median of n uniform values is 0.5 / sqrt(n).
    errors = [
        make(np.random.default_rng(seed).random(16_000)).standard_error(0.5)[0]
        for seed in range(40)
    ]
    assert np.sqrt(np.mean(np.square(errors))) == pytest.approx(0.5 / np.sqrt(16_000), rel=0.15)


def test_standard_error_needs_two_batches():
    null = make([0.5])
    assert np.isnan(null.standard_error(0.95)).all()
    assert null.standard_error([0.5, 0.9]).shape == (2, 2)


def test_pvalue_counts_the_share_at_or_above():
    null = make([0.1, 0.2, 0.3])
    p = null.pvalue(np.array([[0.0, 0.15, 0.3, 0.9, np.nan, 1.0], [0.5] * 6]))
    np.testing.assert_allclose(p[0, :4], [1.0, 3 / 4, 2 / 4, 1 / 4])
    assert np.isnan(p[0, 4])
    assert p[0, 5] == 1 / 4
    assert np.isnan(p[1]).all()


def test_pvalue_accepts_one_value_per_scale(uniform):
    p = uniform.pvalue([0.95, 0.5])
    assert p[0] == pytest.approx(0.05, abs=0.01)
    assert np.isnan(p[1])


@pytest.mark.parametrize("R2", [0.5, [0.1, 0.2, 0.3], [[1.1], [0.0]], [[-0.1], [0.0]]])
def test_pvalue_refuses_what_is_no_field_of_coherences(uniform, R2):
    with pytest.raises(ValueError, match="`R2` must"):
        uniform.pvalue(R2)


def test_merge_equals_one_run_and_refuses_overlaps_and_strangers():
    values = np.random.default_rng(1).random(32)
    first, second = make(values[:16], ranges=((0, 16),)), make(values[16:], ranges=((16, 32),))
    assert first.merge(second) == make(values)
    assert second.merge(first).ranges == ((0, 32),)
    assert first.merge(make([], ranges=((20, 24),))).ranges == ((0, 16), (20, 24))
    with pytest.raises(ValueError, match="from index 8 on"):
        first.merge(make([], ranges=((8, 20),)))
    with pytest.raises(ValueError, match="same problem"):
        first.merge(make([], ranges=((16, 20),), problem="q"))


def test_equality_looks_at_counts_surrogates_and_problem(uniform):
    assert make([0.5]) == make([0.5])
    assert make([0.5]) != make([0.6])
    assert make([0.5]) != make([0.5], problem="q")
    assert make([0.5]) != "something else"


def test_save_and_load_give_it_back(uniform, tmp_path):
    path = tmp_path / "null.npz"
    uniform.save(path)
    again = NullDistribution.load(path)
    assert again == uniform
    assert again.provenance == {"entropy": 1}
    assert again.counts.dtype == np.int64


@pytest.mark.parametrize(
    "content",
    [
        {"counts": np.zeros((16, 2, 10), int)},
        {"facts": np.array("not json"), "counts": np.zeros((16, 2, 10), int)},
        {"facts": np.array("[]"), "counts": np.zeros((16, 2, 10), int)},
    ],
)
def test_load_refuses_foreign_files(tmp_path, content):
    path = tmp_path / "foreign.npz"
    np.savez(path, **content)
    with pytest.raises(ValueError, match="saved by this version of pycwt_mod"):
        NullDistribution.load(path)


def test_save_writes_the_whole_file_or_none(uniform, tmp_path, monkeypatch):
    uniform.save(tmp_path / "null")
    before = (tmp_path / "null").read_bytes()
    monkeypatch.setattr(np, "savez", lambda stream, **arrays: stream.write(b"half") / 0)
    with pytest.raises(ZeroDivisionError):
        uniform.save(tmp_path / "null")
    assert (tmp_path / "null").read_bytes() == before


def test_tables_have_the_levels_and_the_counts(uniform):
    table = uniform.to_dataframe([0.5, 0.9])
    square = table.pivot(index="level", columns="scale", values="R2")
    np.testing.assert_array_equal(square, uniform.quantile([0.5, 0.9]))
    errors = table.pivot(index="level", columns="scale", values="standard_error")
    np.testing.assert_array_equal(errors, uniform.standard_error([0.5, 0.9]))
    dataset = uniform.to_xarray()
    np.testing.assert_array_equal(dataset["counts"], uniform.counts)
    assert dataset["R2"].size == uniform.n_bins


def test_notebook_shows_surrogates_and_level(uniform):
    shown = uniform._repr_html_()
    assert f"{uniform.n_surrogates} surrogates" in shown
    assert f"R2 of {np.nanmin(uniform.quantile(0.95)):.2f} to" in shown


def test_load_refuses_newer_versions(uniform, tmp_path):
    path = tmp_path / "newer.npz"
    uniform.save(path)
    with np.load(path) as content:
        facts = json.loads(str(content["facts"]))
        np.savez(path, counts=content["counts"], facts=json.dumps({**facts, "version": 99}))
    with pytest.raises(ValueError, match="version 99"):
        NullDistribution.load(path)


def test_repr_says_how_large_and_how_strict(uniform):
    assert repr(uniform) == "<NullDistribution: 2 scales, 32 surrogates, 95 % level 0.95 to 0.95>"
    assert repr(make([])) == "<NullDistribution: 2 scales, 32 surrogates>"
    assert (uniform.n_scales, uniform.n_bins, uniform.n_surrogates) == (2, N_BINS, 32)
