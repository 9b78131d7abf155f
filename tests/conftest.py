"""Where the tests find the real files, and what every test may lean on."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The real boundaries and tables, read where they lie."""
    if not SHARED.is_dir():
        pytest.skip("shared/data does not lie beside this checkout: the real files are not copied into it")
    return SHARED


@pytest.fixture(scope="session")
def published(shared_data: Path) -> Path:
    """Reference data with published or independently computed results."""
    return shared_data / "published"
