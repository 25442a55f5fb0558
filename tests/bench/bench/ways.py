"""The ways to run a workload: natively, through the doors, under other tracers, and in the virtual machine."""
import os
import shutil
import subprocess
import time

from . import facts, output, vm

BIN = "samples"


class Failed(Exception):
    """One line: why a run gave nothing."""


class Way:
    """kind: native, door, peer or vm.  os: whose build of the workload runs.  drops: how its cache is made cold."""

    def __init__(self, name, kind, os_name, label, version=""):
        self.name, self.kind, self.os, self.label, self.version = name, kind, os_name, label, version

    def describe(self):
        return {"name": self.name, "kind": self.kind, "os": self.os, "label": self.label, "version": self.version}


class Local(Way):
    """A command of the host: prefix, and the build for os_name."""

    def __init__(self, session, name, kind, os_name, label, prefix=(), version=""):
        super().__init__(name, kind, os_name, label, version)
        self.session, self.prefix = session, list(prefix)

    def program(self, name):
        return os.path.join(self.session.samples, self.os, name)

    def command(self, program, args):
        return self.prefix + [program if "/" in program else self.program(program)] + [str(a) for a in args]

    def fresh_dir(self):
        path = os.path.join(self.session.work, self.name)
        shutil.rmtree(path, ignore_errors=True)
        os.makedirs(path)
        return path

    def remove_dir(self):
        shutil.rmtree(os.path.join(self.session.work, self.name), ignore_errors=True)

    def run_command(self, argv, timeout, one_cpu=False, data=None):
        """(output, seconds)."""
        start = time.perf_counter()
        try:
            status, out, err = self.session.guard.run(argv, timeout, data, cpus=self.session.cpus(one_cpu), cwd=self.session.work)
        except subprocess.TimeoutExpired:
            raise Failed("took more than %d s" % timeout)
        except OSError as e:
            raise Failed("%s: %s" % (argv[0], e.strerror))
        took = time.perf_counter() - start
        if status != 0 and "\nend" not in out:
            raise Failed("status %d: %s" % (status, (err.strip() or out.strip() or "it said nothing").split("\n")[-1][:160]))
        return out, took

    def run(self, program, args, timeout=120, one_cpu=False):
        text, took = self.run_command(self.command(program, args), timeout, one_cpu)
        return parsed(text), took

    def start_times(self, times, timeout=120):
        helper = os.path.join(self.session.samples, "linux", "bench_start")
        text, _ = self.run_command([helper, "run", str(times)] + self.command("bench_start", []), timeout, one_cpu=True)
        return parsed(text)

    def drop(self):
        return self.session.drop_host_cache()

    def memory(self, mib):
        """KiB (PSS) of everything that runs for a program that holds so much."""
        process = self.session.guard.start(self.command("bench_hold", [mib]), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                           stderr=subprocess.DEVNULL, cwd=self.session.work)
        try:
            if process.stdout.readline() != b"ready\n":
                raise Failed("the program that holds memory did not start")
            return pss_of_tree(process.pid)
        finally:
            process.stdin.close()
            self.session.guard.stop(process)
            process.stdout.close()


