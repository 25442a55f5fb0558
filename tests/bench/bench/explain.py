"""Where the time of one row goes: stamps of the measured gate (dragoman stat --stamps) beside the program's own."""
import json
import os

from . import stats
from .ways import Failed, Local, parsed

CALLS = 600
PARTS = ("in", "gate", "door", "provider", "host", "between", "out")
SAYS = {
    "in": "trap or jump, to the gate's first instruction", "gate": "gate", "door": "to the provider and back",
    "provider": "provider", "host": "host calls", "between": "the program between its calls, and the ways there", "out": "return to the program",
}
SAYS_PTRACE = dict(SAYS, **{"in": "stop, to the provider's first instruction", "provider": "provider and the host calls that it has made"})


class Stamp:
    """A call in ticks.  Under the notify door the provider's time has in it the host calls that the gate made for it."""

    def __init__(self, row):
        self.nr, self.how, self.enter, self.leave, self.host, self.door, self.provider = row

    def parts(self):
        whole = self.leave - self.enter
        if self.how == 2:  # a stop: the provider is all there is between the two stamps
            return {"gate": 0, "door": 0, "provider": whole, "host": 0}
        if not self.door:
            return {"gate": whole - self.host, "door": 0, "provider": 0, "host": self.host}
        away = self.door + self.host
        provider = min(max(0, self.provider - self.host), self.door)
        return {"gate": max(0, whole - away), "door": self.door - provider, "provider": provider, "host": self.host}


def explained(spans, stamps, clock):
    """
    Of each span of the program's own two stamps, its parts in ticks.  A span may have several calls in it (open+close):
    then there is a time between them, with the ways out and in again in it.  Spans whose calls the ring no longer has are left out.
    """
    stamps = sorted(stamps, key=lambda s: s.enter)
    at, found = 0, []
    for start, end in spans:
        while at < len(stamps) and stamps[at].enter < start:
            at += 1
        inside, last = [], at
        while last < len(stamps) and stamps[last].enter < end:
            if stamps[last].leave <= end:
                inside.append(stamps[last])
            last += 1
        if not inside:
            continue
        parts = {name: 0 for name in PARTS}
        for s in inside:
            for name, ticks in s.parts().items():
                parts[name] += ticks
        parts["out"] = end - inside[-1].leave
        parts["whole"] = end - start - clock
        parts["in"] = inside[0].enter - start
        parts["between"] = max(0, end - start - parts["in"] - parts["out"] - sum(s.leave - s.enter for s in inside))
        found.append(parts)
    return found


def _measured(session, way, door, flags, row):
    """(medians in ns by part, how many calls)."""
    path = os.path.join(session.work, "stat.json")
    where = way.fresh_dir()
    command = [session.dragoman, "stat", "--door=" + door, "--json=" + path, "--stamps"] + flags
    text, _ = way.run_command(command + [way.program("bench_calls"), where, "only=" + row, "explain=%d" % CALLS], 120, one_cpu=True)
    out = parsed(text)
    if row in out.fails:
        raise Failed(out.fails[row])
    with open(path) as f:
        stamps = [Stamp(s) for s in json.load(f)["stamps"]]
    found = explained(out.spans, stamps, out.clock)
    if not found:
        raise Failed("no call of it was seen")
    return {name: session.ns(stats.median([f[name] for f in found])) for name in PARTS + ("whole",)}, len(found)


def _plain(session, way, row):
    out, _ = way.run("bench_calls", [way.fresh_dir(), "slot=%d" % session.plan.slot, "only=" + row], one_cpu=True)
    if row in out.fails:
        raise Failed(out.fails[row])
    return session.ns(out.loops[row].ticks(out.clock))


def explain(session, row, plain=True):
    """{way: {plain, whole, parts..., calls}} and, for what failed, {way: {missing}}."""
    found, native = {}, Local(session, "native", "native", "linux", "native")
    found["native"] = {"plain": _plain(session, native, row) if plain else 0.0}
    todo = [("notify", "notify", [])]
    if session.has_option("--no-rewrite"):
        todo.append(("notify, no rewriting", "notify", ["--no-rewrite"]))
    todo.append(("ptrace", "ptrace", []))
    for label, door, flags in todo:
        way = Local(session, "explained", "door", "freebsd", label, [session.dragoman, "run", "--door=" + door] + flags)
        try:
            parts, calls = _measured(session, way, door, flags, row)
            found[label] = dict(parts, plain=_plain(session, way, row) if plain else 0.0, calls=calls)
        except (Failed, OSError, ValueError) as e:
            found[label] = {"missing": str(e)}
    return found


def lines(row, found):
    yield "%s: where the time goes; medians in ns" % row
    yield "  %-52s %10.1f" % ("native", found["native"]["plain"])
    for label, parts in found.items():
        if "missing" in parts:
            yield "  %s: %s" % (label, parts["missing"])
        elif label != "native":
            says = SAYS_PTRACE if label == "ptrace" else SAYS
            yield "  %-52s %10.1f" % (label, parts["plain"])
            yield "    %-50s %10.1f  (%d calls)" % ("with the measured gate, whose stamps cost some of it", parts["whole"], parts["calls"])
            for name in PARTS:
                if parts[name] >= 0.05:
                    yield "      %-48s %10.1f" % (says[name], parts[name])
