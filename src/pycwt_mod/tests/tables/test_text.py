"""Reading text: separators, headers, comments, decimal commas, and what is wrong where."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pycwt_mod.tables import DataError, read_table


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write a file, and give the name by which messages know it."""
    monkeypatch.chdir(tmp_path)

    def write_file(content, name="f.csv"):
        data = content if isinstance(content, bytes) else content.encode()
        (tmp_path / name).write_bytes(data)
        return name

    return write_file


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a,b\n1.5,2\n-3,4e0\n", ("a", "b")),
        ("a;b\n1,5;2\n-3;4,0\n", ("a", "b")),
        ("a\tb\n1.5\t2\n-3\t4\n", ("a", "b")),
        ("a|b\n1.5|2\n-3|4\n", ("a", "b")),
        ("a b\n 1.5  2\n-3   4 # a remark\n", ("a", "b")),
        ("1.5,2\n-3,4\n", ("", "")),
        ("# first\n% second\na,b\n1.5,2\n# between\n-3,4\n", ("a", "b")),
        ("# a b\n1.5 2\n-3 4\n", ("a", "b")),
        ("# a, b\n1.5,2\n-3,4\n", ("a", "b")),
        ("# made by hand\n1.5,2\n-3,4\n", ("", "")),
        ('"a","b"\n"1,5","2"\n"-3","4,0"\n', ("a", "b")),
        ('"a, in m",b\n1.5,2\n-3,4\n', ("a, in m", "b")),
        ("a,b\r\n1.5,2\r\n-3,4\r\n\r\n", ("a", "b")),
        ("a,b\r1.5,2\r-3,4", ("a", "b")),
        ("a,b,\n1.5,2,\n-3,4,\n", ("a", "b")),
        ("a,b\n1.5,2\n-3,4\n,,\n ,\n", ("a", "b")),
        ("\n\na , b\n1.5 , 2\n\n-3, 4\n", ("a", "b")),
        ("\ufeffa,b\n1.5,2\n-3,4\n", ("a", "b")),
        ("a b\n1.5D+00 2d0\n-3.0D0 0.4D+01\n", ("a", "b")),
    ],
)
def test_text_of_any_usual_kind_gives_the_same_numbers(write, text, names):
    table = read_table(write(text))
    assert table.names == names
    np.testing.assert_array_equal(table.numbers("1"), [1.5, -3])
    np.testing.assert_array_equal(table.numbers("2"), [2, 4])


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("date,a,b\n,mm,°C\n2020-01-01,1,2\n2020-01-02,3,4\n", ("", "mm", "°C")),
        ("date;a;b\n[-];[mm];\n01.01.2020;1,5;2\n", ("[-]", "[mm]", "")),
        (
            "id\tdate\ta\t0060\n5s\t20d\t14n\t10s\nX\t2020-01-01\t1\t2\n",
            (),  # widths and types
        ),
        ("#date a b\n#yr m sec\n2020 1 2\n2021 3 4\n", ("yr", "m", "sec")),
        # Rows of data, and a title of three words.
        ("date,a,b\n2020-01-01,x,y\n2020-01-02,3,4\n", ()),
        ("date,a,b\n,ND,ND\n2020-01-02,3,4\n", ()),
        ("id,a,b\nnorth,n/a,mm\nsouth,3,4\n", ()),
        ("# made by me\n# date a b\n2020 1 2\n2021 3 4\n", ()),
    ],
)
def test_row_of_units_is_no_row_of_data(write, text, units):
    table = read_table(write(text))
    assert table.units == units
    assert {"a"} < set(table.names)
    told = bool(units) or "14n" in text
    assert table.n_rows == text.count("\n") - 1 - told - text.startswith("# made")


def test_separator_that_a_spreadsheet_names_is_no_row(write):
    table = read_table(write("sep=;\na;b\n1,5;2\n-3;4\n"))
    assert table.names == ("a", "b")
    assert table.numbers("a").tolist() == [1.5, -3]


def test_title_above_the_table_is_told_with_its_remedy(write):
    name = write("station seven\na,b\n1,2\n3,4\n")
    with pytest.raises(DataError, match=r"If the table begins in this line, pass --skip 1\.$"):
        read_table(name)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "latin-1"])
def test_text_is_read_in_the_encodings_of_spreadsheets(write, encoding):
    table = read_table(write("t;Größe\n1;2,5\n2;3,5\n".encode(encoding)))
    np.testing.assert_array_equal(table.numbers("Größe"), [2.5, 3.5])


