"""
The workloads.  A Suite runs one way once (a round) and yields samples; the table SUITES holds them all.  What a row is
about, its unit and which way is better stand with it.
"""
import os
import shutil

from .ways import Failed


class Row:
    """One line of the tables.  better: 'less' or 'more'.  step: of values that are multiples of it, in their unit."""

    def __init__(self, group, name, unit, says="", better="less", x=None, step=0.0):
        self.group, self.name, self.unit, self.says, self.better, self.x, self.step = group, name, unit, says, better, x, step

    def key(self):
        return self.group + "/" + self.name


class Sample:
    def __init__(self, row, value=None, loop=None, clock=0, why=""):
        """value None: it failed, and why says how."""
        self.row, self.value, self.loop, self.clock, self.why = row, value, loop, clock, why


# ---- single calls

CALLS = {
    "nothing": "the loop itself", "getpid": "", "getppid": "", "clock_gettime": "CLOCK_MONOTONIC by the call", "lseek": "",
    "read-1": "1 byte", "read-512": "", "read-4k": "", "read-64k": "", "read-1m": "", "write-1": "", "write-512": "",
    "write-4k": "", "write-64k": "", "write-1m": "", "pread-1": "", "pread-512": "", "pread-4k": "", "pread-64k": "",
    "pread-1m": "", "pwrite-1": "", "pwrite-512": "", "pwrite-4k": "", "pwrite-64k": "", "pwrite-1m": "", "lseek+read-1": "",
    "fstat": "", "stat": "", "access": "", "open+close": "", "create+unlink": "", "getdirentries-1000": "a directory of 1000 names",
    "scan-200": "open, fstat, read and close 200 small files", "mmap+touch+munmap": "4 KiB", "mmap-64k": "mmap, touch and munmap 64 KiB",
    "futex-wake": "nobody waits", "pipe-pingpong": "a byte to another process and back", "futex-pingpong": "a turn to another thread and back",
    "thread+join": "", "fork+exit+wait": "", "fork+exec+wait": "",
}


def calls(session, way):
    p = session.plan
    names = [n for n in CALLS if session.wants("calls", n)]
    out, wall = way.run("bench_calls", [way.fresh_dir(), "slot=%d" % p.slot, "only=" + ",".join(names)], one_cpu=True)
    session.saw(way, out, wall)
    way.remove_dir()
    for name in names:
        row = Row("calls", name, "ns", CALLS[name])
        loop = out.loops.get(name)
        if loop:
            yield Sample(row, session.ns(loop.ticks(out.clock)), loop, out.clock)
        else:
            yield Sample(row, why=out.fails.get(name, "no such row in the output"))


# ---- work with files: steps in order; rows that are not wanted are done all the same where later steps need them

class Step:
    def __init__(self, name, work, args, row=True, cold=False, per_op=False, says="", tidy=False):
        self.name, self.work, self.args, self.row = name, work, args, row
        self.cold, self.per_op, self.says, self.tidy = cold, per_op, says, tidy


def file_steps(p):
    some, data, ops, synced = ["files=%d" % p.files], ["mib=%d" % p.mib], ["ops=%d" % p.ops], ["ops=%d" % p.synced_ops]
    yield Step("tree-create", "tree-make", some, says="%d small files in directories of 100" % p.files)
    yield Step("tree-read", "tree-read", [], says="walk that tree and read every file, from the cache")
    yield Step("tree-read-cold", "tree-read", [], cold=True, says="the same from the disk")
    yield Step("tree-remove", "tree-remove", [], says="remove it", tidy=True)
    yield Step("tar", "tar-make", some, row=False)
    yield Step("untar", "untar", [], says="unpack a tar of %d small files" % p.files, tidy=True)
    yield Step("file", "file-make", data, row=False)
    yield Step("copy", "copy", [], says="copy %d MiB, 128 KiB at a time" % p.mib)
    yield Step("copy-cold", "copy", [], cold=True, says="the same from the disk")
    yield Step("random-read", "random-read", data + ops, per_op=True, says="4 KiB anywhere in %d MiB, from the cache" % p.mib)
    yield Step("random-read-cold", "random-read", data + ["ops=%d" % p.cold_ops], cold=True, per_op=True, says="the same from the disk")
    yield Step("random-write", "random-write", data + ops, per_op=True, says="4 KiB anywhere, to the cache")
    yield Step("random-write-fsync", "random-write-fsync", data + synced, per_op=True, says="the same, each synced")
    yield Step("append-fsync", "append-fsync", synced, per_op=True, says="120 bytes to a log, each synced")
    yield Step("journal", "journal", data + synced, per_op=True, says="transactions with a rollback journal, as SQLite's")
    yield Step("thread-read", "thread-read", data + ops + ["threads=%d" % p.read_threads], per_op=True,
               says="%d threads read 4 KiB anywhere, from the cache" % p.read_threads)


