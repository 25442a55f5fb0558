"""dragoman bench, at sizes that say nothing about speed: that it measures what it says, and what it does when it can't."""
import html.parser
import importlib
import json
import os
import random
import re
import shutil
import subprocess
import sys

from dragoman import Skip, mark


def bench(t, *args, **options):
    command = [os.path.join(t.place, "dragoman"), "bench", "--cache=" + options.pop("cache", t.tmp + "/cache"), *args]
    return t.run(command, timeout=options.pop("timeout", 100), **options)


def tiny(t, *args, **options):
    return bench(t, "--tiny", "--no-vm", *args, **options)


def module(name):
    """A part of the benchmarks themselves."""
    place = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "bench")
    if place not in sys.path:
        sys.path.append(place)
    return importlib.import_module("bench." + name)


def load(t, *args, **options):
    path = os.path.join(t.dir(), "out.json")
    r = tiny(t, "--json=" + path, *args, **options)
    t.want(r.status == "exit 0" and r.left == 0, "bench runs", r)
    with open(path) as f:
        return json.load(f), r


def check_cell(t, where, cell):
    if "missing" in cell:
        t.want(cell["missing"], "%s says why it is missing" % where)
        return
    t.want(len(cell["samples"]) == cell["n"] and cell["low"] <= cell["median"] <= cell["high"], "%s: an interval: %s" % (where, cell))
    t.want(cell["median"] >= 0 and cell["spread"] >= 0 and cell["warning"] in ("", "noisy", "worthless"), "%s: %s" % (where, cell))
    late = cell.get("latency")
    if late:
        t.want(late["p50"] <= late["p99"] <= late["p99.9"] and late["calls"] > 0, "%s: percentiles: %s" % (where, late))


def test_everything(t):
    """Every workload, under the test's door; what is there has a figure, and what is not a reason."""
    data, r = load(t, "--paths=" + t.door)
    t.want(data["format"] == "dragoman-bench" and data["version"] == 1, "the format is named")
    t.want([w["name"] for w in data["ways"]] == ["native", t.door], "the ways: %s" % data["ways"])
    groups = {row["group"] for row in data["rows"]}
    t.want(groups == {"calls", "sites", "floor", "files", "threads", "growth", "start", "memory"}, "the groups: %s" % groups)
    for row in data["rows"]:
        where = row["group"] + "/" + row["name"]
        ways = {"native"} if row["group"] == "floor" else {"native", t.door}
        t.want(set(row["ways"]) == ways, "%s has its ways: %s" % (where, set(row["ways"])))
        for way, cell in row["ways"].items():
            check_cell(t, "%s, %s" % (where, way), cell)
            t.want("median" in cell or row["name"].endswith("-cold"), "%s is measured under %s: %s" % (where, way, cell))
        t.want(row["name"].encode() in r.out, "%s is in the table" % where)
    calls = {row["name"]: row["ways"] for row in data["rows"] if row["group"] == "calls"}
    t.want(calls["fork+exit+wait"]["native"]["median"] > calls["getpid"]["native"]["median"] > 0, "a fork costs more than getpid")
    t.want(0.05 < data["clock"]["ticks_per_ns"] < 20, "the counter's speed: %s" % data["clock"])
    t.want(not os.listdir(t.tmp + "/cache"), "nothing is left in the cache: %s" % os.listdir(t.tmp + "/cache"))


@mark(once=True)
def test_rounds_and_ratios(t):
    data, _ = load(t, "--repeat=5", "--only=calls/getpid,calls/read-1", "--paths=notify")
    t.want({row["name"] for row in data["rows"]} == {"getpid", "read-1", "read-1m"}, "--only: %s" % [r["name"] for r in data["rows"]])
    for row in data["rows"]:
        cell, base = row["ways"]["notify"], row["ways"]["native"]
        pairs = sorted(a / b for a, b in zip(cell["samples"], base["samples"]))
        t.want(cell["n"] == base["n"] == 5 and abs(cell["ratio"]["median"] - pairs[2]) < 1e-9, "the ratio is the rounds' own: %s" % cell)


