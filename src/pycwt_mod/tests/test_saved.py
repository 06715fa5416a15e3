"""Results in files: the same when read again, whole or not there, and nothing in them run."""

import json
import re
import subprocess
import sys

import numpy as np
import pytest

import pycwt_mod
from pycwt_mod import DOG, MexicanHat, Morlet, NullDistribution, Paul, cwt, load, wct
from pycwt_mod.cli import main
from pycwt_mod.results import CoherenceResult
from pycwt_mod.tests.results.made import RESULTS, noise


@pytest.fixture(params=RESULTS)
def result(request):
    return RESULTS[request.param]


def test_saved_result_is_read_again_to_the_last_bit(result, tmp_path):
    result.save(tmp_path / "file")
    again = load(tmp_path / "file")
    assert type(again) is type(result)
    for ours, theirs in zip(result, again, strict=True):
        np.testing.assert_array_equal(ours, theirs)
        assert ours.dtype == theirs.dtype
    assert vars(again).keys() - result.PARTS.keys() == vars(result).keys() - result.PARTS.keys()
    for name in ("times", "scales"):
        np.testing.assert_array_equal(getattr(again, name), getattr(result, name))
    for name in ("dt", "unit", "names", "provenance"):
        assert getattr(again, name) == getattr(result, name)
    assert repr(again.mother) == repr(result.mother)
    for part in result.PARTS:
        assert type(getattr(again, part)) is type(getattr(result, part))


def test_saved_spectra_and_null_are_read_again(tmp_path):
    for name in ("wct", "spectra"):
        RESULTS[name].save(tmp_path / name)
    assert load(tmp_path / "wct").null == RESULTS["wct"].null
    np.testing.assert_array_equal(load(tmp_path / "wct").pvalues(), RESULTS["wct"].pvalues())
    spectra = load(tmp_path / "spectra").spectra
    np.testing.assert_array_equal(spectra.S12, RESULTS["spectra"].spectra.S12)


@pytest.mark.parametrize("mother", [Morlet(5), Paul(6), DOG(4), MexicanHat()])
def test_mother_wavelet_is_in_the_file(mother, tmp_path):
    cwt(noise(), 1.0, wavelet=mother).save(tmp_path / "file")
    again = load(tmp_path / "file").mother
    assert (type(again), repr(again)) == (type(mother), repr(mother))


def test_mother_wavelet_of_the_user_is_not_in_the_file(tmp_path):
    class Own(Morlet):
        pass

    cwt(noise(), 1.0, wavelet=Own()).save(tmp_path / "file")
    again = load(tmp_path / "file")
    assert again.mother is None
    assert again.provenance["wavelet"] == "Own(f0=6)"
    wct(noise(), noise(), 1.0, wavelet=Own(), mc_count=20, progress=False).save(tmp_path / "wct")
    with pytest.raises(ValueError, match="`wavelet` must be one of this package's"):
        load(tmp_path / "wct").clusters()


def test_patches_are_in_the_file_of_their_result(tmp_path):
    def own(rng, n):
        return rng.standard_normal(n)

    made = wct(
        noise(), noise(seed=1), 1.0, 1 / 4, noise=own, mc_count=20, rng_seed=1, progress=False
    )
    made.save(tmp_path / "before")
    for judge in (lambda r: r.clusters(), lambda r: r.significant(correction="cluster")):
        with pytest.raises(ValueError, match=r"'own', which a file .* `clusters` .* before `save`"):
            judge(load(tmp_path / "before"))
    clusters = made.clusters(mc_count=40, rng_seed=1, progress=False)
    made.save(tmp_path / "after")
    clusters.save(tmp_path / "patches")
    for again in (load(tmp_path / "after"), load(tmp_path / "patches").result):
        assert again.clusters(progress=False).table() == clusters.table()
        for correction in (None, "cluster"):
            np.testing.assert_array_equal(
                again.significant(correction=correction), made.significant(correction=correction)
            )
        with pytest.raises(ValueError, match=r"'own', which a file cannot hold"):
            again.clusters(0.9, progress=False)
    assert made._replace(WCT=made.WCT / 2)._clusters is None


def test_null_distribution_is_read_too(tmp_path):
    null = RESULTS["wct"].null
    null.save(tmp_path / "null.npz")
    assert load(tmp_path / "null.npz") == NullDistribution.load(tmp_path / "null.npz") == null


def write(path, **arrays):
    with path.open("wb") as stream:
        np.savez(stream, **arrays)


