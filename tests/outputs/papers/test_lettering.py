"""Laws of text on paper: it fits its column, loses no letter that it has room for, and holds nothing unprintable."""

import unicodedata

from hypothesis import example, given, settings
from hypothesis import strategies as st

from lokus.outputs.papers import lettering

SIZE = 9.0
ANY = st.text(max_size=120)
WIDE = st.floats(20, 400)


@settings(deadline=None)
@given(ANY)
@example("دهكده \u202e🌾\u0000 Sari")
def test_clean_text_is_one_line_of_known_letters_and_cleaning_twice_changes_nothing(said):
    told = lettering.clean(said)
    assert all(ord(letter) in lettering._known() for letter in told)
    assert not any(unicodedata.category(letter)[0] == "C" for letter in told)
    assert told == " ".join(told.split())
    assert lettering.clean(told) == told


@settings(deadline=None)
@given(ANY, WIDE, st.booleans())
@example("Suka " + "Maju" * 74, 90.0, True)
def test_a_clipped_line_fits_and_only_a_cut_one_ends_in_dots(said, wide, bold):
    told, whole = lettering.clip(said, SIZE, wide, bold), lettering.clean(said)
    assert lettering.width(told, SIZE, bold) <= wide
    assert told == whole or (told.endswith("…") and whole.startswith(told[:-1].rstrip()))


@settings(deadline=None)
@given(ANY, WIDE)
@example("Suka " + "Maju" * 74, 60.0)
def test_wrapped_lines_fit_and_keep_every_letter(said, wide):
    lines = lettering.wrap(said, SIZE, wide)
    assert all(lettering.width(line, SIZE) <= wide for line in lines)
    assert "".join(lines).replace(" ", "") == lettering.clean(said).replace(" ", "")


@settings(deadline=None)
@given(ANY, WIDE, st.integers(1, 3))
def test_no_more_lines_than_allowed_and_dots_where_some_are_missing(said, wide, most):
    lines, whole = lettering.wrap(said, SIZE, wide, lines=most), lettering.wrap(said, SIZE, wide)
    assert len(lines) <= most
    assert lines == whole if len(whole) <= most else lines[-1].endswith("…")
    assert all(lettering.width(line, SIZE) <= wide for line in lines)
