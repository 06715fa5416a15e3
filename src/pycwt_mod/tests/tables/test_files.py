"""Formats, known by their content: NumPy's, Parquet, compressed text, and what is none of them."""

import bz2
import gzip
import io
import lzma
import sys

import numpy as np
import pytest

from pycwt_mod.tables import DataError, files, read_table

PIP_LINE = r'pip install "pycwt_mod\[cli\]" .*"\.\[cli\]"\)$'
CSV = b"t,x\n1,2.5\n2,3.5\n"


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write_file(content, name="f"):
        (tmp_path / name).write_bytes(content)
        return name

    return write_file


def saved(save, *arrays, **named):
    stream = io.BytesIO()
    save(stream, *arrays, **named)
    return stream.getvalue()


@pytest.mark.parametrize("compress", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_compressed_text_is_read(write, compress):
    assert read_table(write(compress(CSV))).numbers("x").tolist() == [2.5, 3.5]


def test_standard_input_is_read(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(gzip.compress(CSV))))
    table = read_table("-")
    assert table.numbers("x").tolist() == [2.5, 3.5]
    assert table.source == "<stdin>"


@pytest.mark.parametrize(
    ("content", "names"),
    [
        (saved(np.save, np.array([[1, 2.5], [2, 3.5]])), ("", "")),
        (saved(np.savez, np.array([[1, 2.5], [2, 3.5]])), ("", "")),
        (saved(np.savez_compressed, t=np.array([1, 2]), x=np.array([2.5, 3.5])), ("t", "x")),
        (saved(np.savez, t=[1, 2], x=[2.5, 3.5], dt=1.0, note="by hand"), ("t", "x")),
        (saved(np.save, np.array([(1, 2.5), (2, 3.5)], dtype="i4,f4")), ("f0", "f1")),
    ],
)
def test_arrays_of_numpy_are_columns(write, content, names):
    table = read_table(write(content))
    assert table.names == names
    assert table.numbers("2").tolist() == [2.5, 3.5]
    assert table.digest == read_table("f").digest


def test_array_of_one_axis_is_one_column(write):
    assert read_table(write(saved(np.save, np.arange(3.0)))).numbers("1").tolist() == [0, 1, 2]


def test_dates_of_numpy_are_times(write):
    days = np.arange("2020-01-01", "2020-01-04", dtype="datetime64[D]")
    table = read_table(write(saved(np.savez, t=days, x=np.ones(3))))
    assert table.time_axis("t", "hours").dt == 24
    assert table.looks_like_times(0)
    assert not table.looks_like_times(1)
    with pytest.raises(DataError, match="must hold real numbers, got dates"):
        table.numbers("t")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (saved(np.save, np.array([1.0, np.nan, 3])), r"f, row 2: column 1 has a missing value\."),
        (saved(np.save, np.array([1.0, np.inf, 3])), r"f, row 2: .* finite numbers, got inf"),
        (saved(np.save, np.array(["1", "x"])), r"f, row 2: .* must hold numbers, got 'x'"),
        (saved(np.save, np.ones(3, complex)), "must hold real numbers, got complex"),
        (saved(np.save, np.ones((2, 2, 2))), r"axes \(time, series\), got shape \(2, 2, 2\)"),
        (saved(np.save, np.ones((2, 500))), r"2 rows of 500 columns.* transposed table"),
        (saved(np.save, np.ones(0)), "holds no series"),
        (saved(np.savez, a=np.ones(3), b=np.ones(4)), r"same length, got a \(3\), b \(4\)"),
        (saved(np.savez, a=np.ones((3, 2)), b=np.ones((4, 2))), "has 2 arrays of two axes, a, b"),
        (saved(np.save, np.array([{}], dtype=object)), "cannot be read by NumPy"),
        (saved(np.save, np.ones(300))[:-8], "cannot be read by NumPy"),
        (saved(np.savez, a=np.ones(300))[:-40], "is damaged"),
        (gzip.compress(CSV, mtime=0)[:-9], "is damaged"),
        (b"\x89HDF\r\n\x1a\n....", "is an HDF5 or netCDF-4 file"),
        (b"CDF\x01....", "is a netCDF file"),
        (b"\x7fELF\x00\x01", "is no text"),
    ],
)
def test_fault_of_a_file_is_told(write, content, message):
    with pytest.raises(DataError, match=message):
        read_table(write(content)).numbers("1")


def test_missing_files_and_folders_are_told(write, tmp_path):
    with pytest.raises(DataError, match=r"nowhere\.csv: there is no such file"):
        read_table("nowhere.csv")
    with pytest.raises(DataError, match="is a folder"):
        read_table(tmp_path)


def test_archives_of_other_things_are_told(write):
    import zipfile

    for inside, message in (("xl/book.xml", "is an Excel workbook"), ("a.csv", "is a zip archive")):
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            archive.writestr(inside, "content")
        with pytest.raises(DataError, match=message):
            read_table(write(stream.getvalue()))


def test_parquet_is_read_by_pandas(write):
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    index = pandas.date_range("2020-01-01", periods=4, name="day")
    frame = pandas.DataFrame({"x": [1.5, 2, 3, 4], "y": [1, None, 3, 4]}, index=index)
    frame["n"] = pandas.array([1, 2, None, 4], dtype="Int64")
    table = read_table(write(saved(lambda stream: frame.to_parquet(stream))))
    assert table.names == ("day", "x", "y", "n")
    assert table.numbers("x").tolist() == [1.5, 2, 3, 4]
    assert table.time_axis("day").dt == 1
    with pytest.raises(DataError, match=r"f, row 2: column 'y' has a missing value"):
        table.numbers("y")
    with pytest.raises(DataError, match=r"f, row 3: column 'n' has a missing value"):
        table.numbers("n")


@pytest.mark.parametrize("content", [CSV, b"PAR1...."], ids=["text", "parquet"])
def test_pandas_that_is_missing_is_told_with_its_pip_line(write, monkeypatch, content):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(
        DataError, match=r'^f: is read by pandas.* pip install "pycwt_mod\[cli\]" .*"\.\[cli\]"\)$'
    ):
        read_table(write(content))


def test_parquet_without_its_engine_is_told_with_the_pip_line(write, monkeypatch):
    def read_parquet(*_):
        raise ImportError("Missing optional dependency 'pyarrow'.")

    monkeypatch.setattr("pandas.read_parquet", read_parquet)
    with pytest.raises(DataError, match=r'pip install "pycwt_mod\[cli\]" .*"\.\[cli\]"\)$'):
        read_table(write(b"PAR1...."))


def test_formats_of_numpy_need_no_pandas(write, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    days = np.arange("2020-01", "2020-02", dtype="datetime64[D]")
    table = read_table(write(saved(np.savez, t=days.astype(str), x=np.arange(31).astype(str))))
    assert table.time_axis("t").dt == 1
    assert table.numbers("x").size == 31


def test_damaged_parquet_is_told(write):
    pytest.importorskip("pyarrow")
    with pytest.raises(DataError, match="cannot be read by pandas"):
        read_table(write(b"PAR1...."))


def test_formats_are_known_by_content_and_not_by_name(write):
    assert read_table(write(CSV, "table.npy")).numbers("t").tolist() == [1, 2]
    assert files.STDIN == "-"