@pytest.mark.parametrize(
    ("first_rows", "header"),
    [
        ("a,b\n1,2\n", True),
        ("year,1900\n1,2\n", True),
        ("A1,3\nA2,4\n", False),
        ("1,2\n3,4\n", False),
        ("2020-01-01,2\n2020-01-02,4\n", False),
        ("x,y\nn/a,4\n", True),
    ],
)
def test_header_is_seen_from_the_content(write, first_rows, header):
    table = read_table(write(first_rows))
    assert table.n_rows == 2 - header
    assert any(table.names) is header


def test_header_can_be_told(write):
    name = write("1900,1901\n3,4\n5,6\n")
    assert read_table(name, header=True).names == ("1900", "1901")
    assert read_table(name, header=True).lines == [2, 3]
    assert read_table(name, header=False).n_rows == 3


def test_lines_before_the_table_are_skipped_and_still_counted(write):
    name = write("A title, of two parts\nstation 7\nx,y\n1,2\n3,oops\n")
    assert read_table(name, skip=2).numbers("x").tolist() == [1, 3]
    with pytest.raises(DataError, match=r"f\.csv, line 5: column 'y' .* got 'oops'"):
        read_table(name, skip=2).numbers("y")


def test_a_name_goes_before_a_number(write):
    table = read_table(write("x,1\n5,6\n"), header=True)
    assert table.numbers("1").tolist() == [6]
    assert table.numbers("2").tolist() == [6]
    assert table.numbers("X").tolist() == [5]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"f\.csv: is empty"),
        (" \n\n", r"f\.csv: is empty"),
        ("# nothing\n", r"f\.csv: has nothing but comments"),
        ("a,b\n", r"f\.csv: has a header and no data"),
        ("a,b\n1,2\n3\n", r"line 3: has 1 field separated by commas, where line 1 has 2"),
        ("a,b\n1,2\n3,4,5\n", r"line 3: has 3 fields"),
        ("a,b\n1,5,2,5\n", r"line 2: has 4 fields .* decimal ones, separate columns by semi"),
        ("a b\n1 2\n3\n", r"line 3: has 1 field separated by spaces.* Missing values must be"),
        ('a,b\n1,"2\n3,4\n', r"line 2: has a quotation mark without its pair"),
        ('a,b\n1,2\n3,"4\n', r"line 3: has a quotation mark without its pair"),
    ],
)
def test_fault_of_the_whole_table_is_told(write, text, message):
    with pytest.raises(DataError, match=message):
        read_table(write(text)).numbers("b")


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ("1\n2\nthree\n4", r"line 4: .* got 'three'\. If it stands for .* pass --missing three\.$"),
        ("a1\nb2\n3", r"line 2: .* got 'a1'; also line 3\. .* pass --missing a1 --missing b2\.$"),
        ("1\n\n3", r"line 3: column 'x' has a missing value \(''\)\. Pass --interpolate N"),
        ("1\nNaN\nn/a\n4\nNA", r"line 3: .* 3 missing values \('NaN'\); also lines 4, 6\."),
        ("1\n" + "-\n" * 9 + "2", r"also lines 4, 5, 6, 7, 8 and 3 more\."),
        ("1\ninf\n3", r"line 3: .* must hold finite numbers, got inf"),
        ("1\n1e999\n3", r"line 3: .* must hold finite numbers"),
        ("1.5\n2,5\n3", r"line 3: .* mixes decimal commas \('2,5'\) with decimal points \('1.5'\)"),
        ('"1,234.5"\n2', r"line 2: .* got '1,234.5'\. Write numbers without separators of thou"),
        ('"1,234,567"\n2', r"line 2: .* got '1,234,567'\. Write numbers without separators"),
        ("1\n1_000", r"line 3: .* got '1_000'"),
        ("2020-01-01\n2020-01-02", r"line 2: .* got the date '2020-01-01'\. Name a column of"),
        ("x" * 60 + "\n1", r"got 'x{37}\.\.\.'"),
    ],
)
def test_fault_of_a_column_is_told_with_its_lines(write, column, message):
    separator = "" if '"' not in column else "\t0"
    rows = [f"{row}{separator}" for row in column.split("\n")]
    name = write("\n".join(["x" + ("\tz" if separator else ""), *rows, ""]))
    with pytest.raises(DataError, match=message):
        read_table(name, header=True).numbers("x")


def test_a_column_that_is_not_asked_for_may_hold_anything(write):
    table = read_table(write("station,x\nnorth,1\n,2\n"))
    assert table.numbers("x").tolist() == [1, 2]


