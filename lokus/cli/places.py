"""`lokus sites`: where new service points would bring the most people within reach."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from lokus import messages
from lokus.cli.screen import console, tell_json

if TYPE_CHECKING:
    from lokus.siting import Plan
    from lokus.study import Study


def sites_arguments(sites: argparse.ArgumentParser, t: Callable[[str], str]) -> None:
    """What `lokus sites` takes beside a study."""
    lang = str(sites.get_default("lang"))
    sites.add_argument("--count", type=_number(lang, int, 1000), default=3, help=t("argument.sites_count"))
    sites.add_argument("--minutes", type=_number(lang, float, 10_000), default=60.0, help=t("argument.sites_minutes"))
    sites.add_argument("--km", type=_number(lang, float, 10_000), default=5.0, help=t("argument.sites_km"))
    sites.add_argument("--access", metavar="ID", default="", help=t("argument.sites_access"))


def run_sites(asked: argparse.Namespace) -> int:
    """New sites for a study: the proven best, and what taking them one by one would bring."""
    from lokus import siting
    from lokus.study import open_study

    study = open_study(asked.study)
    plan = siting.plan(study, count=asked.count, minutes=asked.minutes, km=asked.km, which=asked.access)
    if asked.json:
        tell_json(_values(plan))
        return 0
    print("\n".join(_heading(study, plan, asked.lang)))
    if len(plan.chosen):
        _tell_table(plan, asked.lang)
        print("\n".join(_closing(plan, asked.lang)))
    return 0


def _values(plan: Plan) -> dict[str, Any]:
    told = {part: getattr(plan, part) for part in ("access", "limit", "straight", "counted", "total", "before")}
    told |= {"brought": plan.brought, "brought_one_by_one": plan.greedy, "one_by_one": list(plan.greedy_codes)}
    return {**told, "sites": plan.chosen.to_dict("records")}


def _heading(study: Study, plan: Plan, lang: str) -> Iterator[str]:
    labels = {raster.id: getattr(raster, f"label_{lang}") or raster.id for raster in study.raster}
    labels |= {measure.id: getattr(measure, f"label_{lang}") for measure in study.measures}
    limit = messages.text(f"sites.limit.{'km' if plan.straight else 'minutes'}", lang, limit=plan.limit)
    by = "villages" if not plan.counted else "by"
    told = {"access": plan.access, "limit": limit, "count": messages.number(plan.total, lang)}
    told |= {"share": messages.percent(plan.before / plan.total if plan.total else float("nan"), lang)}
    yield messages.text(f"sites.{by}", lang, of=labels.get(plan.counted, plan.counted), **told)
    if not len(plan.chosen):
        yield messages.text("sites.none", lang, limit=limit)


def _tell_table(plan: Plan, lang: str) -> None:
    from rich.table import Table

    from lokus.outputs.banding import count_text

    columns = ("number", "village", "kecamatan", "place", "brought", "share")
    shown = Table(*(messages.text(f"sites.column.{c}", lang) for c in columns))
    sofar = plan.before
    for number, site in plan.chosen.iterrows():
        sofar += site["brought"]
        place = f"{site['latitude']:.5f}, {site['longitude']:.5f}"
        people = count_text(round(site["brought"]), lang)
        shown.add_row(str(number), site["village"], site["kecamatan"], place, people,
                      messages.percent(sofar / plan.total, lang))  # fmt: skip
    console().print(shown)


def _closing(plan: Plan, lang: str) -> Iterator[str]:
    gap = plan.brought - plan.greedy
    told = {"brought": messages.number(plan.brought, lang), "greedy": messages.number(plan.greedy, lang)}
    told["share"] = messages.percent(gap / plan.brought if plan.brought else 0.0, lang)
    yield messages.text("sites.same" if gap < 0.5 else "sites.gap", lang, **told)
    yield messages.text("sites.limits", lang)


def _number(lang: str, kind: type[int] | type[float], most: float) -> Callable[[str], float]:
    """Reads a number over zero from the command line."""

    def read(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            value = 0
        if not 0 < value <= most:
            raise argparse.ArgumentTypeError(messages.text("sites.bad_number", lang, text=text))
        return value

    return read
