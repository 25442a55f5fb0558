"""One run of the benchmarks: what it has to work with, and the rounds."""
import os
import shutil
import signal
import time

from . import facts, schedule, stats, vm, ways, works
from .guard import Guard, sweep

PROGRAMS_IN_VM = ("bench_calls", "bench_files", "bench_threads", "bench_growth", "bench_start", "bench_hold")


class Plan:
    """Sizes.  repeat: rounds, the most; budget: minutes for all of them, or 0; slot: microseconds a loop; the rest is counted."""

    def __init__(self, repeat, budget, slot, files, mib, ops, cold_ops, synced_ops, threads, growth, starts, file_timeout):
        self.budget = budget
        self.repeat, self.slot, self.files, self.mib, self.ops, self.cold_ops = repeat, slot, files, mib, ops, cold_ops
        self.synced_ops, self.threads, self.starts, self.file_timeout = synced_ops, threads, starts, file_timeout
        self.growth = {"descriptors": growth, "files": growth, "mappings": growth, "processes": [n for n in growth if n <= 1000]}
        self.read_threads, self.hold_mib = 4, min(64, max(1, mib))


PLANS = {
    "tiny": lambda: Plan(1, 0, 200, 20, 1, 20, 5, 2, [1, 2], [1, 10], 2, 60),
    "quick": lambda: Plan(5, 4.5, 8000, 1000, 32, 2000, 300, 40, [1, 2, 4], [1, 10, 100, 1000], 10, 120),
    "default": lambda: Plan(15, 30, 20000, 5000, 256, 10000, 1000, 100, [1, 2, 4, 16], [1, 10, 100, 1000], 20, 300),
    "full": lambda: Plan(15, 0, 50000, 20000, 1024, 50000, 3000, 300, [1, 2, 4, 16], [1, 10, 100, 1000, 10000], 40, 900),
}


class Session:
    """Where things are, the ways that there are, and what was noted on the way."""

    def __init__(self, options, say):
        self.options, self.say = options, say
        self.dragoman, self.samples = options.dragoman, options.samples
        self.plan = PLANS[options.size]()
        if options.repeat:
            self.plan.repeat = options.repeat
        minutes = self.plan.budget if options.budget is None and not options.repeat else options.budget or 0
        self.budget = minutes * 60
        os.makedirs(options.cache, exist_ok=True)
        sweep(options.cache)
        self.work = os.path.join(options.cache, "run.%d" % os.getpid())
        os.makedirs(self.work)
        self.guard = Guard(self.work)
        self.machine, self.programs, self.boots = None, [], []
        self.notes, self.missing, self.clocks = [], {}, {}
        self.all_cpus = sorted(os.sched_getaffinity(0))
        self.per_ns = 0.0
        self.version = facts.version_of([self.dragoman, "--version"])
        self._help = self.guard.run([self.dragoman, "--help"], 10)[1]

    def close(self):
        if self.machine:
            self.machine.close()
        shutil.rmtree(self.work, ignore_errors=True)
        self.guard.close()

    # ---- what there is

    def has_option(self, option):
        return option in self._help

    def runs_linux(self):
        status, out, _ = self.guard.run([self.dragoman, "info", os.path.join(self.samples, "linux", "bench_hold")], 10)
        return status == 0 and "Linux" in out and "cannot" not in out

    def wants(self, group, name):
        only = self.options.only
        return not only or any(word in "%s/%s" % (group, name) for word in only)

    def cpus(self, one):
        """The last CPU for what has one thread, else all: interrupts and the rest of the system prefer the first."""
        return {self.all_cpus[-1]} if one else None

    def drop_host_cache(self):
        if os.geteuid() != 0:
            return None
        os.sync()
        try:
            with open("/proc/sys/vm/drop_caches", "w") as f:
                f.write("3\n")
        except OSError:
            return None
        return "page cache dropped"

    def settle(self):
        """What one way has written is on the disk before the next one is measured."""
        os.sync()

    # ---- clocks

    def ns(self, ticks):
        return ticks / self.per_ns

    def calibrate(self):
        """Ticks in a nanosecond: the native program's own two pairs of clocks, half a second apart."""
        native = ways.Local(self, "native", "native", "linux", "native")
        out, _ = native.run("bench_calls", [native.fresh_dir(), "slot=%d" % self.options.calibrate_us, "only=nothing"], one_cpu=True)
        native.remove_dir()
        ticks, ns = out.elapsed()
        self.per_ns = ticks / ns
        self.clock_ns = self.ns(out.clock)

    def saw(self, way, out, wall):
        """A kernel's clock beside the counter, and the time inside beside that outside: either can lie."""
        ticks, ns = out.elapsed()
        inside = self.ns(ticks)
        if inside > 50e6:
            self.clocks.setdefault(way.name, []).append(ns / inside)
        if inside > wall * 1e9 * 1.01 + 5e6:
            self.note("%s: a run took %.1f ms by its own clock and only %.1f ms from outside" % (way.label, inside / 1e6, wall * 1e3))

    def note(self, text):
        if text not in self.notes:
            self.notes.append(text)

    # ---- ways

    def start_vm(self, in_memory=False):
        """self.machine, with the workloads in it; or vm.Missing.  in_memory: its disk is in the host's memory."""
        self.machine = vm.start(self.guard, self.options.cache, self.work, self._vm_size(in_memory), self.say)
        for program in PROGRAMS_IN_VM:
            self.machine.put(os.path.join(self.samples, "linux", program), program)
        self.machine.pin(self.all_cpus)
        self.boots.append(self.machine.boot_seconds)

    def restart_vm(self):
        """Another one in its place, with the programs that were given; or vm.Missing."""
        self.machine.close()
        self.machine = None
        self.start_vm()
        for program in self.programs:
            program.forget("vm")

    def find_ways(self):
        found = []
        for name, way in ways.local_ways(self):
            found.append((name, way))
        if self.options.vm and self._wants_way("vm"):
            try:
                self.start_vm()
                found += list(ways.vm_ways(self))
                if self.machine.why_not_kvm:
                    self.note("the VM runs by TCG, which translates every instruction: %s" % self.machine.why_not_kvm)
            except (vm.Missing, OSError) as e:
                found.append(("vm", str(e)))
        else:
            found.append(("vm", "left out: --no-vm" if not self.options.vm else "left out: --paths"))
        chosen = []
        for name, way in found:
            if isinstance(way, str):
                if self._wants_way(name):
                    self.missing[name] = way
            elif self._wants_way(name):
                chosen.append(way)
        return chosen

    def _wants_way(self, name):
        """native is always there: it is what the others are measured against."""
        words = self.options.paths
        return not words or name == "native" or any(name == w or (w == "vm" and name.startswith("vm")) or
                                                     (name == "vm" and w.startswith("vm")) for w in words)

    def _vm_size(self, disk_in_memory):
        class Size:
            in_memory = disk_in_memory
            memory_mib = max(512, self.plan.mib * 3 + 768)
            disk_mib = self.plan.mib * 4 + self.plan.files // 8 + 512
        return Size