class Page(html.parser.HTMLParser):
    """What a browser would find: colours, tables outside of scroll boxes, unclosed elements, ids that are there twice."""

    VOID = ("meta", "br", "link", "img", "input", "hr")

    def __init__(self, text):
        super().__init__()
        self.open, self.loose_tables, self.ids, self.twice, self.bad, self.style, self.uses, self.cells = [], 0, set(), [], [], "", set(), []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag not in self.VOID:
            self.open.append((tag, attributes.get("class", "")))
        if tag == "table" and not any("scroll" in c for _, c in self.open):
            self.loose_tables += 1
        if tag == "tr":
            self.cells.append(0)
        if tag in ("td", "th"):
            self.cells[-1] += 1
        name = attributes.get("id")
        if name in self.ids:
            self.twice.append(name)
        self.ids |= {name} - {None}
        self.uses |= {v[1:] for k, v in attributes.items() if k.endswith("href") and v.startswith("#")}

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if not self.open or self.open.pop()[0] != tag:
            self.bad.append(tag)

    def handle_data(self, data):
        if self.open and self.open[-1][0] == "style":
            self.style += data


def check_page(t, text):
    page = Page(text)
    t.want(not page.bad and not page.open, "elements are closed where they should be: %s, %s" % (page.bad[:3], page.open[:3]))
    t.want(page.loose_tables == 0, "a table that is too wide scrolls in its own box")
    t.want(not page.twice and page.uses <= page.ids, "each plot's names are its own: %s, %s" % (page.twice[:3], list(page.uses - page.ids)[:3]))
    for words in ("prefers-color-scheme:dark", "@media print", "max-width:600px", "break-inside:avoid"):
        t.want(words in page.style, "the style has %s" % words)
    t.want("width=device-width" in text and 'content="light dark"' in text, "it is for phones and for dark screens")
    for svg in re.findall(r"<svg.*?</svg>", text, re.S):
        t.want("viewBox" in svg and not re.search(r"<svg[^>]*\swidth=", svg), "a plot takes the width that there is")
        t.want("black" not in svg and "white" not in svg and "currentColor" in svg, "its text has the colour of the page's")
        tops = [float(y) for y in re.findall(r"<text[^>]*? y=.([-0-9.]+)", svg)]
        t.want(all(y >= -2000 for y in tops), "nothing is above it")


@mark(once=True)
def test_page_of_many(t):
    """A page of many rows: plots of a length that fits on paper, bars that stay on the axis, every way named in each."""
    data, _ = load(t, "--repeat=2", "--only=calls", "--paths=notify")
    for row in data["rows"]:
        for cell in row["ways"].values():
            if cell.get("ratio"):
                cell["ratio"].update(low=1e-30, high=1e30)
    where = t.dir()
    with open(where + "/in.json", "w") as f:
        json.dump(data, f)
    r = bench(t, "--from=" + where + "/in.json", "--html=" + where + "/out.html")
    t.want(r.status == "exit 0", "a page", r)
    text = open(where + "/out.html").read()
    check_page(t, text)
    if b"gnuplot" in r.err:
        raise Skip("no plots: gnuplot is not there")
    sizes = [(float(w), float(h)) for w, h in re.findall(r'<svg[^>]*viewBox="0 0 ([0-9.]+) ([0-9.]+)"', text)]
    t.want(len(sizes) > len(data["rows"]), "a plot of each row, and those of all: %d" % len(sizes))
    t.want(all(h <= 2.9 * w for w, h in sizes), "none is longer than a sheet of paper: %s" % (max(sizes, key=lambda s: s[1]),))
    t.want(not re.search(r">\s*1e[+-]?[0-9]{2}", text) and "Gs<" not in text, "no axis is as long as a bar of two rounds")


@mark(once=True)
def test_reports(t):
    where = t.dir()
    paths = {kind: "%s/out.%s" % (where, kind) for kind in ("json", "csv", "html", "markdown")}
    r = tiny(t, "--only=calls/getpid,growth", "--paths=notify", *["--%s=%s" % kv for kv in paths.items()])
    t.want(r.status == "exit 0", "reports are written", r)
    csv = open(paths["csv"]).read().split("\n")
    t.want(csv[0].startswith("group,row,unit,way,median") and any(line.startswith("calls,getpid,ns,notify,") for line in csv), "the CSV: %s" % csv[:3])
    page = open(paths["html"]).read()
    t.want("getpid" in page and "</html>" in page, "the page has the row")
    t.want("src=" not in page and "href=\"http" not in page and "@import" not in page, "the page is self-contained")
    check_page(t, page)
    again = bench(t, "--from=" + paths["json"], "--csv=" + where + "/again.csv")
    t.want(again.status == "exit 0" and open(where + "/again.csv").read() == open(paths["csv"]).read(), "a report from the JSON is the same", again)
    t.want(again.out == r.out, "the same table", again)


