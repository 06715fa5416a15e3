"""The progress display: one bar, nothing, or a function of the caller."""

import io
import threading
from contextlib import redirect_stderr

import numpy as np
import pytest

from pycwt_mod.progress import make_progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def count_to_twenty():
    with make_progress(True, 20) as bar:
        for _ in range(4):
            bar.update(5)


def test_progress_true_shows_one_bar_with_the_count_on_stderr(capsys):
    with redirect_stderr(Terminal()) as terminal:
        count_to_twenty()
    shown = terminal.getvalue()
    assert capsys.readouterr().out == ""
    assert "\r  0%" in shown
    assert "20/20" in shown
    assert "surrogate/s" in shown
    assert shown.count("\n") == 1


def test_progress_true_is_one_line_at_the_end_off_a_terminal(capsys):
    count_to_twenty()
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("100%|")
    assert "20/20" in err
    assert "surrogate/s" in err
    assert (err.count("\n"), err.count("\r")) == (1, 0)


def test_progress_true_is_the_bar_of_the_notebook_in_a_kernel():
    import tqdm.auto

    kernel = type("OutStream", (io.StringIO,), {"__module__": "ipykernel.iostream"})
    with redirect_stderr(kernel()), make_progress(True, 20) as bar:
        assert isinstance(bar._bar, tqdm.auto.tqdm)


def closed():
    stream = Terminal()
    stream.close()
    return stream


@pytest.mark.parametrize("stderr", [None, closed()], ids=["none", "closed"])
def test_progress_true_without_stderr_shows_nothing(stderr):
    with redirect_stderr(stderr):
        count_to_twenty()


@pytest.mark.parametrize("is_terminal", [True, False])
def test_progress_goes_on_where_stderr_is_closed_meanwhile(is_terminal):
    stream = Terminal() if is_terminal else io.StringIO()
    with redirect_stderr(stream), make_progress(True, 20) as bar:
        stream.close()
        for _ in range(4):
            bar.update(5)
            if is_terminal and bar._bar is not None:
                bar._bar.mininterval = 0  # draw each time
    assert bar.done == 20


def test_progress_true_shows_the_time_left():
    with redirect_stderr(Terminal()) as terminal, make_progress(True, 20) as bar:
        bar.update(5)
        bar._bar.refresh()
        assert "<" in terminal.getvalue()  # elapsed<left


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_progress_bar_is_closed_by_an_exception(error):
    def interrupted():
        with make_progress(True, 20) as bar:
            bar.update(5)
            inner.append(bar._bar)
            raise error

    inner = []
    with redirect_stderr(Terminal()) as terminal, pytest.raises(error):
        interrupted()
    assert inner[0].disable  # what tqdm sets on closing
    assert terminal.getvalue().endswith("\n")


def test_progress_true_leaves_no_thread():
    before = threading.active_count()
    with redirect_stderr(Terminal()), make_progress(True, 2) as bar:
        bar.update(2)
        assert threading.active_count() == before


def test_progress_false_prints_nothing(capfd):
    with make_progress(False, 20) as bar:
        bar.update(20)
    assert capfd.readouterr() == ("", "")


def test_progress_calls_a_callable_with_the_count():
    calls = []
    with make_progress(lambda done, total: calls.append((done, total)), 9) as bar:
        bar.update(4)
        bar.update(5)
    assert calls == [(4, 9), (9, 9)]


@pytest.mark.parametrize("progress", [None, 2, -1, "yes", 1.0])
def test_progress_refuses_anything_else(progress):
    with pytest.raises(TypeError, match="`progress` must be True, False or a callable"):
        make_progress(progress, 10)


@pytest.mark.parametrize("yes", [True, np.True_, 1])
def test_progress_takes_numpy_bools_and_one_for_true(yes, capsys):
    with make_progress(yes, 2) as bar:
        bar.update(2)
    assert "2/2" in capsys.readouterr().err


@pytest.mark.parametrize("no", [False, np.False_, 0])
def test_progress_takes_numpy_bools_and_zero_for_false(no, capfd):
    with make_progress(no, 2) as bar:
        bar.update(2)
    assert capfd.readouterr() == ("", "")


def test_progress_never_goes_back():
    with make_progress(False, 10) as bar, pytest.raises(ValueError, match="must not be negative"):
        bar.update(-1)


def test_progress_close_may_be_repeated(capsys):
    with make_progress(True, 1) as bar:
        bar.update(1)
    bar.close()
    assert capsys.readouterr().err.count("\n") == 1
