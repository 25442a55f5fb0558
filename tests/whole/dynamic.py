"""A dynamic program, its library and an interpreter that asks of the kernel what FreeBSD's rtld does, below a sysroot."""
import os


def test_dynamic(t):
    base = os.path.join(t.place, "samples/dyn")
    r = t.guest(os.path.join(base, "bin/prog"), flags=("--sysroot=" + base,))
    t.want(r.status == "exit 0" and r.out.count(b"ok ") >= 29 and b"FAILED" not in r.out, "it is linked and runs", r)


def test_interpreter_missing(t):
    base = os.path.join(t.place, "samples/dyn")
    r = t.guest(os.path.join(base, "bin/prog"), flags=("--sysroot=" + t.dir(),))
    t.want(r.status == "exit 127" and b"/libexec/ld-elf.so.1" in r.err, "what is missing is named", r)
