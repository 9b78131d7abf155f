"""Names and codes: built from Indonesian place-name parts, with twins, siblings and series as real lists have them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lokus.demo.borders import KECAMATAN
from lokus.demo.land import stream

KABUPATEN, KABUPATEN_CODE = "Teluk Kirana", "88.01"
PROVINCE, PROVINCE_CODE = "Nusa Segara", "88"

# The parts a village's name is made of, by what its kecamatan is like. No person's name is among them.
HEADS = {
    "coast": ("Tanjung", "Teluk", "Kuala", "Pantai", "Karang", "Pasir", "Ujung", "Labuhan", "Muara", "Pangkalan"),
    "river": ("Lubuk", "Muara", "Sungai", "Rantau", "Ulak", "Tebing", "Pangkal", "Batu", "Simpang", "Danau"),
    "hills": ("Bukit", "Gunung", "Talang", "Tebing", "Lembah", "Air", "Batu", "Puncak", "Padang", "Rimba"),
    "plain": ("Mekar", "Suka", "Sumber", "Tri", "Bumi", "Marga", "Wana", "Sri", "Panca", "Mulya"),
    "island": ("Pulau", "Selat", "Batu", "Labuhan", "Tanjung", "Teluk"),
}
TAILS = {
    "coast": ("Bakau", "Nipah", "Ketapang", "Waru", "Camar", "Layar", "Mutiara", "Kerang", "Pandan Wangi", "Biru",
              "Panjang", "Api-Api", "Pelangi", "Sentosa", "Bidadari", "Jangkar", "Lontar", "Cemara"),
    "river": ("Rengas", "Seluang", "Belida", "Gabus", "Jernih", "Dalam", "Tembesu", "Betung", "Sirih", "Keranji",
              "Lebar", "Udang", "Rotan", "Kemang", "Tapah", "Gading", "Limau", "Bunga"),
    "hills": ("Meranti", "Damar", "Gaharu", "Durian", "Manggis", "Cempedak", "Kabut", "Harapan", "Enau", "Jelutung",
              "Menjangan", "Elang", "Tinggi", "Dingin", "Sakti", "Keramat", "Pinang", "Kopi", "Embun", "Rusa"),
    "plain": ("Sari", "Makmur", "Agung", "Rahayu", "Mukti", "Tani", "Rejeki", "Damai", "Bakti", "Asih", "Tunggal",
              "Subur", "Widya", "Karya", "Buana", "Indah"),
    "island": ("Selasih", "Camar", "Tiga", "Garam", "Penyu", "Lamun", "Keramat", "Dalam"),
}  # fmt: skip
KELURAHAN = (
    "Bandar Kirana", "Pasar Baru", "Pasar Lama", "Pelabuhan", "Benteng", "Kebun Kelapa", "Tanah Lapang", "Sumur Batu",
    "Taman Sari", "Kampung Nelayan", "Sawah Lebar", "Jembatan Kecil", "Kenanga", "Melati", "Gading Permai",
    "Padang Jati", "Pondok Besi", "Tepian Rambai", "Bukit Lampu", "Kampung Baru", "Teratai", "Anggrek", "Rawa Indah",
    "Simpang Lima", "Kebun Raya", "Penyengat", "Semarak", "Cahaya Kota",
)  # fmt: skip
# Names a kecamatan is to have: twins of another's, siblings of their neighbours, a series, an apostrophe.
KNOWN = {
    "Kirana Timur": ("Kirana Timur", "Seberang Ilir", "Seberang Ulu"),
    "Muara Rambai": ("Muara Rambai", "Kampung Baru", "Karang Anyar"),
    "Tanjung Layar": ("Tanjung Layar", "Tanjung Harapan"),
    "Karang Senja": ("Karang Senja", "Karang Anyar", "Teluk Waru Utara", "Teluk Waru Selatan"),
    "Pasir Putih": ("Pasir Putih",),
    "Kuala Jelai": ("Kuala Jelai", "Sungai Jelai"),
    "Batu Ampar": ("Batu Ampar", "Suka Maju"),
    "Padang Lestari": ("Padang Lestari", "Mekar Jaya", "Sidodadi", "Sumber Mulya I", "Sumber Mulya II",
                       "Sumber Mulya III", "Sumber Mulya IV"),
    "Gunung Serindit": ("Gunung Serindit", "Air Hitam Ulu", "Air Hitam Ilir", "Talang Ba'a"),
    "Talang Seberang": ("Talang Seberang", "Tanjung Harapan", "Lembah Durian", "Suka Maju"),
    "Lubuk Pandan": ("Lubuk Pandan", "Kampung Baru", "Pandan Ulu", "Pandan Tengah", "Pandan Ilir"),
    "Ulu Rambai": ("Ulu Rambai", "Riam Panjang"),
    "Ilir Rambai": ("Rambai Tengah", "Mekar Jaya", "Rambai Besar", "Rambai Kecil"),
    "Bukit Kencana": ("Bukit Kencana",),
    "Pantai Cempaka": ("Pantai Cempaka", "Tanjung Harapan", "Cempaka Barat", "Cempaka Timur"),
    "Simpang Raya": ("Simpang Raya", "Mekar Jaya", "Sidodadi", "Sidomulyo"),
    "Kepulauan Selasih": ("Selasih Besar", "Selasih Kecil"),
}  # fmt: skip
ENCLAVE_NAME = "Trans Sumber Rejo"


def name(villages: pd.DataFrame) -> pd.DataFrame:
    """Adds `village` and `code`, sorts by code. The seat of a kecamatan comes first and usually bears its name."""
    taken: set[str] = {each for known in KNOWN.values() for each in known} | {ENCLAVE_NAME}
    town, made, codes = list(KELURAHAN), {}, {}
    for k, members in villages.groupby("kecamatan", sort=True):
        kecamatan = KECAMATAN[int(k)]
        waiting = list(KNOWN.get(kecamatan.name, ()))
        fresh = _fresh(kecamatan.flavour, kecamatan.name)
        for number, (cell_label, row) in enumerate(_round_trip(members).iterrows(), start=1):
            if cell_label == len(villages) - 1:
                chosen = ENCLAVE_NAME
            elif waiting:
                chosen = waiting.pop(0)
            else:
                chosen = next(n for n in (town if row["kelurahan"] else fresh) if n not in taken)
            taken.add(chosen)
            made[cell_label] = chosen
            codes[cell_label] = f"{KABUPATEN_CODE}.{int(k) + 1:02d}.{1 if row['kelurahan'] else 2}{number:03d}"
    out = villages.assign(village=pd.Series(made), code=pd.Series(codes))
    out["kecamatan_name"] = [KECAMATAN[k].name for k in out["kecamatan"]]
    return out.sort_values("code")


def _round_trip(members: pd.DataFrame) -> pd.DataFrame:
    """From the seat always on to the nearest village left, as an office numbers them: siblings become neighbours."""
    left, order = members, [members.index[int(members["seat"].argmax())]]
    while len(left := left.drop(order[-1])):
        here = members.loc[order[-1]]
        order.append(((left["x"] - here["x"]) ** 2 + (left["y"] - here["y"]) ** 2).idxmin())
    return members.loc[order]


def _fresh(flavour: str, step: str) -> list[str]:
    """Every name the parts of a flavour allow, in a random order in which a part is not soon used again."""
    flavour = "plain" if flavour == "town" else flavour
    heads, tails, rng = HEADS[flavour], TAILS[flavour], stream(f"names {step}")
    heads_in_order, tails_in_order = rng.permutation(heads), rng.permutation(tails)
    pairs = [(h, (h + 3 * turn) % len(tails)) for turn in range(len(tails)) for h in range(len(heads))]
    return [f"{heads_in_order[h]} {tails_in_order[t]}" for h, t in pairs if heads_in_order[h] != tails_in_order[t]]


def newest_code(villages: pd.DataFrame, kecamatan: str) -> str:
    """The code a village split off this year would get."""
    codes = villages.loc[villages["kecamatan_name"] == kecamatan, "code"]
    return f"{codes.iloc[0][:8]}.2{int(np.max(codes.str[-3:].astype(int))) + 1:03d}"
