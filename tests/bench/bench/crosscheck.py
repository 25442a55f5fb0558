"""
Whether the figures can be believed: beside perf's own loop of system calls, beside fio here and in the same VM, and by a
delay of known length put into the gate.
"""
import json
import os
import shutil

from . import stats, vm
from .ways import Failed, InVm, Local, parsed

ROUNDS, ROUNDS_MOST = 8, 99  # a disk of a shared machine scatters by 13 % from one second to the next, however long a round is
DELAY_NS = 200
DELAY_ROWS = ("nothing", "getpid", "lseek", "read-1", "pread-4k", "fstat", "stat", "open+close", "pipe-pingpong")
# The work of bench_files, fio's name for it, and the block.  Past the page cache: there a job is the disk's time, and not
# the overhead of the program that asks.
FIO_JOBS = (("random-read", "randread", 4096), ("random-write", "randwrite", 4096),
            ("sequential-read", "read", 131072), ("sequential-write", "write", 131072))
FIO_OPS = 4000
FIO_HUGE_PAGES = 8
# Blocks of code that fio 3.33 runs for an operation besides the call, by qemu-x86_64 -d nochain,exec with the engine "null".
# A VM that translates instructions takes longer for a call when so much else ran since the last one: there, ours runs as
# many functions that do nothing between its calls.
FIO_BLOCKS = 470
FIO_WARM, FIO_RUN = "300ms", "400ms"  # of its first thousand operations some are slow, while its threads start: they do not count
FIO_OPTIONS = ("--name=x", "--minimal", "--output-format=json", "--thread", "--time_based", "--ramp_time=" + FIO_WARM, "--runtime=" + FIO_RUN,
               "--direct=1", "--norandommap", "--clocksource=cpu", "--fallocate=none", "--end_fsync=0", "--disk_util=0", "--eta=never",
               "--zero_buffers", "--scramble_buffers=0")  # what is written is ours, too: some disks look at it
FIO_SLACK, PERF_SLACK, DELAY_SLACK = 0.10, 0.05, 0.10


class Check:
    """ours and theirs: values of the rounds, which say something when the whole interval of what they give is on one side of a limit."""

    def __init__(self):
        self.ours, self.theirs = [], []

    def add(self, ours, theirs):
        self.ours.append(ours)
        self.theirs.append(theirs)

    def verdict(self):
        """'ok', 'OFF', or '' while the interval has both in it."""
        said, (low, high) = self.said(), self.limits()
        if low <= said["low"] and said["high"] <= high:
            return "ok"
        return "OFF" if said["low"] > high or said["high"] < low else ""

    def ending(self):
        low, high = self.limits()
        side = "within" if low <= self.said()["median"] <= high else "over"
        off = self.in_words()
        verdict = {"ok": "ok", "OFF": "OFF by more than " + off, "": "%s %s by the median, not by the whole interval" % (side, off)}
        return "%d rounds: %s" % (len(self.ours), verdict[self.verdict()])

    def rounds(self, measure):
        """measure() gives what add takes; ROUNDS of them, and more until they say something.  Returns the line."""
        while len(self.ours) < ROUNDS or (not self.verdict() and len(self.ours) < ROUNDS_MOST):
            self.add(*measure())
        return self.line()


class Tools(Check):
    """
    Two tools' figures for the same.  within: what their ratio may be off one.
    bare: of ours without the code that makes it like theirs; told, not judged.
    """

    def __init__(self, name, within):
        super().__init__()
        self.name, self.within, self.bare = name, within, []

    def add(self, ours, theirs, bare=None):
        super().add(ours, theirs)
        if bare is not None:
            self.bare.append(bare)

    def said(self):
        return stats.ratios(self.ours, self.theirs)

    def limits(self):
        return 1 - self.within, 1 + self.within

    def in_words(self):
        return "%.0f %%" % (self.within * 100)

    def line(self):
        def percent(values):
            ratio = stats.ratios(values, self.theirs)
            return "%+.1f %% (%+.1f to %+.1f)" % tuple((ratio[key] - 1) * 100 for key in ("median", "low", "high"))

        return "%-44s ours %10.1f ns, theirs %10.1f, %s%s, %s" % (
            self.name, stats.median(self.ours), stats.median(self.theirs), percent(self.ours),
            "; %s with no code between our calls" % percent(self.bare) if self.bare else "", self.ending())


class Delay(Check):
    """ours: a row with the delay, theirs: without.  expected: nanoseconds that it is to take longer."""

    def __init__(self, row, expected):
        super().__init__()
        self.row, self.expected = row, expected

    def said(self):
        return stats.summary(a - b for a, b in zip(self.ours, self.theirs))

    def slack(self):
        return max(DELAY_SLACK * max(self.expected, DELAY_NS), 0.05 * stats.median(self.theirs))

    def limits(self):
        return self.expected - self.slack(), self.expected + self.slack()

    def in_words(self):
        return "%.0f ns" % self.slack()

    def line(self):
        said = self.said()
        return "delay of %d ns, %-14s %10.1f ns and %+8.1f (%+.1f to %+.1f), expected %+7.1f, %s" % (
            DELAY_NS, self.row, stats.median(self.theirs), said["median"], said["low"], said["high"], self.expected, self.ending())


