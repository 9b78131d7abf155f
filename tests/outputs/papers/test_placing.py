"""Laws of placing: nothing covers anything, and nothing leaves its frame."""

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from lokus.outputs.papers import placing

FRAME = (0.0, 0.0, 300.0, 200.0)
SPOTS = st.lists(st.tuples(st.floats(0, 300), st.floats(0, 200)), max_size=25)


def apart(boxes):
    return not any(placing.covers(a, [b]) for a, b in combinations(boxes, 2))


@settings(deadline=None)
@given(SPOTS)
def test_names_cover_neither_badges_nor_each_other_and_stay_in_their_frame(spots):
    room = placing.Room(FRAME)
    badges = [placing.around(placing.badge_at(room, spot, 16, 12), 16, 12) for spot in spots]
    names = []
    for own in badges:
        others = [box for box in badges if box is not own]
        if at := placing.name_at(room, own, others, 60, 10):
            names.append(placing.around(at, 60, 10))
    found = [placing.near(room, spot, 40, 8, 20) for spot in spots]
    names += [placing.around(at, 40, 8) for at in found if at]
    assert apart(names)
    assert not any(placing.covers(name, badges) for name in names)
    assert all(box[0] >= 0 and box[1] >= 0 and box[2] <= 300 and box[3] <= 200 for box in names)


@settings(deadline=None)
@given(SPOTS)
def test_a_badge_is_on_its_village_where_nothing_stands_there(spots):
    room = placing.Room(FRAME)
    for spot in spots:
        free = room.free(placing.around(spot, 16, 12))
        assert not free or placing.badge_at(room, spot, 16, 12) == spot


@settings(deadline=None)
@given(SPOTS, st.integers(0, 24))
def test_a_name_stands_nearer_to_its_own_badge_than_to_any_other(spots, one):
    room = placing.Room(FRAME)
    badges = [placing.around(placing.badge_at(room, spot, 16, 12), 16, 12) for spot in spots]
    if one < len(badges):
        others = badges[:one] + badges[one + 1 :]
        if at := placing.name_at(room, badges[one], others, 60, 10):
            x0, y0, x1, y1 = placing.around(at, 60, 10)
            assert not placing.covers((x0 - 4.5, y0 - 4.5, x1 + 4.5, y1 + 4.5), others)
