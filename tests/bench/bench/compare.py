"""
Runs beside each other.  A figure is what the table states: natively the time, else the ratio to native of the same rounds.
Two runs agree on it when their intervals meet.
"""
from . import stats
from .results import number


def figures(data):
    """{(group, row, way): (row, summary)} of what was measured; a row without a summary could not run."""
    found = {}
    for row in data["rows"]:
        for way, cell in row["ways"].items():
            found[row["group"], row["name"], way] = (row, cell.get("ratio") or (cell if "median" in cell else None))
    return found


def _unit(row, way):
    return row["unit"] if way == "native" else "x"


def not_the_same(runs):
    """What makes a comparison doubtful."""
    first = runs[0]
    for other in runs[1:]:
        for key in ("cpu", "kernel"):
            if first["host"][key] != other["host"][key]:
                yield "not the same %s: %s; %s" % (key, first["host"][key], other["host"][key])
        sizes = [(d["size"], d["plan"]["slot_us"], d["plan"]["files"], d["plan"]["mib"]) for d in (first, other)]
        if sizes[0] != sizes[1]:
            yield "not the same sizes: %s; %s" % tuple(sizes)


def two(old, new):
    """Lines: each figure that is in both, where the intervals do not meet; and what is in one alone."""
    yield from not_the_same([old, new])
    before, after = figures(old), figures(new)
    same, changed = 0, []
    for key in list(after) + [k for k in before if k not in after]:
        (row, now), (_, was) = after.get(key, (None, None)), before.get(key, (None, None))
        if now is None or was is None:
            if now or was:
                changed.append((0.0, key, "measured in the %s run alone" % ("new" if now else "old")))
            continue
        sign = stats.differ(was, now)
        if sign == 0:
            same += 1
            continue
        good = (sign < 0) == (row["better"] == "less")
        factor = now["median"] / was["median"] if was["median"] else 0.0
        changed.append((factor, key, "%s -> %s %s, %.3fx: %s" % (number(was["median"]), number(now["median"]), _unit(row, key[2]), factor,
                                                                "better" if good else "WORSE")))
    for _, (group, name, way), what in sorted(changed, key=lambda c: c[0]):
        yield "%-34s %-14s %s" % (group + "/" + name, way, what)
    yield "%d figures agree within their intervals, %d do not" % (same, len(changed))


def _disagree(summaries):
    return any(stats.differ(a, b) for i, a in enumerate(summaries) for b in summaries[i + 1:])


def many(runs):
    """(lines, how many figures disagree): of three runs and more, each figure on which two of them do not agree."""
    tables, lines, agree, bad, alone, single = [figures(r) for r in runs], list(not_the_same(runs)), 0, 0, 0, 0
    for key in dict.fromkeys(k for t in tables for k in t):
        found = [t[key] for t in tables if key in t and t[key][1]]
        summaries = [s for _, s in found]
        alone += 0 < len(found) < len(runs)
        if any(not s["confidence"] for s in summaries):
            single += 1
        elif _disagree(summaries):
            bad += 1
            lines.append("%-34s %-14s %s" % (key[0] + "/" + key[1], key[2], "; ".join(
                "%s (%s to %s) %s" % (number(s["median"]), number(s["low"]), number(s["high"]), _unit(found[0][0], key[2])) for s in summaries)))
        elif found:
            agree += 1
    lines.append("%d runs: %d figures agree within the intervals that they state, %d do not" % (len(runs), agree, bad))
    if alone:
        lines.append("%d figures are not in all of the runs" % alone)
    if single:
        lines.append("%d figures were measured once in a run, which has no interval" % single)
    return lines, bad
