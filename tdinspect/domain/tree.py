"""Nested values: what a layer takes and gives is a leaf, or tuples, lists and mappings of leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import MappingProxyType
from typing import Any

# A tree of leaves of one type. The type checker cannot say it recursively over four kinds of nodes.
Tree = Any
_LISTS = (tuple, list)  # a union of both is asked twice as slowly
_MAPPINGS = (dict, MappingProxyType)  # an abstract class is asked ten times slower


def map_tree(function: Callable[[Any], Any], tree: Tree) -> Tree:
    """The same structure with ``function`` of each leaf; named tuples become plain tuples, None stays."""
    if isinstance(tree, _LISTS):
        mapped = [map_tree(function, part) for part in tree]
        return tuple(mapped) if isinstance(tree, tuple) else mapped
    if isinstance(tree, _MAPPINGS):
        return {key: map_tree(function, part) for key, part in tree.items()}
    return None if tree is None else function(tree)


def leaves(tree: Tree) -> Iterator[Any]:
    """The leaves from left to right, None left out."""
    if isinstance(tree, _LISTS):
        for part in tree:
            yield from leaves(part)
    elif isinstance(tree, _MAPPINGS):
        for part in tree.values():
            yield from leaves(part)
    elif tree is not None:
        yield tree


def first(tree: Tree) -> Tree:
    """Part 0 of a tuple result, or the value itself."""
    return tree[0] if isinstance(tree, tuple | list) and tree else tree
