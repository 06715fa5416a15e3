"""Many calls in one program leave no more behind than a few."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import pycwt_mod

SOAK = Path(pycwt_mod.__file__).parents[2] / "benchmarks" / "soak.py"

# Pools and libraries settle in the first half; after that, a leak of one thing per call would show
# as many times this. Memory is what the allocator happens to hold, in MB.
SLACK = {"files": 4, "threads": 3, "processes": 1, "MB": 40}


def table_of(n_calls, cache_dir):
    done = subprocess.run(
        [sys.executable, "-W", "error::ResourceWarning", str(SOAK), str(n_calls)],
        capture_output=True,
        text=True,
        check=True,
        timeout=600,
        env={**os.environ, "LOKY_MAX_CPU_COUNT": "2", "PYCWT_MOD_CACHE_DIR": str(cache_dir)},
    )
    header, *lines = done.stdout.splitlines()
    return [dict(zip(header.split(), map(float, line.split()), strict=True)) for line in lines]


@pytest.mark.heavy
@pytest.mark.skipif(not SOAK.exists(), reason="the benchmarks are not installed with the package")
@pytest.mark.parametrize("n_calls", [30, pytest.param(200, marks=pytest.mark.slow)])
def test_soak_nothing_grows(n_calls, cache_dir):
    pytest.importorskip("distributed")
    rows = table_of(n_calls, cache_dir)
    assert rows[-1]["calls"] == n_calls
    middle, last = rows[len(rows) // 2], rows[-1]
    for name, slack in SLACK.items():
        assert last[name] <= middle[name] + slack, rows
