"""
Nothing is left behind, however the run ends.  A second process waits for the end of the first, by a pipe, and then ends
the process groups that the first had started and removes its work directory.  What is started also has the host kernel's
word that it dies with its parent (PR_SET_PDEATHSIG).  Nothing is mounted on the host, and every file is below the cache.
"""
import ctypes
import os
import shutil
import signal
import subprocess

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


class Guard:
    def __init__(self, work):
        """work: the directory that goes away with the run."""
        self.work = work
        read_end, self.pipe = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            status = 1
            try:
                os.close(self.pipe)
                self._watch(read_end)
                status = 0
            finally:
                os._exit(status)
        os.close(read_end)

    def _watch(self, read_end):
        """The second process: in a session of its own, so that ^C does not reach it."""
        os.setsid()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        devnull = os.open(os.devnull, os.O_RDWR)
        for fd in (0, 1, 2):  # or a reader of our output would wait for this process
            os.dup2(devnull, fd)
        groups = set()
        with os.fdopen(read_end) as lines:
            for line in lines:
                word, number = line.split()
                (groups.add if word == "start" else groups.discard)(int(number))
        for group in groups:
            try:
                os.killpg(group, signal.SIGKILL)
            except OSError:
                pass
        shutil.rmtree(self.work, ignore_errors=True)

    def _say(self, word, pid):
        os.write(self.pipe, ("%s %d\n" % (word, pid)).encode())

    def start(self, argv, cpus=None, **options):
        """
        Popen of a process group of its own that ends with us.  Called from the main thread alone: the host kernel's word
        is about the thread that forked.  The new process tells the guard itself, before it becomes what was asked for.
        """
        parent, pipe = os.getpid(), self.pipe

        def prepare():
            os.setpgid(0, 0)
            _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != parent:
                os._exit(125)
            os.write(pipe, ("start %d\n" % os.getpid()).encode())
            if cpus:
                os.sched_setaffinity(0, cpus)

        return subprocess.Popen(argv, preexec_fn=prepare, **options)

    def stop(self, process):
        """Ends the group, what is left of it too, and forgets it."""
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except OSError:
            pass
        process.wait()
        self._say("end", process.pid)

    def run(self, argv, timeout, data=None, **options):
        """(status, output, errors); subprocess.TimeoutExpired after the time limit."""
        process = self.start(argv, stdin=subprocess.PIPE if data is not None else subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
        try:
            out, err = process.communicate(data, timeout=timeout)
        finally:
            self.stop(process)
        return process.returncode, out.decode(errors="replace"), err.decode(errors="replace")

    def close(self):
        os.close(self.pipe)
        os.waitpid(self.pid, 0)


def sweep(cache):
    """Work directories of runs whose guard was killed, too: their names end in the pid that made them."""
    if not os.path.isdir(cache):
        return
    for name in os.listdir(cache):
        kind, _, pid = name.rpartition(".")
        if kind == "run" and pid.isdigit() and not os.path.exists("/proc/" + pid):
            shutil.rmtree(os.path.join(cache, name), ignore_errors=True)
