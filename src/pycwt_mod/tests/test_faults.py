"""What breaks around a run: memory, disks, time, cores, the user's patience. See docs/faults.md.

Each test provokes the fault itself, in a process of its own where it must, and looks for what might
be left behind. What is particular to one backend or to the cache is tested with it.
"""

import fcntl
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import termios
import textwrap
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import psutil
import pytest

from pycwt_mod import wct_matrix, wct_null
from pycwt_mod.backends import ExecutorBackend, JoblibBackend, get_backend
from pycwt_mod.backends.testing import LAWS

pytestmark = pytest.mark.skipif(os.name != "posix", reason="provokes faults by POSIX means")

SECONDS = 240.0
PROBLEM = (0.6, 0.3, 0.5, 1 / 4, 1.0, 12)
heavy = pytest.mark.heavy


def test_every_row_of_the_table_of_faults_names_tests_that_there_are(checkout):
    text = (checkout / "docs" / "faults.md").read_text(encoding="utf-8")
    table = text[text.index("| fault |") :].partition("\n\n")[0]
    rows = [line.split("|") for line in table.splitlines()[2:]]
    defined = set()
    for path in Path(__file__).parent.rglob("test_*.py"):
        defined.update(re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), re.M))
    faults = {row[1].strip(): re.findall(r"test_\w+|law \"\w+\"", row[4]) for row in rows}
    assert len(faults) > 20
    for fault, names in faults.items():
        assert names, fault
        laws = {f'law "{name}"' for name in LAWS}
        assert not set(names) - defined - laws, fault


def null_of(mc_count=32, **options):
    options = {"rng_seed": 3, "progress": False, "cache": False, **options}
    return wct_null(*PROBLEM, mc_count=mc_count, **options)


