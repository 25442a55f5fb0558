"""Plots by gnuplot, as SVG that takes the colour of the text around it: for a light page, a dark one, and paper."""
import re
import shutil
import subprocess

# Of middle brightness, to be told apart on white and on black; each has its own shape of point for paper without colour.
COLOURS = {"native": ("#808080", 2), "notify": ("#3b82d6", 7), "notify-trap": ("#0f9fa8", 5), "ptrace": ("#d97706", 9),
           "notify-linux": ("#6f9be8", 6), "ptrace-linux": ("#e0a24a", 8), "vm-disk": ("#2e9e5b", 13), "vm-9p": ("#9b6bd3", 11),
           "vm-tmpfs": ("#8aa52c", 12), "strace": ("#d64545", 1), "proot": ("#a0703c", 3), "qemu-user": ("#d0589c", 4)}
WIDTH = 480
RATIO_TICS = "'0.01' 0.01, '0.1' 0.1, '1' 1, '10' 10, '100' 100, '1k' 1000, '10k' 10000"


class NoGnuplot(Exception):
    """Plots are left out: one line that says how to get them."""


def check():
    if not shutil.which("gnuplot"):
        raise NoGnuplot("no plots in the page: gnuplot is not there (apt-get install gnuplot-nox)")


HEAD = """set terminal svg size %d,%d font 'sans-serif,14' linewidth 1.2
set border lc rgb '#808080'
set grid lc rgb '#808080' lw 0.4
set xtics textcolor rgb 'black'
set ytics textcolor rgb 'black'
set key at screen 0.5, screen %g center bottom vertical maxrows 20 samplen 1.5
set bmargin at screen %g
set tmargin at screen %g
"""


def gnuplot(script, prefix, plot_height, legends, title=False):
    """
    An <svg> element; its ids begin with prefix, so that many fit into one page.  Below the plot are the axis, 62 high,
    and the legend, a line for each way.
    """
    below, above = 62 + 22 * legends + 6, 40 if title else 10
    height = plot_height + below + above
    head = HEAD % (WIDTH, height, 6 / height, below / height, 1 - above / height)
    p = subprocess.run(["gnuplot"], input=head + script, capture_output=True, text=True, timeout=60)
    start = p.stdout.find("<svg")
    if p.returncode != 0 or start < 0:
        raise NoGnuplot("gnuplot failed: %s" % p.stderr.strip().split("\n")[-1])
    svg = p.stdout[start:]
    svg = re.sub(r'(<svg[^>]*?)\s+width="\d+"\s+height="\d+"', r"\1", svg, count=1)
    svg = re.sub(r"id='([^']*)'|id=\"([^\"]*)\"", lambda m: 'id="%s-%s"' % (prefix, m.group(1) or m.group(2)), svg)
    svg = re.sub(r"href='#([^']*)'", r"href='#%s-\1'" % prefix, svg)
    for name in ("color", "fill", "stroke"):
        svg = re.sub(r'\b%s="(black|white)"' % name, '%s="currentColor"' % name, svg)
    svg = re.sub(r"<filter.*?</filter>", "", svg, flags=re.S)  # of boxes behind text, of which there are none
    svg = re.sub(r"rgb\(\s*0,\s*0,\s*0\)", "currentColor", svg)
    svg = re.sub(r"<title>.*?</title>|<desc>.*?</desc>", "", svg, flags=re.S)
    return "\n".join(line for line in svg.split("\n") if line.strip())


def quoted(text):
    return "'%s'" % text.replace("'", "''").replace("_", "\\_")


def style(way):
    colour, shape = COLOURS.get(way["name"], ("#808080", 1))
    return "lc rgb '%s' pt %d ps 0.7" % (colour, shape)


def label(way):
    return way["label"].replace("VM by TCG", "VM (TCG)").replace("VM by KVM", "VM (KVM)")


def dots(rows, ways, value, prefix, axis):
    """A line for each row, a point with its interval for each way.  value(cell): (median, low, high) or None."""
    used = [w for w in ways if any(value(r["ways"].get(w["name"], {})) for r in rows)]
    if not used or not rows:
        return None
    blocks, plots = [], []
    for k, way in enumerate(used):
        shift = (k - (len(used) - 1) / 2) * 0.7 / max(len(used), 3)
        lines = []
        for i, row in enumerate(rows):
            v = value(row["ways"].get(way["name"], {}))
            if v:
                lines.append("%g %g %g %g" % ((i + shift,) + v))
        blocks.append("$d%d << E\n%s\nE\n" % (k, "\n".join(lines)))
        plots.append("$d%d using 2:1:3:4 with xerrorbars %s title %s" % (k, style(way), quoted(label(way))))
    tics = ", ".join("%s %d" % (quoted(r["name"]), i) for i, r in enumerate(rows))
    script = "".join(blocks) + axis + "set ytics (%s)\nset yrange [%g:-0.6]\nset offsets 0,0,0,0\nplot %s\n" % (tics, len(rows) - 0.4, ", ".join(plots))
    return gnuplot(script, prefix, max(24 * len(used), len(rows) * max(24, 7 * len(used))), len(used))


ROWS_MOST = 14  # of one plot: so that it fits on a sheet of paper, and on a screen
BAR_MOST = 20.0


