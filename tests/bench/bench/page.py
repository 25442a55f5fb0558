"""The page: one file with everything in it, for light and dark screens of any width, and for paper."""
import html
import os

from . import facts, plots
from .results import ABSOLUTE, number

STYLE = """
:root{--ink:#1c1e21;--dim:#5b6167;--paper:#fff;--line:#d5d9de;--soft:#f3f5f7;--warn:#9a3412}
@media screen and (prefers-color-scheme:dark){:root{--ink:#e8eaed;--dim:#a5acb4;--paper:#15181b;--line:#3a4047;--soft:#1f2428;--warn:#fdba74}}
*{box-sizing:border-box}
body{margin:0 auto;padding:1rem;max-width:1500px;font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;
  color:var(--ink);background:var(--paper)}
h1{font-size:1.6rem;line-height:1.2;margin:.5rem 0}h2{font-size:1.25rem;margin:2rem 0 .5rem}
p{max-width:75ch;margin:.5rem 0}.dim{color:var(--dim)}.warn{color:var(--warn)}
.scroll{overflow-x:auto;max-width:100%;border:1px solid var(--line);border-radius:6px}
table{border-collapse:collapse;font-size:.875rem;font-variant-numeric:tabular-nums;width:100%}
th,td{padding:.3rem .6rem;text-align:right;white-space:nowrap;border-bottom:1px solid var(--line)}
th:first-child,td:first-child{text-align:left;position:sticky;left:0;background:var(--paper)}
thead th{background:var(--soft);vertical-align:bottom;white-space:normal;min-width:6.5rem}thead th:first-child{background:var(--soft)}
td small,th small{display:block;color:var(--dim);font-weight:400;font-size:.8rem}
td.noisy{font-style:italic}td.worthless{color:var(--warn);font-style:italic}
.facts th{white-space:nowrap;text-align:left;vertical-align:top}.facts td{white-space:normal;text-align:left;overflow-wrap:anywhere}
.plots{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,420px),1fr));gap:1rem}
figure{margin:0;break-inside:avoid}figure svg{display:block;width:100%;height:auto;color:var(--ink)}
.wide figure{max-width:760px}figcaption{font-weight:600}
code{font:0.9em ui-monospace,"DejaVu Sans Mono",monospace;overflow-wrap:anywhere}
@media (max-width:600px){.facts th{white-space:normal}body{padding:.6rem;font-size:15px}thead th{min-width:5rem}td,th{padding:.25rem .4rem}}
@media print{@page{size:A4;margin:10mm}@page wide{size:A4 landscape;margin:10mm}.tables{page:wide}body{font-size:9pt;max-width:none;padding:0}.scroll{overflow:visible;border:0}
  table{font-size:6.5pt}th,td{padding:1pt 3pt}td small,th small{font-size:6pt}thead th{min-width:0}tr{break-inside:avoid}
  .plots{display:block;orphans:1;widows:1}figure{display:inline-block;vertical-align:top;width:49%;padding-bottom:3mm}
  figure svg{max-height:190mm}section>p{break-inside:avoid}h2,section>p{break-after:avoid}th:first-child,td:first-child{position:static}}
"""

SECTIONS = (
    ("ratios", "Beside the native run", "A point is the median of the rounds' own ratios, its bar the 99 % interval, cut at twenty times. Left of 1 is faster than native."),
    ("start", "Start-up and memory", "From exec to main, to the last byte of output, to the collected exit. A virtual machine's boot is a line of its own."),
    ("tails", "Not only the average", "Of all single calls, the part that took longer than so long."),
    ("threads", "Many threads", "Calls that all threads make together."),
    ("growth", "As things become many", "A call's cost beside 1, 10, 100, ... of something: lines that should be flat."),
)
GROUPS = {"calls": "Single calls", "files": "Work with files", "programs": "Real programs", "threads": "Calls of many threads together",
          "sites": "Where calls are made", "floor": "The host's own mechanisms, in the bare",
          "growth": "As things become many", "start": "Start of a static program", "memory": "Memory"}


def esc(text):
    return html.escape(str(text))


def cell_html(cell, base):
    if cell is None:
        return "<td></td>"
    if "missing" in cell:
        return '<td class="dim" title="%s">not run</td>' % esc(cell["missing"])
    title = "%s .. %s, %d rounds, spread %.0f %%" % (number(cell["low"]), number(cell["high"]), cell["n"], cell["spread"] * 100)
    ratio = cell.get("ratio")
    text = number(cell["median"])
    if ratio and not base:
        text = "%s× <small>%s (%s–%s)</small>" % (number(ratio["median"]), text, number(ratio["low"]), number(ratio["high"]))
    elif base:
        text += " <small>%s–%s</small>" % (number(cell["low"]), number(cell["high"]))
    return '<td class="%s" title="%s">%s</td>' % (cell["warning"], esc(title), text)


