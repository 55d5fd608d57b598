"""The product is MIT-licensed: nothing that it needs at run time may forbid that."""

import re
from importlib.metadata import Distribution

import pytest

from tests.dependencies import installed

_PERMISSIVE = {
    *("MIT", "MIT-0", "MIT License", "ISC License", "ISC License (ISCL)"),
    *("BSD-2-Clause", "BSD-3-Clause", "BSD License", "3-Clause BSD License"),
    *("Apache-2.0", "Apache 2.0", "Apache Software License", "Apache License, Version 2.0"),
    *("PSF-2.0", "CNRI-Python", "0BSD", "Zlib", "CC0-1.0"),
}
_OF_FILES = {"MPL-2.0", "Mozilla Public License 2.0 (MPL 2.0)"}
"""Licences that bind who changes their own files; we change none."""

_LIBRARIES = {"psycopg", "psycopg-binary", "psycopg-pool"}
"""Under the LGPL 3.0, which lets a program under any licence use them as they are: they are installed as
packages of their own, imported when the program runs, and whoever has the program can replace them."""


def licences(distribution: Distribution) -> set[str]:
    """Every licence that the metadata of `distribution` names, alternatives included."""
    facts = distribution.metadata
    if expressions := facts.get_all("License-Expression"):
        return set(re.split(r"\s+(?:AND|OR)\s+|[()]", expressions[0])) - {""}
    named = [line for line in facts.get_all("Classifier") or () if line.startswith("License ::")]
    if named:
        return {line.rpartition(" :: ")[2] for line in named}
    texts = facts.get_all("License") or ()
    return {name for text in texts for name in re.split(r"\s+OR\s+", text.strip().partition("\n")[0])}


@pytest.mark.parametrize("name", sorted(installed()))
def test_every_dependency_has_a_licence_that_an_mit_product_may_use(name: str) -> None:
    found = licences(installed()[name])
    assert found, f"{name} names no licence"
    if name in _LIBRARIES:
        assert found == {"LGPL-3.0-only"}
    else:
        assert found <= _PERMISSIVE | _OF_FILES


def test_all_steps_of_the_dependencies_are_looked_at() -> None:
    assert installed().keys() >= {"flask", "werkzeug", "langchain-core", "psycopg-binary"}
