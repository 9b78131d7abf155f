"""Stability: Hennig's Jaccard by hand, groups that are there and groups that are not, scikit-learn's k-means."""

from __future__ import annotations

import numpy as np
import pytest

from lokus.methods.partitions import METHODS
from lokus.methods.stability import STABLE, bootstrapped, k_means, recovery, stability


def blobs(sizes: tuple[int, ...], apart: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(len(sizes)), sizes)
    return rng.normal(size=(len(group), 3)) + apart * np.eye(max(3, len(sizes)))[group][:, :3], group


def test_the_likeness_of_groups_is_the_greatest_jaccard() -> None:
    """By hand: of {0, 1, 2} and {3, 4, 5} the draw has 0, 1 and 3, 4, 5; found again are {0, 1, 3} and {4, 5}."""
    labels, again = np.array([0, 0, 1, 1, 1]), np.array([1, 1, 1, 0, 0])
    assert recovery(labels, again).tolist() == pytest.approx([2 / 3, 2 / 3])
    # {0, 1, 3} against {3} ∪ nothing else: a group spread over two keeps the better half.
    assert recovery(np.array([0, 0, 0, 0, 1]), np.array([0, 0, 1, 2, 2])).tolist() == pytest.approx([0.5, 0.5])
    missing = recovery(np.array([0, 2, 2]), np.array([0, 1, 1]))
    assert missing[[0, 2]].tolist() == [1, 1] and np.isnan(missing[1])


def test_a_bootstrap_draws_two_thirds_of_the_rows() -> None:
    """1 − 1/e of the rows are drawn at least once (Efron 1979)."""
    share = bootstrapped(400, 200, np.random.default_rng(1)).mean()
    assert share == pytest.approx(1 - np.exp(-1), abs=0.005)


@pytest.mark.parametrize("name", sorted(METHODS))
def test_groups_that_are_there_are_found_again_and_others_are_not(name: str) -> None:
    method = METHODS[name]

    def told(values: np.ndarray, k: int) -> np.ndarray:
        labels = method.whole(values, k, 1)
        return stability(labels, lambda drawn, rng: method.parts(values, drawn, k, rng), replicates=30, seed=4)

    values, _ = blobs((40, 30, 20), 9.0)
    assert told(values, 3).min() > 0.95
    # Two groups taken for six: some of them are cut anew every time.
    assert told(blobs((50, 40), 6.0)[0], 6).min() < STABLE


def test_k_means_of_parts_is_as_good_as_scikit_learns() -> None:
    from sklearn.cluster import KMeans

    values, _ = blobs((50, 40, 30), 2.0)
    drawn = bootstrapped(len(values), 12, np.random.default_rng(0))
    ours = k_means(values, drawn, 3, np.random.default_rng(1), restarts=10)
    for rows, labels in zip(drawn, ours, strict=True):
        some, group = values[rows], labels[rows]
        within = sum(((some[group == g] - some[group == g].mean(0)) ** 2).sum() for g in set(group))
        assert within == pytest.approx(KMeans(3, n_init=10, random_state=0).fit(some).inertia_, rel=0.01)
        # A fixed point: every row is with the nearest mean.
        means = np.stack([some[group == g].mean(0) for g in range(3)])
        assert (((some[:, None] - means) ** 2).sum(2).argmin(1) == group).all()


def test_a_seed_gives_the_same_and_parts_do_not_touch_each_other() -> None:
    values, _ = blobs((30, 30), 3.0)
    drawn = bootstrapped(60, 5, np.random.default_rng(0))
    first, again = (k_means(values, drawn, 2, np.random.default_rng(7)) for _ in range(2))
    assert (first == again).all()
