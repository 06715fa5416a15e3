"""Tables of series in files: CSV and other text, Parquet, NumPy's formats.

pandas reads text and Parquet (``pip install "pycwt_mod[cli]"``), NumPy its own formats. What is
here is the meaning of a table of series: columns by name or number, as numbers or as times, their
gaps, what several files have in common, and the lines at fault.
"""

from ..time_axis import TimeAxis
from .files import read_table
from .sheet import Sheet, common_times, sheet_of
from .table import DataError, Table

__all__ = [
    "DataError",
    "Sheet",
    "Table",
    "TimeAxis",
    "common_times",
    "read_table",
    "sheet_of",
]
