"""mpi4py's executor on real MPI ranks: same counts, every law, shared data, no nesting."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.mpi,
    pytest.mark.heavy,
    pytest.mark.skipif(
        importlib.util.find_spec("mpi4py") is None or shutil.which("mpiexec") is None,
        reason="needs MPI: apt-get install openmpi-bin libopenmpi-dev; pip install mpi4py",
    ),
]

SCRIPT = Path(__file__).parent / "scripts" / "mpi_checks.py"
LIMIT_SECONDS = 240


def is_open_mpi():
    version = subprocess.run(["mpiexec", "--version"], capture_output=True, text=True, check=True)
    return "Open MPI" in version.stdout or "OpenRTE" in version.stdout


@pytest.mark.parametrize("n_ranks", [2, 3])
def test_mpi_ranks_keep_every_law(n_ranks, tmp_path):
    command = ["mpiexec", "-n", str(n_ranks)]
    if is_open_mpi():
        # More ranks than cores, and no rank bound to one core, which would hide nested workers.
        command += ["--oversubscribe", "--bind-to", "none"]
    # Rank 0 runs the script; the others are the workers.
    command += [sys.executable, "-m", "mpi4py.futures", str(SCRIPT)]
    command += [str(tmp_path), str(n_ranks - 1)]
    allowed = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        env={**os.environ, **allowed, "LOKY_MAX_CPU_COUNT": "2"},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[-1] == "passed"
