"""`backends` and `bench`: what this machine has, and what is fast on it."""

import re

import numpy as np
import pytest

from pycwt_mod.backends import SequentialBackend, list_backends, registry
from pycwt_mod.cli import backends_command, bench_command


def test_backends_lists_all_with_versions(call):
    status, out, err = call("backends")
    assert (status, err) == (0, "")
    for name in list_backends():
        assert re.search(rf"^{name}( \*)? +(yes|no)", out, re.M)
    assert f"numpy {np.__version__}" in out
    assert "Parquet files: " in out


def test_backends_names_what_to_install(call, monkeypatch):
    def version(name):
        if name in ("pandas", "pyarrow"):
            raise backends_command.metadata.PackageNotFoundError(name)
        return "1.0"

    monkeypatch.setattr(backends_command.metadata, "version", version)
    _, out, _ = call("backends")
    assert "Parquet files: pandas and pyarrow lacking; pip install pandas pyarrow" in out


def test_backends_as_json(call_json):
    told = call_json("backends")
    assert told["results"]["backends"]["sequential"]["available"] is True
    assert told["results"]["libraries"]["numpy"] == np.__version__
    assert told["provenance"]["command"] == "backends"


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(bench_command, "_JOBS", ((128, 32), (256, 64)))


def test_bench_times_and_compares(call_json, small):
    told = call_json(
        "bench", "--backend", "sequential", "--backend", "joblib", "--workers", "1",
        "--mc-count", "48",
    )  # fmt: skip
    timings = told["results"]["timings"]
    assert [(t["backend"], t["n_samples"], t["surrogates"]) for t in timings] == [
        ("sequential", 128, 32),
        ("sequential", 256, 48),
        ("joblib", 128, 32),
        ("joblib", 256, 48),
    ]
    assert all(t["seconds"] > 0 for t in timings)
    assert [t["note"] for t in timings] == ["", "", "same counts", "same counts"]
    assert "backend='auto'" in told["results"]["advice"][-1]


def test_bench_as_text(call, small):
    status, out, err = call("bench", "--backend", "sequential")
    assert (status, err) == (0, "sequential ...\n")
    assert re.search(r"^  sequential +1 +[\d.]+ +128 +32 +[\d.]+ +\d+$", out, re.M)
    assert "32 surrogates for 128 samples, start included: sequential\n" in out


def test_bench_goes_on_after_a_broken_backend(call, small, monkeypatch):
    class Broken(SequentialBackend):
        name = "broken"

        def map(self, kernel, tasks, *, on_done=None):
            raise RuntimeError("no such device")

    monkeypatch.setitem(registry._registered, "broken", Broken)
    status, out, _ = call("bench", "--backend", "broken", "--backend", "sequential")
    assert status == 0
    assert "RuntimeError: no such device" in out
    assert "start included: sequential" in out
    status, out, err = call("bench", "--backend", "broken")
    assert (status, out) == (1, "")
    assert "no backend worked: RuntimeError: no such device" in err


def test_bench_ends_in_time(call, small, monkeypatch):
    monkeypatch.setattr(bench_command, "_BUDGET", -1.0)
    _, out, _ = call("bench", "--backend", "sequential")
    assert re.search(r"^  sequential +1 +[\d.]+ +128", out, re.M)
    assert re.search(r"^  sequential +- +- +256 +64 +- +- +no time left", out, re.M)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        ({"sequential": 1.0, "joblib": 2.0}, "Use the default, backend='auto'"),
        ({"sequential": 4.0, "joblib": 2.0}, "joblib, 2.0 times as fast as sequential"),
        ({"sequential": 4.0, "joblib": 2.0, "gpu": 1.9}, "Use the default, backend='auto'"),
        ({"sequential": 4.0, "joblib": 2.0, "gpu": 0.5}, "Use backend='gpu' (--backend gpu)"),
        ({"dask": 1.0}, "Use backend='dask'"),
    ],
)
def test_bench_advice_follows_the_times(seconds, words):
    timings = [bench_command._Timing(name, 128, 32, value, 1) for name, value in seconds.items()]
    assert words in "\n".join(bench_command._advice(timings, [(128, 32)]))


def test_bench_tells_levels_that_differ():
    bench = bench_command._Bench([(128, 64)], 0.0)
    job = (128, 64)
    first = bench_command._simulate(job, "sequential")
    assert bench._compared(job, first) == ""
    off = np.roll(first.counts, 300, axis=2)
    assert "TOO FAR" in bench._compared(job, type(first)(off, first.ranges))
