"""Fields on disk: whole, found again, and those of the same data and parameters."""

import json
import shutil

import numpy as np
import pytest

from pycwt_mod import wct, wct_matrix
from pycwt_mod.matrix.store import FolderStore
from pycwt_mod.tests.matrix.series import QUICK, Spy, related_series

NUMBERS = ("coherence", "share", "phase", "resultant", "pvalue", "pvalue_fdr", "n_points")


@pytest.fixture
def out(tmp_path):
    return tmp_path / "fields"


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Return the folder of a run that came to its end, and its result."""
    folder = tmp_path_factory.mktemp("finished")
    return folder, run(folder, cache=False)


@pytest.fixture
def whole(finished, out):
    """Return the result of a finished run, whose folder is now `out` too."""
    shutil.copytree(finished[0], out)
    return finished[1]


def run(out, data=None, **options):
    data = related_series() if data is None else data
    return wct_matrix(data, 1.0, out=out, **{**QUICK, "backend": "sequential", **options})


def check_same(one, two):
    for name in NUMBERS:
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name), name)


def compared(spy):
    return len(dict(spy.calls).get("ComparePair", ()))


class InterruptedRunError(Exception):
    pass


def interrupted_after(out, n_pairs, **options):
    """Start a run that is broken off when `n_pairs` pairs are done."""
    seen = []

    def stop(done, total):
        seen.append(done)
        if done == total - 6 + n_pairs:
            raise InterruptedRunError

    with pytest.raises(InterruptedRunError):
        run(out, progress=stop, **options)


def test_fields_on_disk_are_those_of_wct(out):
    result = run(out)
    data = related_series()
    for pair in result.pairs:
        R2, phase, coi, freq, level = result.fields(*pair)
        plain = wct(data[pair[0]], data[pair[1]], 1.0, dj=1 / 4, sig=False)
        np.testing.assert_allclose(R2, plain[0], rtol=1e-10)
        np.testing.assert_allclose(phase, plain[1], atol=1e-8)
        np.testing.assert_array_equal(level, result.levels[result.nodes[result.pairs.index(pair)]])
        assert coi.size == 200
        assert freq.size == R2.shape[0]


def test_a_file_can_be_read_without_this_package(finished):
    with np.load(finished[0] / "pair-00000-00003.npz") as content:
        assert content["names"].tolist() == ["0", "3"]
        assert content["R2"].shape == (content["periods"].size, content["coi"].size)
        assert content["level"].shape == content["periods"].shape


def test_numbers_do_not_depend_on_where_the_fields_go(finished):
    check_same(finished[1], run(None, cache=False))


def test_a_run_that_was_broken_off_goes_on(out, finished):
    interrupted_after(out, 2, cache=False)
    spy = Spy()
    result = run(out, backend=spy, cache=False)
    check_same(result, finished[1])
    assert compared(spy) == 4
    # Nothing is simulated again either, although nothing was cached.
    assert [name for name, _ in spy.calls] == ["TransformSeries", "ComparePair"]


def test_a_whole_run_is_only_read(out, whole):
    spy = Spy()
    check_same(run(out, backend=spy, cache=False), whole)
    assert spy.calls == []


def test_a_run_without_seed_goes_on_with_its_own_null(out):
    interrupted_after(out, 3, rng_seed=None, cache=False)
    first = run(out, rng_seed=None, cache=False)
    check_same(run(out, rng_seed=None, cache=False), first)


def test_band_means_of_an_unseeded_run_share_their_innovations(out):
    one = run(out, rng_seed=None, pairs=[(0, 1)], sig=True)
    two = run(out, rng_seed=None, pairs=[(0, 1), (0, 3)], sig=True)
    np.testing.assert_array_equal(one.pvalue[0], two.pvalue[0])
    assert int(str(FolderStore(out).read("streams")["entropy"])).bit_length() > 64


def test_more_pairs_may_be_asked_for_later(out, finished):
    run(out, pairs=[(0, 1), (2, 3)])
    spy = Spy()
    result = run(out, backend=spy)
    assert compared(spy) == 4
    check_same(result, finished[1])


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"mc_count": 33}, "mc_count"),
        ({"dj": 1 / 3}, "dj"),
        ({"rng_seed": 2}, "rng_seed"),
        ({"wavelet": "paul"}, "wavelet"),
        ({"bands": [(4, 16)]}, "bands"),
        ({"names": list("abcd")}, "names"),
        ({"data": related_series() * 2}, "data"),
        ({"normalize": False}, "normalize"),
        ({"significance_level": 0.9}, "significance_level"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_other_data_or_parameters_are_refused_by_name(finished, options, name):
    with pytest.raises(ValueError, match=rf"`out`.*{name} = "):
        run(finished[0], **options)


def test_other_backend_and_cache_are_no_other_parameters(out, whole):
    files = {path: path.stat().st_mtime_ns for path in out.glob("pair-*")}
    check_same(run(out, backend="auto", progress=lambda done, total: None), whole)
    assert files == {path: path.stat().st_mtime_ns for path in files}  # read, not written anew


def test_a_damaged_file_never_counts(out, whole):
    damaged = sorted(out.glob("pair-*"))[:4]
    content = damaged[0].read_bytes()
    for path, left in zip(damaged, (content[: len(content) // 2], b"", b"x" * 99), strict=False):
        path.write_bytes(left)
    damaged[3].rename(out / ".part-abc.tmp")
    spy = Spy()
    result = run(out, backend=spy, cache=False)
    assert compared(spy) == 4
    check_same(result, whole)
    assert all(path.read_bytes()[:2] == b"PK" for path in damaged)


def change(store, name, key, is_gone=False):
    """Shorten an array in a store, or remove it."""
    arrays = store.read(name)
    arrays[key] = arrays[key][:-1]
    if is_gone:
        del arrays[key]
    store.write(name, arrays)


def test_pairs_with_arrays_of_another_shape_never_count(out, whole):
    pairs = sorted(path.stem for path in out.glob("pair-*"))
    keys = ("count", "coherence", "direction", "above", "R2", "phase")
    for name, key in zip(pairs, keys, strict=True):
        change(FolderStore(out), name, key, is_gone=key == "phase")
    spy = Spy()
    result = run(out, backend=spy, cache=False)
    assert compared(spy) == len(pairs)
    check_same(result, whole)
    for pair in whole.pairs:
        np.testing.assert_array_equal(result.fields(*pair)[0], whole.fields(*pair)[0])


@pytest.mark.parametrize(("kind", "kernel"), [("means", "BandSurrogates"), ("level", "_CountEach")])
def test_simulations_of_another_shape_never_count(out, whole, kind, kernel):
    short, without = sorted(path.stem for path in out.glob(f"{kind}*"))[:2]
    change(FolderStore(out), short, kind)
    change(FolderStore(out), without, kind, is_gone=True)
    spy = Spy()
    check_same(run(out, backend=spy, cache=False), whole)
    assert [name for name, _ in spy.calls] == [kernel]
    tasks = spy.calls[0][1]
    assert len({task[0] for task in tasks}) == 2


# NumPy 2.0 leaves the archive to the garbage collector, which cannot close it any more.
@pytest.mark.filterwarnings("ignore:Exception ignored in:pytest.PytestUnraisableExceptionWarning")
def test_writing_leaves_no_half_file_behind(tmp_path):
    store = FolderStore(tmp_path)

    class Broken:
        def __array__(self, dtype=None, copy=None):
            raise OSError("no space left")

    with pytest.raises(OSError, match="no space"):
        store.write("pair", {"R2": np.ones(5), "phase": Broken()})
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_other_things_is_refused(out):
    out.mkdir()
    (out / "thesis.txt").write_text("dear")
    with pytest.raises(ValueError, match=r"thesis\.txt"):
        run(out)
    (out / "matrix.json").write_text(json.dumps({"format": "something else"}))
    with pytest.raises(ValueError, match="neither"):
        run(out)
    (out / "matrix.json").write_text("{")
    with pytest.raises(ValueError, match="neither"):
        run(out)
    with pytest.raises(ValueError, match="a folder, got the file"):
        run(out / "thesis.txt")


def test_memory_and_disk_exclude_each_other(out):
    with pytest.raises(ValueError, match="`fields`"):
        run(out, fields="memory")
