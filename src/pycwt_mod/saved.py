"""Results read from files, whichever kind they are of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from os import PathLike, fspath
from typing import Any

from .files import read_arrays
from .matrix import MatrixResult
from .null_fields import Distribution
from .results import (
    CoherenceResult,
    CrossWaveletResult,
    MultipleResult,
    PartialResult,
    TransformResult,
)
from .results.clusters import IS_OF_CLUSTERS

_KINDS = {
    kind.__name__: kind
    for kind in (
        TransformResult,
        CrossWaveletResult,
        CoherenceResult,
        PartialResult,
        MultipleResult,
        MatrixResult,
    )
}


def load(path: str | PathLike[str]) -> Any:
    """Read a result, or a null distribution, from a file that its `save` wrote.

    Parameters
    ----------
    path : path-like
        The file. Nothing in it is run.

    Returns
    -------
    TransformResult, CrossWaveletResult, CoherenceResult (PartialResult, MultipleResult), \
    ClusterResult, MatrixResult, NullDistribution, AnalyticNull, NullField
        What was saved, to the last bit, with times, names and how it was made (`provenance`). A
        mother wavelet of your own is not in the file: then `mother` is None.

    Raises
    ------
    ValueError
        If the file is none that `save` wrote, is damaged, or is of a newer version of pycwt_mod.
    OSError
        If it cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from pycwt_mod import cwt, load
    >>> path = Path(tempfile.mkdtemp()) / "power.npz"
    >>> cwt(np.sin(np.arange(100.0)), 0.5).save(path)
    >>> load(path).provenance["dt"]
    0.5
    """
    try:
        arrays = read_arrays(path)
        if "facts" not in arrays and "provenance" in arrays:
            raise ValueError(
                "it holds the arrays that `pycwt-mod --save` wrote; read them by "
                f"`numpy.load({fspath(path)!r})`"
            )
        return _from_arrays(arrays)
    except ValueError as error:
        raise ValueError(
            f"`path` must name a result that `save` of this version of pycwt_mod wrote, got "
            f"{fspath(path)!r} ({error})."
        ) from error


def _from_arrays(arrays: Mapping[str, Any]) -> Any:
    try:
        facts = json.loads(str(arrays["facts"][()]))
        is_null = facts["format"] in Distribution.KINDS
        kind: Any = Distribution if is_null else _KINDS[facts["kind"]]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError("it holds no result") from error
    found = kind.from_arrays(arrays)
    return found._clusters if IS_OF_CLUSTERS in arrays else found
