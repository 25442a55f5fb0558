"""Files that cannot run: one clear line, exit status 126 or 127, nothing left behind."""
import os
import struct

from dragoman import mark

BASE = 0x400000
EXIT_0 = bytes.fromhex("31ffb8010000000f05")  # xor %edi,%edi; mov $1,%eax; syscall
R, W, X = 4, 2, 1


def header(kind=2, machine=62, osabi=9, entry=BASE + 0x1000, phnum=2, phoff=64, bits=2, order=1):
    ident = b"\x7fELF" + bytes([bits, order, 1, osabi]) + bytes(8)
    return ident + struct.pack("<HHIQQQIHHHHHH", kind, machine, 1, entry, phoff, 0, 0, 64, 56, phnum, 0, 0, 0)


def segment(flags, vaddr, offset, filesz, memsz, align=0x1000, kind=1):
    return struct.pack("<IIQQQQQQ", kind, flags, offset, vaddr, vaddr, filesz, memsz, align)


def program(*segments, **fields):
    """A whole file: header, segments (the sound ones by default), code at 0x1000, data at 0x2000."""
    segments = segments or (TEXT, DATA)
    head = header(phnum=len(segments), **fields) + b"".join(segments)
    return head.ljust(0x1000, b"\0") + EXIT_0.ljust(0x1000, b"\0") + b"data".ljust(0x100, b"\0")


TEXT = segment(R | X, BASE, 0, 0x1010, 0x1010)
DATA = segment(R | W, BASE + 0x2000, 0x2000, 0x100, 0x3000)
INTERP = segment(R, 0, 0x2000, 24, 24, 1, kind=3)
HEADERS = 64 + 2 * 56


def refused(t, path, status, *words, flags=()):
    r = t.run(t.dragoman(*flags, path))
    lines = r.err.decode(errors="replace").split("\n")
    t.want(r.status == "exit %d" % status, "%s: exit status is not %d" % (path, status), r)
    t.want(len(lines) == 2 and lines[1] == "" and lines[0].startswith("dragoman: "), "one line on standard error", r)
    for word in words:
        t.want(word in lines[0], "the line says %r" % word, r)
    t.want(r.out == b"" and r.left == 0, "nothing on standard output, nothing left behind", r)


def refused_bytes(t, data, *words, status=126, flags=(), mode=0o755):
    path = os.path.join(t.tmp, "bad")
    if os.path.exists(path):
        os.unlink(path)
    with open(path, "wb") as f:
        f.write(data)
    os.chmod(path, mode)
    refused(t, path, status, *words, flags=flags)


def test_the_sound_one_runs(t):
    """Or all the others would prove nothing."""
    path = os.path.join(t.tmp, "good")
    with open(path, "wb") as f:
        f.write(program())
    os.chmod(path, 0o755)
    r = t.guest(path)
    t.want(r.status == "exit 0" and r.err == b"", "exits with 0", r)


def test_no_file(t):
    refused(t, os.path.join(t.tmp, "none"), 127, "no such file")
    refused(t, os.path.join(t.tmp, "none", "of", "them"), 127)


def test_directory(t):
    refused(t, t.dir(), 126, "a directory")


def test_fifo(t):
    path = os.path.join(t.tmp, "fifo")
    os.mkfifo(path)
    os.chmod(path, 0o755)
    refused(t, path, 126, "not a regular file")


def test_no_program(t):
    refused_bytes(t, b"", "empty file")
    refused_bytes(t, b"hello, world\n", "a text file")
    refused_bytes(t, bytes.fromhex("cffaedfe07000001") + bytes(100), "Mach-O", "macOS")
    refused_bytes(t, b"MZ" + bytes(100), "Windows")
    refused_bytes(t, bytes(range(1, 200)), "unknown")


def test_not_executable(t):
    refused_bytes(t, program(), "not executable", mode=0o644)