@mark(once=True)
def test_compare(t):
    data, _ = load(t, "--repeat=3", "--only=calls/getpid,calls/lseek", "--paths=notify")
    where = t.dir()
    for name, factor in (("old", 1.0), ("new", 300.0)):
        for row in data["rows"]:
            for way, cell in row["ways"].items():
                if row["name"] == "getpid" and way == "notify":  # not as measured: three rounds of a busy machine say nothing
                    for key, value in (("median", 1.0), ("low", 0.9), ("high", 1.1), ("min", 0.9), ("max", 1.1)):
                        cell["ratio"][key] = value * factor
        with open("%s/%s.json" % (where, name), "w") as f:
            json.dump(data, f)
    r = bench(t, "--compare", where + "/old.json", where + "/new.json")
    worse = [line for line in r.out.decode().split("\n") if "WORSE" in line]
    t.want(r.status == "exit 0" and len(worse) == 1 and worse[0].startswith("calls/getpid") and "300.000x" in worse[0], "one figure is worse", r)
    r = bench(t, "--compare", where + "/new.json", where + "/old.json")
    t.want(b"better" in r.out and b"WORSE" not in r.out, "and better the other way round", r)
    r = bench(t, "--compare", where + "/old.json", where + "/old.json")
    t.want(b"6 figures agree within their intervals, 0 do not" in r.out, "a run agrees with itself", r)
    r = bench(t, "--compare", *[where + "/old.json"] * 3)
    t.want(r.status == "exit 0" and b"3 runs: 6 figures agree" in r.out, "three runs that agree", r)
    r = bench(t, "--compare", where + "/old.json", where + "/new.json", where + "/old.json")
    t.want(r.status == "exit 1" and b"3 runs: 5 figures agree" in r.out and b"1 do not" in r.out and r.out.startswith(b"calls/getpid"), "one that does not", r)


@mark(once=True)
def test_intervals(t):
    """Of drawn samples the intervals hold the true median as often as they say, and two of the same thing meet."""
    stats, draw = module("stats"), random.Random(1)
    for n in (2, 3, 5, 7, 8, 12, 15):
        missed = apart = 0
        for _ in range(400):
            a, b = (stats.summary([draw.lognormvariate(0, 0.05) for _ in range(n)]) for _ in range(2))
            missed += not a["low"] <= 1 <= a["high"]
            apart += stats.differ(a, b) != 0
        t.want(missed <= 12 and apart <= 2, "%d rounds: %d of 400 intervals missed the median, %d pairs did not meet" % (n, missed, apart))
    apart = 0
    for _ in range(400):
        a, b = (stats.summary([common * draw.lognormvariate(0, 0.005) for _ in range(12)], stats.DRIFT)
                for common in (draw.lognormvariate(0, stats.DRIFT), draw.lognormvariate(0, stats.DRIFT)))
        apart += stats.differ(a, b) != 0
    t.want(apart <= 2, "of a machine that drifts from run to run %d of 400 pairs did not meet" % apart)
    a, b = (stats.summary([of_pages] * 5, stats.unseen(4 / of_pages)) for of_pages in (24.0, 28.0))
    t.want(stats.differ(a, b) == 0, "a page more or less is no difference: %s, %s" % (a, b))
    one, far = stats.summary([1.0]), stats.summary([9.0] * 9)
    t.want(stats.differ(one, far) == 0 and one["confidence"] == 0, "one round says nothing of the spread: %s" % one)
    t.want(stats.differ(stats.summary([1.0] * 9), far) == 1, "what differs is seen")
    t.want(stats.differ(stats.summary([1.0] * 9, stats.DRIFT), stats.summary([1.1] * 9, stats.DRIFT)) == 1, "a tenth is seen")
    near, far = stats.summary([1.0, 1.01] * 6, stats.DRIFT), stats.summary([1.04, 1.05] * 6, stats.DRIFT)
    t.want(stats.differ(near, far) == 0 and stats.differ(stats.in_one_run(near), stats.in_one_run(far)) == 1, "in one run less is seen")