@pytest.mark.parametrize("mark", ["-999", "-999.0", "void"])
def test_what_stands_for_missing_can_be_named(write, mark):
    name = write(f"x\n1\n{'-999' if mark != 'void' else 'void'}\n3\n")
    with pytest.raises(DataError, match=r"line 3: column 'x' has a missing value"):
        read_table(name, missing=(mark,)).numbers("x")


@pytest.mark.parametrize(
    ("which", "message"),
    [
        ("tmep", r"no column 'tmep'\. Did you mean 'temp'\? Columns, .*: 1 temp, 2 rain, 3 rain"),
        ("9", r"no column '9'"),
        ("0", r"no column '0'"),
        ("rain", r"2 columns are named 'rain'\. Give a number: 2 and 3"),
    ],
)
def test_column_that_is_not_there_is_told_with_the_list(write, which, message):
    table = read_table(write("temp,rain,rain\n1,2,3\n"))
    with pytest.raises(DataError, match=message):
        table.numbers(which)


def test_column_of_a_table_without_names_is_a_number(write):
    table = read_table(write("1,2\n3,4\n"))
    with pytest.raises(DataError, match="2 columns without names: give a number from 1 to 2"):
        table.numbers("x")


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=2), st.booleans())
def test_numbers_are_those_of_python_to_the_last_bit(tmp_path_factory, values, commas):
    path = tmp_path_factory.mktemp("exact") / "f.csv"
    rows = [f"{value!r};{value!r}" for value in values]
    path.write_text("\n".join(["x;y", *rows]).replace(".", "," if commas else "."))
    assert read_table(path).numbers("y").tolist() == values


@given(st.data(), st.sampled_from(",;\t| "), st.integers(3, 12), st.integers(2, 4))
def test_bad_cell_is_told_with_its_line_and_column(tmp_path_factory, data, separator, n, width):
    path = tmp_path_factory.mktemp("bad") / "f.csv"
    row, column = data.draw(st.integers(0, n - 1)), data.draw(st.integers(0, width - 1))
    bad = data.draw(st.sampled_from(["1-2", "north", "2020-01-01", "n/a", "inf"]))
    cells = [[f"{k}.25" for k in range(width)] for _ in range(n)]
    cells[row][column] = bad
    blank = data.draw(st.integers(0, 2))  # lines that are no rows are counted too
    lines = [*["# made by hand", ""][:blank], separator.join("abcd"[:width])]
    path.write_text("\n".join([*lines, *map(separator.join, cells), ""]))
    table = read_table(path)
    where = f"line {len(lines) + row + 1}: column '{'abcd'[column]}'"
    with pytest.raises(DataError, match=f"{where} (must hold|has a missing value).*{bad}"):
        table.numbers("abcd"[column])
    assert all(table.numbers(k).tolist() == [k + 0.25] * n for k in range(width) if k != column)


def test_spaces_after_closing_quotes_do_not_matter(tmp_path):
    path = tmp_path / "q.csv"
    path.write_text('"a" , "b, c" ,d\n"0,340" , "0.424",1\n"1,5" ,"2" , 3\n')
    table = read_table(path)
    assert table.names == ("a", "b, c", "d")
    assert [table.numbers(k).tolist() for k in range(3)] == [[0.34, 1.5], [0.424, 2], [1, 3]]


@pytest.mark.parametrize("end", ["\x1a", "\x1a\r\n", "\r\n\x1a\r\n"])
def test_ctrl_z_ends_a_text(tmp_path, end):
    path = tmp_path / "dos.csv"
    path.write_bytes(b"a,b\r\n1,2\r\n3,4\r\n" + end.encode())
    assert read_table(path).numbers("b").tolist() == [2, 4]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<!DOCTYPE html>\n<html><body>404, not found</body></html>\n", "is a page of HTML"),
        ("\n  <html>\n<table><tr><td>1</td></tr></table>", "is a page of HTML"),
        ('<?xml version="1.0"?>\n<x/>', "is a page of HTML or XML"),
        ('{"a": [1, 2, 3],\n "b": [4, 5, 6]}\n', "is JSON, not a table"),
        ("[[1, 2], [3, 4]]", "is JSON, not a table"),
        ('{"a": 1}\n{"a": 2}\n', "is JSON, not a table"),
    ],
)
def test_text_of_another_kind_is_named(tmp_path, text, message):
    path = tmp_path / "x.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        read_table(path)


def test_brackets_alone_make_no_other_kind(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("[t],<x>\n1,2\n3,4\n")
    assert read_table(path).names == ("[t]", "<x>")