def test_other_machines(t):
    refused_bytes(t, program(machine=183), "arm64")
    refused_bytes(t, program(machine=3, bits=1), "32-bit")
    refused_bytes(t, program(machine=62, bits=1), "x32")
    refused_bytes(t, program(order=2), "another processor")


def test_other_systems(t):
    refused_bytes(t, program(osabi=0), "does not name its system", "--abi=")
    refused_bytes(t, program(osabi=3), "a Linux program", "directly")
    refused_bytes(t, program(osabi=12), "OpenBSD")
    refused_bytes(t, program(), "no such ABI", flags=["--abi=plan9"])
    refused(t, "/bin/sh", 126, "a Linux program: run it directly")


def test_truncated(t):
    whole = program()
    for size in range(0 if t.long else 1, HEADERS, 1 if t.long else 23):
        refused_bytes(t, whole[:size])
    refused_bytes(t, whole[:64], "truncated")
    refused_bytes(t, whole[:HEADERS], "beyond the end of the file")
    refused_bytes(t, whole[:-1], "beyond the end of the file")


def test_segments(t):
    refused_bytes(t, program(TEXT, segment(R | W, BASE + 0x1000, 0x1000, 0x100, 0x100)), "overlaps")
    refused_bytes(t, program(DATA, TEXT), "ascending")
    refused_bytes(t, program(TEXT, segment(R | W, 2**64 - 0x1000, 0x2000, 0x100, 0x2000)), "wraps")
    refused_bytes(t, program(TEXT, segment(R | W, 2**47, 0x2000, 0x100, 0x2000)), "above the addresses")
    refused_bytes(t, program(TEXT, segment(R | W, BASE + 0x2000, 0x2000, 0x100, 2**43)), "GiB")
    refused_bytes(t, program(TEXT, segment(R | W, BASE + 0x2000, 0x9000, 0x100, 0x100)), "beyond the end of the file")
    refused_bytes(t, program(TEXT, segment(R | W, BASE + 0x2010, 0x2000, 0x100, 0x100)), "within a page")
    refused_bytes(t, program(TEXT, segment(R | W, BASE + 0x2000, 0x2000, 0x100, 0x10)), "more bytes in the file")
    refused_bytes(t, program(entry=BASE + 0x2000), "entry point")
    refused_bytes(t, program(entry=0), "entry point")


def test_interpreter(t):
    data = program(TEXT, DATA, INTERP)
    refused_bytes(t, data[:0x2000] + b"/libexec/ld-elf.so.none\0" + data[0x2018:], "/libexec/ld-elf.so.none", "--sysroot", status=127)
    refused_bytes(t, data[:0x2000] + b"x" * 24 + data[0x2018:], "has no end")
    name = b"/etc/../etc/../etc/group"[:23].ljust(24, b"\0")
    refused_bytes(t, data[:0x2000] + name + data[0x2018:], status=127)


def test_scripts(t):
    refused_bytes(t, b"#!\n", "names no interpreter")
    refused_bytes(t, b"#! /none/such -x\n", status=127)
    refused_bytes(t, b"#!/etc/hostname\n")


@mark(once=True)
def test_info(t):
    tool = t.dragoman()[0]
    good = os.path.join(t.tmp, "good")
    with open(good, "wb") as f:
        f.write(program())
    os.chmod(good, 0o755)
    r = t.run([tool, "info", good])
    text = r.out.decode()
    t.want(r.status == "exit 0" and "freebsd-amd64" in text and "static" in text and "0x401000" in text, "info of a program", r)
    r = t.run([tool, "info", "/bin/sh"])
    t.want(r.status == "exit 126" and "Linux" in r.out.decode(), "info of a Linux program", r)
    r = t.run([tool, "info", t.tmp + "/none"])
    t.want(r.status == "exit 127" and r.err.decode().count("\n") == 1, "info of nothing", r)


@mark(once=True)
def test_doctor(t):
    r = t.run([t.dragoman()[0], "doctor"])
    t.want(r.status == "exit 0" and b"doors: " in r.out and b"ptrace" in r.out and r.left == 0, "a door works here", r)