@mark(once=True)
def test_budget(t):
    """What is slow and steady gets fewer rounds, and nothing more than the time that there is."""
    schedule = module("schedule")

    class Thing:
        def __init__(self, name, kind):
            self.name, self.kind = name, kind

    calls = Thing("calls", "")
    jobs = [schedule.Job(calls, Thing(name, kind), 15) for name, kind in
            (("native", "native"), ("quick", "door"), ("noisy", "vm"), ("slow", "vm"))]
    for job, seconds in zip(jobs, (1, 2, 10, 10)):
        job.done, job.seconds = 1, float(seconds)
    schedule.plan(jobs, 200.0, lambda j: 0.2 if j.way.name == "noisy" else 0.01)
    rounds = {j.way.name: j.rounds for j in jobs}
    t.want(rounds["native"] == 15 and rounds["quick"] > rounds["slow"], "what costs little has more rounds: %s" % rounds)
    t.want(15 >= rounds["noisy"] > rounds["slow"] >= schedule.AT_LEAST, "what is noisy has more of them: %s" % rounds)
    t.want(sum(j.cost() * (j.rounds - j.done) for j in jobs) <= 200, "it fits: %s" % rounds)
    ran = {j.way.name: [0] for j in jobs}
    for number in range(1, 15):
        for job in schedule.due_now(jobs, number, 15):
            job.done += 1
            job.seconds += job.cost() if job.done == 1 else job.seconds / (job.done - 1)
            ran[job.way.name].append(number)
    t.want({name: len(those) for name, those in ran.items()} == rounds, "all that is planned is run: %s, %s" % (ran, rounds))
    t.want(ran["slow"][-1] >= 10 and all(set(those) <= set(ran["native"]) for those in ran.values()), "over the whole run, beside native: %s" % ran)
    schedule.plan(jobs, -5.0, lambda j: 0.01)
    t.want(all(j.rounds == j.done for j in jobs), "nothing more when the budget is used up: %s" % [(j.way.name, j.rounds, j.done) for j in jobs])


@mark(once=True)
def test_document(t):
    """docs/performance.md: what is written by hand is there, with figures in it, also those that were not measured."""
    where = t.dir()
    r = tiny(t, "--only=calls/getpid,calls/fstat,sites,floor", "--paths=notify", "--markdown=" + where + "/performance.md")
    t.want(r.status == "exit 0", "it is written", r)
    text = open(where + "/performance.md").read()
    t.want("Where each nanosecond goes" in text and "{{" not in text, "the part by hand has its figures")
    t.want("| fstat |" in text and "(not measured)" in text and "    build/dragoman bench --" in text, "what was measured, what was not, the command")
    for name in ("libc", "musl", "Go's runtime"):
        line = next((line for line in text.split("\n") if name in line and " %" in line), "")
        t.want(line and float(line.split("|")[3].strip().rstrip("%")) > 99, "calls as %s makes them go through rewritten sites: %s" % (name, line))


@mark(once=True)
def test_bad_arguments(t):
    """One line, before any work."""
    for args, words in ((["--json=/nonexistent/out.json"], b"no directory"), (["--prog=x"], b"wanted NAME"),
                        (["--prog=x:/etc/passwd:/etc/passwd"], b"is no program"), (["--compare", "/etc/passwd", "/etc/passwd"], b"not JSON"),
                        (["--from=/nonexistent.json"], b"No such file"), (["--samples=/nonexistent"], b"make samples")):
        r = bench(t, *args)
        t.want(r.status == "exit 2" and words in r.err and r.err.count(b"\n") == 1, "%s gives one line" % args, r)


@mark(once=True)
def test_missing_tools(t):
    """A host without QEMU, tracers and gnuplot: a line for each, and the rest still runs."""
    bin_dir = t.dir()
    for tool in ("python3", "ldd", "cksum"):
        source = next((os.path.join(d, tool) for d in ["/usr/bin"] + os.environ["PATH"].split(":") if os.path.exists(os.path.join(d, tool))), None)
        if source:
            os.symlink(os.path.realpath(source), os.path.join(bin_dir, tool))
    page = bin_dir + "/out.html"
    r = bench(t, "--tiny", "--only=calls/getpid", "--html=" + page, env={"PATH": bin_dir})
    text = r.out.decode()
    t.want(r.status == "exit 0" and "getpid" in text, "it runs", r)
    for name, package in (("strace", "strace"), ("proot", "proot"), ("qemu-user", "qemu-user"), ("vm", "qemu-system-x86")):
        lines = [line for line in text.split("\n") if line.startswith("not measured: %s: " % name)]
        t.want(len(lines) == 1 and "apt-get install " + package in lines[0], "%s: one line that says how to get it: %s" % (name, lines), r)
    t.want(b"gnuplot" in r.err and os.path.exists(page), "the page is there, without plots", r)