class InVm(Way):
    """The Linux build in the machine; `place` is a directory there: its disk, the host's share or its tmpfs."""

    def __init__(self, session, name, label, place):
        machine = session.machine
        super().__init__(name, "vm", "linux", label, "QEMU %s, kernel %s" % (vm.version(), machine.kernel))
        self.session, self.place = session, place

    @property
    def machine(self):
        """The one that runs: it is started anew between rounds."""
        return self.session.machine

    def fresh_dir(self):
        path = self.place + "/work"
        self._sh("rm -rf %s && mkdir -p %s" % (path, path), 300)
        return path

    def remove_dir(self):
        self._sh("rm -rf %s/work" % self.place, 300)

    def _sh(self, command, timeout):
        """(output, seconds)."""
        try:
            status, out, err, took = self.machine.run(command, timeout)
        except vm.Missing as e:
            raise Failed(str(e))
        if status != 0 and "\nend" not in out:
            raise Failed("status %d in the VM: %s" % (status, (err.strip() or out.strip()).split("\n")[-1][:160]))
        return out, took

    def run_command(self, argv, timeout, one_cpu=False, data=None):
        """The status of commands in the VM is that of the command; arguments have no quotes in them."""
        pin = "taskset %x " % (1 << (os.cpu_count() - 1)) if one_cpu else ""
        return self._sh("cd %s/work && %s%s" % (self.place, pin, " ".join("'%s'" % a for a in argv)), timeout)

    def run(self, program, args, timeout=240, one_cpu=False):
        text, took = self.run_command(["/bin/" + program] + [str(a) for a in args], timeout, one_cpu)
        return parsed(text), took

    def start_times(self, times, timeout=240):
        return self.run("bench_start", ["run", times, "/bin/bench_start"], timeout)[0]

    def drop(self):
        if self.place == "/tmp":
            return None
        self._sh("sync; echo 3 > /proc/sys/vm/drop_caches", 300)
        if self.session.drop_host_cache():
            return "page cache dropped, the VM's and the host's"
        return "the VM's page cache dropped; the disk image is opened with cache=%s" % self.machine.cache_mode if self.place == "/disk" else None

    def memory(self, mib):
        """The machine's resident memory, with the program in it."""
        self._sh("(sleep 3 | /bin/bench_hold %d) >/tmp/.hold & sleep 1.5; cat /tmp/.hold" % mib, 60)
        rss = self.machine.rss_kib()
        self._sh("wait", 60)
        return rss


def parsed(text):
    try:
        return output.Output(text)
    except (output.Bad, ValueError, IndexError) as e:
        raise Failed(str(e))


def pss_of_tree(pid):
    """All descendants, with their share of what they share."""
    total, todo, seen = 0, [pid], set()
    while todo:
        one = todo.pop()
        if one in seen:
            continue
        seen.add(one)
        for line in facts.read("/proc/%d/smaps_rollup" % one).split("\n"):
            if line.startswith("Pss:"):
                total += int(line.split()[1])
        try:
            for task in os.listdir("/proc/%d/task" % one):
                todo += [int(c) for c in facts.read("/proc/%d/task/%s/children" % (one, task)).split()]
        except OSError:
            pass
    return total


def _peers(session):
    table = (("strace", "strace -f", ["strace", "-f", "-qq", "-o", "/dev/null"], "-V", "strace"),
             ("proot", "proot", ["proot"], "--version", "proot"),
             ("qemu-user", "qemu-x86_64 (user mode)", ["qemu-x86_64"], "--version", "qemu-user"))
    for name, label, argv, version, package in table:
        tool = shutil.which(argv[0])
        if not tool:
            yield name, "%s is not installed: apt-get install %s" % (argv[0], package)
            continue
        said = facts.version_of([tool, version])
        if name == "proot":  # its first lines are a banner
            said = "proot " + facts.version_of(["dpkg-query", "-W", "-f", "${Version}", "proot"])
        yield name, Local(session, name, "peer", "linux", label, [tool] + argv[1:], said)


def _doors(session):
    yield Local(session, "notify", "door", "freebsd", "notify, gate", [session.dragoman, "run", "--door=notify"], session.version)
    if session.has_option("--no-rewrite"):
        yield Local(session, "notify-trap", "door", "freebsd", "notify, no rewriting",
                    [session.dragoman, "run", "--door=notify", "--no-rewrite"], session.version)
    yield Local(session, "ptrace", "door", "freebsd", "ptrace", [session.dragoman, "run", "--door=ptrace"], session.version)
    if session.runs_linux():
        for door in ("notify", "ptrace"):
            yield Local(session, door + "-linux", "door", "linux", door + ", the Linux build",
                        [session.dragoman, "run", "--door=" + door], session.version)


def local_ways(session):
    """(name, Way or the sentence that says what is missing)."""
    yield "native", Local(session, "native", "native", "linux", "native")
    for way in _doors(session):
        yield way.name, way
    if not session.has_option("--no-rewrite"):
        yield "notify-trap", "notify without rewriting: this dragoman has no --no-rewrite"
    if not session.runs_linux():
        yield "notify-linux", "the Linux build under a door: this dragoman has no Linux ABI"
    yield from _peers(session)


def vm_ways(session):
    accel = session.machine.accel
    for name, label, place in (("vm-disk", "virtio disk", "/disk"), ("vm-9p", "9p share", "/share"), ("vm-tmpfs", "tmpfs", "/tmp")):
        yield name, InVm(session, name, "VM by %s, %s" % (accel.upper(), label), place)
