"""Every test has a cache folder of its own, and no backend chosen from outside."""

from pathlib import Path

import pytest

from pycwt_mod.backends import registry
from pycwt_mod.helpers import CACHE_DIR_VARIABLE


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


def pytest_configure(config: pytest.Config) -> None:
    """Run an installed package as a checkout, whose settings are in its pyproject.toml."""
    if config.inipath is None:
        config.addinivalue_line("markers", "slow: statistical evidence that takes minutes")
        config.option.markexpr = config.option.markexpr or "not slow"
