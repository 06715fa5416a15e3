"""Months as 01.1950 in a column, and tables of a year and its twelve months per row."""

import numpy as np
import pytest

from pycwt_mod.tables import read_table

MONTHS = np.arange("1950-03", "1952-06", dtype="datetime64[M]")
PARTS = [(month.item().month, month.item().year) for month in MONTHS]
VALUES = np.random.default_rng(3).normal(size=(4, 12)).round(2)
NAMES = "Year Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"


@pytest.fixture
def read(tmp_path):
    def read_text(text, **options):
        (tmp_path / "nino34.txt").write_text(text)
        return read_table(tmp_path / "nino34.txt", **options)

    return read_text


@pytest.mark.parametrize("turned", [1, -1])
@pytest.mark.parametrize("form", ["{:02d}.{}", "{}.{}", "{1}.{0:02d}", "{:02d}/{}", "{}-{}"])
@pytest.mark.parametrize(("separator", "sign"), [(";", ","), (",", ".")])
def test_months_with_their_years_are_dates(read, form, separator, sign, turned):
    rows = [f"{form.format(*parts)}{separator}{sign.join('15')}\n" for parts in PARTS[::turned]]
    table = read(f"Monat{separator}x\n{''.join(rows)}")
    assert table.begins_with_date(0)
    np.testing.assert_array_equal(table.times(0).astype("M8[M]"), MONTHS[::turned])
    np.testing.assert_array_equal(table.numbers("x"), np.full(MONTHS.size, 1.5))


@pytest.mark.parametrize(
    "cells",
    [
        ["1.1950", "3.2001", "2.1987", "12.1951"],  # in no order
        [f"3.{year}" for year in range(1950, 1990)],  # steps of 0.0001
        [f"{k}.1950" for k in range(1, 13)],  # steps of 1
        [f"{1950 + k / 12:.2f}" for k in range(40)],  # twelfths of a year
        ["10.1950", "11.1950", "12.1950", "13.1950"],
    ],
)
def test_numbers_that_resemble_months_stay_numbers(read, cells):
    table = read("a,b\n" + "".join(f"{cell},1\n" for cell in cells))
    assert not table.begins_with_date(0)
    np.testing.assert_array_equal(table.numbers("a"), [float(cell) for cell in cells])


@pytest.mark.parametrize("code", ["-99.99", "-9.99", "99.99", "-999.9", "-9999"])
@pytest.mark.parametrize("above", [" 1950 1953\n", f"PDO index\n{NAMES}\n", f"{NAMES[5:]}\n"])
@pytest.mark.parametrize("sep", ["  ", ","])
def test_table_of_years_is_one_monthly_series(read, code, above, sep):
    if sep == "," and above.startswith("PDO"):
        above = above.replace(" ", ",")
    rows = [sep.join([str(1950 + k), *map(str, row)]) for k, row in enumerate(VALUES)]
    rows[-1] = sep.join(["1953", *map(str, VALUES[-1, :5]), *[code] * 7])
    table = read(
        "\n".join([above + rows[0], *rows[1:], f"  {code}", " Nino 3.4", " units=degC", ""])
    )
    assert table.names == ("month", "nino34")
    axis = table.time_axis(0)
    assert (str(axis.times[0])[:7], axis.spacing, axis.times.size) == ("1950-01", "monthly", 48)
    np.testing.assert_array_equal(table.values(1)[:41], VALUES.ravel()[:41])
    assert np.isnan(table.values(1)[41:]).all()
    assert table.lines[12] == above.count("\n") + 2


def test_year_that_is_not_over_may_have_fewer_columns(read):
    rows = [" ".join([str(1950 + k), *map(str, row)]) for k, row in enumerate(VALUES)]
    table = read("\n".join([NAMES, *rows[:3], "1953 0.5 0.7", ""]))
    np.testing.assert_array_equal(table.values(1), [*VALUES[:3].ravel(), 0.5, 0.7])


@pytest.mark.parametrize(
    ("names", "years"),
    [
        (" ".join(["year", *map("s{}".format, range(12))]), range(1950, 1954)),  # 12 stations
        (NAMES, (1950, 1951, 1953, 1954)),
        (NAMES, (10, 11, 12, 13)),
    ],
)
def test_other_tables_of_thirteen_columns_keep_their_columns(read, names, years):
    rows = [" ".join([str(y), *map(str, row)]) for y, row in zip(years, VALUES, strict=True)]
    assert len(read("\n".join([names, *rows, ""])).names) == 13
    assert len(read("\n".join([names, *rows, ""]), header=True).names) == 13
