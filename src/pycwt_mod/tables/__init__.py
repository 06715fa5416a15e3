"""Tables of series in files: CSV and other text, Parquet, NumPy's formats.

pandas reads text and Parquet (``pip install "pycwt_mod[cli]"``), NumPy its own formats. What is
here is the meaning of a table of series: columns by name or number, as numbers or as times, and the
lines at fault where they are not.
"""

from ..time_axis import TimeAxis
from .files import read_table
from .table import DataError, Table

__all__ = ["DataError", "Table", "TimeAxis", "read_table"]
