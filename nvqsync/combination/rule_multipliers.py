"""Multipliers: how dearly each row of a problem should be paid for, so that a bound comes out tight.

A bounded dual simplex over the linear relaxation (Lemke 1954; Wagner 1958), small and dense, in floating point. Its
answer is only ever *advice*: ``rule_search`` rounds the multipliers to whole numbers and computes every bound from them
exactly, so that an error of rounding here can cost time but never a wrong verdict.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_TINY = 1e-9


@dataclass(frozen=True, slots=True)
class Advice:
    """Multipliers, one a row, none negative, and the relaxation's answer: how much of each column it would take.

    ``infeasible`` says that the multipliers are meant to prove that nothing fits; ``shares`` is then empty.
    """

    multipliers: list[float]
    shares: list[float]
    infeasible: bool = False


class _Tableau:
    """Rows of ``basic = value - row . nonbasic``; columns 0..n-1 are variables in [0, 1], n.. are slacks."""

    def __init__(self, rows: Sequence[Sequence[int]], costs: Sequence[float], limits: Sequence[int]) -> None:
        self.count = len(costs)
        self.rows = [[float(x) for x in row] for row in rows]
        self.reduced = [float(cost) for cost in costs]
        self.nonbasic = list(range(self.count))
        self.basic = [self.count + k for k in range(len(limits))]
        self.at_upper = [cost <= 0 for cost in self.reduced]
        self.values = [
            limit - sum(x for x, up in zip(row, self.at_upper, strict=True) if up)
            for row, limit in zip(self.rows, limits, strict=True)
        ]

    def leaving(self) -> tuple[int, float]:
        """The row furthest outside its bounds and by how much (below: negative), or (-1, 0)."""
        worst, place = _TINY * 100, -1
        signed = 0.0
        for i, value in enumerate(self.values):
            out = value if value < 0 else (value - 1 if self.basic[i] < self.count and value > 1 else 0.0)
            if abs(out) > worst:
                worst, place, signed = abs(out), i, out
        return place, signed

    def entering(self, row: list[float], below: bool) -> int:
        """The column that keeps every reduced cost on its right side, or -1."""
        best, place, size = float("inf"), -1, 0.0
        for j, x in enumerate(row):
            if (x > _TINY) if (self.at_upper[j] is below) else (x < -_TINY):
                width = abs(x)
                ratio = abs(self.reduced[j]) / width
                if ratio < best - _TINY or (ratio <= best + _TINY and width > size):
                    best, place, size = min(best, ratio), j, width
        return place

    def pivot(self, r: int, q: int, out: float) -> None:
        """Exchange basic row ``r``, which is ``out`` of bounds, with nonbasic column ``q``."""
        row = self.rows[r]
        pivot = row[q]
        step = out / pivot
        column = [line[q] for line in self.rows]
        start = 1.0 if self.at_upper[q] else 0.0
        for i, x in enumerate(column):
            self.values[i] -= x * step
        self.values[r] = start + step
        scaled = [x / pivot for x in row]
        scaled[q] = 1 / pivot
        for i, x in enumerate(column):
            if i != r and x:
                line = self.rows[i]
                line[q] = 0.0
                self.rows[i] = [a - x * b for a, b in zip(line, scaled, strict=True)]
        price = self.reduced[q]
        self.reduced[q] = 0.0
        self.reduced = [a - price * b for a, b in zip(self.reduced, scaled, strict=True)]
        self.rows[r] = scaled
        self.basic[r], self.nonbasic[q] = self.nonbasic[q], self.basic[r]
        self.at_upper[q] = out > 0

    def prices(self) -> list[float]:
        """The multiplier of each row at this basis."""
        prices = [0.0] * len(self.basic)
        for j, variable in enumerate(self.nonbasic):
            if variable >= self.count:
                prices[variable - self.count] = max(0.0, self.reduced[j])
        return prices

    def shares(self) -> list[float]:
        """The value of each variable at this basis."""
        shares = [0.0] * self.count
        for j, variable in enumerate(self.nonbasic):
            if variable < self.count:
                shares[variable] = 1.0 if self.at_upper[j] else 0.0
        for variable, value in zip(self.basic, self.values, strict=True):
            if variable < self.count:
                shares[variable] = value
        return shares

    def proof(self, r: int, below: bool) -> list[float]:
        """The multipliers under which row ``r`` shows that nothing fits."""
        sign = 1.0 if below else -1.0
        prices = [0.0] * len(self.basic)
        for j, variable in enumerate(self.nonbasic):
            if variable >= self.count:
                prices[variable - self.count] = max(0.0, sign * self.rows[r][j])
        if self.basic[r] >= self.count:
            prices[self.basic[r] - self.count] = max(0.0, sign)
        return prices


def advise(rows: Sequence[Sequence[int]], costs: Sequence[float], limits: Sequence[int]) -> Advice:
    """Multipliers for: least cost of variables in [0, 1], one a column, such that every row keeps its limit."""
    tableau = _Tableau(rows, costs, limits)
    for _ in range(20 * (len(limits) + 5)):
        r, out = tableau.leaving()
        if r < 0:
            break
        q = tableau.entering(tableau.rows[r], out < 0)
        if q < 0:
            return Advice(tableau.proof(r, out < 0), [], infeasible=True)
        tableau.pivot(r, q, out)
    return Advice(tableau.prices(), tableau.shares())
