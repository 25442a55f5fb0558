"""
The virtual machine: QEMU with the distribution's own kernel (vm/build, vm/init), driven by one shell command at a time over
a virtio console.  Its disk is an ext4 image (virtio-blk), its share a directory of the host (9p), its /tmp a tmpfs.
"""
import os
import select
import shutil
import subprocess
import tarfile
import time

from . import facts

HERE = os.path.dirname(os.path.abspath(__file__))
VM_FILES = os.path.join(HERE, "..", "vm")
QEMU = "qemu-system-x86_64"
PROBE_SECONDS = 25
BOOT_SECONDS = 90, 240  # the first try, and the other


class Missing(Exception):
    """There is no VM, and this is why and what would help: one line."""


def _current(image):
    """Whether the cached image is what vm/build would make, but for newer kernels."""
    made = facts.read(os.path.join(image, "version")).split("\n")[0]
    try:
        text = b"".join(open(os.path.join(VM_FILES, name), "rb").read() for name in ("build", "init"))
        want = subprocess.run(["cksum"], input=text, capture_output=True, check=True).stdout.decode().strip()
    except (OSError, subprocess.CalledProcessError):
        return bool(made)
    return made == want


def make_image(guard, cache, say):
    """The directory with kernel and initramfs, made on first use."""
    image = os.path.join(cache, "vm")
    if _current(image):
        return image
    say("making the virtual machine, once: about 80 MB of Debian packages, in " + image)
    os.makedirs(image, exist_ok=True)
    try:
        status, _, err = guard.run(["sh", os.path.join(VM_FILES, "build"), image], timeout=900)
    except subprocess.TimeoutExpired:
        raise Missing("no VM: its packages did not come within 15 minutes")
    if status != 0:
        lines = [line for line in err.strip().split("\n") if line and not line.startswith("W:")]
        raise Missing("no VM: " + (lines[-1] if lines else "vm/build ended with status %d" % status))
    return image


def check_tools():
    for tool, package in ((QEMU, "qemu-system-x86"), ("mkfs.ext4", "e2fsprogs")):
        if not find(tool):
            raise Missing("no VM: %s is not there: apt-get install %s (or leave it out with --no-vm)" % (tool, package))


