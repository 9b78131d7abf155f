"""CITATION.cff: what version 1.2.0 of the Citation File Format demands, and lokus' own version."""

import yaml
from conftest import ROOT

import lokus


def test_the_citation_is_valid_and_of_this_version():
    told = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert {"cff-version", "message", "title", "authors"} <= told.keys()
    assert told["cff-version"] == "1.2.0"
    assert told["version"] == lokus.__version__
    assert [set(author) for author in told["authors"]] == [{"name"}]
