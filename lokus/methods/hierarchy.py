"""Indicators below dimensions below one index, to any depth: who stands under whom, and with what weight."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Hierarchy:
    """A tree of m nodes. `names`: the k indicators first, then the nodes above them, each before its parent; the last
    is the index. `parent`: place of each node's parent in `names`, −1 for the index. `weights`: ≥ 0 of any scale among
    siblings; the index's own says nothing.

    Raises: ValueError where a node stands after its parent or a node above the indicators has no child.

    >>> tree = Hierarchy.of({"water": ("services", 2), "latrine": ("services", 1), "rate": ("index", 3)},
    ...                     {"services": ("index", 1), "index": ("", 1)})
    >>> tree.names, tree.parent
    (('water', 'latrine', 'rate', 'services', 'index'), (3, 3, 4, 4, -1))
    >>> tree.children
    ((), (), (), (0, 1), (2, 3))
    """

    names: tuple[str, ...]
    parent: tuple[int, ...]
    weights: tuple[float, ...]

    def __post_init__(self) -> None:
        last = len(self.names) - 1
        if not len(self.names) == len(self.parent) == len(self.weights) or self.parent[last] != -1:
            raise ValueError("names, parents and weights differ in number, or the last node is not the index")
        if any(not node < parent <= last for node, parent in enumerate(self.parent[:last])):
            raise ValueError("a node stands after its parent")
        if min(self.weights) < 0:
            raise ValueError("a weight is negative")

    @classmethod
    def of(cls, indicators: Mapping[str, tuple[str, float]], nodes: Mapping[str, tuple[str, float]]) -> Hierarchy:
        """From id → (parent's id, weight); `nodes` in order, each before its parent, the index last with parent ""."""
        told = {**indicators, **nodes}
        if len(told) < len(indicators) + len(nodes) or any(p and p not in nodes for p, _ in told.values()):
            raise ValueError("a name stands twice, or a parent is unknown")
        place = {name: i for i, name in enumerate(told)}
        parents = tuple(place[p] if p else -1 for p, _ in told.values())
        return cls(tuple(told), parents, tuple(w for _, w in told.values()))

    @cached_property
    def children(self) -> tuple[tuple[int, ...], ...]:
        """The places of each node's children; none for an indicator."""
        return tuple(tuple(c for c, p in enumerate(self.parent) if p == node) for node in range(len(self.names)))

    @cached_property
    def indicators(self) -> int:
        """k: how many nodes have no child."""
        return sum(not c for c in self.children)
