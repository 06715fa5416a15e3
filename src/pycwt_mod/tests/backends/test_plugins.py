"""Backends of other distributions, found by their entry points in a fresh interpreter."""

import os
import subprocess
import sys
import textwrap

import pytest

GOOD = """
    from pycwt_mod.backends import SequentialBackend

    class PluginBackend(SequentialBackend):
        name = "plugin"
        n_maps = 0

        def map(self, kernel, tasks, **options):
            type(self).n_maps += 1
            return super().map(kernel, tasks, **options)
"""


@pytest.fixture
def install(tmp_path):
    """Lay a distribution down as an installer does, and run code that can see it."""

    def lay(name, module, entry_points):
        (tmp_path / f"{name}.py").write_text(textwrap.dedent(module))
        info = tmp_path / f"{name}-1.2.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")
        lines = "\n".join(entry_points)
        (info / "entry_points.txt").write_text(f"[pycwt_mod.backends]\n{lines}\n")

    def run(code):
        return subprocess.run(
            [sys.executable, "-W", "always::UserWarning", "-c", textwrap.dedent(code)],
            env={**os.environ, "PYTHONPATH": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return lay, run


def test_plugin_runs_simulations_by_its_name_and_is_not_imported_for_another(install):
    lay, run = install
    lay("good_plugin", GOOD, ["Plugin = good_plugin:PluginBackend"])
    done = run("""
        import sys
        import numpy as np
        from pycwt_mod.backends import list_backends, resolve_backend, SequentialBackend
        def worker(seed):
            return np.random.default_rng(seed).random()
        with resolve_backend("sequential") as backend:
            list(backend.map(abs, [1]))
        assert "good_plugin" not in sys.modules
        with resolve_backend("plugin") as backend:
            found = backend.run_monte_carlo(worker, 9, seed=1)
        import good_plugin
        assert type(backend) is good_plugin.PluginBackend
        assert backend.n_maps == 1
        assert found == SequentialBackend().run_monte_carlo(worker, 9, seed=1)
        assert list_backends()[-1] == "plugin"
    """)
    assert (done.returncode, done.stderr) == (0, "")


# What is wrong with a plug-in: its module, and the reason that is told.
BROKEN = {
    "lacks_a_library": ("import a_module_that_is_not_there", "ModuleNotFoundError"),
    "fails": ("1 / 0", "ZeroDivisionError"),
    "other_class": ("thing = dict", "must be a subclass of MCBackend"),
    "abstract": ("from pycwt_mod.backends import MCBackend as thing", "must be concrete"),
    "empty": ("other = 1", "AttributeError"),
    "joblib": ("from pycwt_mod.backends import SequentialBackend as thing", "is taken"),
}


def test_plugins_that_are_broken_are_a_warning_each_that_names_it(install):
    lay, run = install
    for name, (module, _) in BROKEN.items():
        lay(f"bad_{name}", module, [f"{name} = bad_{name}:thing"])
    lay("good_plugin", GOOD, ["plugin = good_plugin:PluginBackend"])
    done = run("""
        from pycwt_mod.backends import get_backend, list_backends
        names = list_backends()
        assert names[-1] == "plugin" and names.count("joblib") == 1, names
        assert not {"lacks_a_library", "fails", "other_class", "abstract", "empty"} & {*names}
        assert type(get_backend("joblib")).__module__ == "pycwt_mod.backends.joblib"
        list_backends()
    """)
    assert done.returncode == 0, done.stderr
    warnings = done.stderr.split("UserWarning: ")[1:]
    assert len(warnings) == len(BROKEN)
    for name, (_, reason) in BROKEN.items():
        (told,) = [words for words in warnings if f"'{name}' (bad_{name}:thing)" in words]
        assert f"of bad_{name} 1.2 is broken" in told
        assert reason in told
