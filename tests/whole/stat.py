"""dragoman stat counts what --trace prints, and leaves the program as it is."""
import json
import os
import re

from dragoman import Skip, mark


def stat(t, flags, program, *args, **options):
    command = [os.path.join(t.place, "dragoman"), "stat", "--door=" + t.door, *flags, t.sample(program), *args]
    r = t.run(command, **options)
    t.want(r.left == 0, "nothing is left", r)
    return r


def counts(t, program, *args, flags=(), **options):
    path = os.path.join(t.dir(), "stat.json")
    r = stat(t, ["--json=" + path, *flags], program, *args, **options)
    with open(path) as f:
        return json.load(f), r


def traced(t, program, *args):
    """{call: (count, errors)} of the lines of a trace."""
    path = os.path.join(t.dir(), "trace")
    t.guest(program, *args, flags=("--trace=" + path,))
    found = {}
    for line in open(path, errors="replace"):
        m = re.match(r"\[\d+\] (\w+)\(", line)
        if m:
            count, errors = found.get(m.group(1), (0, 0))
            found[m.group(1)] = (count + 1, errors + bool(re.search(r"\) = -1 E", line)))
    return found


def test_counts_are_the_traces(t):
    for program, fresh in (("files", True), ("mmap", True), ("hello", False)):
        args = [[t.dir()] if fresh else [] for _ in range(3)]
        native = t.native(program, *args[0])
        data, r = counts(t, program, *args[1])
        t.want(r.status == native.status and r.out == native.out, "the program is as without", r)
        want = traced(t, program, *args[2])
        have = {c["name"]: (c["count"], c["errors"]) for c in data["calls"]}
        t.want(have == want, "%s: counted %s, traced %s" % (program, sorted(have.items()), sorted(want.items())))


def test_shares(t):
    """Each call came one way; under the notify door many are served in the gate, and under ptrace none."""
    data, _ = counts(t, "bench_calls", t.dir(), "slot=300", "only=getpid,read-4k,lseek")
    t.want(data["format"] == "dragoman-stat" and data["door"] == t.door, "the format and the door: %s" % data)
    calls = {c["name"]: c for c in data["calls"]}
    for c in data["calls"]:
        t.want(c["site"] + c["trap"] + c["stop"] == c["count"] >= c["ended"] >= c["errors"], "one way each: %s" % c)
        t.want(c["gate"] <= c["count"] and c["total_ns"] >= 0, "parts of a whole: %s" % c)
        t.want((c["stop"] == c["count"]) == (t.door == "ptrace"), "stops are the ptrace door's: %s" % c)
    t.want(calls["lseek"]["gate"] == (calls["lseek"]["count"] if t.door == "notify" else 0), "lseek: %s" % calls["lseek"])
    t.want(calls["exit"]["ended"] == 0 and calls["exit"]["count"] == 1, "exit does not come back: %s" % calls["exit"])
    lseek = calls["lseek"]
    if t.door == "notify":
        again, _ = counts(t, "bench_calls", t.dir(), "slot=300", "only=lseek", flags=["--no-rewrite"])
        plain = next(c for c in again["calls"] if c["name"] == "lseek")
        t.want(plain["site"] == 0 and plain["gate"] == plain["count"], "without rewriting every call traps: %s" % plain)
        t.want(lseek["site"] > 0, "a hot site is rewritten: %s" % lseek)


def source_of_clocks():
    with open("/sys/devices/system/clocksource/clocksource0/current_clocksource") as f:
        return f.read().strip()


@mark(doors=("notify",))
def test_clocks_need_no_host_call(t):
    """The host's own code in the process tells the time: in the first image, and in one that an exec made."""
    if source_of_clocks() not in ("tsc", "kvm-clock"):
        raise Skip("only the host itself reads this clock")
    work = [t.dir(), "slot=30000", "only=clock_gettime"]
    for program, args in (("bench_calls", work), ("sh", ["-c", " ".join(["exec", t.sample("bench_calls"), *work])])):
        data, r = counts(t, program, *args)
        clock = next(c for c in data["calls"] if c["name"] == "clock_gettime")
        t.want(r.status == "exit 0" and clock["gate"] == clock["count"] > 1000, "%s: in the gate: %s" % (program, clock), r)
        t.want(clock["host_ns"] == 0, "%s: without a host call: %s" % (program, clock))


@mark(doors=("notify",))
def test_every_hot_site_is_rewritten(t):
    """Of four that want to be at the same moment none is forgotten."""
    data, r = counts(t, "sites", t.dir(), "together")
    lseek = next(c for c in data["calls"] if c["name"] == "lseek")
    t.want(r.status == "exit 0" and lseek["count"] > 400000, "they were called: %s" % lseek)
    t.want(lseek["site"] > 0.9 * lseek["count"], "and through their jumps: %s" % lseek)


def test_processes_and_threads(t):
    data, r = counts(t, "forkexec")
    native = t.native("forkexec")
    t.want(r.status == native.status and r.out == native.out, "as without", r)
    calls = {c["name"]: c for c in data["calls"]}
    t.want(calls["fork"]["count"] > 1 and calls["execve"]["ended"] == calls["execve"]["count"] > 1, "children count, too: %s" % sorted(calls))
    data, r = counts(t, "threads")
    t.want(r.status == "exit 0" and any(c["name"] == "thr_new" for c in data["calls"]), "threads count", r)


@mark(once=True)
def test_text(t):
    r = stat(t, [], "hello", "x")
    lines = r.err.decode().split("\n")
    t.want(r.status == "exit 7" and r.out == b"hello, world\n", "status and output are the program's", r)
    t.want(lines[0].split()[:3] == ["call", "count", "errors"] and lines[3].split()[:2] == ["all", "2"], "two calls", r)
    t.want(stat(t, ["--json=/nonexistent/x"], "hello").status == "exit 125", "a file that cannot be written")
    t.want(t.run(t.dragoman("--json", t.sample("hello"))).status == "exit 2", "--json is not for run")