def group_table(data, group):
    rows = [r for r in data["rows"] if r["group"] == group]
    ways = [w for w in data["ways"] if any(w["name"] in r["ways"] for r in rows)]
    yield '<h2>%s</h2><div class="scroll"><table><thead><tr><th>%s</th><th>unit</th>' % (GROUPS.get(group, group), esc(group))
    for w in ways:
        yield "<th>%s</th>" % esc(w["label"])
    yield "</tr></thead><tbody>"
    for r in rows:
        says = "<small>%s</small>" % esc(r["says"]) if r["says"] and group in ("files", "programs", "start", "sites", "floor") else ""
        yield "<tr><td>%s%s</td><td>%s</td>" % (esc(r["name"]), says, esc(r["unit"]))
        for w in ways:
            yield cell_html(r["ways"].get(w["name"]), w["name"] == "native" or group in ABSOLUTE)
        yield "</tr>"
    yield "</tbody></table></div>"


def latency_table(data):
    rows = [r for r in data["rows"] if r["group"] == "calls"]
    ways = [w for w in plots.main_ways(data) if any("latency" in r["ways"].get(w["name"], {}) for r in rows)]
    if not ways:
        return
    yield '<h2>Single calls: the slow ones</h2><p class="dim">ns: p50, p99, p99.9 and the longest of all rounds.</p>'
    yield '<div class="scroll"><table><thead><tr><th>call</th>%s</tr></thead><tbody>' % "".join("<th>%s</th>" % esc(w["label"]) for w in ways)
    for r in rows:
        yield "<tr><td>%s</td>" % esc(r["name"])
        for w in ways:
            late = r["ways"].get(w["name"], {}).get("latency")
            yield "<td>%s</td>" % ("%s · %s · %s <small>longest %s</small>" % tuple(number(late[k]) for k in ("p50", "p99", "p99.9", "max")) if late else "")
        yield "</tr>"
    yield "</tbody></table></div>"


def facts_table(data):
    yield '<h2>The host</h2><div class="scroll"><table class="facts"><tbody>'
    for name, text in facts.lines(data["host"]):
        yield "<tr><th>%s</th><td>%s</td></tr>" % (esc(name), esc(text))
    for w in data["ways"]:
        if w["version"]:
            yield "<tr><th>%s</th><td>%s</td></tr>" % (esc(w["label"]), esc(w["version"]))
    yield "<tr><th>the clock</th><td>the CPU's counter, %.4f ticks a ns; a stamp costs %.1f ns, which is taken off</td></tr>" % (
        data["clock"]["ticks_per_ns"], data["clock"]["cost_ns"])
    yield "</tbody></table></div>"


def body(data, figures):
    yield "<h1>What translation costs</h1>"
    yield '<p>%s on %s, Linux %s. <span class="dim">%s; <code>%s</code></span></p>' % (
        esc(data["dragoman"]), esc(data["host"]["cpu"]), esc(data["host"]["kernel"].split()[0]), esc(data["when"]), esc(data["command"]))
    yield ("<p>The same work, natively and by the other ways, in %d interleaved rounds. Time is taken inside the work, by one clock "
           "for all. Figures are medians; × is times the native run, with the 99 %% interval in brackets. <em>Slanted</em> "
           "rows are noisy (middle half wider than 10 %% of the median), <em class=\"warn\">coloured</em> ones worthless (50 %%).</p>" % data["plan"]["rounds"])
    for warning in data["warnings"]:
        yield '<p class="warn">Warning: %s.</p>' % esc(warning)
    for section, title, says in SECTIONS:
        mine = [(t, svg) for s, t, svg in figures if s == section and svg]
        if mine:
            wide = ' class="wide"' if section in ("ratios", "start") else ""
            yield '<section%s><h2>%s</h2><p class="dim">%s</p><div class="plots">' % (wide, title, says)
            for caption, svg in mine:
                yield "<figure>%s%s</figure>" % ("<figcaption>%s</figcaption>" % esc(caption) if wide else "", svg)
            yield "</div></section>"
    yield '<div class="tables">'
    for group in dict.fromkeys(r["group"] for r in data["rows"]):
        yield from group_table(data, group)
        if group == "calls":
            yield from latency_table(data)
    if data["missing"] or data["notes"]:
        yield "<h2>What was not measured, and notes</h2><ul>"
        yield from ("<li>%s: %s</li>" % (esc(k), esc(v)) for k, v in data["missing"].items())
        yield from ("<li>%s</li>" % esc(n) for n in data["notes"])
        yield "</ul>"
    yield from facts_table(data)
    yield "</div>"


def save(data, path, say):
    try:
        figures = list(plots.all_plots(data))
    except plots.NoGnuplot as e:
        say(str(e))
        figures = []
    with open(path, "w", encoding="utf-8") as f:
        f.write('<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">'
                '<meta name="color-scheme" content="light dark"><title>What translation costs</title><style>%s</style></head><body>\n' % STYLE)
        for part in body(data, figures):
            f.write(part + "\n")
        f.write("</body></html>\n")


def save_markdown(data, path, say):
    from . import markdown
    folder = os.path.splitext(path)[0]
    markdown.save(data, path, folder, say)
