"""What a notebook shows of a result: a small table."""

from __future__ import annotations

import html
from collections.abc import Mapping

__all__ = ["card"]

_LEFT = ' style="text-align: left"'


def card(title: str, rows: Mapping[str, str]) -> str:
    """Return a title and rows of a name and a text as HTML; rows without a text are left out.

    Examples
    --------
    >>> card("NullDistribution", {"Scales": "9", "Remark": ""})
    '<table><tr><th colspan="2" style="text-align: left">NullDistribution</th></tr><tr><td
    style="text-align: left">Scales</td><td style="text-align: left">9</td></tr></table>'
    """
    lines = [f'<tr><th colspan="2"{_LEFT}>{html.escape(title)}</th></tr>']
    lines += [
        f"<tr><td{_LEFT}>{html.escape(name)}</td><td{_LEFT}>{html.escape(text)}</td></tr>"
        for name, text in rows.items()
        if text
    ]
    return f"<table>{''.join(lines)}</table>"
