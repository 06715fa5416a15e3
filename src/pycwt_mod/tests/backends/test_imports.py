"""The package of backends imports none of the libraries that do the work."""

import subprocess
import sys

HEAVY = ["joblib", "distributed", "dask", "torch", "cupy", "matplotlib", "tqdm"]


def run_isolated(code):
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_backends_import_no_optional_library():
    run_isolated(
        "import sys, pycwt_mod.backends, pycwt_mod.backends.testing\n"
        "from pycwt_mod.backends import *\n"
        f"found = [name for name in {HEAVY} if name in sys.modules]\n"
        "assert not found, found\n"
    )


def test_backends_sequential_and_small_auto_jobs_import_no_optional_library():
    run_isolated(
        "import sys\n"
        "from pycwt_mod.backends import resolve_backend\n"
        "for name in ('sequential', 'auto', None):\n"
        "    with resolve_backend(name) as backend:\n"
        "        backend.run_monte_carlo(lambda seed: 1, 200, seed=1)\n"
        f"found = [name for name in {HEAVY} if name in sys.modules]\n"
        "assert not found, found\n"
    )