def find(tool):
    return shutil.which(tool, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def _libraries(program):
    """Absolute paths of the shared libraries of a program, its dynamic linker among them; none for a static one."""
    said = subprocess.run(["ldd", program], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    words = [word for line in said.stdout.split("\n") for word in line.split() if word.startswith("/")]
    return sorted(set(words)) if said.returncode == 0 else []


class Machine:
    """A running VM.  Not for several threads.  in_memory: its disk's image, too, which then has no name and ends with us."""

    def __init__(self, guard, image, work, accel, disk_mib, memory_mib, cpus, in_memory=False):
        self.accel, self.work, self.guard = accel, work, guard
        self.share = os.path.join(work, "share")
        os.makedirs(self.share, exist_ok=True)
        self.kept = [os.memfd_create("disk.img")] if in_memory else []
        self.disk = "/proc/self/fd/%d" % self.kept[0] if in_memory else os.path.join(work, "disk.img")
        self.log = os.path.join(work, "console.log")
        self._make_disk(disk_mib)
        self.cache_mode = self._cache_mode()
        self.began = time.monotonic()
        self.qemu = guard.start(self._command(image, memory_mib, cpus), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                stderr=open(os.path.join(work, "qemu.err"), "w"), pass_fds=self.kept)
        self.buffer = b""
        self.kernel = ""

    def _make_disk(self, mib):
        with open(self.disk, "wb") as f:
            f.truncate(mib << 20)
        subprocess.run([find("mkfs.ext4"), "-q", "-F", "-E", "lazy_itable_init=1,lazy_journal_init=1", self.disk], check=True,
                       stdin=subprocess.DEVNULL, capture_output=True, pass_fds=self.kept)

    def _cache_mode(self):
        """cache=none wants O_DIRECT of the file system under the image; a tmpfs does not have it everywhere."""
        try:
            os.close(os.open(self.disk, os.O_RDWR | os.O_DIRECT))
            return "none"
        except OSError:
            return "writeback"

    def _command(self, image, memory_mib, cpus):
        cpu = "host" if self.accel == "kvm" else "max"
        accel = "kvm" if self.accel == "kvm" else "tcg,thread=multi"
        # A kernel trusts TCG's counter only when told to, and else asks a timer of the emulator's (hpet) for the time, under a lock.
        clock = "" if self.accel == "kvm" else "clocksource=tsc tsc=reliable "
        return [QEMU, "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-machine", "q35", "-accel", accel, "-cpu", cpu,
                "-smp", str(cpus), "-m", "%dM" % memory_mib, "-name", "dragoman-bench,debug-threads=on",
                "-kernel", os.path.join(image, "kernel"), "-initrd", os.path.join(image, "initramfs"),
                "-append", "console=ttyS0 quiet panic=-1 no_timer_check %srdinit=/init" % clock, "-serial", "file:" + self.log,
                "-device", "virtio-serial-pci", "-chardev", "stdio,id=console,signal=off", "-device", "virtconsole,chardev=console",
                "-drive", "file=%s,if=virtio,format=raw,cache=%s" % (self.disk, self.cache_mode),
                "-virtfs", "local,path=%s,mount_tag=share,security_model=none,multidevs=remap" % self.share]

    def _line(self, end):
        """The next line of the console, or None when the machine is gone or `end` has come."""
        while b"\n" not in self.buffer:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.qemu.stdout], [], [], left)[0]:
                return None
            data = os.read(self.qemu.stdout.fileno(), 1 << 16)
            if not data:
                return None
            self.buffer += data
        line, _, self.buffer = self.buffer.partition(b"\n")
        return line.decode(errors="replace").rstrip("\r")

    def wait_ready(self, seconds):
        """True when it has booted; .boot_seconds says how long that took."""
        end = time.monotonic() + seconds
        while True:
            line = self._line(end)
            if line is None:
                return False
            if line.startswith("ready "):
                self.boot_seconds = time.monotonic() - self.began
                self.kernel = line[6:]
                return True

    def run(self, command, timeout):
        """(status, output, errors, seconds); a shell command in one line.  Raises Missing when the machine is gone."""
        start = time.monotonic()
        try:
            self.qemu.stdin.write(command.encode() + b"\n")
            self.qemu.stdin.flush()
        except OSError:
            raise Missing("the VM has ended")
        out, err, end = [], [], start + timeout
        while True:
            line = self._line(end)
            if line is None:
                raise Missing("the VM did not answer '%s' within %d s" % (command[:60], timeout))
            if line.startswith("status "):
                return int(line[7:]), "\n".join(out) + "\n", "\n".join(err), time.monotonic() - start
            (err if line.startswith("err ") else out).append(line)

    def has_ended(self):
        """By itself: its output can be at its end a moment before it is."""
        try:
            return self.qemu.wait(timeout=2) is not None
        except subprocess.TimeoutExpired:
            return False

    def pin(self, cpus):
        """Each virtual CPU on one CPU of the host."""
        cpus = sorted(cpus)
        for task in os.listdir("/proc/%d/task" % self.qemu.pid):
            name = facts.read("/proc/%d/task/%s/comm" % (self.qemu.pid, task))
            if name.startswith("CPU "):
                try:
                    os.sched_setaffinity(int(task), {cpus[int(name[4:].split("/")[0]) % len(cpus)]})
                except OSError:
                    pass

    def rss_kib(self):
        return int(next((line.split()[1] for line in facts.read("/proc/%d/status" % self.qemu.pid).split("\n") if line.startswith("VmRSS")), 0))

    def _must(self, command, what):
        status, _, err, _ = self.run(command, 300)
        if status != 0:
            raise Missing("the VM did not take %s: %s" % (what, err))

    def reserve_huge_pages(self, pages):
        """For programs that ask for such; of 2 MiB each."""
        self._must("echo %d > /proc/sys/vm/nr_hugepages" % pages, "huge pages")

    def put(self, path, name):
        """A program of the host becomes /bin/NAME of the VM, with the libraries that it needs at their own places."""
        shutil.copyfile(path, os.path.join(self.share, name))
        self._must("cp /share/%s /bin/%s && chmod 755 /bin/%s && rm /share/%s" % (name, name, name, name), name)
        libraries = _libraries(path)
        if libraries:
            with tarfile.open(os.path.join(self.share, "libs.tar"), "w", dereference=True) as tar:
                for library in libraries:
                    tar.add(library, library.lstrip("/"))
            self._must("tar -x -f /share/libs.tar -C / && rm /share/libs.tar", "the libraries of " + name)

    def close(self):
        self.guard.stop(self.qemu)
        for f in (self.qemu.stdin, self.qemu.stdout):
            f.close()
        for fd in self.kept:
            os.close(fd)
        for path in (self.share,) if self.kept else (self.disk, self.share):
            shutil.rmtree(path, ignore_errors=True) if os.path.isdir(path) else os.path.exists(path) and os.unlink(path)


