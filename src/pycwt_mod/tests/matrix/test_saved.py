"""Results of many pairs in files: the same when read again, with their fields."""

import dataclasses
import json
import shutil
from contextlib import nullcontext

import numpy as np
import pandas as pd
import pytest

from pycwt_mod import MatrixResult, Morlet, load, wct_matrix
from pycwt_mod.matrix.bands import NUMBERS
from pycwt_mod.tests.matrix.series import QUICK, related_series

DAYS = pd.date_range("2001-01-01", periods=200)


def table(failing):
    frame = pd.DataFrame(related_series()[:3].T, DAYS, ["a", "b", "c"])
    return frame.assign(gone=np.nan) if failing else frame


@pytest.fixture(scope="module", params=["plain", "fields", "folder", "noise", "no test"])
def result(request, tmp_path_factory):
    options = {
        "plain": {"inside_cone": True},
        "fields": {"fields": "memory"},
        "folder": {"out": tmp_path_factory.mktemp("matrix") / "fields"},
        "noise": {"noise": "phase", "fixed": "a", "fields": "memory", "pairs": [("a", "b")]},
        "no test": {"sig": False, "normalize": False, "fields": "memory"},
    }[request.param]
    failing = "pairs" not in options
    with pytest.warns(UserWarning, match="pairs failed") if failing else nullcontext():
        return wct_matrix(table(failing), **options, **QUICK)


def test_saved_matrix_is_read_again_to_the_last_bit(result, tmp_path):
    result.save(tmp_path / "file")
    again = load(tmp_path / "file")
    assert type(again) is MatrixResult
    apart = {"geometry", "levels", "surrogates", "store"}
    for name in {each.name for each in dataclasses.fields(result)} - apart:
        one, two = getattr(again, name), getattr(result, name)
        np.testing.assert_equal(one, two)
        assert type(one) is type(two)
    for name in (*NUMBERS, "times"):
        assert getattr(again, name).dtype == getattr(result, name).dtype
    for name in ("periods", "scales", "coi", "levels", "inside_cone"):
        np.testing.assert_equal(getattr(again, name), getattr(result, name))
    assert repr(again) == repr(result)
    pd.testing.assert_frame_equal(again.to_dataframe(), result.to_dataframe())


def test_fields_of_a_saved_matrix_are_those_before(result, tmp_path):
    result.save(tmp_path / "file")
    again = load(tmp_path / "file")
    if not result.store.keeps_fields:
        with pytest.raises(ValueError, match="fields='memory'"):
            again.fields("a", "b")
        return
    found, expected = again.fields("b", "a"), result.fields("b", "a")
    for one, two in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, two)
    assert found.null == expected.null
    assert found.provenance == expected.provenance
    if expected.null is not None:
        np.testing.assert_array_equal(found.significant(), expected.significant())


def test_folder_of_another_run_is_not_taken_for_that_of_a_file(tmp_path):
    folder, file = tmp_path / "fields", tmp_path / "file"
    data = related_series()
    wct_matrix(data, 1.0, out=folder, **QUICK).save(file)
    again = load(file)
    again.fields(0, 1)
    shutil.rmtree(folder)
    with pytest.raises(KeyError, match="of another run, in FolderStore"):
        again.fields(0, 1)
    wct_matrix(2 * data, 1.0, out=folder, **QUICK)
    with pytest.raises(KeyError, match="of another run, in FolderStore"):
        again.fields(0, 1)


def test_mother_wavelet_of_the_user_is_not_in_the_file(tmp_path):
    class Own(Morlet):
        def flambda(self):
            return 1.5

    options = {"fields": "memory", "pairs": [(0, 1)], **QUICK}
    result = wct_matrix(related_series(), 1.0, wavelet=Own(), **options)
    result.save(tmp_path / "file")
    again = load(tmp_path / "file")
    np.testing.assert_array_equal(again.periods, result.periods)
    np.testing.assert_array_equal(again.coi, result.coi)
    fields = again.fields(0, 1)
    assert fields.mother is None
    assert fields.provenance == result.fields(0, 1).provenance
    with pytest.raises(ValueError, match="`wavelet` must be one of this package's"):
        fields.clusters()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"share": np.zeros((1, 2))}, "its share has the shape"),
        ({"version": 2}, "of a newer version"),
        ({"surrogates": [[0, 1]]}, "file"),
        ({"nodes": None, "pairs": None}, "file"),
    ],
)
def test_file_that_holds_no_matrix_is_refused(change, reason, tmp_path):
    arrays = wct_matrix(related_series(), 1.0, sig=False, progress=False).to_arrays()
    facts = json.loads(str(arrays["facts"]))
    facts |= {name: value for name, value in change.items() if name in facts}
    arrays |= {name: value for name, value in change.items() if name not in facts}
    np.savez(tmp_path / "file.npz", **{**arrays, "facts": np.array(json.dumps(facts))})
    with pytest.raises(ValueError, match=rf"`path` must name a result .*{reason}"):
        load(tmp_path / "file.npz")
