"""Sizes of axes as expressions over symbols: exact whole-number arithmetic, simplified, written as Python.

A size is a sum of products of symbols and floor divisions (``16*(H//4)*(W//4)``, ``(T-5)//3``, ``B*T``). That is closed
under what layers do to sizes: scaling, shifting, flattening and ``floor((a*n + b) / c)``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import accumulate
from math import gcd, prod


@dataclass(frozen=True, slots=True)
class Floor:
    """``numerator // divisor`` where it does not divide evenly for every value of the symbols."""

    numerator: Size
    divisor: int


Atom = str | Floor
Term = tuple[tuple[Atom, ...], int]  # a product of atoms (empty: the constant), and its coefficient


@dataclass(frozen=True)  # without slots: the symbols and the hash are asked for again and again
class Size:
    """One axis size. Build with ``number``, ``symbol`` and arithmetic; equal sizes compare equal."""

    terms: tuple[Term, ...]

    @staticmethod
    def number(value: int) -> Size:
        """A size that depends on nothing."""
        return Size((((), value),) if value else ())

    @staticmethod
    def symbol(name: str) -> Size:
        """The size that a symbol names."""
        return Size((((name,), 1),))

    def __add__(self, other: Size | int) -> Size:
        return _collect((*self.terms, *_size(other).terms))

    def __mul__(self, other: Size | int) -> Size:
        if isinstance(other, int):
            return Size(tuple((atoms, c * other) for atoms, c in self.terms)) if other else Size(())
        return _collect(
            (tuple(sorted((*left, *right), key=_atom_text)), a * b)
            for left, a in self.terms
            for right, b in other.terms
        )

    def __floordiv__(self, divisor: int) -> Size:
        """``floor(self / divisor)`` for a whole number divisor above zero, simplified."""
        if divisor == 1:
            return self
        if len(self.terms) == 1 and self.terms[0][1] == 1 and len(self.terms[0][0]) == 1:
            atom = self.terms[0][0][0]
            if isinstance(atom, Floor):  # (x // a) // b == x // (a * b)
                return atom.numerator // (atom.divisor * divisor)
        inner = self._lone_floor()
        if inner is not None:  # (x // a + k) // b == (x + k*a) // (a * b)
            atom, shift = inner
            return (atom.numerator + shift * atom.divisor) // (atom.divisor * divisor)
        whole = _collect((atoms, c // divisor) for atoms, c in self.terms if atoms == () or c % divisor == 0)
        rest = self + whole * -divisor
        if rest.is_number:  # what is left of the constant is below the divisor
            return whole
        common = gcd(divisor, *(c for atoms, c in rest.terms if atoms))
        if common > 1:  # (k*x + r) // (k*d) == (x + r//k) // d
            rest = _collect((atoms, c // common) for atoms, c in rest.terms)
            divisor //= common
        return whole + (rest // divisor if common > 1 else Size((((Floor(rest, divisor),), 1),)))

    def _lone_floor(self) -> tuple[Floor, int] | None:
        constant = dict(self.terms).get((), 0)
        atoms = [term for term in self.terms if term[0]]
        if len(atoms) == 1 and atoms[0][1] == 1 and len(atoms[0][0]) == 1 and isinstance(atoms[0][0][0], Floor):
            return atoms[0][0][0], constant
        return None

    @property
    def is_number(self) -> bool:
        """True when no symbol is in it."""
        return all(atoms == () for atoms, _ in self.terms)

    @cached_property
    def _hash(self) -> int:
        return hash(self.terms)

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def symbols(self) -> frozenset[str]:
        """The symbols it depends on."""
        found: set[str] = set()
        for atoms, _ in self.terms:
            for atom in atoms:
                found |= {atom} if isinstance(atom, str) else atom.numerator.symbols
        return frozenset(found)

    @property
    def unit(self) -> int:
        """What it is made to grow by when a symbol or a floor grows by one: ``8*H+3`` moves in steps of 8."""
        return gcd(*(c for atoms, c in self.terms if atoms)) or 1

    def value(self, sizes: Mapping[str, int]) -> int:
        """Its number where the symbols have these sizes; KeyError for a symbol without one."""
        if len(self.terms) == 1 and not self.terms[0][0]:
            return self.terms[0][1]
        return sum(c * prod(_atom_value(atom, sizes) for atom in atoms) for atoms, c in self.terms)

    def substitute(self, name: str, replacement: Size) -> Size:
        """The same size with ``replacement`` in the place of the symbol ``name``."""
        total = Size(())
        for atoms, coefficient in self.terms:
            term = Size.number(coefficient)
            for atom in atoms:
                if isinstance(atom, str):
                    term = term * (replacement if atom == name else Size.symbol(atom))
                else:
                    term = term * (atom.numerator.substitute(name, replacement) // atom.divisor)
            total = total + term
        return total

    def __str__(self) -> str:
        return _text(self)

    def _written(self) -> str:
        lone = self._lone_floor()
        if lone is None:
            factors = _factors(self) if len(self.terms) > 1 else [self]
            return _product_text(factors) if len(factors) > 1 else min(self._sum_text(), self._scaled_text(), key=len)
        shifted = _atom_text(Floor(lone[0].numerator + lone[1] * lone[0].divisor, lone[0].divisor))
        text = self._sum_text()
        return text if len(text) < len(shifted) else shifted  # (T-5)//3 for (T+1)//3-2, but W//4-1

    def _scaled_text(self) -> str:
        """``4*((T-5)//4)`` for ``4*((T+3)//4)-8``."""
        common = gcd(*(c for _, c in self.terms))
        inner = Size(tuple((atoms, c // max(common, 1)) for atoms, c in self.terms))
        return f"{common}*({inner})" if common > 1 and inner._lone_floor() else self._sum_text()

    def _sum_text(self) -> str:
        ordered = sorted(self.terms, key=lambda term: (-len(term[0]), [_atom_text(atom) for atom in term[0]]))
        text = ""
        for atoms, coefficient in ordered:
            piece = _term_text(atoms, abs(coefficient))
            if coefficient < 0 and "//" in piece:  # -a//b would be (-a)//b
                piece = f"({piece})"
            sign = "-" if coefficient < 0 else "+" if text else ""
            text += sign + piece
        return text or "0"


@lru_cache(maxsize=4096)  # a model has few sizes, and each is written many times
def _text(size: Size) -> str:
    return size._written()


def readable(size: Size, sizes: Mapping[str, int]) -> str:
    """A size as a report writes it: axes that are plain numbers in the spec (symbols with a ``#``) stay numbers."""
    if any(symbol.startswith("#") for symbol in size.symbols):
        return str(size.value(sizes))
    return str(size)


def _size(value: Size | int) -> Size:
    return value if isinstance(value, Size) else Size.number(value)


def _collect(terms: Iterable[Term]) -> Size:
    sums: dict[tuple[Atom, ...], int] = {}
    for atoms, coefficient in terms:
        sums[atoms] = sums.get(atoms, 0) + coefficient
    if sum(1 for atoms in sums if atoms and isinstance(atoms[-1], Floor)) > 1:
        _gather_parts(sums)
    kept = [(atoms, c) for atoms, c in sums.items() if c]
    return Size(tuple(sorted(kept, key=lambda term: [_atom_text(atom) for atom in term[0]])))


def _gather_parts(sums: dict[tuple[Atom, ...], int]) -> None:
    """All parts of one thing, in place: ``n//d + (n+1)//d + ... + (n+d-1)//d`` is n (Hermite's identity)."""
    for floor in [atoms[0] for atoms in sums if len(atoms) == 1 and isinstance(atoms[0], Floor)]:
        rest = dict(floor.numerator.terms).get((), 0)
        if rest:
            continue
        parts: list[tuple[Atom, ...]] = [(Floor(floor.numerator + k, floor.divisor),) for k in range(floor.divisor)]
        held = [sums.get(part, 0) for part in parts]
        if not all(held) or len({count > 0 for count in held}) > 1:
            continue
        times = min(held, key=abs)
        for part in parts:
            sums[part] -= times
        for atoms, c in floor.numerator.terms:
            sums[atoms] = sums.get(atoms, 0) + times * c


def _factors(size: Size) -> list[Size]:
    """A product of sums without a symbol in common, as its factors: ``H*W-H-W+1`` is ``H-1`` times ``W-1``."""
    for group in _groups(size):
        table: dict[tuple[Atom, ...], dict[tuple[Atom, ...], int]] = {}
        for atoms, c in size.terms:
            own = tuple(atom for atom in atoms if _symbols_of(atom) <= group)
            table.setdefault(own, {})[tuple(atom for atom in atoms if atom not in own)] = c
        first = next(iter(table.values()))
        common = gcd(*first.values())
        base = {atoms: c // common for atoms, c in first.items()}
        times = {own: _multiple(row, base) for own, row in table.items()}
        if len(_groups(size)) > 1 and None not in times.values():
            mine = _collect((own, c) for own, c in times.items() if c is not None)
            return [*_same_atom_factors(mine), *_factors(_collect(base.items()))]
    return _same_atom_factors(size)


def _same_atom_factors(size: Size) -> list[Size]:
    """A product of sums of one atom, as its factors: ``H*H-4*H+4`` is ``H-2`` twice. Else the size itself."""
    atoms = {atom for atoms, _ in size.terms for atom in atoms}
    of_power = {len(atoms): c for atoms, c in size.terms}
    if len(atoms) != 1 or max(of_power) < 2:
        return [size]
    atom = Size(((tuple(atoms), 1),))
    rest, found = [of_power.get(power, 0) for power in range(max(of_power), -1, -1)], []
    for root in range(-64, 65):  # beyond that no padding or kernel reaches
        while len(rest) > 1 and (quotient := _divided(rest, root))[-1] == 0:
            found.append(atom + -root)
            rest = quotient[:-1]
    return [size] if len(rest) > 1 else [found[0] * rest[0], *found[1:]]


def _divided(coefficients: list[int], root: int) -> list[int]:  # Horner: by x - root, and last what is left over
    return list(accumulate(coefficients, lambda total, c: total * root + c))


def _multiple(row: Mapping[tuple[Atom, ...], int], base: Mapping[tuple[Atom, ...], int]) -> int | None:
    """How often ``base`` makes ``row``, or None."""
    if row.keys() != base.keys():
        return None
    found = {divmod(row[atoms], base[atoms]) for atoms in base}
    times, rest = next(iter(found))
    return times if len(found) == 1 and rest == 0 else None


def _groups(size: Size) -> list[frozenset[str]]:
    """The symbols, those together that stand in one floor."""
    groups: list[frozenset[str]] = []
    for atoms, _ in size.terms:
        for atom in atoms:
            symbols = _symbols_of(atom)
            groups, met = [g for g in groups if not g & symbols], [g for g in groups if g & symbols]
            groups.append(symbols.union(*met))
    return sorted(groups, key=sorted)


def _symbols_of(atom: Atom) -> frozenset[str]:
    return frozenset((atom,)) if isinstance(atom, str) else atom.numerator.symbols


def _product_text(factors: Iterable[Size]) -> str:
    """``8*H*(W-2)``: the number, then what needs no brackets."""
    number, texts = 1, []
    for factor in factors:
        common = gcd(*(c for _, c in factor.terms))
        if factor.terms[-1][1] < 0:
            common = -common
        number *= common
        text = str(_collect((atoms, c // common) for atoms, c in factor.terms))
        if text != "1":
            texts.append(text)
    texts.sort(key=lambda text: not text.isidentifier())
    product = "*".join(text if text.isidentifier() else f"({text})" for text in texts)
    if abs(number) != 1:
        product = f"{abs(number)}*{product}"
    return f"-({product})" if number < 0 else product


def _atom_text(atom: Atom) -> str:
    """The atom as it stands alone: ``H``, ``H//2``, ``(T-5)//3``."""
    if isinstance(atom, str):
        return atom
    numerator = str(atom.numerator)
    product = not set(numerator) & set("+-/")
    return f"{numerator}//{atom.divisor}" if product else f"({numerator})//{atom.divisor}"


def _atom_value(atom: Atom, sizes: Mapping[str, int]) -> int:
    return sizes[atom] if isinstance(atom, str) else atom.numerator.value(sizes) // atom.divisor


def _term_text(atoms: tuple[Atom, ...], coefficient: int) -> str:
    factors = [] if coefficient == 1 and atoms else [str(coefficient)]
    alone = len(atoms) == 1 and not factors
    for atom in sorted(atoms, key=lambda atom: isinstance(atom, Floor)):  # T*(H//2): symbols come first
        text = _atom_text(atom)
        factors.append(text if alone or isinstance(atom, str) else f"({text})")
    return "*".join(factors)