def _cold_args(session, way, step):
    """(how it was made cold, further arguments), or raises Failed where it can't be."""
    how = way.drop()
    if how:
        return how, []
    if way.name == "vm-tmpfs":
        raise Failed("a tmpfs is never cold")
    if step.work == "tree-read":
        raise Failed("dropping the page cache needs root, and a tree of small files cannot be read by O_DIRECT")
    return "O_DIRECT (dropping the page cache needs root)", ["direct=1"]


def files(session, way):
    where, p = way.fresh_dir(), session.plan
    for step in file_steps(p):
        row = Row("files", step.name, "us" if step.per_op else "ms", step.says)
        try:
            if step.cold:
                how, more = _cold_args(session, way, step)
                session.note("cold, %s: %s" % (way.label, how))
            else:
                more = []
            out, wall = way.run("bench_files", [step.work, where] + step.args + more, timeout=p.file_timeout)
            session.saw(way, out, wall)
            if step.work not in out.works:
                raise Failed(out.fails.get(step.work, "no result"))
            took, ops, _ = out.works[step.work]
        except Failed as e:
            if not step.row:
                raise
            if session.wants("files", step.name):
                yield Sample(row, why=str(e))
            if step.tidy:
                where = way.fresh_dir()
            continue
        if step.row and session.wants("files", step.name):
            ns = session.ns(took)
            yield Sample(row, ns / max(ops, 1) / 1e3 if step.per_op else ns / 1e6)
        if step.tidy:
            where = way.fresh_dir()
        if step.work in ("copy", "random-write", "untar", "tree-make"):
            session.settle()
    way.remove_dir()


# ---- where calls are made, and what the host's own mechanisms cost

SITES = {"fresh-1": "the first call at a site", "fresh-2": "the second one", "fresh-3": "the third one, in which a site is rewritten",
         "fresh-4": "the fourth one", "fresh-5": "the fifth one",
         "asks-own-site": "getppid, which the provider answers, at a site of its own", "asks-used-site": "at one that other calls have used, too"}

FLOOR = ("getppid", "pread-1", "pread-4k", "pwrite-4k", "fstat", "statx", "stat", "statx-path", "access", "open+close", "futex-wake",
         "clock_gettime", "vdso-clock", "mmap-64k")
FLOOR_SAYS = {"notify": "a call that another thread answers for, by seccomp's notifications", "sigsys": "a trap by syscall user dispatch, and the return",
              "start-bare": "from fork to the collected end of a program without a C library",
              "start-c": "of one with a C library, that does nothing",
              "start-chain": "of one that makes a thread and starts the former"}


def _loops(session, way, group, program, says):
    names = [name for name in says if session.wants(group, name)]
    out, _ = way.run(program, ["slot=%d" % session.plan.slot], one_cpu=True)
    for name in names:
        row = Row(group, name, "ns", says[name])
        loop = out.loops.get(name)
        yield Sample(row, session.ns(loop.ticks(out.clock))) if loop else Sample(row, why=out.fails.get(name, "no such row in the output"))


def sites(session, way):
    yield from _loops(session, way, "sites", "bench_sites", SITES)


def floor(session, way):
    says = {name: "natively" for name in FLOOR}
    says.update(FLOOR_SAYS)
    says.update({name + "+guard": "the same as the gate makes it: under user dispatch and a filter" for name in FLOOR})
    yield from _loops(session, way, "floor", "bench_floor", says)


# ---- real programs

def programs(session, way):
    for program in session.programs:
        row = Row("programs", program.name, "ms", program.says)
        if not session.wants("programs", program.name):
            continue
        try:
            argv = program.prepare(way)
            way.fresh_dir()  # where it starts: the other suites have removed theirs
            _, took = way.run_command(argv, 300)
            yield Sample(row, took * 1e3)
        except Failed as e:
            yield Sample(row, why=str(e))


# ---- scaling and growth

def threads(session, way):
    for n in session.plan.threads:
        out, wall = way.run("bench_threads", [way.fresh_dir(), n, "slot=%d" % session.plan.slot])
        session.saw(way, out, wall)
        for name, (took, ops, _) in out.works.items():
            yield Sample(Row("threads", "%s x%d" % (name, n), "calls/ms", "%d threads" % n, "more", n), ops / (session.ns(took) / 1e6))
        for name, error in out.fails.items():
            yield Sample(Row("threads", "%s x%d" % (name, n), "calls/ms", "", "more", n), why=error)
    way.remove_dir()


GROWTH = {"descriptors": "open+close beside so many open descriptors", "files": "open+close in a directory of so many files",
          "processes": "fork+exit+wait beside so many processes", "mappings": "mmap+touch+munmap beside so many mappings"}