@mark(once=True)
def test_no_network(t):
    """The VM's packages cannot be had: one line that says so, the rest runs, and nothing half made is taken for a VM."""
    if not shutil.which("qemu-system-x86_64") or not shutil.which("apt-get"):
        raise Skip("there is no QEMU, or no apt-get, whose packages could be missing")
    tools = t.dir()
    for tool, script in (("apt-cache", "echo 'Depends: linux-image-0.0-amd64'"), ("apt-get", "echo 'E: Could not resolve the name' >&2; exit 100")):
        with open(os.path.join(tools, tool), "w") as f:
            f.write("#!/bin/sh\n%s\n" % script)
        os.chmod(os.path.join(tools, tool), 0o755)
    cache = t.dir()
    for _ in range(2):
        r = bench(t, "--tiny", "--only=calls/getpid", "--paths=vm", cache=cache, env={"PATH": tools + ":" + os.environ["PATH"]})
        lines = [line for line in r.out.decode().split("\n") if line.startswith("not measured: vm")]
        t.want(r.status == "exit 0" and len(lines) == 1 and "could not download linux-image-0.0-amd64" in lines[0], "one line: %s" % lines, r)
        t.want(b"getpid" in r.out, "the rest runs", r)


@mark(once=True)
def test_vm_that_does_not_boot(t):
    """An emulator that ends at once, as one does where its accelerator is of no use: one line, and the rest runs."""
    if not shutil.which("mkfs.ext4", path=os.environ["PATH"] + ":/usr/sbin:/sbin"):
        raise Skip("mkfs.ext4 is not there")
    tools, cache = t.dir(), t.dir()
    with open(os.path.join(tools, "qemu-system-x86_64"), "w") as f:
        f.write("#!/bin/sh\necho 'no room for the machine' >&2\nexit 1\n")
    os.chmod(os.path.join(tools, "qemu-system-x86_64"), 0o755)
    image = os.path.join(cache, "vm")
    os.makedirs(image)
    for name in ("kernel", "initramfs"):
        open(os.path.join(image, name), "w").close()
    here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "bench", "vm")
    text = b"".join(open(os.path.join(here, name), "rb").read() for name in ("build", "init"))
    with open(os.path.join(image, "version"), "wb") as f:
        f.write(subprocess.run(["cksum"], input=text, capture_output=True, check=True).stdout)
    r = bench(t, "--tiny", "--only=calls/getpid", "--paths=vm", cache=cache, env={"PATH": tools + ":" + os.environ["PATH"]})
    lines = [line for line in r.out.decode().split("\n") if line.startswith("not measured: vm")]
    t.want(r.status == "exit 0" and len(lines) == 1 and "ended while it booted" in lines[0] and "no room" in lines[0], "one line: %s" % lines, r)
    t.want(set(os.listdir(cache)) <= {"vm", "kvm-probe"}, "nothing is left: %s" % os.listdir(cache))


@mark(once=True)
def test_failing_program(t):
    """A program that fails has a reason in its cell and not a fast figure."""
    script = os.path.join(t.dir(), "fails")
    with open(script, "w") as f:
        f.write("#!/bin/sh\necho it broke >&2\nexit 3\n")
    os.chmod(script, 0o755)
    data, r = load(t, "--paths=notify", "--only=programs", "--prog=broken:%s:%s" % (script, script))
    cell = data["rows"][0]["ways"]["native"]
    t.want("it broke" in cell.get("missing", ""), "the reason: %s" % cell, r)


KILL = """
set -u
env --default-signal=INT "$1" bench --tiny --no-vm --repeat=50 --cache="$2" --paths="$3" >/dev/null 2>&1 &
bench=$!
for i in $(seq 200); do ls "$2"/run.*/"$3" >/dev/null 2>&1 && break; sleep 0.05; done
sleep 0.$4
kill -"$5" $bench
wait $bench 2>/dev/null
for i in $(seq 100); do
    left=$(cd /proc && for p in [0-9]*; do readlink $p/exe; done 2>/dev/null | grep -c -e python -e /dragoman$ -e /bench_ -e qemu)
    [ "$left" = 0 ] && [ -z "$(ls "$2" | grep -v -e ^vm$ -e ^kvm-probe$)" ] && echo clean && exit 0
    sleep 0.05
done
echo "left: $left processes, $(ls "$2")"
"""


