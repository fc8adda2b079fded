"""Which groups of people must stay hidden, so that no sum or difference of what is shown comes down to few people.

Every figure of a group is a sum over its people (its mean times its n). Whoever has the figures of some groups and of
everybody has every weighted sum Σ c_j S_j of them, so every vector v = Σ c_j 1_{S_j} over the people, whatever the
figure is. A person a is **given away** where some v has v_a = 1, no other weight above 1, and Σ |v| < limit: there a's
own figure stands among fewer than `limit` people's. In particular no group, and no sum or difference of groups, of
fewer than `limit` people can be computed (Σ |v| of such a vector is their number). People whom every column describes
alike cannot be told apart and are one atom. Finding the smallest Σ |v| is a linear program (an L1 fit, after Fischetti
& Salazar 2001 and the audit step of τ-ARGUS); Σ v² ≤ Σ |v| gives a bound in closed form that most people keep at once,
so few programs are solved.

Not prevented: what somebody knows from elsewhere (the figure of one person of a group of ten leaves nine), and what
bounds give (where a sum is 0, every part of it is).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from core.graph import FloatArray, IntArray

Hidden = Mapping[str, frozenset[int]]  # column → positions of its hidden groups
MOST_SOLVED = 300
_NEAR, _USED = 1e-6, 1e-7
EVERYBODY = -1


@dataclass(frozen=True, eq=False)
class _Published:
    """What is published of one set of people.

    sets     (column, group) of each row after the first, which is everybody      n  people of each row, int64 [rows]
    member   float64 [rows, atoms], 1 where an atom belongs to the row            size  people of each atom, float64
             [atoms]
    atom_of  int64 [people]
    """

    sets: tuple[tuple[str, int], ...]
    n: IntArray
    member: FloatArray
    size: FloatArray
    atom_of: IntArray


def protect(
    codes: Mapping[str, IntArray], people: IntArray, limit: int, hidden: Hidden, settled: Collection[str] = ()
) -> dict[str, frozenset[int]]:
    """What to hide besides `hidden` so that nobody of `people` is given away.

    codes    column → int64 [n], each person's group, below 0 for none
    people   positions of those who were measured
    settled  columns that were published before: others give way first
    Returns  column → positions of groups, a superset of `hidden`: groups of fewer than `limit` people, and for their
             sake others
    """
    withheld = {by: set(hidden.get(by, ())) for by in codes}
    for by, code in codes.items():
        groups, sizes = np.unique(code[people][code[people] >= 0], return_counts=True)
        few = len(people) < limit
        withheld[by] |= {int(g) for g, size in zip(groups, sizes, strict=True) if few or size < limit}
    clear = np.zeros(len(people), dtype=np.bool_)
    solved = 0
    while True:
        published = _published(codes, people, withheld)
        if not published.sets:
            break
        suspects = _suspects(published, limit, clear)
        exposed: tuple[str, int] | None = None
        for atom in suspects.tolist():
            solved += 1
            rows = (
                _program(published, atom, limit) if solved <= MOST_SOLVED else np.flatnonzero(published.member[:, atom])
            )
            if rows is None:
                clear |= published.atom_of == atom
                continue
            exposed = _next_withheld(published, rows, settled)
            break
        if exposed is None:
            break
        withheld[exposed[0]].add(exposed[1])
    return {by: frozenset(groups) for by, groups in withheld.items()}


def _published(codes: Mapping[str, IntArray], people: IntArray, hidden: Mapping[str, set[int]]) -> _Published:
    table = np.empty((len(people), len(codes)), dtype=np.int64)
    for c, (by, code) in enumerate(codes.items()):
        own = code[people]
        table[:, c] = np.where(np.isin(own, list(hidden[by])), EVERYBODY, own)
    atoms, atom_of, size = np.unique(table, axis=0, return_inverse=True, return_counts=True)
    sets, rows = [], [np.ones(len(atoms))]
    for c, by in enumerate(codes):
        for g in np.unique(atoms[:, c][atoms[:, c] >= 0]).tolist():
            sets.append((by, int(g)))
            rows.append((atoms[:, c] == g).astype(np.float64))
    member = np.array(rows)
    weight = size.astype(np.float64)
    return _Published(tuple(sets), np.rint(member @ weight).astype(np.int64), member, weight, atom_of.ravel())


def _suspects(published: _Published, limit: int, clear: NDArray[np.bool_]) -> IntArray:
    """Atoms, the most exposed first, of which min Σ v² with v_a = 1 is below the limit; all others are safe."""
    gram = (published.member * published.size) @ published.member.T
    inverse = np.linalg.pinv(gram, hermitian=True)
    leverage = np.einsum("ra,rs,sa->a", published.member, inverse, published.member, optimize=True)
    least = 1.0 / np.maximum(leverage, 1e-12)
    known = np.zeros(len(published.size), dtype=np.bool_)
    known[published.atom_of[clear]] = True
    order = np.argsort(least, kind="stable")
    return np.asarray(order[(least[order] < limit - _NEAR) & (published.size[order] < limit) & ~known[order]])


def _program(published: _Published, atom: int, limit: int) -> IntArray | None:
    """Rows whose sum gives an atom away; None where the smallest Σ |v| with v_atom = 1 ≥ |v| is not below the limit."""
    from scipy.optimize import linprog  # a second to import

    n_rows, n_atoms = published.member.shape
    lead = sparse.csr_matrix(published.member.T)  # v = lead c, with c = plus - minus
    minus_one = -sparse.identity(n_atoms, format="csr")
    within = sparse.vstack(
        [sparse.hstack([lead, -lead, minus_one]), sparse.hstack([-lead, lead, minus_one])], format="csr"
    )
    own = sparse.hstack([lead[[atom]], -lead[[atom]], sparse.csr_matrix((1, n_atoms))], format="csr")
    cost = np.concatenate([np.full(2 * n_rows, 1e-7), published.size])  # of equal sums the one of fewest groups
    bounds = [(0, None)] * (2 * n_rows) + [(0, 1)] * n_atoms
    solution = linprog(
        cost, A_ub=within, b_ub=np.zeros(2 * n_atoms), A_eq=own, b_eq=np.ones(1), bounds=bounds, method="highs"
    )
    if solution.x is None:  # not solved: taken as given away
        return np.flatnonzero(published.member[:, atom])
    x = np.asarray(solution.x)
    if float(published.size @ x[2 * n_rows :]) >= limit - _NEAR:
        return None
    return np.flatnonzero(np.abs(x[:n_rows] - x[n_rows : 2 * n_rows]) > _USED)


def _next_withheld(published: _Published, rows: IntArray, settled: Collection[str]) -> tuple[str, int]:
    """The group to hide: the smallest of a revealing sum that no earlier publication holds, the first of equals."""
    groups = [int(r) - 1 for r in rows if r > 0] or list(range(len(published.sets)))
    free = [g for g in groups if published.sets[g][0] not in settled] or groups
    return published.sets[min(free, key=lambda g: (int(published.n[g + 1]), g))]
