"""docs/performance.md and its plots, from the results of a run."""
import os
import re
import shutil

from . import facts, notes, plots, results, stats
from .page import GROUPS, SECTIONS

# Plots that are shown in the document itself; the others are one table each.
SHOWN = ("ratios", "start", "threads", "growth")
SHOWN_TAILS = ("read-1", "open+close", "pipe-pingpong", "futex-pingpong")
SVG_STYLE = "<style>svg{color:#1c1e21}@media(prefers-color-scheme:dark){svg{color:#e8eaed}}</style>"

WHY = {
    "calls": "a call inside the VM is a native call of its own kernel, and what starts, wakes or ends processes and threads never leaves "
             "that kernel; under a door the provider has a part in it",
    "files": "the VM's kernel keeps its file system's metadata and writes in its own memory, and its disk is one file of the host: what "
             "syncs often, or makes many files, meets another file system than the host's",
    "programs": "the program spends its time in calls that the provider serves",
    "threads": "threads of one VM meet in its kernel alone",
    "growth": "the VM's kernel does this work by itself",
    "start": "the kernel of the VM loads a program by itself; a door first makes a process and its provider",
    "memory": "the figure of the VM is its whole memory in use, which does not come back to the host",
}


def _wins(data):
    """(row, VM way, its median, the door's) where a VM way is surely better than the notify door."""
    vms = [w["name"] for w in data["ways"] if w["kind"] == "vm"]
    for row in data["rows"]:
        door = row["ways"].get("notify", {})
        for name in vms:
            cell = row["ways"].get(name, {})
            if "median" not in cell or "median" not in door:
                continue
            sign = stats.differ(stats.in_one_run(door), stats.in_one_run(cell))
            if sign and (sign < 0) == (row["better"] == "less"):
                yield row, name, cell["median"], door["median"]


def wins(data):
    found = list(_wins(data))
    vms = [w for w in data["ways"] if w["kind"] == "vm"]
    if not vms:
        yield "No virtual machine was measured in this run."
        return
    if not found:
        yield "In no row of this run is a VM surely faster than the notify door."
        return
    for group in dict.fromkeys(row["group"] for row, *_ in found):
        yield "- **%s.** %s." % (GROUPS.get(group, group), WHY[group][0].upper() + WHY[group][1:])
        by_row = {}
        for row, name, vm_value, door in found:
            if row["group"] == group:
                by_row.setdefault(row["name"], []).append("%s %s against %s %s" % (name, results.number(vm_value), results.number(door), row["unit"]))
        for name, texts in by_row.items():
            yield "    - %s: %s" % (name, "; ".join(texts))


def table(data, group):
    rows = [r for r in data["rows"] if r["group"] == group]
    ways = [w for w in data["ways"] if any(w["name"] in r["ways"] for r in rows)]
    yield "| %s | unit | %s |" % (group, " | ".join(w["label"] for w in ways))
    yield "| --- | --- | %s |" % " | ".join("---:" for _ in ways)
    for r in rows:
        cells = [results.cell_text(r["ways"].get(w["name"]), w["name"] == "native" or group in results.ABSOLUTE) for w in ways]
        yield "| %s | %s | %s |" % (r["name"].replace("|", "\\|"), r["unit"], " | ".join(cells))


def slow_calls(data):
    rows = [r for r in data["rows"] if r["group"] == "calls"]
    ways = plots.main_ways(data)
    yield "| ns: p50 / p99 / p99.9 / longest | %s |" % " | ".join(w["label"] for w in ways)
    yield "| --- | %s |" % " | ".join("---:" for _ in ways)
    for r in rows:
        cells = []
        for w in ways:
            late = r["ways"].get(w["name"], {}).get("latency")
            cells.append(" / ".join(results.number(late[k]) for k in ("p50", "p99", "p99.9", "max")) if late else "")
        yield "| %s | %s |" % (r["name"], " | ".join(cells))


def document(data, pictures):
    """pictures: {section: [(title, file name)]}."""
    yield "# Performance"
    yield ""
    yield "This page is generated from one run by `make performance`; do not edit it. The run was made by"
    yield ""
    yield "    build/%s" % data["command"]
    yield ""
    yield ("The same work runs natively, under each door, in a virtual machine and under other tracers, in %d interleaved rounds, pinned, "
           "timed inside the work by one clock for all (the CPU's counter; a stamp costs %.1f ns, which is taken off). Native columns are "
           "medians; the others are medians of the rounds' own ratios to native, with half of the width of the 99 %% interval. "
           "`~` marks a noisy row, `!` a worthless one, `-` what could not run. Measured: %s." %
           (data["plan"]["rounds"], data["clock"]["cost_ns"], data["when"]))
    yield ""
    yield "```"
    yield from results.plan_lines(data)
    yield "```"
    yield ""
    yield "| the host | |"
    yield "| --- | --- |"
    for name, text in facts.lines(data["host"]):
        yield "| %s | %s |" % (name, text.replace("|", "\\|"))
    for w in data["ways"]:
        if w["version"]:
            yield "| %s | %s |" % (w["label"], w["version"])
    yield ""
    for warning in data["warnings"]:
        yield "- Warning: %s." % warning
    for note in data["notes"]:
        yield "- %s." % note
    for name, why in data["missing"].items():
        yield "- Not measured: %s: %s." % (name, why)
    yield ""
    yield "## Where the VM wins, and why"
    yield ""
    yield from wins(data)
    yield ""
    yield notes.Notes(data).text().rstrip()
    for section, title, says in SECTIONS:
        if pictures.get(section):
            yield ""
            yield "## " + title
            yield ""
            yield says
            yield ""
            for caption, name in pictures[section]:
                yield "![%s](%s)" % (caption, name)
    for group in dict.fromkeys(r["group"] for r in data["rows"]):
        yield ""
        yield "## " + GROUPS.get(group, group)
        yield ""
        yield from table(data, group)
        if group == "calls":
            yield ""
            yield from slow_calls(data)


def _sized(head):
    """A picture of its own has a size: without one, pages show it as wide as they are."""
    width, height = re.search(r'viewBox="0 0 ([0-9.]+) ([0-9.]+)"', head).groups()
    return '%s width="%s" height="%s"' % (head, width, height)


def save(data, path, folder, say):
    """The document, and its plots as files in a folder beside it."""
    pictures = {}
    try:
        figures = [f for f in plots.all_plots(data) if f[2] and (f[0] in SHOWN or f[1] in SHOWN_TAILS)]
    except plots.NoGnuplot as e:
        say(str(e))
        figures = []
    shutil.rmtree(folder, ignore_errors=True)
    if figures:
        os.makedirs(folder)
    for number, (section, title, svg) in enumerate(figures, 1):
        name = "%02d-%s.svg" % (number, "".join(c if c.isalnum() else "-" for c in title.lower()))
        head, _, rest = svg.partition(">")
        with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
            f.write(_sized(head) + ">" + SVG_STYLE + rest + "\n")
        pictures.setdefault(section, []).append((title, "%s/%s" % (os.path.basename(folder), name)))
    with open(path, "w", encoding="utf-8") as f:
        f.write("\n".join(document(data, pictures)) + "\n")