def test_killed(t):
    """At any moment, by any signal: no process of it and no file is left."""
    for number, (sig, tenths) in enumerate((("KILL", 0), ("KILL", 3), ("INT", 2), ("TERM", 4))):
        cache = "%s/cache%d" % (t.dir(), number)
        r = t.run(["/bin/bash", "-c", KILL, "sh", os.path.join(t.place, "dragoman"), cache, t.door, str(tenths), sig], timeout=60)
        t.want(b"clean" in r.out, "after SIG%s nothing is left" % sig, r)


@mark(once=True)
def test_explain(t):
    """The parts of a call, by each door; a row that no gate serves has a provider's part."""
    for row, provider in (("lseek", False), ("mmap+touch+munmap", None), ("fork+exit+wait", True)):
        path = os.path.join(t.dir(), "explain.json")
        r = tiny(t, "--explain=" + row, "--json=" + path)
        t.want(r.status == "exit 0" and r.out.startswith(row.encode()), "it explains", r)
        ways = json.load(open(path))["ways"]
        t.want(set(ways) >= {"native", "notify", "ptrace"} and ways["native"]["plain"] > 0, "the ways: %s" % ways)
        for name, parts in ways.items():
            if name != "native":
                t.want(parts["calls"] > 10 and min(parts[p] for p in ("in", "gate", "door", "provider", "host", "out")) >= 0, "%s: %s" % (name, parts))
        if provider is not None:
            t.want((ways["notify"]["provider"] > 0) == provider, "%s, the provider's part: %s" % (row, ways["notify"]))
        t.want(ways["ptrace"]["provider"] > 0, "under ptrace everything is the provider's: %s" % ways["ptrace"])


@mark(once=True, long=True)
def test_vm(t):
    """The machine, its three storage ways and its end; where there is no QEMU or no network, the reason instead."""
    data, r = load_vm(t)
    if "vm" in data["missing"]:
        raise Skip(data["missing"]["vm"])
    t.want([w["name"] for w in data["ways"]] == ["native", "vm-disk", "vm-9p", "vm-tmpfs"], "the ways: %s" % data["ways"])
    t.want(all("TCG" in w["label"] or "KVM" in w["label"] for w in data["ways"][1:]), "what runs it is named: %s" % data["ways"])
    runs = next(row for row in data["rows"] if row["name"] == "given")["ways"]["vm-disk"]
    t.want(runs.get("n") == 2 and "failed_rounds" not in runs, "a given program runs in every round: %s" % runs)
    for row in data["rows"]:
        wanted = {"vm-disk", "vm-9p", "vm-tmpfs"} if row["group"] == "files" else {"vm-disk"}
        t.want(wanted <= set(row["ways"]), "%s has its ways: %s" % (row["name"], set(row["ways"])))
        for way in wanted:
            check_cell(t, row["name"] + ", " + way, row["ways"][way])
    t.want(set(os.listdir(t.tmp + "/cache")) <= {"vm", "kvm-probe"}, "only the machine is kept: %s" % os.listdir(t.tmp + "/cache"))
    r = t.run(["/bin/bash", "-c", KILL.replace("--no-vm ", "").replace('"$2"/run.*/"$3"', '"$2"/run.*/disk.img'), "sh",
               os.path.join(t.place, "dragoman"), t.tmp + "/cache", "vm", "5", "KILL"], timeout=120)
    t.want(b"clean" in r.out, "after SIGKILL there is no VM", r)


def load_vm(t):
    path = os.path.join(t.dir(), "out.json")
    builds = ":".join(os.path.join(t.place, "samples", system, "bench_sites") for system in ("freebsd", "linux"))
    r = bench(t, "--tiny", "--repeat=4", "--paths=vm", "--prog=given:%s:pattern=libc" % builds, "--json=" + path, timeout=900)
    t.want(r.status == "exit 0" and r.left == 0, "bench runs", r)
    with open(path) as f:
        return json.load(f), r
