"""Dollars in names, units and titles: drawn as such, unless they hold mathematics."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.cbook import is_math_text
from matplotlib.figure import Figure
from matplotlib.text import Text

from pycwt_mod import cwt, wct_matrix, xwt
from pycwt_mod.plotting import plot_wct
from pycwt_mod.plotting.words import in_lines, with_dollars

from .pictures import new_axes, random_field

NAMES = ("Price ($)", "Change (%)"), ("US$ flow", "CA$ flow"), ("Yield %", "S&P $"), ("$^", "a$_")


@pytest.mark.parametrize(
    "text", ["Price ($)", "($), ($)", "US$/CA$", "R$ per US$", "$5 and $10", "$5/$10", "$", "$$"]
)
def test_dollars_of_money_are_drawn(text):
    drawn = with_dollars(text)
    assert not is_math_text(drawn)
    assert drawn.replace(r"\$", "$") == text


@pytest.mark.parametrize("text", ["$R^2$", "m$^3$/s", "$x$ and $y$", r"$\sigma_1 \sigma_2$"])
def test_mathematics_stays(text):
    assert with_dollars(text) == text


def test_mathematics_is_whole_in_one_line():
    assert in_lines(r"a name: $\alpha x + \beta$", 8) == "a name:\n$\\alpha x + \\beta$"


def test_mathematics_that_does_not_parse_is_drawn_as_it_is():
    assert with_dollars("$\\nonsense$, m$^3$") == "\\$\\nonsense\\$, m$^3$"


@given(st.text("$$$\\ (%x5^_{}m\n", max_size=20))
def test_any_text_can_be_drawn(text):
    drawn = with_dollars(text)
    assert with_dollars(drawn) == drawn
    figure = Figure(figsize=(1, 1))
    figure.text(0, 0, drawn)
    figure.text(0, 1, in_lines(text, 8))
    figure.savefig(io.BytesIO(), format="svg")


def draws(plot, words):
    """Draw a figure, and return whether it shows words, with dollars and no mathematics."""
    plot.figure.savefig(io.BytesIO(), format="png", dpi=20)
    shown = [each.get_text().replace("\n", " ") for each in plot.figure.findobj(Text)]
    with_words = [text for text in shown if words in text.replace(r"\$", "$")]
    return bool(with_words) and not any(map(is_math_text, with_words))


@pytest.mark.heavy
@pytest.mark.parametrize("names", NAMES)
def test_every_picture_draws_names_with_dollars(names):
    series = np.random.default_rng(0).normal(size=(2, 100))
    coherence = plot_wct(*random_field(30, 100), names=names, title="in $ and $ ", ax=new_axes())
    assert draws(coherence, f"{names[0]} leads {names[1]} by")
    assert draws(coherence, "in $ and $")
    assert draws(xwt(*series, 1.0).plot(power_label="US$/R$", ax=new_axes()), "US$/R$")
    power = cwt(series[0], 1.0).plot(name=names[0], unit="$", title=names[1], ax=Figure())
    assert draws(power, f"{names[0]} ($)")
    assert draws(power, names[1])
    table = wct_matrix(series, 1.0, names=names, mc_count=20, progress=False)
    assert draws(table.plot(ax=Figure()), names[1])


def test_titles_may_be_numbers():
    assert with_dollars(5) == "5"