def run_script(tmp_path, code, prefix=(), **environment):
    """Run a program; return what it printed. The program's own checks are assertions."""
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(code))
    done = subprocess.run(
        [*prefix, sys.executable, "-W", "error::UserWarning", str(script)],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
        env={**os.environ, "LOKY_MAX_CPU_COUNT": "2", **environment},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def can_mount():
    """Tell whether a file system may be mounted in a name space of its own."""
    if shutil.which("unshare") is None:
        return False
    probe = ["unshare", "-m", "sh", "-c", "mount -t tmpfs none /mnt"]
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0


needs_mount = pytest.mark.skipif(not can_mount(), reason="needs the right to mount")


def mounted(*commands):
    """Return what runs a program in a name space of its own after some commands."""
    script = " && ".join([*commands, 'exec "$@"'])
    return ["unshare", "-m", "--propagation", "private", "sh", "-ec", script, "sh"]


OUT_OF_MEMORY = """
import resource
from pycwt_mod.backends import get_backend

def work(seed):
    if seed.spawn_key[-1] == 5:
        import resource
        limit = 2**28 + int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))
        try:
            import numpy as np
            np.ones(2**30)
        finally:
            resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY,) * 2)
    return seed.spawn_key[-1]

if __name__ == "__main__":
    with get_backend({name!r}, **{options}) as backend:
        try:
            backend.run_monte_carlo(work, 8, seed=1)
        except MemoryError as error:
            assert "in simulation 5 of 8" in "".join(error.__notes__), error.__notes__
        else:
            raise SystemExit("no error")
        # The workers are alive and of use.
        results = backend.run_monte_carlo(work, 4, seed=1)
        assert results == [0, 1, 2, 3], results
"""


@heavy
@pytest.mark.skipif(sys.platform != "linux", reason="the limit on address space is Linux's")
@pytest.mark.parametrize("name", ["sequential", "joblib", "dask"])
def test_fault_out_of_memory_in_a_block_is_a_memory_error_that_names_it(name, tmp_path):
    if name == "dask":
        pytest.importorskip("distributed")
    options = {} if name == "sequential" else {"n_workers": 2}
    run_script(tmp_path, OUT_OF_MEMORY.format(name=name, options=options))


def unpicklable():
    lock = __import__("threading").Lock()
    return lambda seed: lock is None


@pytest.mark.parametrize("kind", ["joblib", "executor", pytest.param("dask", marks=heavy)])
def test_fault_unpicklable_worker_is_a_clear_error_before_anything_runs(kind):
    if kind == "dask":
        pytest.importorskip("distributed")
    with ProcessPoolExecutor(1) as pool:
        backend = ExecutorBackend(pool) if kind == "executor" else get_backend(kind, n_workers=2)
        with backend, pytest.raises(TypeError, match="pickle"):
            backend.run_monte_carlo(unpicklable(), 4, seed=1)


INTERRUPTED = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from pycwt_mod import wct_null

if __name__ == "__main__":
    wct_null(0.6, 0.3, 0.5, 1 / 12, 1.0, 60, mc_count=10**6, rng_seed=3, cache=False, progress=True,
             backend={name!r}, n_workers=2)
"""


@heavy
@pytest.mark.parametrize("name", ["sequential", "joblib", "dask"])
def test_fault_interrupt_restores_the_terminal_and_leaves_no_process(name, tmp_path):
    if name == "dask":
        pytest.importorskip("distributed")
    script = tmp_path / "script.py"
    script.write_text(INTERRUPTED.format(name=name))
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 120, 0, 0))
    before = termios.tcgetattr(slave)
    process = subprocess.Popen(
        [sys.executable, str(script)],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        env={**os.environ, "LOKY_MAX_CPU_COUNT": "2"},
    )
    try:
        read_until(master, r"[1-9]\d*/1000000")
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGINT)
        shown = read_until(master, "KeyboardInterrupt")
        assert process.wait(SECONDS) != 0
        # The bar is closed: the traceback begins on a line of its own.
        assert re.search(r"[\r\n]Traceback", shown)
        assert termios.tcgetattr(slave) == before
        _, alive = psutil.wait_procs(children, timeout=15.0)
        assert not alive
    finally:
        process.kill()
        process.wait()
        os.close(master)
        os.close(slave)


def read_until(master, pattern):
    """Read from a terminal until something appears, and what follows within a moment."""
    shown = ""
    give_up_at = time.monotonic() + SECONDS
    while not re.search(pattern, shown):
        assert time.monotonic() < give_up_at, shown
        if select.select([master], [], [], 0.2)[0]:
            shown += os.read(master, 65536).decode(errors="replace")
    return shown


STORE = """
import os, warnings
from pathlib import Path
from pycwt_mod import wct_null

def null():
    return wct_null(0.6, 0.3, 0.5, 1 / 4, 1.0, 12, mc_count=32, rng_seed=3, progress=False)

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    found = null()
(warning,) = caught
assert "could not be cached" in str(warning.message), warning.message
assert {words!r} in str(warning.message), warning.message
folder = Path(os.environ["PYCWT_MOD_CACHE_DIR"])
assert not folder.exists() or list(folder.iterdir()) == [], list(folder.iterdir())
os.environ["PYCWT_MOD_CACHE_DIR"] = {other!r}
assert null() == found
"""


@heavy
@needs_mount
@pytest.mark.parametrize(
    ("options", "words"),
    [("ro", "Read-only file system"), ("size=16k", "No space left on device")],
    ids=["read-only", "full"],
)
def test_fault_cache_folder_on_such_a_disk_is_a_warning_and_leaves_nothing(
    options, words, tmp_path
):
    disk = tmp_path / "disk"
    disk.mkdir()
    code = STORE.format(words=words, other=str(tmp_path / "other"))
    prefix = mounted(f"mount -t tmpfs -o {options} none {disk}")
    run_script(tmp_path, code, prefix, PYCWT_MOD_CACHE_DIR=str(disk))


SHARE = """
import logging, sys
import numpy as np
from concurrent.futures import ProcessPoolExecutor
from pycwt_mod.backends import ExecutorBackend, JoblibBackend

def work(seed, data):
    return float(data.sum()) + seed.spawn_key[-1]

if __name__ == "__main__":
    data = np.ones(2_000_000)
    expected = [2e6 + k for k in range(8)]
    assert JoblibBackend(2).run_monte_carlo(work, 8, (data,), seed=1) == expected
    with ProcessPoolExecutor(2) as pool:
        assert ExecutorBackend(pool).run_monte_carlo(work, 8, (data,), seed=1) == expected
    import os
    left = [name for name in os.listdir({folder!r}) if name.startswith("pycwt_mod")]
    assert not left, left
"""


@heavy
@needs_mount
def test_fault_no_room_to_share_large_arrays_falls_back_to_copies(tmp_path):
    folder = tmp_path / "small"
    folder.mkdir()
    small = "mount -t tmpfs -o size=1m none"
    prefix = mounted(f"{small} {folder}", f"{small} /dev/shm")
    code = SHARE.format(folder=str(folder))
    run_script(tmp_path, code, prefix, TMPDIR=str(folder), JOBLIB_TEMP_FOLDER=str(folder))


TRANSFORMS = """
import os, tempfile, warnings
import numpy as np
from pycwt_mod import wct_matrix

if __name__ == "__main__":
    assert tempfile.gettempdir() == {folder!r}
    X = np.random.default_rng(0).normal(size=(6, 1000))
    for backend in ("sequential", "joblib"):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            result = wct_matrix(X, 1.0, sig=False, progress=False, backend=backend)
        (told,) = [one for one in caught if "TMPDIR" in str(one.message)]
        assert told.filename == __file__, told.filename
        told = str(told.message)
        assert {folder!r} in told, told
        assert int(told.split(" bytes")[0].split()[-1]) > 2**20, told
        print(float(result.coherence.sum()).hex())
    left = [name for name in os.listdir({folder!r}) if name.startswith("pycwt_mod")]
    assert not left, left
"""


@heavy
@needs_mount
def test_fault_no_room_for_the_transforms_of_a_matrix_falls_back_to_memory(tmp_path):
    folder = tmp_path / "small"
    folder.mkdir()
    small = "mount -t tmpfs -o size=1m none"
    prefix = mounted(f"{small} {folder}")
    code = TRANSFORMS.format(folder=str(folder))
    found = run_script(tmp_path, code, prefix, TMPDIR=str(folder)).split()
    whole = wct_matrix(
        np.random.default_rng(0).normal(size=(6, 1000)), 1.0, sig=False, progress=False
    )
    assert found == [float(whole.coherence.sum()).hex()] * 2


CORES = """
from pycwt_mod.backends.nesting import available_cores
from pycwt_mod.backends import JoblibBackend, DaskBackend
print(available_cores(), JoblibBackend().n_workers, DaskBackend().n_workers)
"""


def cgroup_with_one_core():
    """Return shell commands that put the shell into a group with a quota of one core."""
    if Path("/sys/fs/cgroup/cgroup.controllers").exists():
        root = Path("/sys/fs/cgroup")
        quota = "echo '100000 100000' > {}/cpu.max"
    else:
        root = Path("/sys/fs/cgroup/cpu")
        quota = "echo 100000 > {0}/cpu.cfs_period_us && echo 100000 > {0}/cpu.cfs_quota_us"
    group = root / f"pycwt-mod-test-{os.getpid()}"
    return root, group, quota.format(group)


@heavy
@needs_mount
def test_fault_quota_of_cores_is_followed(tmp_path):
    pytest.importorskip("distributed")
    root, group, quota = cgroup_with_one_core()
    try:
        group.mkdir()
    except OSError as error:
        pytest.skip(f"needs the right to make a control group ({error})")
    try:
        # A container sees its own group as the root of all.
        prefix = mounted(quota, f"echo $$ > {group}/cgroup.procs", f"mount --bind {group} {root}")
        environment = {"LOKY_MAX_CPU_COUNT": "64"}
        assert run_script(tmp_path, CORES, prefix, **environment).split() == ["1", "1", "1"]
    finally:
        group.rmdir()


@heavy
def test_fault_more_workers_than_blocks_is_no_fault(monkeypatch):
    monkeypatch.setattr("pycwt_mod.backends.joblib.available_cores", lambda: 8)
    assert null_of(10, backend=JoblibBackend(8)) == null_of(10, backend="sequential")
    with ProcessPoolExecutor(8) as pool:
        assert null_of(10, backend=pool) == null_of(10, backend="sequential")


@pytest.mark.parametrize("name", ["sequential", "auto", "joblib-threads"])
def test_fault_clock_that_jumps_changes_nothing(name, monkeypatch):
    expected = null_of(200)
    seen = []
    if name == "joblib-threads":
        backend = JoblibBackend(2, prefer="threads")
    else:
        backend = get_backend(name, **({} if name == "sequential" else {"n_workers": 2}))
    real = time.time
    jumps = [0.0, 86_400.0 * 365, -86_400.0 * 365, 3600.0]

    def jumping():
        seen.append(1)
        return real() + jumps[len(seen) % 4]

    with backend:
        monkeypatch.setattr(time, "time", jumping)
        try:
            assert null_of(200, backend=backend, progress=lambda done, total: None) == expected
            assert null_of(200, backend=backend, cache=True) == expected
            assert null_of(200, backend=backend, cache=True) == expected
        finally:
            monkeypatch.undo()


TOO_FEW_FILES = """
import resource
from pycwt_mod import wct_null

if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))
    problem = dict(mc_count=1000, n_workers=2, progress=False, cache=False)
    try:
        wct_null(0.5, 0.3, 1.0, 0.25, 2.0, 8, backend={name!r}, **problem)
    except OSError as error:
        assert "Too many open files" in str(error) or "limit is 16" in str(error), error
        assert "ulimit -n 4096" in "".join(error.__notes__), error.__notes__
    else:
        raise SystemExit("no error")
    wct_null(0.5, 0.3, 1.0, 0.25, 2.0, 8, backend="sequential", mc_count=20, progress=False)
