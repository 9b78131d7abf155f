"""The meeting's slides: ten to twelve, in the words of the story, with native charts and maps as pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lokus.messages import number, text
from lokus.outputs import meeting, story
from lokus.outputs.classes import Layer
from lokus.outputs.layers import layers
from lokus.outputs.maps import sources
from lokus.outputs.papers import agreement, slidecharts
from lokus.outputs.papers.deck import BLUE, BODY, BOTTOM, GREY, MARGIN, TOP, WIDTH, Box, Deck, Line
from lokus.outputs.papers.ground import Ground, ground
from lokus.outputs.papers.listing import Listing
from lokus.outputs.papers.office import clip, settled
from lokus.outputs.papers.pictures import map_picture
from lokus.outputs.telling import Step, Telling

if TYPE_CHECKING:
    from lokus.pipeline import Run

# The text beside a picture or a chart, and the picture.
SIDE = Box(MARGIN, TOP, 4.0, BOTTOM - TOP)
WIDE = Box(MARGIN + 4.3, TOP, WIDTH - 2 * MARGIN - 4.3, BOTTOM - TOP)
WHOLE = Box(MARGIN, TOP, WIDTH - 2 * MARGIN, BOTTOM - TOP)
FIGURE, CAPTION = 54.0, 20.0
MM = 25.4
# So many changed weights are read out; the method page has all.
MOST = 4


@dataclass(frozen=True)
class Show:
    """What the slides are made of: the run's listing, its story by step, their deck, and the layers of the map."""

    listing: Listing
    steps: Mapping[str, Step]
    deck: Deck
    land: Ground | None
    layers: Sequence[Layer]

    def say(self, key: str, **given: Any) -> str:
        """A text of the slides."""
        return text(f"slides.{key}", self.listing.lang, **given)

    def map(self, page: Any, step: Step, box: Box, *, marked: bool = False) -> None:
        """The map of a step as a picture; with the chosen villages, or those that the step marks."""
        if self.land is None:
            return
        wide, tall = box.width * MM, box.height * MM
        focus, public = step.villages if marked else None, self.listing.public
        png = map_picture(
            self.listing.run, step.layer, self.listing.lang, width_mm=wide, height_mm=tall, public=public, focus=focus,
            land=self.land, given=self.layers,
        )  # fmt: skip
        self.deck.picture(page, png, box, f"{step.heading} {step.figure} {step.caption}")

    def beside(self, page: Any, step: Step, box: Box = SIDE) -> None:
        """A step's number and sentences in a column."""
        self.deck.text(page, [*headline(step), *(Line(said, BODY, gap=12) for said in step.lines)], box)


def slides(
    run: Run, lang: str = "id", *, public: bool = True, before: Run | None = None, land: Ground | None = None,
    given: Sequence[Layer] = (),
) -> bytes:  # fmt: skip
    """The slides of a run as a .pptx file; the same runs, language and readers give the same bytes.

    :param public: counts of 1–4 are banded, and totals told as `sums` does; False marks every slide.
    :param before: an earlier run of the same kabupaten, to say what changed.
    :param land, given: `ground(run)` and `layers.layers` of the run where they are made already.
    """
    given = given or layers(run, lang, public=public)
    listing = Listing(run, lang, public)
    ids = [layer.id for layer in given]
    steps = {step.id: step for step in story.steps(run, lang, public=public, before=before, shown=ids)}
    foot = f"{text('papers.foot', lang, run=run.facts['run_id'])} · {clip(listing.place(), 60)} {run.facts['year']}"
    deck = Deck(foot, "" if public else text("papers.internal", lang))
    if land is None and run.geometry.notna().any():
        land = ground(run)
    show = Show(listing, steps, deck, land, given)
    for build in BUILDERS:
        build(show)
    told = deck.made.core_properties
    told.title, told.author, told.last_modified_by = clip(run.facts["title"], 200), "lokus", "lokus"
    return settled(deck.save(), int(run.facts["year"]))


def headline(step: Step) -> list[Line]:
    """A step's one big number and what it counts."""
    if not step.figure:
        return []
    size = FIGURE if len(step.figure) < 8 else 0.7 * FIGURE
    return [Line(step.figure, size, bold=True, ink=BLUE), Line(step.caption, CAPTION, ink=GREY, gap=0)]


