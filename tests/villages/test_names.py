"""What is one name and what is two: the real pairs of DOMAIN 4.5, and laws."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lokus.villages import names

NAME = st.text(st.characters(codec="utf-8"), max_size=20)
WORDS = st.lists(st.sampled_from(["suka", "maju", "Ratu", "PADANG", "Bt.", "II", "ulu", "3"]), min_size=1, max_size=4)

# Both official lists (BPS and Kemendagri) write these for one and the same place.
SAME = [
    ("TAPAK TUAN", "TAPAKTUAN"), ("SERBA JADI", "SERBAJADI"), ("GRONG GRONG", "GRONG-GRONG"), ("MA U", "MA'U"),
    ("SOMOLO - MOLO", "SOMOLO-MOLO"), ("ANGKOLA  BARAT", "Angkola Barat"), ("KAWAY XVI", "Kaway 16"),
    ("TIRO/TRUSEB", "Tiro Truseb"), ("BULUMARIO", "Bulu Mario"), ("KARYABERSAMA", "Karya Bersama"),
    ("Gading Rejo Timur", "Gadingrejo Timur"), ("Sukoharjo IV", "SUKOHARJO 04"), ("Tj. Enim", "Tanjung Enim"),
    ("SEI. RAMPAH", "Sungai Rampah"), ("Kel. Baru", "Baru"), ("Desa Ds. Sukamaju", "SUKAMAJU"), ("Kec. Baras", "Baras"),
    ("Sukamaju (Kelurahan)", "Sukamaju"), ("Muara Kaman Ilir", "Muara Kaman Hilir"), ("Sukoharjo3", "Sukoharjo III"),
]  # fmt: skip
SIBLINGS = [
    ("Sukoharjo I", "Sukoharjo II"), ("Sukoharjo III", "Sukoharjo IV"), ("Muara Kaman Ulu", "Muara Kaman Ilir"),
    ("Sukamaju Utara", "Sukamaju Selatan"), ("Sukamaju Baru", "Sukamaju Lama"), ("MUARAKAMANULU", "Muara Kaman Ilir"),
    ("Gadingrejo", "Gadingrejo Timur"), ("Blok A", "Blok B"), ("SUKOHARJOIV", "Sukoharjo III"),
]  # fmt: skip
# Different villages of one kecamatan somewhere in the country.
OTHERS = [
    ("Suka Ramai", "Suka Damai"), ("Sumber Asri", "Sumber Sari"), ("Rogotrunan", "Jogotrunan"), ("Mario", "Mariso"),
    ("Bumi Asri", "Bumi Asih"), ("Rantau Kapas Tuo", "Rantau Kapas Mudo"), ("Gelgel", "Kampung Gelgel"),
    ("Padang Mahondang", "Ofa Padang Mahondang"), ("Huta Baru Sip", "Huta Baru Sil"), ("Nanga Oran", "Nanga Toran"),
]  # fmt: skip
OLD_SPELLING = [("Tjikampek", "Cikampek"), ("Soekaradja", "Sukaraja"), ("Djatisari", "Jatisari"), ("PAKAWA", "Pakava"),
                ("SETIA BHAKTI", "Setia Bakti")]  # fmt: skip
AMBIGUOUS = [("Bt. Ratu", "Batu Ratu"), ("Bt. Ratu", "Bukit Ratu"), ("Pd. Cermin", "Pondok Cermin"),
             ("T. JAMBO AYE", "Tanah Jambo Aye"), ("Pekon Ampai", "Ampai")]  # fmt: skip


@pytest.mark.parametrize(("a", "b"), SAME)
def test_one_name_in_two_writings_is_one(a, b):
    assert names.squeeze(a) == names.squeeze(b)
    assert names.similarity(a, b) == 1.0


@pytest.mark.parametrize(("a", "b"), SIBLINGS)
def test_siblings_differ_in_their_marks(a, b):
    assert names.marks(a) != names.marks(b)
    assert not names.alike(a, b)


@pytest.mark.parametrize(("a", "b"), OTHERS)
def test_neighbours_with_near_names_are_not_alike(a, b):
    assert not names.alike(a, b)
    assert names.similarity(a, b) < 1


@pytest.mark.parametrize(("a", "b"), OLD_SPELLING)
def test_old_spellings_are_alike_and_not_equal(a, b):
    assert names.alike(a, b)
    assert names.WEAK_EQUAL <= names.similarity(a, b) < 1


@pytest.mark.parametrize(("a", "b"), AMBIGUOUS)
def test_ambiguous_words_make_candidates_only(a, b):
    assert not names.alike(a, b)
    assert names.WEAK_EQUAL <= names.similarity(a, b) < 1


@pytest.mark.parametrize("name", ["Desa Baru", "Kota Baru", "Kampung Dalam", "Kampung 3", "SP 2", "Desa"])
def test_a_kind_that_is_the_name_stays(name):
    assert names.normalise(name) == name.lower()


@pytest.mark.parametrize(
    ("text", "told"),
    [("KAB. MUARA ENIM", ("kabupaten", "muaraenim")), ("Kota Bengkulu", ("kota", "bengkulu")), ("KAUR", ("", "kaur")),
     ("Kota", ("", "kota")), ("", ("", "")), ("Kota Adm. Jakarta Barat", ("kota", "jakartabarat"))],
)  # fmt: skip
def test_the_kind_of_a_kabupaten_is_told_from_its_name(text, told):
    assert names.kabupaten_told(text) == told


@pytest.mark.parametrize(
    ("text", "kind"),
    [("Kel. Baras", "kelurahan"), ("DESA Baras", "desa"), ("Baras (Desa)", "desa"), ("Baras", ""), ("", "")],
)
def test_the_kind_of_a_village_is_told_from_its_name(text, kind):
    assert names.kind_told(text) == kind


@settings(deadline=None)
@given(NAME)
def test_normalising_twice_changes_nothing_more(name):
    assert names.normalise(names.normalise(name)) == names.normalise(name)


@settings(deadline=None)
@given(WORDS)
def test_case_and_spaces_do_not_matter(words):
    assert names.squeeze("  ".join(words).upper()) == names.squeeze(" ".join(words).lower())


@settings(deadline=None)
@given(NAME, NAME)
def test_similarity_is_symmetric_and_one_for_equal_names_only(a, b):
    similarity = names.similarity(a, b)
    assert similarity == names.similarity(b, a)
    assert 0 <= similarity <= 1
    assert (similarity == 1) == (names.squeeze(a) == names.squeeze(b) != "")


@settings(deadline=None)
@given(WORDS, WORDS)
def test_alike_names_have_equal_marks(a, b):
    one, two = " ".join(a), " ".join(b)
    assert names.alike(one, two) == names.alike(two, one)
    assert not names.alike(one, two) or names.marks(one) == names.marks(two)
