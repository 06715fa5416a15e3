"""Files in the cache folder that are not what they should be."""

import io
import json
import os
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from pycwt_mod import get_cache_dir
from pycwt_mod.montecarlo.cache import NullCache

from .test_estimate import Surrogates, null_of


def stored():
    """Store a run, and return it with its file."""
    null = null_of(16, cache=True)
    (path,) = Path(get_cache_dir()).glob("*.npz")
    return null, path


def rewrite(path, **changes):
    """Write a cache file again with other contents."""
    with np.load(path) as content:
        facts, counts = json.loads(str(content["facts"])), content["counts"]
    counts = changes.pop("counts", lambda table: table)(counts)
    np.savez(path, facts=np.array(json.dumps({**facts, **changes})), counts=counts)


class Evil:
    def __reduce__(self):
        return os.mkdir, ("owned",)


def pickled(path):
    array = np.empty(1, dtype=object)
    array[0] = Evil()
    np.savez(path, facts=array, counts=array)


def bomb(path):
    header = io.BytesIO()
    np.save(header, np.zeros(8, dtype=np.uint8))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("facts.npy", header.getvalue())
        archive.writestr("counts.npy", header.getvalue() + bytes(2**24))


def flip_byte(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


DAMAGES = {
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:-200]),
    "cut to half": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("0.5\n0.6\n"),
    "one byte flipped": flip_byte,
    "bare pickle": lambda path: path.write_bytes(pickle.dumps(Evil())),
    "pickled members": pickled,
    "zip bomb": bomb,
    "other archive": lambda path: np.savez(path, a=np.arange(3)),
    "future version": lambda path: rewrite(path, version=99),
    "negative counts": lambda path: rewrite(path, counts=lambda table: -table.astype(int)),
    "float counts": lambda path: rewrite(path, counts=lambda table: table * 1.0),
    "one count too many": lambda path: rewrite(path, counts=lambda table: table + 1),
    "fewer scales": lambda path: rewrite(path, counts=lambda table: table[:, 1:]),
    "other problem": lambda path: rewrite(path, problem="x"),
    "other surrogates": lambda path: rewrite(path, ranges=[[4, 20]]),
    "no provenance": lambda path: rewrite(path, provenance={}),
    "odd ranges": lambda path: rewrite(path, ranges=[["a", None]]),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_file_is_ignored_with_a_warning_and_replaced(damage, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    expected, path = stored()
    DAMAGES[damage](path)
    ran = Surrogates()
    with pytest.warns(UserWarning, match=f"{path.name}.* is ignored"):
        null = null_of(16, cache=True, progress=ran)
    assert null == expected
    assert ran.done == 16
    assert not (tmp_path / "owned").exists()  # nothing in a file is ever run
    null_of(16, cache=True, progress=ran)  # no warning: the good run took its place
    assert ran.done == 16


def test_directory_in_place_of_a_file_is_a_warning_not_an_error():
    expected, path = stored()
    path.unlink()
    path.mkdir()
    with (
        pytest.warns(UserWarning, match="is ignored"),
        pytest.warns(UserWarning, match="could not be cached"),
    ):
        assert null_of(16, cache=True) == expected


def test_folder_that_cannot_be_written_is_a_warning_not_an_error(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PYCWT_MOD_CACHE_DIR", str(tmp_path / "file" / "below"))
    with pytest.warns(UserWarning, match=r"could not be cached.*PYCWT_MOD_CACHE_DIR"):
        null = null_of(16, cache=True)
    assert null == null_of(16)


def test_full_disk_is_a_warning_and_leaves_no_file(monkeypatch):
    def full(self, stream):
        stream.write(b"x" * 100)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pycwt_mod.montecarlo.null.NullDistribution.write", full)
    with pytest.warns(UserWarning, match="No space left"):
        null_of(16, cache=True)
    assert list(Path(get_cache_dir()).iterdir()) == []


def test_no_temporary_file_stays_behind():
    stored()
    assert [path.suffix for path in Path(get_cache_dir()).iterdir()] == [".npz"]


def test_file_that_vanishes_while_being_looked_up_is_no_error(tmp_path):
    cache = NullCache(tmp_path)
    assert cache._read(tmp_path / "gone.npz", is_sound=lambda null: True) is None


def test_file_names_hold_no_part_of_the_users_input():
    null, path = stored()
    key, count = path.stem.removeprefix("null-").split("-")
    assert count == str(null.n_surrogates)
    assert len(key) == 64
    assert int(key, 16) >= 0


RACE = """
import sys
from pycwt_mod import wct_null
null = wct_null(0.6, 0.3, 0.5, 1 / 4, 1.0, 12, mc_count=64, rng_seed=3, progress=False)
print(null.counts.sum(), hash(null.counts.tobytes()))
"""


def test_processes_that_store_the_same_run_at_once_agree(tmp_path):
    environment = {
        **os.environ,
        "PYCWT_MOD_CACHE_DIR": str(tmp_path),
        "PYTHONHASHSEED": "0",
        "PYCWT_MOD_BACKEND": "sequential",
    }
    runs = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", RACE],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(4)
    ]
    answers = [run.communicate() for run in runs]
    assert [run.returncode for run in runs] == [0] * 4, answers
    assert len({out for out, _ in answers}) == 1
    assert [path.suffix for path in tmp_path.iterdir()] == [".npz"]