def title(show: Show) -> None:
    """Whose list it is, for which year, from which data."""
    facts, lang = show.listing.run.facts, show.listing.lang
    page = show.deck.slide(show.say("title.over"), show.say("title.notes"))
    said = meeting.told(show.listing.run, lang)
    about = show.say("title.agreed" if said else "title.for", year=str(facts["year"]))
    by = [Line(show.say("title.by", meeting=clip(said, 160)), 24, bold=True, gap=6)] if said else []
    lines = [
        Line(clip(_title(show.listing.run), 160), 48, bold=True, ink=BLUE),
        Line(clip(show.listing.region(), 100), 28, gap=18),
        Line(about, 24, ink=GREY, gap=6), *by,
    ]  # fmt: skip
    show.deck.text(page, lines, Box(MARGIN, 1.9, WIDTH - 2 * MARGIN, 3.4))
    told = [Line(clip(said, 140), 16, ink=GREY, gap=3) for said in sources(show.listing.run, lang)]
    show.deck.text(page, told, Box(MARGIN, 5.4, WIDTH - 2 * MARGIN, 1.45), smallest=12)


def _title(run: Run) -> str:
    """A run's title without the meeting in brackets, which has a line of its own."""
    given = run.manifest.get("agreed")
    said = str(run.facts["title"])
    return said.removesuffix(f" ({given['name']}, {given['date']})") if given else said


def question(show: Show) -> None:
    if not (step := show.steps.get("question")):
        return
    page = show.deck.slide(step.heading, step.notes)
    show.beside(page, step)
    if show.land is not None:
        show.map(page, step, WIDE, marked=True)


def where(show: Show) -> None:
    """Share and number side by side: they are two maps."""
    first, second = show.steps.get("where"), show.steps.get("children")
    if first is None:
        return
    if second is None:
        page = show.deck.slide(first.heading, _spoken(first))
        show.beside(page, first)
        show.map(page, first, WIDE, marked=True)
        return
    page = show.deck.slide(show.say("where.heading"), " ".join((_spoken(first), _spoken(second))))
    half = (WIDTH - 2 * MARGIN - 0.4) / 2
    for k, step in enumerate((first, second)):
        left = MARGIN + k * (half + 0.4)
        lines = [Line(step.figure, 36, bold=True, ink=BLUE), Line(step.caption, CAPTION, gap=0)]
        show.deck.text(page, lines, Box(left, TOP - 0.1, half, 1.25))
        show.map(page, step, Box(left, TOP + 1.2, half, BOTTOM - TOP - 1.2), marked=True)


def _spoken(step: Step) -> str:
    """What stands on the map's panel and has no place beside the picture: the speaker says it."""
    return " ".join((*step.lines, step.notes))


def services(show: Show) -> None:
    step = show.steps.get("services")
    if step is None:
        return
    page = show.deck.slide(step.heading, _spoken(step))
    chart = slidecharts.coverage(show.listing)
    box = Box(MARGIN, TOP, 7.2, BOTTOM - TOP)
    most = 1.2 * max(value or 0.0 for _, values in chart.series for value in values)
    show.deck.bars(
        page, box, chart.names, chart.series, form="0 %", told=step.heading, size=16, most=most, labels=chart.labels
    )
    show.beside(page, step, Box(MARGIN + 7.4, TOP, WIDTH - 2 * MARGIN - 7.4, BOTTOM - TOP))


def chosen(show: Show) -> None:
    if step := show.steps.get("chosen"):
        run, lang = show.listing.run, show.listing.lang
        told = (_spoken(step), *agreement.agreed(run, lang), *agreement.named(run, lang))
        page = show.deck.slide(step.heading, " ".join(told))
        show.beside(page, step)
        show.map(page, step, WIDE)