class Cell:
    """What one way gave for one row."""

    def __init__(self):
        self.samples, self.rounds, self.histogram, self.longest, self.why = [], [], None, 0, ""

    def add(self, number, sample, session):
        if sample.value is None:
            self.why = sample.why
            return
        self.samples.append(sample.value)
        self.rounds.append(number)
        loop = sample.loop
        if loop and loop.singles:
            self.histogram = self.histogram or stats.Histogram()
            for bucket, count in loop.singles.counts.items():
                self.histogram.add(bucket, count)
            self.longest = max(self.longest, session.ns(max(0, loop.longest - sample.clock)))
            self.clock = sample.clock


class Table:
    """rows by key, in the order that they came; cells by (key, way)."""

    def __init__(self):
        self.rows, self.cells = {}, {}

    def add(self, way, number, sample, session):
        key = sample.row.key()
        self.rows.setdefault(key, sample.row)
        self.cells.setdefault((key, way.name), Cell()).add(number, sample, session)


def suites(session):
    for suite in works.SUITES:
        if not session.options.only or any(word in suite.name or suite.name in word.split("/")[0] or _has(session, suite, word)
                                            for word in session.options.only):
            yield suite


def _has(session, suite, word):
    names = {"calls": works.CALLS, "sites": [*works.SITES, "shares"], "floor": works.FLOOR, "growth": works.GROWTH, "files": [s.name for s in works.file_steps(session.plan)]}.get(suite.name, ())
    return any(word in "%s/%s" % (suite.name, name) for name in names)


def measure(session, chosen, progress):
    """(table, jobs): all rounds of all suites by all ways that are for them."""
    table, repeat = Table(), session.plan.repeat
    jobs = [schedule.Job(suite, way, max(1, round(repeat * suite.rounds))) for suite in suites(session) for way in suite.ways(chosen)]
    schedule.measure(session, jobs, table, progress, session.budget)
    return table, jobs


def on_signal(number, _frame):
    """SIGTERM and SIGHUP end like ^C: what is started is ended, what was made is removed."""
    raise KeyboardInterrupt(signal.Signals(number).name)


class Progress:
    """A line that says what runs and what remains; on a terminal only, and every round once elsewhere."""

    def __init__(self, stream):
        self.stream, self.terminal = stream, stream.isatty()
        self.began, self.left, self.number, self.budget, self.last = time.monotonic(), 0, 0, 0, ""

    def total(self, left, budget):
        """So many runs are left, which may take the budget's seconds in all, or, where that is 0, as long as they take."""
        self.left, self.budget = left, budget

    def say(self, text):
        self.stream.write(("\r\033[K" if self.terminal else "") + text + "\n")
        self.stream.flush()

    def say_once(self, text):
        if text != self.last:
            self.last = text
            self.say("[%4d s] %s" % (time.monotonic() - self.began, text))

    def _remains(self):
        took = time.monotonic() - self.began
        left = took / self.number * self.left if self.number else 0
        if self.budget:
            left = max(left if not self.number else 0, self.budget - took)
        return ", about %d:%02d left" % divmod(int(left), 60) if self.number else ""

    def step(self, round_text, text):
        if self.terminal:
            self.stream.write("\r\033[K[%s] %s%s" % (round_text, text, self._remains()))
            self.stream.flush()
        else:
            self.say_once(round_text)
        self.number += 1
        self.left -= 1

    def done(self):
        if self.terminal:
            self.stream.write("\r\033[K")
            self.stream.flush()