def _probe(guard, image, work):
    """
    '' when KVM boots the stock kernel, else why not.  A /dev/kvm that opens proves nothing: some nested set-ups have one
    that runs only kernels made for it.
    """
    if not os.path.exists("/dev/kvm"):
        return "there is no /dev/kvm"
    try:
        os.close(os.open("/dev/kvm", os.O_RDWR))
    except OSError as e:
        return "/dev/kvm: %s" % e.strerror.lower()
    place = os.path.join(work, "probe")
    os.makedirs(place)
    machine = Machine(guard, image, place, "kvm", 16, 512, 1)
    try:
        if machine.wait_ready(PROBE_SECONDS):
            return ""
        why = facts.read(os.path.join(place, "qemu.err")).split("\n")[-1]
        return "/dev/kvm opens, but did not boot a stock kernel within %d s%s" % (PROBE_SECONDS, why and " (%s)" % why)
    finally:
        machine.close()
        shutil.rmtree(place, ignore_errors=True)


def accelerator(guard, image, cache, work, say):
    """('kvm' or 'tcg', why not kvm).  The answer is kept for this boot of the host and this kernel."""
    key = "%s %s" % (facts.read("/proc/sys/kernel/random/boot_id"), os.geteuid())
    kept = os.path.join(cache, "kvm-probe")
    lines = facts.read(kept).split("\n")
    if lines[0] != key or len(lines) < 2:
        say("finding out whether KVM works here (%d s at most)" % PROBE_SECONDS)
        lines = [key, "no" if (why := _probe(guard, image, work)) else "yes", why]
        with open(kept, "w") as f:
            f.write("\n".join(lines) + "\n")
    return ("kvm", "") if lines[1] == "yes" else ("tcg", lines[2] if len(lines) > 2 else "")


def version():
    return facts.version_of([QEMU, "--version"]).replace("QEMU emulator version ", "")


def start(guard, cache, work, options, say):
    """A booted Machine, or Missing."""
    check_tools()
    image = make_image(guard, cache, say)
    accel, why = accelerator(guard, image, cache, work, say)
    say("booting the VM by %s%s" % (accel.upper(), why and ": " + why))
    # A busy host can make a kernel's first checks of its timers fail, and one boot by TCG of some hundreds stands still.
    for seconds in BOOT_SECONDS:
        machine = Machine(guard, image, work, accel, options.disk_mib, options.memory_mib, os.cpu_count(), options.in_memory)
        machine.why_not_kvm = why
        if machine.wait_ready(seconds):
            return machine
        said = _last_words(machine.log, os.path.join(work, "qemu.err"))
        what = "ended while it booted" if machine.has_ended() else "did not boot within %d s" % seconds
        machine.close()
        if seconds == BOOT_SECONDS[-1]:
            raise Missing("no VM: it %s, twice (%s)" % (what, said))
        say("the VM %s (%s): once more" % (what, said))


def _last_words(log, errors):
    """The line of a kernel's log that says why it ended, else what QEMU said, else the last one."""
    lines = [line.strip() for line in facts.read(log).split("\n") if line.strip()]
    said = facts.read(errors).strip().split("\n")[-1]
    return next((line for line in lines if "panic" in line), said or (lines[-1] if lines else "it said nothing"))