def _pages(rows):
    """Rows in parts of nearly the same length."""
    parts = -(-len(rows) // ROWS_MOST)
    for i in range(parts):
        yield rows[len(rows) * i // parts:len(rows) * (i + 1) // parts]


def bar(median, low, high):
    """A point and the ends of its bar, which a few rounds can make longer than any axis."""
    return median, max(low, median / BAR_MOST), min(high, median * BAR_MOST)


def ratio_value(cell):
    r = cell.get("ratio")
    return bar(r["median"], r["low"], r["high"]) if r and r["median"] > 0 else None


def ratio_dots(rows, ways, prefix):
    axis = ("set logscale x\nset xlabel 'times the native run'\nset xtics (%s)\n"
            "set arrow 1 from 1, graph 0 to 1, graph 1 nohead lc rgb '#808080' lw 2\n" % RATIO_TICS)
    return dots(rows, [w for w in ways if w["name"] != "native"], ratio_value, prefix, axis)


def absolute_dots(rows, ways, prefix, factor, form, title, base=10, tics="autofreq"):
    """factor makes the unit of form of the rows' own."""
    def value(cell):
        return bar(*(max(cell[k], 1e-12) * factor for k in ("median", "low", "high"))) if "median" in cell else None
    return dots(rows, ways, value, prefix, "set logscale x %d\nset xlabel '%s'\nset xtics %s\nset format x '%s'\n" % (base, title, tics, form))


SECONDS = "%.0s %cs"


def curves(series, prefix, axis, height=230):
    """series: (way, [(x, y)...]); lines with points, or steps where axis says so."""
    series = [(w, points) for w, points in series if points]
    if not series:
        return None
    blocks = "".join("$d%d << E\n%s\nE\n" % (k, "\n".join("%g %g" % p for p in points)) for k, (_, points) in enumerate(series))
    plots = ", ".join("$d%d using 1:2 with linespoints %s lw 1.5 title %s" % (k, style(w), quoted(label(w))) for k, (w, _) in enumerate(series))
    return gnuplot(blocks + axis + "plot %s\n" % plots, prefix, height, len(series), title=True)


def tail(row, ways, prefix):
    """How many of the calls took longer than so long, both by powers of ten: where the far ends are."""
    series = []
    for way in ways:
        late = row["ways"].get(way["name"], {}).get("latency")
        if late:
            points = [(v * 1e-9, part) for v, part in late["tail"] if v > 0 and part > 0]
            if late["max"] > 0 and late["calls"]:
                points.append((late["max"] * 1e-9, 1 / late["calls"]))
            series.append((way, points[::max(1, len(points) // 25)] + points[-1:]))
    axis = ("set title %s offset 0,-0.4\nset logscale xy\nset format x '%s'\nset xlabel 'longer than'\nset ylabel 'part of the calls'\n"
            "set yrange [1e-5:1.2]\nset ytics ('half' 0.5, '1 %%%%' 0.01, '0.1 %%%%' 0.001, '0.01 %%%%' 0.0001)\n" % (quoted(row["name"]), SECONDS))
    return curves(series, prefix, axis)


def against(rows, ways, prefix, title, xlabel, factor, form, logx):
    """Rows of one kind, by their x."""
    series = [(w, [(r["x"], r["ways"][w["name"]]["median"] * factor) for r in rows if "median" in r["ways"].get(w["name"], {})]) for w in ways]
    xs = sorted({r["x"] for r in rows})
    axis = "set title %s offset 0,-0.4\nset logscale y\nset format y '%s'\nset xlabel '%s'\nset logscale x %d\nset xtics (%s)\nset xrange [%g:%g]\n" % (
        quoted(title), form, xlabel, logx, ", ".join(str(x) for x in xs), xs[0] / 1.3, xs[-1] * 1.3)
    return curves(series, prefix, axis)


def kinds(rows):
    """Rows of threads and growth by what comes before the number: {kind: rows}."""
    found = {}
    for row in rows:
        found.setdefault(re.split(r" x?\d+$", row["name"])[0], []).append(row)
    return found


def main_ways(data):
    return [w for w in data["ways"] if w["kind"] in ("native", "door", "vm") and w["name"] not in ("vm-9p", "vm-tmpfs")]


def all_plots(data):
    """(section, title, svg) of everything that this run has."""
    check()
    by_group, ways, n = {}, data["ways"], 0
    for row in data["rows"]:
        by_group.setdefault(row["group"], []).append(row)

    def number():
        nonlocal n
        n += 1
        return "p%d" % n

    for group, title in (("calls", "Single calls"), ("files", "Work with files"), ("programs", "Real programs")):
        parts = list(_pages([r for r in by_group.get(group, []) if r["name"] != "nothing"]))
        for i, rows in enumerate(parts):
            yield "ratios", title + (", %d of %d" % (i + 1, len(parts)) if len(parts) > 1 else ""), ratio_dots(rows, ways, number())
    yield "start", "Start of a static program", _start(by_group, ways, number())
    memory = by_group.get("memory", [])
    yield "start", "Memory", absolute_dots(memory, ways, number(), 1024, "%.0b %BB", "memory of all processes", 16, 256) if memory else None
    for row in by_group.get("calls", [])[1:]:
        yield "tails", row["name"], tail(row, main_ways(data), number())
    for kind, rows in kinds(by_group.get("threads", [])).items():
        yield "threads", kind, against(rows, main_ways(data), number(), kind, "threads", 1000, "%.0s%c/s", 2)
    for kind, rows in kinds(by_group.get("growth", [])).items():
        yield "growth", kind, against(rows, main_ways(data), number(), rows[0]["says"], kind, 1e-9, SECONDS, 10)


def _start(by_group, ways, prefix):
    """Microseconds and the boot's milliseconds on one axis of seconds."""
    rows = []
    for row in by_group.get("start", []):
        factor = {"us": 1e-6, "ms": 1e-3}[row["unit"]]
        cells = {w: dict(c, **{k: c[k] * factor for k in ("median", "low", "high")}) for w, c in row["ways"].items() if "median" in c}
        rows.append(dict(row, ways=cells))
    return absolute_dots(rows, ways, prefix, 1, SECONDS, "time", tics=100) if rows else None
