"""Results as data (JSON), as a table of text, as CSV, and two of them beside each other."""
import csv
import json
import time

from . import aims, facts, schedule, shares, stats

FORMAT = 1
QUANTILES = (("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999))


def _latency(cell, session):
    h = cell.histogram

    def ns(ticks):
        return session.ns(max(0.0, ticks - cell.clock))

    tail = [(ns(v), part) for v, part in h.tail()]
    return dict({name: min(ns(h.quantile(q)), cell.longest) for name, q in QUANTILES}, max=cell.longest, calls=h.total(), tail=_thin(tail))


def _thin(tail, most=60):
    """Points of a curve, the last ones all: there is where it is read."""
    if len(tail) <= most:
        return tail
    step = len(tail) / (most - 20)
    return [tail[int(i * step)] for i in range(int((len(tail) - 20) / step))] + tail[-20:]


def _cell(cell, base, step, session):
    """step: the row's."""
    def unseen(*cells):
        return stats.unseen(*(step / stats.median(c.samples) if step else 0.0 for c in cells))

    if not cell.samples:
        return {"missing": cell.why or "nothing was measured"}
    data = dict(stats.summary(cell.samples, unseen(cell)), samples=cell.samples, warning=stats.verdict(cell.samples))
    if base and base is not cell:
        by_round = dict(zip(base.rounds, base.samples))
        pairs = [(v, by_round[r]) for r, v in zip(cell.rounds, cell.samples) if r in by_round]
        data["ratio"] = stats.ratios([v for v, _ in pairs], [b for _, b in pairs], unseen(cell, base)) if pairs else None
    if cell.histogram:
        data["latency"] = _latency(cell, session)
    if cell.why:
        data["failed_rounds"] = cell.why
    return data


def _clock_warnings(session, chosen):
    names = {w.name: w.label for w in chosen}
    for name, parts in session.clocks.items():
        off = stats.median(parts) - 1
        if abs(off) > 0.01:
            yield "%s: its kernel's clock runs %+.1f %% beside the CPU's counter" % (names.get(name, name), off * 100)


def gather(session, chosen, table, jobs, host, command, explained, shared):
    rows = []
    for key, row in table.rows.items():
        base = table.cells.get((key, "native"))
        cells = {w.name: _cell(table.cells[key, w.name], base, row.step, session) for w in chosen if (key, w.name) in table.cells}
        rows.append({"group": row.group, "name": row.name, "unit": row.unit, "better": row.better, "says": row.says, "x": row.x, "ways": cells})
    p = session.plan
    return {
        "format": "dragoman-bench", "version": FORMAT, "dragoman": session.version, "command": command,
        "when": time.strftime("%Y-%m-%d %H:%M:%S %z"), "size": session.options.size, "host": host,
        "plan": {"rounds": p.repeat, "budget_s": session.budget, "slot_us": p.slot, "files": p.files, "mib": p.mib},
        "spent": schedule.says(jobs), "explained": explained, "shares": shared,
        "clock": {"ticks_per_ns": session.per_ns, "cost_ns": session.clock_ns,
                  "beside_kernel": {name: stats.median(v) for name, v in session.clocks.items()}},
        "ways": [w.describe() for w in chosen], "missing": session.missing, "notes": session.notes,
        "warnings": list(facts.warnings(host)) + list(_clock_warnings(session, chosen)), "rows": rows,
    }


def load(path):
    """The data of a file, or ValueError with one line."""
    try:
        with open(path) as f:
            data = json.load(f)
    except OSError as e:
        raise ValueError("%s: %s" % (path, e.strerror))
    except ValueError:
        raise ValueError("%s: not JSON" % path)
    if not isinstance(data, dict) or data.get("format") != "dragoman-bench" or data.get("version") != FORMAT:
        raise ValueError("%s: not results of dragoman bench, version %d" % (path, FORMAT))
    return data


def save_json(data, path):
    with open(path, "w") as f:
        json.dump(data, f, indent=1)
        f.write("\n")


def save_csv(data, path):
    with open(path, "w", newline="") as f:
        out = csv.writer(f)
        out.writerow(["group", "row", "unit", "way", "median", "low", "high", "spread", "rounds", "ratio", "ratio low", "ratio high",
                      "p50", "p99", "p99.9", "max", "warning", "missing"])
        for row in data["rows"]:
            for way, c in row["ways"].items():
                ratio, late = c.get("ratio") or {}, c.get("latency") or {}
                out.writerow([row["group"], row["name"], row["unit"], way] + [c.get(k, "") for k in ("median", "low", "high", "spread", "n")] +
                             [ratio.get(k, "") for k in ("median", "low", "high")] + [late.get(k, "") for k in ("p50", "p99", "p99.9", "max")] +
                             [c.get("warning", ""), c.get("missing", "")])


# ---- text

def number(v):
    """Three digits that matter."""
    if v == 0:
        return "0"
    if abs(v) >= 100:
        return "{:,.0f}".format(v)
    return "%.1f" % v if abs(v) >= 10 else "%.2f" % v


FLAG = {"": "", "noisy": "~", "worthless": "!"}


ABSOLUTE = ("sites", "floor")  # groups whose native rows are not what the others are measured against


def cell_text(cell, absolute):
    """Natively the value; the others: the ratio, with half of its interval's width."""
    if cell is None:
        return ""
    if "missing" in cell:
        return "-"
    flag, ratio = FLAG[cell["warning"]], cell.get("ratio")
    if absolute or not ratio:
        return number(cell["median"]) + flag
    half = number((ratio["high"] - ratio["low"]) / 2) if ratio["n"] > 2 else "?"  # one round says nothing of the spread, and two next to nothing
    return "%sx ±%s%s" % (number(ratio["median"]), half, flag)


def table_lines(data):
    ways = data["ways"]
    heads = {w["name"]: w["label"] if w["kind"] != "vm" else w["name"] for w in ways}
    for group in dict.fromkeys(row["group"] for row in data["rows"]):
        rows = [r for r in data["rows"] if r["group"] == group]
        there = [w for w in ways if any(w["name"] in r["ways"] for r in rows)]
        grid = [[group, "unit"] + [heads[w["name"]] for w in there]]
        for r in rows:
            grid.append([r["name"], r["unit"]] + [cell_text(r["ways"].get(w["name"]), w["name"] == "native" or group in ABSOLUTE) for w in there])
        widths = [max(len(line[i]) for line in grid) for i in range(len(grid[0]))]
        yield ""
        for line in grid:
            yield "  ".join([line[0].ljust(widths[0]), line[1].ljust(widths[1])] + [c.rjust(w) for c, w in zip(line[2:], widths[2:])]).rstrip()


def plan_lines(data):
    """How often what ran, and how long it took."""
    budget = data["plan"]["budget_s"]
    yield "%d rounds over the whole run, all ways in each, beginning with another one each time%s" % (
        data["plan"]["rounds"], "; %g minutes for all of them, so that what is slow and steady gets fewer" % (budget / 60) if budget else "")
    for suite, spent in data["spent"].items():
        yield "    %-9s %5.0f s; rounds: %s" % (suite, sum(s for _, s in spent.values()), _counts(spent))


def _counts(spent):
    by_count = {}
    for way, (count, _) in spent.items():
        by_count.setdefault(count, []).append(way)
    return "; ".join("%d of %s" % (count, ", ".join(ways) if len(by_count) > 1 else "all") for count, ways in sorted(by_count.items(), reverse=True))


LEGEND = ("native: medians of the rounds; the others: times native, with half of the 99 % interval; "
          "~ noisy, ! worthless, - could not run (the JSON says why)")


def text(data):
    yield "%s, %s, %s; %s" % (data["dragoman"], data["host"]["cpu"], data["host"]["kernel"].split()[0], data["when"])
    yield LEGEND
    yield from plan_lines(data)
    for way in data["ways"]:
        if way["version"] and way["kind"] in ("vm", "peer"):
            yield "%s: %s" % (way["name"], way["version"])
    yield "the clock itself: %.1f ns, taken off" % data["clock"]["cost_ns"]
    yield from table_lines(data)
    yield from aims.text(data)
    if data["shares"]:
        yield ""
        yield from shares.lines(data["shares"])
    yield ""
    for name, why in data["missing"].items():
        yield "not measured: %s: %s" % (name, why)
    for note in data["notes"]:
        yield "note: " + note
    for warning in data["warnings"]:
        yield "warning: " + warning
