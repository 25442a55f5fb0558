"""
What a call may cost under the notify door, and what was measured.  A bound that an aim cannot be below on this host is the
same call as the gate has to make it, under user dispatch and a filter, measured in the bare.
"""
from . import stats

# Row of the calls: (ratio to the native call, the host call that the gate makes in its place).
CALLS = {
    "getpid": (0.5, ""), "lseek": (0.3, ""), "read-1": (1.15, "pread-1"), "pread-1": (1.15, "pread-1"), "read-4k": (1.10, "pread-4k"),
    "write-4k": (1.10, ""), "read-1m": (1.02, ""), "write-1m": (1.02, ""), "lseek+read-1": (1.0, "pread-1"), "fstat": (1.3, "statx"),
    "stat": (1.5, "statx-path"), "access": (1.5, "access"), "open+close": (1.5, "open+close"), "getdirentries-1000": (1.3, ""),
    "futex-wake": (1.2, "futex-wake"), "clock_gettime": (1.2, ""), "mmap-64k": (1.2, "mmap-64k"), "pipe-pingpong": (1.15, ""),
    "scan-200": (1.3, ""),
}
PROVIDER_MORE_NS, FRESH_NS, START_NS = 1000.0, 25000.0, 1e6
FRESH_CALLS = ("fresh-1", "fresh-2", "fresh-3")


class Figures:
    """The medians of a run by group, row and way; None for what was not measured."""

    def __init__(self, data):
        self.rows = {(r["group"], r["name"]): r["ways"] for r in data["rows"]}

    def cell(self, group, name, way):
        found = self.rows.get((group, name), {}).get(way, {})
        return stats.in_one_run(found) if "median" in found else found

    def median(self, group, name, way):
        return self.cell(group, name, way).get("median")

    def ratio(self, group, name, way):
        found = self.cell(group, name, way).get("ratio")
        return stats.in_one_run(found) if found else {}

    def floor(self, name):
        return self.median("floor", name, "native")


class Line:
    def __init__(self, name, value, aim, unit, low=None, high=None, bound=None):
        self.name, self.value, self.aim, self.unit, self.low, self.high, self.bound = name, value, aim, unit, low, high, bound

    def verdict(self):
        """'held', 'missed', or 'at its limit' where the interval has the aim in it."""
        if self.value <= self.aim:
            return "held"
        return "within the interval" if self.low is not None and self.low <= self.aim else "missed"


def _call(f, name, aim, host_call):
    ratio, native = f.ratio("calls", name, "notify"), f.median("calls", name, "native")
    if not ratio or not native:
        return None
    guarded = f.floor(host_call + "+guard") if host_call else None
    plain = f.floor({"statx": "fstat", "statx-path": "stat"}.get(host_call, host_call)) if host_call else None
    if name == "lseek+read-1" and plain:
        plain = native
    return Line(name, ratio["median"], aim, "x", ratio["low"], ratio["high"], guarded / plain if guarded and plain else None)


def lines_of(data):
    f = Figures(data)
    for name, (aim, host_call) in CALLS.items():
        line = _call(f, name, aim, host_call)
        if line:
            yield line
    bundle = f.ratio("programs", "esbuild", "notify")
    if bundle:
        yield Line("esbuild", bundle["median"], 1.05, "x", bundle["low"], bundle["high"])
    asked, bare = f.cell("sites", "asks-used-site", "notify"), f.floor("notify")
    if "median" in asked and bare:
        yield Line("provider row, rewritten site", asked["median"], bare + PROVIDER_MORE_NS, "ns", asked["low"], asked["high"], bare)
    fresh = [f.median("sites", name, "notify") for name in FRESH_CALLS]
    if all(fresh):
        yield Line("the call that rewrites a site", max(fresh), FRESH_NS, "ns")
    began = f.cell("start", "to end", "notify")
    if "median" in began:
        yield Line("hello world, exec to end", began["median"] * 1e3, START_NS, "ns", began["low"] * 1e3, began["high"] * 1e3,
                   f.floor("start-chain"))


def text(data):
    found = list(lines_of(data))
    if not found:
        return
    yield ""
    yield "%-30s %10s %10s %22s %12s" % ("notify door beside its aims", "measured", "aim", "", "host's limit")
    for line in found:
        form = "%.2fx" if line.unit == "x" else "%.0f ns"
        yield ("%-30s %10s %10s %22s %12s" % (line.name, form % line.value, form % line.aim, line.verdict(), form % line.bound if line.bound else "")).rstrip()
