"""
Whether the figures can be believed: beside perf's own loop of system calls, beside fio here and in the same VM, and by a
delay of known length put into the gate.
"""
import json
import os
import shutil

from . import stats, vm
from .ways import Failed, InVm, Local, parsed

ROUNDS, ROUNDS_MOST = 7, 21
DELAY_NS = 200
DELAY_ROWS = ("nothing", "getpid", "lseek", "read-1", "pread-4k", "fstat", "stat", "open+close", "pipe-pingpong")
# The work of bench_files, fio's name for it, and the block.  Past the page cache: there a job is the disk's time, and not
# the overhead of the program that asks.
FIO_JOBS = (("random-read", "randread", 4096), ("random-write", "randwrite", 4096),
            ("sequential-read", "read", 131072), ("sequential-write", "write", 131072))
FIO_OPS = 4000
FIO_WARM, FIO_RUN = "1s", "1s"  # of its first thousand operations some are slow, while its threads start: they do not count
FIO_SLACK, PERF_SLACK, DELAY_SLACK = 0.10, 0.05, 0.10


class Check:
    """ours and theirs: values of the rounds.  within: what the ratio of a round, in the median, may be off one."""

    def __init__(self, name, unit, within):
        self.name, self.unit, self.within, self.ours, self.theirs = name, unit, within, [], []

    def add(self, ours, theirs):
        self.ours.append(ours)
        self.theirs.append(theirs)

    def verdict(self):
        """'ok', 'OFF', or, where the interval has both in it, '' after too few rounds."""
        ratio = stats.ratios(self.ours, self.theirs)
        if abs(ratio["median"] - 1) <= self.within:
            return "ok"
        return "OFF" if ratio["low"] > 1 + self.within or ratio["high"] < 1 - self.within else ""

    def line(self):
        ratio = stats.ratios(self.ours, self.theirs)
        verdict = {"ok": "ok", "OFF": "OFF by more than %.0f %%" % (self.within * 100), "": "cannot be told: the machine is too noisy"}[self.verdict()]
        return "%-44s ours %10.1f %s, theirs %10.1f, %+.1f %% (%+.1f to %+.1f, %d rounds): %s" % (
            self.name, stats.median(self.ours), self.unit, stats.median(self.theirs), (ratio["median"] - 1) * 100,
            (ratio["low"] - 1) * 100, (ratio["high"] - 1) * 100, len(self.ours), verdict)

    def rounds(self, measure):
        """measure() gives a pair; ROUNDS of them, and more while they say nothing.  Returns the line."""
        while len(self.ours) < ROUNDS or (self.verdict() != "ok" and len(self.ours) < ROUNDS_MOST):
            self.add(*measure())
        return self.line()


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
        yield Check("perf bench syscall basic, native", "ns", PERF_SLACK).rounds(both)
    except (Failed, ValueError, IndexError) as e:
        yield "perf bench syscall: %s" % e
    native.remove_dir()


def _fio(way, where, rw, block, mib):
    """
    Nanoseconds an operation, by fio's own mean of what the call took (clat, with a synchronous engine): its bookkeeping around
    an operation is not the disk's time, and it takes a VM that translates every instruction much longer.
    """
    text, _ = way.run_command(["fio", "--name=x", "--filename=%s/data" % where, "--rw=" + rw, "--bs=%d" % block, "--size=%dM" % mib,
                               "--time_based", "--ramp_time=" + FIO_WARM, "--runtime=" + FIO_RUN, "--direct=1", "--ioengine=psync", "--norandommap",
                               "--thread", "--minimal", "--output-format=json", "--fallocate=none", "--end_fsync=0",
                               "--zero_buffers", "--scramble_buffers=0"], 600)  # what is written is ours, too: some disks look at it
    data = json.loads(text[text.index("{"):text.rindex("}") + 1])["jobs"][0]
    return data["write" if "write" in rw else "read"]["clat_ns"]["mean"]


def _fio_way(session, way, ops):
    where, mib = way.fresh_dir(), session.plan.mib
    way.run("bench_files", ["file-make", where, "mib=%d" % mib], timeout=600)
    for work, rw, block in FIO_JOBS:
        n = min(ops, (mib << 20) // block)

        def ours():
            out, _ = way.run("bench_files", [work, where, "mib=%d" % mib, "ops=%d" % n, "direct=1"], timeout=600)
            took, count, _ = out.works[work]
            return session.ns(took) / count

        def theirs():
            return _fio(way, where, rw, block, mib)

        order = [ours, theirs]

        def both():
            """Each goes first in every other round: a disk remembers what it has just done."""
            values = {f: f() for f in order}
            order.reverse()
            return values[ours], values[theirs]

        try:
            yield Check("fio %s, %s" % (rw, way.label), "ns", FIO_SLACK).rounds(both)
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
        yield from _fio_way(session, InVm(session, "vm-disk", "VM by %s, virtio disk" % session.machine.accel.upper(), "/disk"), ops)


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
    values = {ns: {row: [] for row in DELAY_ROWS} for ns in ways}
    for _ in range(ROUNDS):
        for ns, way in ways.items():
            out, _ = way.run("bench_calls", [way.fresh_dir(), "slot=%d" % session.plan.slot, "only=" + ",".join(DELAY_ROWS)], one_cpu=True)
            for row in DELAY_ROWS:
                values[ns][row].append(session.ns(out.loops[row].ticks(out.clock)))
    for row in DELAY_ROWS:
        expected = DELAY_NS * _gate_calls(session, ways[0], row)
        before, seen = stats.median(values[0][row]), stats.median([b - a for a, b in zip(values[0][row], values[DELAY_NS][row])])
        ok = abs(seen - expected) <= max(DELAY_SLACK * max(expected, DELAY_NS), 0.05 * before)
        yield "delay of %d ns, %-14s %10.1f ns and %+8.1f, expected %+7.1f: %s" % (DELAY_NS, row, before, seen, expected, "ok" if ok else "OFF")


def all_checks(session):
    yield from perf(session)
    yield from delay(session)
    if session.options.vm:  # only now: it is not idle while it does nothing
        try:
            session.start_vm()
        except (vm.Missing, OSError) as e:
            yield str(e)
    yield from fio(session)
