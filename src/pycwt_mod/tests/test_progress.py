"""The progress display: one bar, nothing, or a function of the caller."""

import subprocess
import sys
import threading

import numpy as np
import pytest

from pycwt_mod.progress import make_progress


def test_progress_true_shows_one_bar_with_the_count_on_stderr(capsys):
    with make_progress(True, 20, unit="surrogate") as bar:
        for _ in range(4):
            bar.update(5)
    out, err = capsys.readouterr()
    assert out == ""
    assert "20/20" in err
    assert "surrogate/s" in err
    assert err.count("\n") == 1


def test_progress_true_shows_the_time_left(capsys):
    with make_progress(True, 20) as bar:
        bar.update(5)
        bar._bar.refresh()
        assert "<" in capsys.readouterr().err  # elapsed<left


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_progress_bar_is_closed_by_an_exception(error, capsys):
    def interrupted():
        with make_progress(True, 20) as bar:
            bar.update(5)
            inner.append(bar._bar)
            raise error

    inner = []
    with pytest.raises(error):
        interrupted()
    assert inner[0].disable  # what tqdm sets on closing
    assert capsys.readouterr().err.endswith("\n")


def test_progress_true_leaves_no_thread(capsys):
    before = threading.active_count()
    with make_progress(True, 2) as bar:
        bar.update(2)
        assert threading.active_count() == before
    capsys.readouterr()


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


def test_progress_imports_tqdm_only_for_a_bar():
    code = (
        "import sys\n"
        "from pycwt_mod.progress import make_progress\n"
        "with make_progress(False, 1) as bar: bar.update(1)\n"
        "assert 'tqdm' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
