"""`backends`: what is installed on this machine."""

import re

import numpy as np

from pycwt_mod.backends import list_backends
from pycwt_mod.cli import backends_command


def test_backends_lists_all_with_versions(call):
    status, out, err = call("backends")
    assert (status, err) == (0, "")
    for name in list_backends():
        assert re.search(rf"^{name}( \*)? +(yes|no)", out, re.M)
    assert f"numpy {np.__version__}" in out
    assert "files: by pandas" in out


def test_backends_names_what_to_install(call, monkeypatch):
    def version(name):
        if name in ("pandas", "pyarrow"):
            raise backends_command.metadata.PackageNotFoundError(name)
        return "1.0"

    monkeypatch.setattr(backends_command.metadata, "version", version)
    _, out, _ = call("backends")
    assert "files: pandas and pyarrow lacking; pip install pandas pyarrow" in out


def test_backends_as_json(call_json):
    told = call_json("backends")
    assert told["results"]["backends"]["sequential"]["available"] is True
    assert told["results"]["libraries"]["numpy"] == np.__version__
    assert told["provenance"]["command"] == "backends"
