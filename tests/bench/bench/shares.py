"""Which part of a program's calls came through rewritten sites: by code as libraries and compilers make it, and by real programs."""
import json
import os

from .ways import Failed, Local

CALLS = 20000
PATTERNS = {
    "libc": "FreeBSD's libc: mov $n,%eax; mov %rcx,%r10; syscall; jb", "glibc": "glibc: syscall; cmp $-4095,%rax; jae",
    "musl": "musl: syscall; mov %rax,%rdi; call", "go-runtime": "Go's runtime: syscall; jae; neg", "syscall": "a function that takes the number: syscall; ret",
    "go-syscall": "Go's package syscall: syscall; jae; mov",
}


def _counts(session, way, argv):
    path = os.path.join(session.work, "stat.json")
    way.run_command([session.dragoman, "stat", "--json=" + path] + argv, 300)
    with open(path) as f:
        calls = json.load(f)["calls"]
    return {key: sum(c[key] for c in calls) for key in ("count", "gate", "site", "trap")}


def shares(session):
    """{name: {says, count, gate, site, trap} or {says, missing}}: numbers of calls."""
    way, found = Local(session, "shares", "door", "freebsd", "notify"), {}
    todo = [(name, says, [way.program("bench_sites"), "pattern=" + name, "calls=%d" % CALLS]) for name, says in PATTERNS.items()]
    for program in session.programs:
        argv = [program.builds["freebsd"]] + [a.replace("{src}", program.placed_at(way)).replace("{out}", program.placed_at(way) + "/out") for a in program.args]
        todo.append((program.name, "all calls of " + program.name, argv))
    for name, says, argv in todo:
        try:
            found[name] = dict(_counts(session, way, argv), says=says)
        except (Failed, OSError, ValueError) as e:
            found[name] = {"says": says, "missing": str(e)}
    return found


def percent(share):
    return 100.0 * share["site"] / share["count"] if share.get("count") else 0.0


def lines(found):
    yield "calls that came through a rewritten site:"
    for name, share in found.items():
        if "missing" in share:
            yield "    %-12s %s: %s" % (name, share["says"], share["missing"])
        else:
            yield "    %-12s %6.2f %% of %6d  %s" % (name, percent(share), share["count"], share["says"])