def growth(session, way):
    for what, says in GROWTH.items():
        for n in session.plan.growth[what]:
            row = Row("growth", "%s %d" % (what, n), "ns", says, x=n)
            if not session.wants("growth", row.name):
                continue
            try:
                out, wall = way.run("bench_growth", [way.fresh_dir(), what, n, "slot=%d" % session.plan.slot], one_cpu=True)
                session.saw(way, out, wall)
                if what in out.fails:
                    raise Failed(out.fails[what])
                yield Sample(row, session.ns(out.loops[what].ticks(out.clock)))
            except Failed as e:
                yield Sample(row, why=str(e))
    way.remove_dir()


# ---- start-up and memory

PAGE_KIB = os.sysconf("SC_PAGESIZE") >> 10


def start(session, way):
    way.fresh_dir()
    out = way.start_times(session.plan.starts + 1)
    if out.fails:
        raise Failed(next(iter(out.fails.values())))
    for i, (name, says) in enumerate((("to main", "exec to the first instruction of main"), ("to output", "exec to the last byte of output"),
                                      ("to end", "exec to the collected exit"))):
        values = sorted(session.ns(s[i]) / 1e3 for s in out.starts[1:])  # the first one warms the caches
        yield Sample(Row("start", name, "us", says), values[len(values) // 2])
    while way.kind == "vm" and session.boots:
        yield Sample(Row("start", "VM boot", "ms", "from starting QEMU to the first command"), session.boots.pop() * 1e3)
    way.remove_dir()


def memory(session, way):
    for mib in (0, session.plan.hold_mib):
        row = Row("memory", "holding %d MiB" % mib, "KiB", "PSS of all its processes; of a VM, QEMU's resident memory", step=PAGE_KIB)
        yield Sample(row, way.memory(mib))


class Suite:
    """
    kinds: which ways it is for.  storage: whether the VM's three storage ways differ in it.  rounds: a part of --repeat.
    long: it takes so long that the others come first in a round.
    """

    def __init__(self, name, run, says, kinds=("native", "door", "vm", "peer"), storage=False, rounds=1.0, long=False):
        self.long, self.name, self.run, self.says, self.kinds, self.storage, self.rounds = long, name, run, says, kinds, storage, rounds

    def ways(self, ways):
        return [w for w in ways if w.kind in self.kinds and (self.storage or w.name not in ("vm-9p", "vm-tmpfs"))]


SUITES = (
    Suite("calls", calls, "single calls in loops"),
    Suite("sites", sites, "first calls at a site, and calls that ask the provider", kinds=("native", "door")),
    Suite("floor", floor, "the host's own mechanisms in the bare", kinds=("native",)),
    Suite("files", files, "work with files", storage=True, long=True),
    Suite("programs", programs, "real programs", rounds=0.5, long=True),
    Suite("threads", threads, "calls of many threads together", kinds=("native", "door", "vm"), rounds=0.5),
    Suite("growth", growth, "cost as things become many", kinds=("native", "door", "vm"), rounds=0.5),
    Suite("start", start, "start of a static program"),
    Suite("memory", memory, "memory", rounds=0.3),
)


# ---- pairs of binaries

class Program:
    """A pair of builds of one program, and the arguments; {src} and {out} in them are directories."""

    def __init__(self, name, builds, args, source=None, says=""):
        self.name, self.builds, self.args, self.source, self.says = name, builds, args, source, says
        self.placed = {}

    def forget(self, kind):
        """The files that were put there are gone."""
        self.placed = {name: where for name, where in self.placed.items() if not name.startswith(kind)}

    def prepare(self, way):
        """The command for a way, its files put where it looks."""
        where = self.placed_at(way)
        args = [a.replace("{src}", where).replace("{out}", where + "/out") for a in self.args]
        if way.kind == "vm":
            return ["/bin/program-" + self.name] + args
        return way.prefix + [self.builds[way.os]] + args

    def placed_at(self, way):
        if way.name not in self.placed:
            self.placed[way.name] = self._place(way)
        return self.placed[way.name]

    def _place(self, way):
        if way.kind != "vm":
            where = os.path.join(way.session.work, "program-%s-%s" % (self.name, way.name))
            if self.source:
                shutil.copytree(self.source, where)
            else:
                os.makedirs(where, exist_ok=True)
            return where
        machine, share = way.machine, os.path.join(way.machine.share, "source")
        machine.put(self.builds["linux"], "program-" + self.name)
        if self.source:
            shutil.copytree(self.source, share)
        where = way.place + "/program-" + self.name
        way.fresh_dir()
        way._sh("rm -rf %s; mkdir -p %s; %s; rm -rf /share/source" % (where, where, "cp -r /share/source/. %s" % where if self.source else "true"), 300)
        return where
