"""Laws of totals: no banded count comes out of them."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lokus.outputs import banding, panels, sums
from lokus.outputs.words import indicator


def other_counts(run, entry):
    """The same run once for every village with a banded share and every other count of its band."""
    name = entry["id"]
    for code, row in run.villages.to_dict("index").items():
        kind = banding.band(run, row, entry)
        if kind not in ("part", "rest"):
            continue
        n = row[f"denominator_{name}"]
        for k in banding.FEW:
            y = k if kind == "part" else n - k
            changed = {**row, f"numerator_{name}": y}
            if y != row[f"numerator_{name}"] and banding.band(run, changed, entry) == kind:
                v = run.villages.copy()
                step = (1 - v.at[code, f"shrinkage_{name}"]) / n
                v.at[code, f"estimate_{name}"] += (y - v.at[code, f"numerator_{name}"]) * step
                v.at[code, f"numerator_{name}"], v.at[code, f"value_{name}"] = float(y), y / n
                yield replace(run, villages=v)


def few_villages(run, name):
    """A run of the villages with the most hidden counts to a kecamatan, but no more than may be told by their bands."""
    entry = indicator(run, name)
    rows = run.villages.to_dict("index")
    hidden = [code for code, row in rows.items() if banding.band(run, row, entry)][: sums.SAFE - 1]
    plain = [code for code, row in rows.items() if not banding.band(run, row, entry)]
    return replace(run, villages=run.villages.loc[sorted(hidden + plain[:30])])


@pytest.mark.parametrize("name", ["stunting", "bumil_kek_pmt", "asi_eks"])
def test_a_public_total_is_the_same_for_every_count_of_a_few_bands(demo, name):
    part, entry = few_villages(demo, name), indicator(demo, name)
    told = sums.total(part, entry)
    others = [sums.total(run, entry) for run in other_counts(part, entry)]
    assert others
    for other in others:
        assert (other.low, other.high, other.whole) == pytest.approx((told.low, told.high, told.whole))
        assert sums.share_text(other, "id") == sums.share_text(told, "id")


def test_the_children_expected_are_the_same_for_every_count_of_a_few_bands(demo):
    part = few_villages(demo, "stunting")
    everywhere = part.villages["selected"].notna()
    told = sums.expected(part, everywhere)
    for run in other_counts(part, indicator(demo, "stunting")):
        assert sums.expected(run, everywhere) == pytest.approx(told)


def test_an_internal_total_is_the_sum_of_the_file_and_a_public_one_is_near(demo):
    for entry in (e for e in demo.facts["indicators"] if f"denominator_{e['id']}" in demo.villages):
        found, public = (sums.total(demo, entry, public=public) for public in (False, True))
        assert found.low == found.high == entry["total_numerator"]
        assert found.whole == entry["total_denominator"]
        assert abs(public.middle - found.middle) < 0.01
        # Groups of 1–4 are left out while they are fewer than ten.
        assert 0 <= found.whole - public.whole < 4 * sums.SAFE


def test_a_total_of_many_hidden_counts_is_told_in_tens(demo):
    entry = indicator(demo, "bumil_kek_pmt")
    found = sums.total(demo, entry)
    said = sums.people_text(found.low, found.high, "id", step=found.step)
    assert found.step == found.group == 10
    assert said == f"sekitar {10 * round(entry['total_numerator'] / 10)}"
    assert sums.share_text(found, "id") == f"{round(100 * entry['average'])} %"


def test_the_chosen_villages_reach_the_children_that_the_run_says(demo):
    low, high = sums.expected(demo, demo.villages["selected"], public=False)
    assert low == high == pytest.approx(demo.facts["selection"]["children"])


def test_an_indicator_without_counts_has_no_total(run):
    assert sums.total(run, {"id": "idm", "kind": "value", "better": "higher"}) is None


def averaged(run, name):
    """A run of some villages with the average that its facts would tell of an indicator."""
    part, whole = (run.villages[f"{side}_{name}"].sum() for side in ("numerator", "denominator"))
    told = [{**e, "average": part / whole} if e["id"] == name else e for e in run.facts["indicators"]]
    return replace(run, facts={**run.facts, "indicators": told})


@pytest.mark.parametrize("name", ["stunting", "bumil_kek_pmt", "asi_eks"])
def test_no_average_of_the_map_tells_which_count_of_a_few_bands_it_is(demo, name):
    """Whatever the hidden village's need is: its count, its estimate and its need move together."""

    def shared(run, public=True):
        made = averaged(run, name)
        entry = indicator(made, name)
        scale = panels.Scale(made, entry, public=public)
        return sums.average_text(made, entry, "id", public=public), scale.mean, scale.at(entry["target"])

    part = few_villages(demo, name)
    told = shared(part)
    assert told != shared(part, public=False)
    for run in other_counts(part, indicator(demo, name)):
        moved = (run.villages != part.villages)[f"numerator_{name}"]
        run.villages.loc[moved, f"need_{name}"] = 1 - run.villages.loc[moved, f"need_{name}"]
        assert shared(run) == told


def test_the_mean_of_counts_is_a_range_where_a_band_moves_it(demo):
    part, entry = few_villages(demo, "stunting"), indicator(demo, "stunting_count")
    hidden = [code for code, row in part.villages.to_dict("index").items() if banding.band(part, row, entry)]
    few = replace(part, villages=part.villages.loc[hidden])
    told = sums.average_text(few, entry, "id")
    low, high = (int(n) for n in re.match(r"(\d+)–(\d+) ", told).groups())
    assert low <= few.villages["numerator_stunting"].mean() <= high
    assert sums.average_text(demo, entry, "id", public=False).split()[0] == str(round(entry["average"]))


@given(st.integers(0, 10**7), st.integers(0, 500))
def test_a_total_is_told_near_both_its_ends(low, width):
    told = sums.people_text(low, low + width, "en")
    shown = int(re.sub(r"\D", "", told)) if "–" not in told else 4
    if told.startswith("fewer"):
        assert low + width < shown
    elif width == 0:
        assert told == banding.count_text(low, "en")
    else:
        step = 10 ** (len(str(shown)) - len(str(shown).rstrip("0")))
        assert abs(shown - low) <= step / 2
        assert abs(shown - low - width) <= step / 2
        assert told.startswith("about")


@given(st.integers(1, 400), st.integers(0, 100), st.integers(0, 40))
def test_a_share_is_told_near_both_its_ends(whole, start, width):
    low = whole * start / 100
    high = min(whole, low + width)
    told = sums.share_text(sums.Total(low, high, whole, 3), "en")
    numbers = [float(n) for n in re.findall(r"[\d.]+", told)]
    ends = 100 * low / whole, 100 * high / whole
    if len(numbers) == 2:
        assert numbers[0] <= ends[0] + 1e-9
        assert numbers[1] >= ends[1] - 1e-9
    else:
        assert all(abs(numbers[0] - end) <= 100 * sums.CLOSE / 2 + 0.5 + 1e-9 for end in ends)


def test_the_facts_that_a_program_reads_hold_no_exact_sum_of_a_banded_indicator(demo):
    told = sums.facts_told(demo)
    masked = [e for e in demo.facts["indicators"] if e["total_numerator"] and banding.hidden(demo, e).any()]
    assert masked
    known = {e["id"]: e for e in told["indicators"]}
    assert all(known[e["id"]]["total_numerator"] % sums.TENS == 0 for e in masked)
    assert told["selection"]["children"] % sums.TENS == 0
    assert {k: v for k, v in told.items() if k not in ("selection", "indicators")} == {
        k: v for k, v in demo.facts.items() if k not in ("selection", "indicators")
    }
