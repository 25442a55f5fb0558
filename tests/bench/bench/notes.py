"""The part of docs/performance.md that is written by hand (tests/bench/performance.md), with this run's figures in it."""
import os
import re

from . import aims, shares
from .results import number

TEMPLATE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "performance.md")
NOT_MEASURED = "(not measured)"
PARTS = (("in", "jump in"), ("gate", "gate"), ("host", "host calls"), ("between", "between calls"), ("out", "return"))


class Notes:
    """What the words between double braces stand for."""

    def __init__(self, data):
        self.data, self.figures = data, aims.Figures(data)
        self.lines = {line.name: line for line in aims.lines_of(data)}
        self.words = {"table": self.table, "overhead": self.overhead, "floor": self.floor, "ns": self.ns, "ratio": self.ratio,
                      "part": self.part, "limit": self.limit, "shares": self.shares}

    def floor(self, name):
        return self._number(self.figures.floor(name))

    def ns(self, way, *name):
        way, _, group = way.partition("-")
        return self._number(self.figures.median(group or "calls", " ".join(name), way))

    def ratio(self, name):
        r = self.figures.ratio("calls", name, "notify")
        return number(r["median"]) + "x" if r else NOT_MEASURED

    def limit(self, name):
        line = self.lines.get(name)
        return number(line.bound) + "x" if line and line.bound else NOT_MEASURED

    def _explained(self, name):
        return (self.data.get("explained") or {}).get(name, {}).get("notify", {})

    def part(self, name, part):
        return self._number(self._explained(name).get(part))

    @staticmethod
    def _number(value):
        return NOT_MEASURED if value is None else number(value)

    def overhead(self):
        """What the stamps add, as the rows with no host call in them show it."""
        whole, plain = self._explained("getpid").get("whole"), self.figures.median("calls", "getpid", "notify")
        return "%s ns for a getpid that takes %s" % (number(whole), number(plain)) if whole and plain else NOT_MEASURED

    def table(self):
        rows = ["| call, ns | native | measured | times native | aim | %s | host's limit |" % " | ".join(says for _, says in PARTS),
                "| --- |" + " ---: |" * (5 + len(PARTS))]
        for name, line in self.lines.items():
            if name in aims.CALLS:
                ratio = "%s (%s to %s)" % (number(line.value), number(line.low), number(line.high))
                ratio = "**%s**" % ratio if line.verdict() == "missed" else ratio
                parts = self._explained(name)
                rows.append("| %s | %s | %s | %s | %s | %s | %s |" % (
                    name, self.ns("native", name), self.ns("notify", name), ratio, number(line.aim),
                    " | ".join(number(parts[p]) if parts.get(p) else "" for p, _ in PARTS), number(line.bound) if line.bound else ""))
        for name, line in self.lines.items():
            if name not in aims.CALLS:
                form = "%s" if line.unit == "x" else "%s ns"
                rows.append("| %s | | %s | | %s |%s |" % (name, form % number(line.value), form % number(line.aim), " |" * len(PARTS)))
        return "\n".join(rows)

    def shares(self):
        found = self.data.get("shares") or {}
        rows = ["| code | calls | by a rewritten site |", "| --- | ---: | ---: |"]
        for share in found.values():
            rows.append("| %s | %s | %s |" % (share["says"].replace("|", "\\|"), share.get("count", ""),
                                             share.get("missing") or "%.2f %%" % shares.percent(share)))
        return "\n".join(rows) if found else NOT_MEASURED

    def _word(self, match):
        word, *args = match.group(1).split()
        return self.words[word](*args)

    def text(self):
        with open(TEMPLATE, encoding="utf-8") as f:
            return re.sub(r"\{\{([^}]*)\}\}", self._word, f.read())
