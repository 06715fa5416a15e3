"""What is released agrees with itself: versions, dependencies, commands, and the check list."""

import importlib
import re
import tomllib

import pytest
import yaml

import pycwt_mod

# What conda calls it, where its name differs.
CONDA_NAMES = {"matplotlib": "matplotlib-base"}


@pytest.fixture
def from_checkout(checkout):
    return lambda name: (checkout / name).read_text(encoding="utf-8")


@pytest.fixture
def pyproject(from_checkout):
    return tomllib.loads(from_checkout("pyproject.toml"))


@pytest.fixture
def project(pyproject):
    return pyproject["project"]


@pytest.fixture
def recipe(from_checkout):
    return yaml.safe_load(from_checkout("recipe/recipe.yaml"))


@pytest.fixture
def citation(from_checkout):
    return yaml.safe_load(from_checkout("CITATION.cff"))


def test_version_is_the_same_everywhere(recipe, citation, from_checkout):
    assert recipe["context"]["version"] == pycwt_mod.__version__
    assert str(citation["version"]) == pycwt_mod.__version__
    assert f"## [{pycwt_mod.__version__}]" in from_checkout("CHANGELOG.md")


def test_recipe_needs_what_the_package_needs(recipe, project):
    needed = [re.fullmatch(r"([\w-]+)(>=[\d.]+)", line) for line in project["dependencies"]]
    expected = {f"{CONDA_NAMES.get(part[1], part[1])} {part[2]}" for part in needed}
    python = recipe["context"]["python_min"]
    assert f">={python}" == project["requires-python"]
    assert set(recipe["requirements"]["run"]) == {*expected, "python >=${{ python_min }}"}


def test_recipe_builds_with_what_the_package_builds_with(recipe, pyproject):
    build = pyproject["build-system"]["requires"]
    assert set(recipe["requirements"]["host"]) >= {line.replace(">", " >") for line in build}


def test_recipe_has_the_commands_of_the_package(recipe, project):
    expected = [f"{name} = {target}" for name, target in project["scripts"].items()]
    assert recipe["build"]["python"]["entry_points"] == expected


def test_recipe_imports_modules_that_exist(recipe):
    for name in recipe["tests"][0]["python"]["imports"]:
        assert importlib.import_module(name)


def test_citation_says_what_the_package_says(citation, project, from_checkout):
    assert citation["license"] == project["license"]
    assert citation["authors"] == [{"name": project["authors"][0]["name"]}]
    assert citation["title"].startswith(f"{project['name']}: ")
    readme = from_checkout("README.rst").replace("\\", "")
    for reference in citation["references"]:
        assert reference.get("doi", reference.get("url")) in readme


def test_licence_is_the_one_that_is_named(from_checkout):
    assert from_checkout("LICENSE").startswith("BSD 3-Clause License")


def test_files_that_the_release_list_names_exist(checkout, from_checkout):
    text = from_checkout("RELEASING.md")
    named = re.findall(
        r"`((?:python )?(?:[\w./]+/)?[\w.]+\.(?:py|md|rst|cff|yaml|toml|txt|yml))", text
    )
    paths = {name.removeprefix("python ") for name in named}
    assert {"CITATION.cff", "recipe/recipe.yaml", "CHANGELOG.md"} <= paths
    places = (checkout, checkout / "src" / "pycwt_mod")
    # The workflow and the oldest versions are not in the sdist.
    missing = [
        path
        for path in paths
        if not path.startswith((".ci", ".github"))
        and not any((place / path).is_file() for place in places)
    ]
    assert missing == []
