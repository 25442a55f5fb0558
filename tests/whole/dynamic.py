"""
Dynamic programs, their libraries and an interpreter that asks of the kernel what FreeBSD's rtld does, below a sysroot;
and objects that others have built for FreeBSD (docs/dynamic.md).
"""
import ctypes
import os
import shutil
import struct

from dragoman import Skip


def base(t):
    return os.path.join(t.place, "samples/dyn")


def dynamic(t, *command, root=None, **options):
    where = root or base(t)
    return t.guest(os.path.join(where, command[0].lstrip("/")), *command[1:], flags=("--sysroot=" + where,), **options)


# Of a host whose CPU has wrfsbase and whose kernel does not keep what it sets: AT_HWCAP2 (26) is without HWCAP2_FSGSBASE.
OF_FSGSBASE = (b"sysarch tells the pointer that wrfsbase set", b"a signal's handler has it", b"and so has a child")
KEEPS_FSGSBASE = bool(ctypes.CDLL(None).getauxval(26) & 2)


def want_all(t, r, least):
    failed = [line[7:] for line in r.out.split(b"\n") if line.startswith(b"FAILED ")]
    lost = [] if KEEPS_FSGSBASE else [line for line in failed if line in OF_FSGSBASE]
    right = r.status == ("exit 1" if lost else "exit 0") and r.out.count(b"ok ") >= least - len(lost)
    t.want(right and failed == lost, "all of it is right", r)


def tree(t):
    """A copy of the sysroot, to be changed."""
    where = os.path.join(t.dir(), "base")
    shutil.copytree(base(t), where)
    return where


def hints(directories):
    """ldconfig's file (sys/elf-hints.h): a header of 128 bytes and the list of directories."""
    text = directories.encode() + b"\0"
    return struct.pack("<6I", 0x746E6845, 1, 128, len(text), 0, len(text) - 1).ljust(128, b"\0") + text


def test_dynamic(t):
    want_all(t, dynamic(t, "/bin/prog"), 64)


def test_interpreter_missing(t):
    r = t.guest(os.path.join(base(t), "bin/prog"), flags=("--sysroot=" + t.dir(),))
    t.want(r.status == "exit 127" and b"/libexec/ld-elf.so.1" in r.err, "what is missing is named", r)


def test_interpreter_by_itself(t):
    """ld-elf.so.1 PROGRAM: there is no interpreter, and AT_BASE is where the program itself is."""
    want_all(t, dynamic(t, "/libexec/ld-elf.so.1", "/bin/prog"), 64)


def test_library_missing(t):
    where = tree(t)
    os.remove(where + "/lib/libsample.so")
    r = dynamic(t, "/bin/prog", root=where)
    t.want(r.status == "exit 1" and b'Shared object "libsample.so" not found, required by' in r.out, "it is named", r)


def test_library_path(t):
    """LD_LIBRARY_PATH, LD_LIBRARY_PATH_FDS and the hints of ldconfig."""
    where, elsewhere = tree(t), t.dir()
    os.rename(where + "/lib/libsample.so", elsewhere + "/libsample.so")
    want_all(t, dynamic(t, "/bin/prog", root=where, env={"LD_LIBRARY_PATH": "/nonexistent:" + elsewhere}), 64)
    os.makedirs(where + "/var/run")
    with open(where + "/var/run/ld-elf.so.hints", "wb") as f:
        f.write(hints("/nonexistent:" + elsewhere))
    want_all(t, dynamic(t, "/bin/prog", root=where), 64)
    os.remove(where + "/var/run/ld-elf.so.hints")
    script = 'exec 7<%s; exec "$@"' % elsewhere
    r = t.run(["sh", "-c", script, "sh", *t.dragoman("--sysroot=" + where, where + "/bin/prog")],
              env={"LD_LIBRARY_PATH_FDS": "9:7"})
    want_all(t, r, 64)


def test_library_path_noexec(t):
    """The environment does not lead around a file system that is mounted noexec: fstatfs says so."""
    if t.uid:
        raise Skip("root mounts")
    where, elsewhere = tree(t), t.dir()
    lib = where + "/lib/libsample.so"
    r = dynamic(t, "/bin/prog", root=where, env={"LD_LIBRARY_PATH": elsewhere},
                mounts="mount -t tmpfs -o noexec none %s && cp %s %s && rm %s" % (elsewhere, lib, elsewhere, lib))
    t.want(r.status == "exit 1" and b"Cannot execute objects on this file system" in r.out, "it is refused", r)


def test_ldd(t):
    r = dynamic(t, "/bin/ldd", "/bin/prog", "/bin/ldd")
    lines = [line for line in r.out.decode().split("\n") if not line.startswith("ok ")]  # those are ldd's own start
    t.want(r.status == "exit 0" and lines[0] == "/bin/prog:" and
           lines[1].startswith("\tlibsample.so => /lib/libsample.so (0x") and lines[2] == "/bin/ldd:", "objects are listed", r)
    r = dynamic(t, "/bin/ldd", t.sample("hello"))
    t.want(r.status == "exit 1" and b"not a dynamic ELF executable" in r.out, "a static one has none", r)


REAL = {"watcher.node": "_Z11getSockPathv", "rollup.freebsd-x64.node": "napi_register_module_v1"}


def test_real_objects(t):
    """Shared objects of npm packages, built for FreeBSD: they can be mapped and relocated; `dragoman info` knows them."""
    for name, function in REAL.items():
        path = os.path.join(t.place, "objects", name)
        if not os.path.exists(path):
            raise Skip("npm could not fetch %s" % name)
        want_all(t, dynamic(t, "/bin/real", path, function), 15)
        os.chmod(path, 0o755)
        r = t.run([os.path.join(t.place, "dragoman"), "info", path])
        t.want(r.status == "exit 126" and b"a shared library, not a program" in r.err, "it is no program", r)
