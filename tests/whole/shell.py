"""A foreign shell feels at home: tests/sh/*.sh leave the same transcript natively and through each door."""
import os
import shutil

HERE = os.path.dirname(os.path.abspath(__file__))
SCRIPTS = os.path.join(HERE, "..", "sh")


def transcript(t, name, os_name, prefix):
    where, samples = t.dir(), os.path.join(t.place, "samples", os_name)
    script = os.path.join(where, "." + name)
    shutil.copyfile(os.path.join(SCRIPTS, name), script)
    os.chmod(script, 0o644)
    merged = ["/bin/sh", "-c", 'exec "$@" 2>&1', "sh"]
    return t.run(merged + prefix + [os.path.join(samples, "sh"), script], cwd=where, env={"SAMPLES": samples, "PATH": "/usr/bin:/bin"}, timeout=90)


def script(t, name):
    native = transcript(t, name, "linux", [])
    guest = transcript(t, name, "freebsd", t.dragoman())
    t.equal(native, guest)
    t.want(native.left == 0 and guest.left == 0, "nothing is left behind", guest)


for _name in sorted(os.listdir(SCRIPTS)):
    globals()["test_" + _name.rpartition(".")[0]] = lambda t, name=_name: script(t, name)
