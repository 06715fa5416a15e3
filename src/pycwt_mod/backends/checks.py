"""Checks of what the caller passed in, with messages that name the argument."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from ..validation import brief, warn_user

__all__ = [
    "check_chunk_size",
    "check_items",
    "check_n_simulations",
    "check_n_workers",
    "check_on_result",
    "check_seed",
    "check_timeout",
    "check_worker",
    "check_worker_args",
    "resolve_n_workers",
]


def _as_integer(value: object, rule: str) -> int:
    """Return `value` as an int; bools and floats are no integers here."""
    if not isinstance(value, bool | np.bool_):
        try:
            return operator.index(value)  # type: ignore[arg-type]
        except TypeError:
            pass
    raise TypeError(f"{rule}, got {value!r} of type {type(value).__name__}.")


def _as_positive(value: object, rule: str) -> int:
    number = _as_integer(value, rule)
    if number < 1:
        raise ValueError(f"{rule}, got {number}.")
    return number


def check_n_workers(n_workers: object) -> int:
    """Check a number of workers.

    Parameters
    ----------
    n_workers : int
        A positive integer, or -1 for all that there are.

    Returns
    -------
    int
        The same number.

    Raises
    ------
    TypeError
        If it is no integer (a bool is none).
    ValueError
        If it is 0 or below -1.

    Examples
    --------
    >>> check_n_workers(0)
    Traceback (most recent call last):
    ValueError: `n_workers` must be a positive integer or -1, got 0.
    """
    rule = "`n_workers` must be a positive integer or -1"
    number = _as_integer(n_workers, rule)
    if number < 1 and number != -1:
        raise ValueError(f"{rule}, got {number}.")
    return number


def resolve_n_workers(n_workers: object, available: int, what: str = "available cores") -> int:
    """Turn `n_workers` into the number that will run at a time.

    Parameters
    ----------
    n_workers : int
        A positive integer, or -1 for all that there are.
    available : int
        How many there are.
    what : str, optional
        What `available` counts, for the warning.

    Returns
    -------
    int
        Between 1 and `available`.

    Warns
    -----
    UserWarning
        If more are asked for than there are.
    """
    number = check_n_workers(n_workers)
    if number == -1:
        return available
    if number > available:
        warn_user(f"`n_workers` is {number}, more than the {available} {what}; using {available}.")
        return available
    return number


def check_n_simulations(n_simulations: object) -> int:
    """Check a number of simulations.

    Parameters
    ----------
    n_simulations : int
        A positive integer.

    Returns
    -------
    int
        The same number.
    """
    return _as_positive(n_simulations, "`n_simulations` must be a positive integer")


def check_chunk_size(chunk_size: object) -> int:
    """Check a number of simulations per task.

    Parameters
    ----------
    chunk_size : int
        A positive integer.

    Returns
    -------
    int
        The same number.
    """
    return _as_positive(chunk_size, "`chunk_size` must be a positive integer or None")


def check_on_result(on_result: object) -> None:
    """Check the function that results are handed to.

    Parameters
    ----------
    on_result : callable or None
        Called as ``on_result(index, result)``.
    """
    if on_result is not None and not callable(on_result):
        raise TypeError(
            f"`on_result` must be a callable on_result(index, result) or None, got {on_result!r}."
        )


def check_seed(seed: object) -> np.random.SeedSequence:
    """Turn a seed into a root `SeedSequence`.

    Parameters
    ----------
    seed : int, numpy.random.SeedSequence or None
        None draws fresh entropy from the operating system. A `SeedSequence` is not changed: its
        count of spawned children stays as it is.

    Returns
    -------
    numpy.random.SeedSequence
        The root; simulation ``i`` owns the child with spawn key ``(*root.spawn_key, i)``.
    """
    if seed is None:
        return np.random.SeedSequence()
    if isinstance(seed, np.random.SeedSequence):
        return seed
    rule = "`seed` must be a non-negative integer, a numpy.random.SeedSequence or None"
    number = _as_integer(seed, rule)
    if number < 0:
        raise ValueError(f"{rule}, got {number}.")
    return np.random.SeedSequence(number)


def check_worker(worker: object, call: str = "worker(seed, *args, **kwargs)") -> Callable[..., Any]:
    """Check that the user's worker can be called.

    Parameters
    ----------
    worker : callable
        The worker.
    call : str, optional
        How it is called.

    Returns
    -------
    callable
        The same.
    """
    if not callable(worker):
        raise TypeError(f"`worker` must be a callable {call}, got {worker!r}.")
    return worker


def check_worker_args(args: object, kwargs: object) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Check a worker's further arguments.

    Parameters
    ----------
    args : tuple or list
        Those by position. A string or an array would be taken apart, and is not meant so.
    kwargs : mapping or None
        Those by name.

    Returns
    -------
    args : tuple
        The same.
    kwargs : dict
        The same.

    Examples
    --------
    >>> check_worker_args("abc", None)
    Traceback (most recent call last):
    TypeError: `worker_args` must be a tuple or list, got 'abc' of type str. Write (x,) for one ...
    """
    if not isinstance(args, tuple | list):
        raise TypeError(
            f"`worker_args` must be a tuple or list, got {brief(args)} of type "
            f"{type(args).__name__}. Write (x,) for one argument x."
        )
    if kwargs is not None and not isinstance(kwargs, Mapping):
        raise TypeError(
            f"`worker_kwargs` must be a mapping of names to values or None, got {brief(kwargs)} of "
            f"type {type(kwargs).__name__}."
        )
    return tuple(args), dict(kwargs or {})


def check_items(items: object) -> list[Any]:
    """Check the items of `map_tasks`.

    Parameters
    ----------
    items : iterable
        Drawn at once.

    Returns
    -------
    list
        The items.
    """
    try:
        return list(items)  # type: ignore[call-overload, no-any-return]
    except TypeError:
        if isinstance(items, Iterable):
            raise  # of the iterator itself
    raise TypeError(
        f"`items` must be an iterable of items, got {brief(items)} of type {type(items).__name__}."
    )


def check_timeout(seconds: object) -> float | None:
    """Check a limit in seconds.

    Parameters
    ----------
    seconds : float or None
        A positive number; None: no limit.

    Returns
    -------
    float or None
        The same.

    Examples
    --------
    >>> check_timeout(0)
    Traceback (most recent call last):
    ValueError: `timeout` must be a positive number of seconds or None, got 0.
    """
    rule = "`timeout` must be a positive number of seconds or None"
    if seconds is None:
        return None
    if isinstance(seconds, bool | np.bool_) or not isinstance(seconds, int | float | np.number):
        raise TypeError(f"{rule}, got {seconds!r} of type {type(seconds).__name__}.")
    if not float(seconds) > 0:
        raise ValueError(f"{rule}, got {seconds!r}.")
    return float(seconds)
