"""Every test has a cache folder of its own, and no backend chosen from outside."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
import scipy.linalg  # noqa: F401  its BLAS is there before its threads are counted
from threadpoolctl import threadpool_limits

from pycwt_mod.backends import registry
from pycwt_mod.helpers import CACHE_DIR_VARIABLE

# The same examples on every machine, at whatever speed; none are kept on disk.
hypothesis.settings.register_profile(
    "pycwt_mod", derandomize=True, deadline=None, database=None, max_examples=50
)
hypothesis.settings.load_profile("pycwt_mod")


@pytest.fixture(scope="session", autouse=True)
def cache_dir_of_fixtures(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what fixtures of whole files compute out of the user's own cache, and that out."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(CACHE_DIR_VARIABLE, str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(autouse=True)
def cache_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep null distributions in a folder of this test alone, and return its path."""
    folder = tmp_path / "cache"
    monkeypatch.setenv(CACHE_DIR_VARIABLE, str(folder))
    return folder


@pytest.fixture(autouse=True)
def no_chosen_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start from the default backend, and restore it after each test."""
    monkeypatch.delenv(registry.ENVIRONMENT_VARIABLE, raising=False)
    monkeypatch.setattr(registry, "_default_name", None)


@pytest.fixture(scope="session")
def checkout() -> Path:
    """Return the root of the checkout or the sdist that the package is run from."""
    root = Path(__file__).parents[2]
    if not (root / "pyproject.toml").is_file():
        pytest.skip("only in a checkout")
    return root


def pytest_configure(config: pytest.Config) -> None:
    """Run an installed package as a checkout, whose settings are in its pyproject.toml."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # so is it behind a shell's `&`
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if "PYTEST_XDIST_WORKER" in os.environ:  # processes side by side share the cores
        threadpool_limits(1)
    if config.inipath is None:
        for mark in ("heavy: waits", "slow: takes minutes", "mpi: needs an MPI library"):
            config.addinivalue_line("markers", mark)
        config.option.markexpr = config.option.markexpr or "not slow and not heavy"