def perf(session):
    """getppid in a loop, by perf and by us."""
    if not shutil.which("perf"):
        yield "perf bench syscall: perf is not installed: apt-get install linux-perf"
        return
    native = Local(session, "native", "native", "linux", "native")

    def both():
        out, _ = native.run("bench_calls", [native.fresh_dir(), "slot=200000", "only=getppid"], one_cpu=True)
        text, _ = native.run_command(["perf", "bench", "--format=simple", "syscall", "basic", "--loop=3000000"], 120, one_cpu=True)
        return session.ns(out.loops["getppid"].ticks(out.clock)), float(text.split()[0]) * 1e9 / 3000000

    try:
        yield Tools("perf bench syscall basic, native", PERF_SLACK).rounds(both)
    except (Failed, ValueError, IndexError) as e:
        yield "perf bench syscall: %s" % e
    native.remove_dir()


def _fio(way, where, rw, block, mib, engine="psync", options=(), one_cpu=False):
    """
    Nanoseconds an operation, by fio's own mean of what the call took (clat, with a synchronous engine).  Between its two stamps
    is some of its own work, too: that is all there is with the engine that does nothing, "null".  Its clock is ours, the CPU's
    counter.  Its main thread looks for a file in TMPDIR every 10 ms.  A tmpfs does not remember names that are not there but
    frees them by RCU, whose grace periods then make every tick of a VM that translates instructions 300 us longer.
    """
    text, _ = way.run_command(["env", "TMPDIR=" + where, "fio", "--filename=%s/data" % where, "--rw=" + rw, "--bs=%d" % block,
                               "--size=%dM" % mib, "--ioengine=" + engine, *FIO_OPTIONS, *options], 600, one_cpu)
    data = json.loads(text[text.index("{"):text.rindex("}") + 1])["jobs"][0]
    return data["write" if "write" in rw else "read"]["clat_ns"]["mean"]


def _fio_way(session, way, ops, options=(), one_cpu=False, blocks=0):
    """blocks: of code between our calls, besides a loop that has none."""
    where, mib = way.fresh_dir(), session.plan.mib
    way.run("bench_files", ["file-make", where, "mib=%d" % mib], timeout=600)
    for work, rw, block in FIO_JOBS:
        n = min(ops, (mib << 20) // block)

        def bare(code=0):
            out, _ = way.run("bench_files", [work, where, "mib=%d" % mib, "ops=%d" % n, "direct=1", "code=%d" % code], 600, one_cpu)
            took, count, _ = out.works[work]
            return session.ns(took) / count

        def ours():
            return bare(blocks)

        def theirs():
            return _fio(way, where, rw, block, mib, options=options, one_cpu=one_cpu) - own

        order = [ours, theirs] + [bare] * bool(blocks)

        def all_of_them():
            """Each goes first in its turn: a disk remembers what it has just done."""
            values = {f: f() for f in order}
            order.append(order.pop(0))
            return values[ours], values[theirs], values.get(bare)

        try:
            own = stats.median([_fio(way, where, rw, block, mib, "null", one_cpu=one_cpu) for _ in range(3)])
            yield Tools("fio %s, %s" % (rw, way.label), FIO_SLACK).rounds(all_of_them)
        except (Failed, KeyError, ValueError, IndexError) as e:
            yield "fio %s, %s: %s" % (rw, way.label, e)
    way.remove_dir()


def fio(session):
    tool = shutil.which("fio")
    if not tool:
        yield "fio: not installed: apt-get install fio"
        return
    ops = max(FIO_OPS, session.plan.cold_ops)
    yield from _fio_way(session, Local(session, "native", "native", "linux", "native"), ops)
    if session.machine:
        session.machine.put(tool, "fio")
        session.machine.reserve_huge_pages(FIO_HUGE_PAGES)
        accel = session.machine.accel
        way = InVm(session, "vm-disk", "VM by %s, virtio disk" % accel.upper(), "/disk")
        # In one piece, like the buffer of bench_files: an emulated disk takes 10 % longer for 128 KiB in 32 pieces.
        yield from _fio_way(session, way, ops // 2, ["--mem=mmaphuge"], True, FIO_BLOCKS if accel == "tcg" else 0)


def _gate_calls(session, way, row):
    """
    How many calls the gate has ended for one operation of a row, by dragoman stat's stamps: those of another process that
    has a part in it, too, of which one may have begun to wait before the operation did.
    """
    path = os.path.join(session.work, "stat.json")
    text, _ = way.run_command([session.dragoman, "stat", "--json=" + path, "--stamps", way.program("bench_calls"), way.fresh_dir(),
                               "only=" + row, "explain=200"], 120, one_cpu=True)
    with open(path) as f:
        stamps = [s for s in json.load(f)["stamps"] if s[5] == 0]  # door: 0 ticks with the provider
    return stats.median([sum(start <= s[3] <= end for s in stamps) for start, end in parsed(text).spans[-50:]])


def delay(session):
    """A delay in the gate is seen in the rows that the gate serves, as long as it is, and in no other."""
    ways = {}
    for ns in (0, DELAY_NS):
        ways[ns] = Local(session, "delay-%d" % ns, "door", "freebsd", "notify",
                         [session.dragoman, "stat", "--json=" + os.path.join(session.work, "delay.json"), "--delay=%d" % ns])
    for row in DELAY_ROWS:
        def took(ns):
            way = ways[ns]
            out, _ = way.run("bench_calls", [way.fresh_dir(), "slot=%d" % session.plan.slot, "only=" + row], one_cpu=True)
            return session.ns(out.loops[row].ticks(out.clock))

        yield Delay(row, DELAY_NS * _gate_calls(session, ways[0], row)).rounds(lambda: (took(DELAY_NS), took(0)))


def all_checks(session):
    yield from perf(session)
    yield from delay(session)
    if session.options.vm:  # only now: it is not idle while it does nothing
        try:
            session.start_vm(in_memory=True)  # a disk's own scatter says nothing about the programs that ask it
        except (vm.Missing, OSError) as e:
            yield str(e)
    yield from fio(session)
