"""Files in the cache folder that are not what they should be."""

import io
import json
import os
import pickle
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

from pycwt_mod import get_cache_dir, wct
from pycwt_mod.cached_files import recall
from pycwt_mod.montecarlo.null import NullDistribution

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


def test_temporary_file_of_a_killed_run_is_removed_by_a_later_one(cache_dir):
    script = (
        "import os, signal\n"
        "from pycwt_mod.montecarlo.null import NullDistribution\n"
        "def die(self, stream):\n"
        "    stream.write(b'half')\n"
        "    stream.flush()\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "NullDistribution.write = die\n"
        "from pycwt_mod import wct_null\n"
        "wct_null(0.6, 0.3, 0.5, 1 / 4, 1.0, 12, mc_count=8, rng_seed=3, progress=False)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    (left,) = cache_dir.glob(".null-*.tmp")
    stored()
    assert left.exists()  # it might be another process that writes just now
    week_ago = time.time() - 7 * 24 * 3600
    os.utime(left, (week_ago, week_ago))
    other = cache_dir / ".null-of-the-user"
    other.write_text("")
    os.utime(other, (week_ago, week_ago))
    null_of(18, cache=True)
    assert not left.exists()
    assert other.exists()


def symlink_to_device(path):
    path.unlink()
    path.symlink_to("/dev/zero")


def huge_header(path):
    """Claim an array of petabytes in a file of bytes."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<i8", "fortran_order": False, "shape": (2**20, 2**20, 2**10)}
    )
    with np.load(path) as content, io.BytesIO() as facts:
        np.save(facts, content["facts"])
        written = facts.getvalue()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("facts.npy", written)
        archive.writestr("counts.npy", header.getvalue() + bytes(64))


def nested_json(path):
    facts = np.array("[" * 100_000)
    with np.load(path) as content:
        counts = content["counts"]
    np.savez(path, facts=facts, counts=counts)


def pipe(path):
    path.unlink()
    os.mkfifo(path)


HOSTILE = {"pipe": pipe, "device": symlink_to_device, "header": huge_header, "nesting": nested_json}


@pytest.mark.parametrize("attack", HOSTILE)
def test_hostile_file_is_ignored_with_a_warning(attack):
    expected, path = stored()
    HOSTILE[attack](path)
    with pytest.warns(UserWarning, match="is ignored"):
        assert null_of(16, cache=True) == expected
    assert null_of(16, cache=True) == expected  # replaced, without a warning
    assert not path.is_symlink()


def test_folder_that_is_a_file_is_told_once_and_no_file_is_called_damaged(tmp_path, monkeypatch):
    place = tmp_path / "a file"
    place.write_text("")
    monkeypatch.setenv("PYCWT_MOD_CACHE_DIR", str(place / "cache"))
    pair = np.random.default_rng(0).normal(size=(2, 100))
    with pytest.warns(UserWarning, match="could not be cached") as caught:
        wct(*pair, 1.0, mc_count=10, progress=False).pvalues()
    assert not [each for each in caught if "damaged" in str(each.message)]


def test_link_in_the_cache_is_replaced_and_its_target_left_alone(tmp_path):
    expected, path = stored()
    target = tmp_path / "precious"
    target.write_text("mine")
    path.unlink()
    path.symlink_to(target)
    with pytest.warns(UserWarning, match="is ignored"):
        assert null_of(16, cache=True) == expected
    assert target.read_text() == "mine"


def test_file_that_vanishes_while_being_looked_up_is_no_error(tmp_path):
    assert recall(tmp_path / "gone.npz", NullDistribution.load, lambda null: True) is None


def test_file_names_hold_no_part_of_the_users_input():
    null, path = stored()
    key, count = path.stem.removeprefix("null-").split("-")
    assert count == str(null.n_surrogates)
    assert len(key) == 64
    assert int(key, 16) >= 0


N_RACERS = 4

RACE = """
import os, time
import sys
from pycwt_mod import wct_null
from pycwt_mod.montecarlo.null import NullDistribution
write = NullDistribution.write

def meet(self, stream):
    # All wait for one another, so that all write and rename at once.
    folder = os.environ["MEETING_PLACE"]
    open(os.path.join(folder, str(os.getpid())), "w").close()
    give_up_at = time.monotonic() + 60.0
    while len(os.listdir(folder)) < 4 and time.monotonic() < give_up_at:
        time.sleep(0.001)
    write(self, stream)

NullDistribution.write = meet
null = wct_null(0.6, 0.3, 0.5, 1 / 4, 1.0, 12, mc_count=64, rng_seed=3, progress=False)
print(null.counts.sum(), hash(null.counts.tobytes()))
"""


@pytest.mark.heavy
def test_processes_that_store_the_same_run_at_once_agree(tmp_path, cache_dir):
    environment = {
        **os.environ,
        "PYCWT_MOD_CACHE_DIR": str(cache_dir),
        "MEETING_PLACE": str(tmp_path / "meeting"),
        "PYTHONHASHSEED": "0",
        "PYCWT_MOD_BACKEND": "sequential",
    }
    (tmp_path / "meeting").mkdir()
    runs = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", RACE],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(N_RACERS)
    ]
    answers = [run.communicate() for run in runs]
    assert [run.returncode for run in runs] == [0] * N_RACERS, answers
    assert len({out for out, _ in answers}) == 1
    (path,) = cache_dir.iterdir()  # one file, and no temporary one
    assert path.suffix == ".npz"
    assert NullDistribution.load(path).n_surrogates == 64
