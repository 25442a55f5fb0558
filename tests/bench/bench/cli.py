"""The command line of `dragoman bench`."""
import argparse
import json
import os
import signal
import sys

from . import aims, compare, crosscheck, explain, facts, page, results, session as sessions, shares, ways, works

USAGE = """dragoman bench [--quick | --full] [--repeat=N] [--budget=MINUTES] [--only=WORD[,WORD...]] [--paths=WAY[,WAY...]] [--no-vm]
                      [--prog=NAME:FREEBSD-BUILD:LINUX-BUILD[:ARGUMENTS]] [--json=FILE] [--csv=FILE] [--html=FILE]
       dragoman bench --compare OLD.json NEW.json     what has changed
       dragoman bench --compare A.json B.json C.json  whether runs agree: status 1 when they do not
       dragoman bench --from=FILE.json [--csv=FILE] [--html=FILE] [--markdown=FILE]    a report of an earlier run
       dragoman bench --explain=ROW [--json=FILE]    where the time of a call goes: trap or jump, gate, provider, host call
       dragoman bench --cross-check [--no-vm]        the figures beside those of perf and fio, and a delay of known length
       dragoman bench --list                                                        the workloads and the ways

Runs the same work natively, under Dragoman's doors, in a virtual machine, and under other tracers that are installed,
in interleaved rounds, and prints times of the native runs and ratios to them."""


def default_cache():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(base, "dragoman-bench")


def parse(argv, home):
    parser = argparse.ArgumentParser(prog="dragoman bench", usage=USAGE, add_help=True)
    size = parser.add_mutually_exclusive_group()
    for name in ("quick", "full", "tiny"):
        size.add_argument("--" + name, dest="size", action="store_const", const=name, help=argparse.SUPPRESS if name == "tiny" else None)
    parser.set_defaults(size="default", vm=True)
    parser.add_argument("--repeat", type=int, default=0)
    parser.add_argument("--budget", type=float, metavar="MINUTES", help="for all rounds; 0: as long as they take")
    parser.add_argument("--only", type=lambda s: s.split(","), default=[])
    parser.add_argument("--paths", type=lambda s: s.split(","), default=[])
    parser.add_argument("--no-vm", dest="vm", action="store_false")
    parser.add_argument("--prog", action="append", default=[])
    for name in ("json", "csv", "html", "markdown"):
        parser.add_argument("--" + name, metavar="FILE")
    parser.add_argument("--compare", nargs="+", metavar="FILE")
    parser.add_argument("--from", dest="source", metavar="FILE")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--explain", metavar="ROW", choices=list(works.CALLS)[1:])
    parser.add_argument("--cross-check", dest="cross", action="store_true")
    parser.add_argument("--cache", default=default_cache(), help="where the VM and the files of the work are (default: %(default)s)")
    parser.add_argument("--dragoman", default=os.environ.get("DRAGOMAN_EXE", ""), help=argparse.SUPPRESS)
    parser.add_argument("--samples", default=os.environ.get("DRAGOMAN_SAMPLES", os.path.join(home, "..", "samples")), help=argparse.SUPPRESS)
    o = parser.parse_args(argv)
    o.cache, o.samples = os.path.abspath(o.cache), os.path.abspath(o.samples)
    o.calibrate_us = 20000 if o.size == "tiny" else 400000
    return o


def fail(text, status=2):
    sys.stderr.write("dragoman bench: %s\n" % text)
    return status


def writable(path):
    """None, or why a result could not be written there: found out before an hour of work, not after it."""
    folder = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(folder):
        return "%s: there is no directory %s" % (path, folder)
    return None if os.access(path if os.path.exists(path) else folder, os.W_OK) else "%s: may not be written" % path


def given_programs(words):
    for word in words:
        parts = word.split(":", 3)
        if len(parts) < 3:
            raise ValueError("--prog=%s: wanted NAME:FREEBSD-BUILD:LINUX-BUILD[:ARGUMENTS]" % word)
        for path in parts[1:3]:
            if not os.access(path, os.X_OK):
                raise ValueError("--prog=%s: %s is no program" % (word, path))
        yield works.Program(parts[0], {"freebsd": os.path.abspath(parts[1]), "linux": os.path.abspath(parts[2])},
                            parts[3].split() if len(parts) > 3 else [], says=" ".join(parts[3:]) or "with no arguments")


def esbuild(session, home):
    """The bundle that the tests make, where both builds are there; else the sentence that says what is missing."""
    top = os.path.join(os.path.dirname(session.samples), "esbuild")
    builds = {name: os.path.join(top, name, "esbuild") for name in ("freebsd", "linux")}
    generator = os.path.join(home, "..", "esbuild", "generate.py")
    generator = generator if os.path.exists(generator) else os.path.join(os.path.realpath(home), "..", "esbuild", "generate.py")
    if not all(os.path.exists(b) for b in builds.values()) or not os.path.exists(generator):
        return "its FreeBSD and Linux builds are not there: make esbuild (or --prog)"
    source = os.path.join(session.work, "esbuild-source")
    status, _, err = session.guard.run([sys.executable, generator, source], 120)
    if status != 0:
        return "its input could not be made: " + err.strip().split("\n")[-1]
    flags = "{src}/app.ts {src}/other.ts --bundle --minify --sourcemap --splitting --format=esm --log-level=error --outdir={out}"
    return works.Program("esbuild", builds, flags.split(), source, "bundles 320 modules")


