"""Time of `import pycwt_mod` against that of NumPy and the parts of SciPy alone."""

from __future__ import annotations

import subprocess
import sys

from measuring import ratio, take_turns


def run(code: str) -> None:
    subprocess.run([sys.executable, "-c", code], check=True)


def main() -> None:
    package, libraries, nothing = take_turns(
        lambda: run("import pycwt_mod"),
        lambda: run("import numpy, scipy.fft, scipy.signal, scipy.stats"),
        lambda: run("pass"),
        rounds=9,
    )
    start = sorted(nothing)[len(nothing) // 2]
    print(
        "import pycwt_mod / import numpy, scipy.fft, scipy.signal, scipy.stats:",
        ratio([t - start for t in package], [t - start for t in libraries]),
    )


if __name__ == "__main__":
    main()