"""


@pytest.mark.parametrize("name", ["joblib", "dask"])
def test_fault_too_few_open_files_is_an_error_that_says_what_to_do(name, tmp_path):
    if name == "dask":
        pytest.importorskip("distributed")
    run_script(tmp_path, TOO_FEW_FILES.format(name=name))


KILLED = """
import os, time
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np
from pycwt_mod.backends import map_tasks


def tell(data, number):
    os.write(1, b"%d\\n" % os.getpid())  # whole: `print` may write the end of the line apart
    time.sleep(0.2)


if __name__ == "__main__":
    work = partial(tell, np.ones(1_000_000))
    with ProcessPoolExecutor(2) as pool:
        backend = pool if {name!r} == "pool" else "joblib"
        map_tasks(work, range(10_000), backend=backend, n_workers=2)
"""


@heavy
@pytest.mark.parametrize("name", ["joblib", "pool"])
def test_fault_killed_program_takes_its_workers_along(name, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(KILLED.format(name=name))
    program = subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path), "JOBLIB_TEMP_FOLDER": str(tmp_path)},
    )
    try:
        pids = set()
        while len(pids) < 2:
            pids.add(int(program.stdout.readline()))
        workers = [psutil.Process(pid) for pid in pids]
    finally:
        program.kill()
        program.wait()
        program.stdout.close()
    assert not psutil.wait_procs(workers, timeout=10)[1]
    end = time.monotonic() + 10
    while list(tmp_path.glob("joblib_memmapping_folder_*")) and time.monotonic() < end:
        time.sleep(0.1)
    assert not list(tmp_path.glob("joblib_memmapping_folder_*"))