def find_programs(session, options, home):
    programs = list(given_programs(options.prog))
    if session.options.size != "tiny":
        bundler = esbuild(session, home)
        if isinstance(bundler, str):
            session.missing["esbuild"] = bundler
        else:
            programs.append(bundler)
    return programs


def write_reports(data, options, say):
    if options.json:
        results.save_json(data, options.json)
    if options.csv:
        results.save_csv(data, options.csv)
    if options.html:
        page.save(data, options.html, say)
    if options.markdown:
        page.save_markdown(data, options.markdown, say)


def explain_row(session, row):
    found = explain.explain(session, row)
    for line in explain.lines(row, found):
        print(line)
    if session.options.json:
        with open(session.options.json, "w") as f:
            json.dump({"format": "dragoman-explain", "version": 1, "row": row, "ways": found}, f, indent=1)


def look_inside(session, chosen, progress):
    """({row: its parts}, {program: its shares}) of what the notify door's aims are about, where that door was measured."""
    if not any(w.name == "notify" for w in chosen):
        return {}, {}
    explained = {}
    for row in aims.CALLS if session.options.size in ("default", "full") else ():
        if session.wants("calls", row):
            progress.say_once("where the time goes")
            try:
                explained[row] = explain.explain(session, row, plain=False)
            except ways.Failed as e:
                session.note("explaining %s: %s" % (row, e))
    return explained, shares.shares(session) if session.wants("sites", "shares") else {}


def run(options, home, argv):
    progress = sessions.Progress(sys.stderr)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, sessions.on_signal)
    session = sessions.Session(options, progress.say)
    try:
        host = facts.gather(session.work)
        session.calibrate()
        if options.explain:
            explain_row(session, options.explain)
            return 0
        if options.cross:
            bad = 0
            for line in crosscheck.all_checks(session):
                print(line, flush=True)
                bad += line.endswith("OFF") or ": OFF" in line
            return 1 if bad else 0
        session.programs = find_programs(session, options, home)
        chosen = session.find_ways()
        table, jobs = sessions.measure(session, chosen, progress)
        explained, shared = look_inside(session, chosen, progress)
        data = results.gather(session, chosen, table, jobs, host, "dragoman bench " + " ".join(argv), explained, shared)
    finally:
        session.close()
    for line in results.text(data):
        print(line)
    write_reports(data, options, progress.say)
    return 0


def compare_runs(runs):
    if len(runs) < 2:
        raise ValueError("--compare: wanted two files or more")
    lines, bad = compare.many(runs) if len(runs) > 2 else (compare.two(*runs), 0)
    for line in lines:
        print(line)
    return 1 if bad else 0


def show_list(options):
    plan = sessions.PLANS[options.size]()
    for suite in works.SUITES:
        print("%s: %s; %d rounds" % (suite.name, suite.says, max(1, round(plan.repeat * suite.rounds))))
        names = {"calls": works.CALLS, "sites": dict(works.SITES, shares="calls through rewritten sites"), "growth": works.GROWTH, "files": {s.name: s.says for s in works.file_steps(plan) if s.row}}
        for name, says in names.get(suite.name, {}).items():
            print("    %-24s %s" % (name, says))
    print("ways: native, notify, notify-trap, ptrace, notify-linux, ptrace-linux, vm-disk, vm-9p, vm-tmpfs, strace, proot, qemu-user")


def main(argv, home):
    options = parse(argv, home)
    try:
        for path in (options.json, options.csv, options.html, options.markdown):
            why = path and writable(path)
            if why:
                return fail(why)
        if options.list:
            show_list(options)
            return 0
        if options.compare:
            return compare_runs([results.load(path) for path in options.compare])
        if options.source:
            data = results.load(options.source)
            for line in results.text(data):
                print(line)
            write_reports(data, options, lambda text: sys.stderr.write(text + "\n"))
            return 0
        list(given_programs(options.prog))
        if not os.path.exists(os.path.join(options.samples, "linux", "bench_calls")):
            return fail("the workloads are not in %s: make samples, or make install" % options.samples)
        if not options.dragoman or not os.path.exists(options.dragoman):
            return fail("which dragoman? call this as 'dragoman bench'")
        return run(options, home, argv)
    except ValueError as e:
        return fail(str(e))
    except KeyboardInterrupt:
        return fail("stopped; nothing is left behind", 130)
    except BrokenPipeError:
        return 141