def newer(path):
    arrays = RESULTS["cwt"].to_arrays()
    facts = {**json.loads(str(arrays["facts"])), "version": 2}
    write(path, **{**arrays, "facts": np.array(json.dumps(facts))})


def other_shapes(path):
    write(path, **{**RESULTS["cwt"].to_arrays(), "coi": np.ones(3), "times": np.ones(3)})


def bare_array(path):
    with path.open("wb") as stream:
        np.save(stream, np.arange(3))


def cut(path):
    RESULTS["cwt"].save(path)
    path.write_bytes(path.read_bytes()[:5000])


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda path: write(path, a=np.arange(3)), "it holds no result"),
        (newer, "of a newer version"),
        (lambda path: write(path, facts=np.array([{}], object)), "damaged or no .npz file"),
        (cut, "damaged or no .npz file"),
        (other_shapes, "its field has the shape"),
        (lambda path: path.write_text("a,b"), "damaged or no .npz file"),
        (lambda path: path.write_bytes(b""), "damaged or no .npz file"),
        (bare_array, "damaged or no .npz file"),
    ],
)
def test_file_that_holds_no_result_is_refused(spoil, reason, tmp_path):
    path = tmp_path / "file"
    spoil(path)
    with pytest.raises(ValueError, match=rf"`path` must name a result .*file' \(.*{reason}"):
        load(path)


@pytest.mark.parametrize("spoil", [lambda path: path.write_text("a,b"), bare_array])
def test_words_of_numpy_about_foreign_files_are_kept_back(spoil, tmp_path):
    spoil(tmp_path / "file")
    with pytest.raises(ValueError, match=r"it is damaged or no \.npz file") as fault:
        load(tmp_path / "file")
    assert not re.search("pickle|protocol", str(fault.value))


def test_arrays_of_the_command_line_are_told_with_the_call_that_reads_them(tmp_path):
    np.savetxt(tmp_path / "x.csv", noise())
    path = tmp_path / "x.npz"
    assert main(["cwt", str(tmp_path / "x.csv"), "--save", str(path)]) == 0
    with pytest.raises(ValueError, match="`pycwt-mod --save` wrote; read them by") as fault:
        load(path)
    call = re.search("`(numpy.load.*)`", str(fault.value))[1]
    with eval(call, {"numpy": np}) as arrays:
        assert "provenance" in arrays


@pytest.mark.parametrize("what", [RESULTS["cwt"], RESULTS["wct"].null], ids=["result", "null"])
def test_save_refuses_the_suffix_of_another_format(what, tmp_path):
    with pytest.raises(ValueError, match=r"`path` must end in \.npz .*Pass '.*x\.npz'"):
        what.save(tmp_path / "x.csv")
    assert not list(tmp_path.iterdir())
    for name in ("x.NPZ", "level_0.95"):
        what.save(tmp_path / name)


def test_missing_file_and_folder_are_told(tmp_path):
    with pytest.raises(FileNotFoundError, match="nothing"):
        load(tmp_path / "nothing")
    with pytest.raises(FileNotFoundError, match="must be in a folder that exists"):
        RESULTS["cwt"].save(tmp_path / "no folder" / "file")


def test_file_is_replaced_when_the_new_one_is_whole(tmp_path, monkeypatch):
    path = tmp_path / "file"
    RESULTS["cwt"].save(path)
    before = path.read_bytes()

    def fail(stream, **arrays):
        stream.write(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(np, "savez", fail)
    with pytest.raises(OSError, match="disk full"):
        RESULTS["xwt"].save(path)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_objects_are_not_written(tmp_path):
    result = cwt(noise(), 1.0)
    result.times = np.array([None] * 200)
    with pytest.raises(TypeError, match="'times' must be an array of numbers"):
        result.save(tmp_path / "file")
    assert not list(tmp_path.iterdir())


def test_file_is_written_through_a_link_and_with_the_usual_permissions(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "file")
    RESULTS["cwt"].save(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    (tmp_path / "plain").touch()
    modes = [(tmp_path / name).stat().st_mode for name in ("file", "plain")]
    assert modes[0] == modes[1]


def test_reading_needs_the_package_alone(tmp_path):
    RESULTS["wct"].save(tmp_path / "file")
    code = (
        "import sys; sys.modules['pandas'] = sys.modules['xarray'] = None\n"
        "import pycwt_mod; print(pycwt_mod.load(sys.argv[1]).names)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "file")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "('rain', 'flow')\n"
    assert pycwt_mod.load is load
    assert isinstance(load(tmp_path / "file"), CoherenceResult)
