"""The code of the pages runs, and the commands of the README are those that are checked."""

import ast
import os
import re
import subprocess
import sys
import textwrap
import tomllib

import pytest

BLOCKS = {
    ".md": re.compile(r"^```python\n(.*?)^```", re.M | re.S),
    ".rst": re.compile(r"^\.\. code-block:: python\n((?:    .*\n|\n)+)", re.M),
}
CELLS = re.compile(r"^```\{code-cell\}[^\n]*\n(?::[^\n]*\n)*(.*?)^```", re.M | re.S)
# What a page says that its code prints.
PRINTED = re.compile(r"^```output\n(.*?)^```", re.M | re.S)
PAGES = [
    "README.rst",
    "docs/getting_started.md",
    "docs/faq.md",
    "docs/from_pycwt.md",
    "docs/from_peers.md",
    pytest.param("docs/backends.md", marks=pytest.mark.heavy),
    "docs/engine.md",
    "docs/tutorial/which_null.md",
]


def blocks_of(path):
    return BLOCKS[path.suffix].findall(path.read_text(encoding="utf-8"))


def test_pages_with_code_are_all_known(checkout):
    pages = [path for path in checkout.glob("docs/**/*.md") if blocks_of(path)]
    known = {getattr(page, "values", [page])[0] for page in PAGES}
    assert {path.relative_to(checkout).as_posix() for path in pages} == known - {"README.rst"}


def run_blocks(blocks, tmp_path):
    script = tmp_path / "script.py"
    script.write_text("\n".join(map(textwrap.dedent, blocks)), encoding="utf-8")
    environment = os.environ | {"MPLBACKEND": "agg"}
    done = subprocess.run(
        [sys.executable, script], cwd=tmp_path, env=environment, capture_output=True, timeout=300
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


@pytest.mark.heavy
@pytest.mark.parametrize("page", PAGES)
def test_documented_code_runs(page, checkout, tmp_path):
    blocks = blocks_of(checkout / page)
    assert blocks
    printed = run_blocks(blocks, tmp_path)
    for shown in PRINTED.findall((checkout / page).read_text(encoding="utf-8")):
        assert shown in printed


def test_files_that_documented_code_leaves_are_not_committed(checkout):
    ignored = (checkout / ".gitignore").read_text(encoding="utf-8").split()
    assert {"/*.csv", "/*.json", "/*.npz", "/*.png"} <= set(ignored)


def imported_by(code):
    """Return the packages that cells import; lines of IPython's own are not Python."""
    tree = ast.parse(re.sub(r"^[%!].*$", "", code, flags=re.M))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (one.name.partition(".")[0] for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module.partition(".")[0]


def needed_by(extra, project):
    """Return the distributions that an extra brings, those of its own extras included."""
    found = set()
    for line in project["optional-dependencies"][extra]:
        name, others = re.match(r"([\w-]+)(?:\[([\w,]+)\])?", line).groups()
        found |= {name.lower()}.union(
            *(needed_by(one, project) for one in others.split(",")) if others else ()
        )
    return found


def test_pages_that_are_run_import_what_the_extra_for_them_brings(checkout):
    project = tomllib.loads((checkout / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    brought = {re.match(r"[\w-]+", line)[0] for line in project["dependencies"]}
    brought |= needed_by("docs", project)
    if "ipykernel" in brought:
        brought.add("ipython")
    for page in checkout.glob("docs/**/*.md"):
        for code in CELLS.findall(page.read_text(encoding="utf-8")):
            names = set(imported_by(code)) - sys.stdlib_module_names - {"pycwt_mod"}
            assert {name.lower() for name in names} <= brought, page


def test_gallery_shows_every_page_of_its_folder_as_a_thumbnail(checkout):
    index = (checkout / "docs" / "gallery" / "index.md").read_text(encoding="utf-8")
    listed = re.findall(r"^```\{(\w+)\}\n(.*?)^```", index, re.M | re.S)
    names = {kind: set() for kind, _ in listed}
    for kind, lines in listed:
        names[kind] |= {line for line in lines.split() if not line.startswith(":")} - {"1"}
    files = {path.stem for path in (checkout / "docs" / "gallery").glob("*.md")} - {"index"}
    assert names == {"thumbnails": files, "toctree": files}


def test_readme_begins_with_the_commands_that_are_checked(checkout):
    # The first two lines after "$ " below "Quick start" are run in fresh clones, as they stand.
    quick_start = (checkout / "README.rst").read_text(encoding="utf-8").split("\nQuick start\n")[1]
    demonstrate, test = re.findall(r"^ +\$ (.*)$", quick_start, re.M)[:2]
    assert demonstrate.endswith("-m pycwt_mod demo")
    environment, install, run = test.split(" && ")
    assert environment == "python3 -m venv .venv-test"
    assert install == '.venv-test/bin/pip install -q -e ".[test]"'
    assert run.startswith(".venv-test/bin/python -m pytest")
    check = checkout / ".ci" / "run"
    if check.exists():  # not in the sdist
        # Three at a time there, since the heavy ones wait.
        command = run.removeprefix(".venv-test/bin/python ").replace("-n 2", "-n 3")
        lines = check.read_text(encoding="utf-8").splitlines()
        assert f'"$python" {command} -m \'not slow\' | tee "$work/tests.log"' in lines
