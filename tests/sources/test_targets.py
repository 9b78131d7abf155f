"""Targets of villages beside by-name lists: what a person is told where only the kabupaten differs."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lokus import messages
from lokus.sources.targets import with_targets

PLACES = [("Muara Enim", "Lawang Kidul", d) for d in ("Keban Agung", "Tegal Rejo", "Lingga")]


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(kinds=st.lists(st.sampled_from(["same", "kabupaten", "village", "absent"]), min_size=3, max_size=3))
def test_each_target_finds_its_village_or_is_told_with_its_own_remedy(kinds: list[str], tmp_path: Path) -> None:
    villages = pd.DataFrame(PLACES, columns=["kabupaten", "kecamatan", "desa"]).assign(measured=10)
    rows = [
        ("Lahat" if kind == "kabupaten" else kabupaten, kecamatan, f"X{desa[::-1]}" if kind == "village" else desa, 40)
        for kind, (kabupaten, kecamatan, desa) in zip(kinds, PLACES, strict=True)
        if kind != "absent"
    ]
    path = tmp_path / "t.csv"
    pd.DataFrame(rows, columns=["Kabupaten", "Kecamatan", "Desa", "Sasaran"]).to_csv(path, index=False)
    if not rows:
        return
    joined, problems = with_targets(villages, [path])
    told = {p.code: p.params["count"] for p in problems}
    wanted = {
        "children_target_elsewhere": kinds.count("kabupaten"),
        "children_target_alone": kinds.count("village"),
        "children_target_absent": kinds.count("village") + kinds.count("absent"),
    }
    assert told == {code: count for code, count in wanted.items() if count}
    assert joined["target"].sum() == 40 * len(rows)
    assert joined["measured"].notna().sum() == len(PLACES)
    if "kabupaten" in kinds:
        (elsewhere,) = (p for p in problems if p.code == "children_target_elsewhere")
        assert "Kab/Kota" in messages.problem(elsewhere, "id")
        assert "ejaan" not in messages.problem(elsewhere, "id")
