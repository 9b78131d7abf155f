"""The library's face: few names, each with a home and a docstring, and cheap to import."""

from __future__ import annotations

import subprocess
import sys

import pytest

import lokus


def test_at_most_25_names_and_each_has_a_home_and_a_docstring() -> None:
    assert len(lokus.__all__) <= 25
    assert set(lokus.__all__) == set(lokus._HOMES)
    for name in lokus.__all__:
        assert getattr(lokus, name).__doc__, name


def test_a_name_it_does_not_have_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nothing_of_the_kind"):
        _ = lokus.nothing_of_the_kind


def test_importing_it_loads_nothing_heavy() -> None:
    told = "import sys, lokus; print(sorted({'pandas', 'numpy', 'geopandas', 'pydantic'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_error_printed_in_python_is_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(lokus.StudyError) as caught:
        lokus.open_study("nowhere")
    assert "berkas studi tidak ditemukan" in str(caught.value)
    monkeypatch.setenv("LOKUS_LANG", "en")
    assert "no study file was found" in str(caught.value)
