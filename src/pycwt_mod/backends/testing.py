"""`check_backend`, which checks that a backend keeps the laws.

It needs no test framework, and a third party can run it on a backend of its own::

    from pycwt_mod.backends.testing import check_backend

    def test_my_backend():
        check_backend(MyBackend)
"""

from __future__ import annotations

import contextlib
import threading
import traceback
from collections.abc import Callable, Iterable
from textwrap import fill

from ..progress import ProgressOption, make_progress
from .base import MCBackend
from .deadline import Deadline
from .laws import LAWS, Law

__all__ = ["LAWS", "ConformanceError", "Law", "check_backend"]

REPORT_WIDTH = 99


class ConformanceError(AssertionError):
    """A backend breaks laws.

    Attributes
    ----------
    backend : str
        The backend's class.
    broken : dict
        By the law's name, how it is broken.
    """

    def __init__(self, backend: str, broken: dict[str, str], n_checked: int) -> None:
        self.backend = backend
        self.broken = broken
        parts = [f"{backend} breaks {len(broken)} of {n_checked} laws of MCBackend:"]
        by_finding: dict[str, list[str]] = {}
        for name, found in broken.items():
            by_finding.setdefault(found, []).append(name)
        parts += [_paragraph(names, found) for found, names in by_finding.items()]
        super().__init__("\n\n".join(parts))


def _paragraph(names: list[str], found: str) -> str:
    name = names[0]
    rows = {"rule": LAWS[name].rule, "found": found, "remedy": LAWS[name].remedy}
    if len(names) > 1:  # one slip breaks many laws; their remedies would lead astray
        name = ", ".join(names)
        rows = {"found": found, "remedy": "See the docstring of `MCBackend.run_tasks`."}
    lines = [
        fill(words, REPORT_WIDTH, initial_indent=f"    {row + ':':<8}", subsequent_indent=" " * 12)
        for row, words in rows.items()
    ]
    return "\n".join([f"  - {name}", *lines])


def check_backend(
    backend: MCBackend | Callable[[], MCBackend],
    laws: Iterable[str] | None = None,
    *,
    law_timeout: float = 60.0,
    progress: ProgressOption = False,
) -> None:
    """Check that a backend keeps the laws.

    It takes about ten seconds, and twenty times as long as the backend takes to start its workers
    if it does so in every call. Worker processes must be able to import pycwt_mod.

    Parameters
    ----------
    backend : MCBackend or callable
        A backend, which is closed and used again by the check, or a class or function that makes
        one.
    laws : iterable of str, optional
        Names of the laws to check, while you mend one; by default all of `LAWS`.
    law_timeout : float, optional
        Seconds after which a law counts as broken, by a backend that hangs. Those after it are
        not checked then; what hangs stays behind in a thread.
    progress : bool or callable, optional
        Whether to show a bar of the laws checked; see `pycwt_mod.progress.make_progress`.

    Raises
    ------
    ConformanceError
        An AssertionError that lists every law that is broken: the rule, what was found, and how
        it is usually mended. Its attribute ``broken`` is a dict by the law's name.
    ValueError
        If there is no law of a name in `laws`.

    Examples
    --------
    >>> from pycwt_mod.backends import SequentialBackend
    >>> check_backend(SequentialBackend, laws=["order", "errors"])
    """
    names = list(LAWS) if laws is None else list(laws)
    for name in names:
        if name not in LAWS:
            known = ", ".join(map(repr, LAWS))
            raise ValueError(f"`laws` must be names of laws ({known}), got {name!r}.")
    made = backend if isinstance(backend, MCBackend) else backend()
    if not isinstance(made, MCBackend):
        raise TypeError(f"`backend` must be or make an MCBackend, got {made!r}.")
    limit = Deadline(law_timeout).seconds
    broken: dict[str, str] = {}
    with make_progress(progress, len(names), unit="law") as bar:
        for name in names:
            words = _how_broken_in_time(LAWS[name], made, limit)
            if words is None:
                broken[name] = f"it hangs: not done after {limit:g} s; later laws were not checked"
                break
            bar.update(1)
            if words:
                broken[name] = words
        else:
            if made is not backend:
                with contextlib.suppress(Exception):  # "close" is a law of its own
                    made.close()
    if broken:
        raise ConformanceError(type(made).__name__, broken, names.index(name) + 1)


def _how_broken_in_time(law: Law, backend: MCBackend, seconds: float | None) -> str | None:
    """Check one law in a thread; None: the time is over, and it goes on there."""
    found: list[str] = []
    check = threading.Thread(
        target=lambda: found.append(_how_broken(law, backend)), name="check_backend", daemon=True
    )
    check.start()
    check.join(seconds)
    return found[0] if found else None


def _how_broken(law: Law, backend: MCBackend) -> str:
    """Check one law; return how it is broken, or an empty string."""
    try:
        law.check(backend)
    except AssertionError as error:
        return str(error) or "an assertion failed"
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{place.name}, {place.filename}:{place.lineno}"
        return f"{type(error).__name__}: {error} (raised in {where})"
    return ""