def by_kecamatan(show: Show) -> None:
    """The chosen villages by name, under their kecamatan."""
    blocks = slidecharts.by_kecamatan(show.listing)
    if not blocks:
        return
    count = len(show.listing.chosen)
    heading = show.say("list.heading", count=number(count, show.listing.lang), kecamatan=len(blocks))
    page = show.deck.slide(heading, show.say("list.notes"))
    columns, size, left_out = slidecharts.columns_of(blocks, WHOLE)
    gap = 0.3
    width = (WHOLE.width - gap * (len(columns) - 1)) / len(columns)
    for k, lines in enumerate(columns):
        show.deck.text(page, lines, Box(MARGIN + k * (width + gap), TOP, width, BOTTOM - TOP), smallest=size)
    if left_out:
        said = show.say("list.more", count=number(left_out, show.listing.lang))
        show.deck.text(page, [Line(said, 16, ink=GREY)], Box(MARGIN, 6.6, WHOLE.width, 0.35), smallest=14)


def why(show: Show) -> None:
    """What the scores of the first villages are made of."""
    chart = slidecharts.contributions(show.listing)
    if chart is None:
        return
    page = show.deck.slide(show.say("why.heading"), show.say("why.notes"))
    box = Box(MARGIN, TOP, 8.4, BOTTOM - TOP)
    show.deck.bars(page, box, chart.names, chart.series, form="0", told=show.say("why.heading"), stacked=True, size=16)
    count, every = len(chart.names), number(len(show.listing.chosen), show.listing.lang)
    some = [Line(show.say("why.some", count=count, every=every), BODY, bold=True)] if str(count) != every else []
    lines = [*some, Line(show.say("why.read"), BODY, gap=14 if some else 0)]
    step = show.steps.get("chosen")
    lines += [Line(said, BODY, gap=14) for said in (step.lines[-1:] if step else ())]
    if chart.rounded:
        lines.append(Line(show.say("why.rounded"), CAPTION, ink=GREY, gap=14))
    show.deck.text(page, lines, Box(MARGIN + 8.7, TOP, WIDTH - 2 * MARGIN - 8.7, BOTTOM - TOP), smallest=18)


def uncertain(show: Show) -> None:
    step, chart = show.steps.get("uncertain"), slidecharts.chances(show.listing)
    if step is None or chart is None:
        return
    page = show.deck.slide(step.heading, _spoken(step))
    side = Box(MARGIN, TOP, 4.8, BOTTOM - TOP)
    show.beside(page, step, side)
    wide = Box(MARGIN + 5.1, TOP, WIDTH - 2 * MARGIN - 5.1, BOTTOM - TOP)
    top = number(show.listing.run.facts["top_n"], show.listing.lang)
    show.deck.text(
        page,
        [Line(show.say("chance.over", top=top), CAPTION, ink=GREY)],
        Box(wide.left, TOP - 0.05, wide.width, 0.4),
        smallest=16,
    )
    box = Box(wide.left, TOP + 0.35, wide.width, BOTTOM - TOP - 1.05)
    show.deck.bars(
        page, box, chart.names, chart.series, form="0%", told=step.heading, size=16, colours=chart.colours,
        labels=chart.labels, most=1.15,
    )  # fmt: skip
    slidecharts.key(show, page, Box(wide.left, BOTTOM - 0.65, wide.width, 0.3))


def rules(show: Show) -> None:
    """What the rules cost, and who would be next."""
    step, coming = show.steps.get("rules"), slidecharts.coming(show.listing)
    if step is None and not coming:
        return
    heading = step.heading if step else show.say("next.heading")
    page = show.deck.slide(heading, " ".join([*([_spoken(step)] if step else []), show.say("next.notes")]))
    if step and meeting.told(show.listing.run, show.listing.lang):
        # What the meeting changed is told in full: those who would be next take one line under it.
        _decisions(show, page, step, coming)
        return
    if step:
        width = 6.0 if coming else WHOLE.width
        show.beside(page, step, Box(MARGIN, TOP, width, BOTTOM - TOP))
    if coming:
        left = MARGIN + (6.4 if step else 0)
        width = WIDTH - MARGIN - left
        show.deck.text(page, [Line(show.say("next.over"), BODY, bold=True, ink=BLUE)], Box(left, TOP, width, 0.5))
        head = [show.say(f"next.{column}") for column in ("rank", "village", "kecamatan")]
        widths = [0.25 * width, 0.41 * width, 0.34 * width]
        box = Box(left, TOP + 0.6, width, min(4.6, 0.75 * (len(coming) + 1)))
        show.deck.table(page, box, head, coming, widths, ("right", "left", "left"))


