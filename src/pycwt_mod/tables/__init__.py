"""Reading tables of series from files: text of any usual kind, NumPy's formats, Parquet.

`read_table` knows the format from the content. A `Table` gives a column by its name or its number,
as numbers or as times, and says which line is at fault where it cannot. Text needs no library
besides Python's own.
"""

from .files import read_table
from .table import DataError, Table
from .times import TimeAxis

__all__ = ["DataError", "Table", "TimeAxis", "read_table"]