def _decisions(show: Show, page: Any, step: Step, coming: Sequence[Sequence[str]]) -> None:
    lines = [Line(said, BODY, gap=12) for said in step.lines]
    if coming:
        names = ", ".join(f"{rank}. {village}" for rank, village, _ in coming)
        lines += [Line(show.say("next.over"), BODY, bold=True, ink=BLUE, gap=18), Line(names, BODY, gap=4)]
    show.deck.text(page, lines, WHOLE)


def changed(show: Show) -> None:
    if step := show.steps.get("changed"):
        page = show.deck.slide(step.heading, _spoken(step))
        show.beside(page, step)
        show.map(page, step, WIDE, marked=step.layer != "last_year")


def offices(show: Show) -> None:
    """The greatest tasks of each office in the chosen villages."""
    tasks = slidecharts.tasks(show.listing)
    if not tasks:
        return
    page = show.deck.slide(show.say("office.heading"), show.say("office.notes"))
    head = [show.say(f"office.{column}") for column in ("owner", "what", "people")]
    widths = [0.27 * WHOLE.width, 0.5 * WHOLE.width, 0.23 * WHOLE.width]
    box = Box(MARGIN, TOP, WHOLE.width, min(BOTTOM - TOP, 0.75 * (len(tasks) + 1)))
    show.deck.table(page, box, head, tasks, widths, ("left", "left", "right"))


def decide(show: Show) -> None:
    """What the meeting is asked, or what it decided and what follows, and how it was computed."""
    listing = show.listing
    agreed = bool(meeting.told(listing.run, listing.lang))
    part = "decided" if agreed else "decide"
    page = show.deck.slide(show.say(f"{part}.heading"), show.say(f"{part}.notes"))
    said = _decided(show) if agreed else _asked(show)
    how = [] if agreed else [Line(show.say("decide.method"), 16, bold=True, ink=GREY)]
    how += [] if agreed else [Line(show.say("decide.how"), 16, ink=GREY, gap=3)]
    how.append(Line(show.say(f"{part}.run", run=listing.run.facts["run_id"]), 16, ink=GREY, gap=3))
    # What was decided takes the room of the method, which the meeting has heard.
    size, foot = (24, 6.4) if agreed else (28, 5.4)
    lines = [Line(f"{n}. {line}", size, gap=size / 2) for n, line in enumerate(said, 1)]
    show.deck.text(page, lines, Box(MARGIN, TOP, WHOLE.width, foot - TOP - 0.2))
    show.deck.text(page, how, Box(MARGIN, foot, WHOLE.width, BOTTOM - foot), smallest=13)


def _asked(show: Show) -> list[str]:
    listing = show.listing
    count, year = number(len(listing.chosen), listing.lang), str(listing.run.facts["year"])
    asked = ["list", "weights", *(["edge"] if "uncertain" in show.steps else []), "work", "again"]
    return [show.say(f"decide.{key}", count=count, year=year) for key in asked]


def _decided(show: Show) -> list[str]:
    """The list, the changes with their reasons as the story tells them, and the next steps."""
    listing, lang = show.listing, show.listing.lang
    count, year = number(len(listing.chosen), lang), str(listing.run.facts["year"])
    said = clip(meeting.told(listing.run, lang), 120)
    told = [show.say("decided.list", count=count, year=year, meeting=said)]
    telling = Telling(listing.run, lang, listing.public, None)
    told += [line for rule in (*meeting.OUT, *meeting.IN) if (line := story.by_meeting(telling, rule, priced=False))]
    if changed := meeting.weights(listing.run, lang):
        told.append(show.say("decided.weights", weights="; ".join(changed[:MOST])))
    return [*told, *(show.say(f"decided.{key}") for key in ("decree", "work", "again"))]


BUILDERS: tuple[Callable[[Show], None], ...] = (
    title, question, where, services, chosen, by_kecamatan, why, uncertain, rules, changed, offices, decide,
)  # fmt: skip
