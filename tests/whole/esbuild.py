"""esbuild's FreeBSD build, a multi-threaded Go program, does byte for byte what its Linux build does."""
import hashlib
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request

from dragoman import Failure, Skip, mark, provider_of

HERE = os.path.dirname(os.path.abspath(__file__))
GENERATE = os.path.join(HERE, "..", "esbuild", "generate.py")
BUNDLE = ["--bundle", "--minify", "--sourcemap", "--splitting", "--format=esm", "--log-level=warning"]


def program(t, os_name):
    path = os.path.join(t.place, "esbuild", os_name, "esbuild")
    if not os.path.exists(path):
        raise Skip("no esbuild: npm could not fetch it")
    return path


def tree(t, n=320):
    where = os.path.join(t.dir(), "src")
    subprocess.run([sys.executable, GENERATE, where, str(n)], check=True)
    subprocess.run(["chmod", "-R", "a+rX", where], check=True)
    return where


def hashes(folder):
    found = {}
    for top, _, files in os.walk(folder):
        for name in files:
            path = os.path.join(top, name)
            with open(path, "rb") as f:
                found[os.path.relpath(path, folder)] = hashlib.sha256(f.read()).hexdigest()
    return found


def bundle(t, run, os_name, source, flags):
    """Both builds write to ../out of the same tree, one after the other, so that no path differs."""
    out = os.path.join(t.dir(), "out")
    r = run(program(t, os_name), "app.ts", "other.ts", "--outdir=" + out, *flags, cwd=source, timeout=120)
    if r.status != "exit 0":
        raise Failure("%s build: %s" % (os_name, r))
    result = hashes(out)
    # Source maps hold paths relative to the output, which is beside the tree in both.
    return r, result


def bundles_are_the_same(t, rounds, flags, source=None):
    source = source or tree(t)
    _, want = bundle(t, t.native, "linux", source, flags)
    t.want(len(want) > 3, "the native build wrote something")
    for i in range(rounds):
        r, got = bundle(t, t.guest, "freebsd", source, flags)
        if got != want:
            names = sorted(n for n in set(want) | set(got) if want.get(n) != got.get(n))
            raise Failure("round %d: %s differ\n%s" % (i, names, r))


def test_version(t):
    native, guest = t.native(program(t, "linux"), "--version"), t.guest(program(t, "freebsd"), "--version")
    t.equal(native, guest)


def test_help(t):
    t.equal(t.native(program(t, "linux"), "--help"), t.guest(program(t, "freebsd"), "--help"))


def test_bundle(t):
    bundles_are_the_same(t, 3, BUNDLE)


@mark(one_user=True)
def test_bundle_plain(t):
    bundles_are_the_same(t, 1, ["--bundle", "--sourcemap=inline", "--metafile=/dev/null", "--outbase=.", "--loader:.txt=dataurl", "--log-level=warning"])


@mark(long=True, alone=True)
def test_bundle_fifty(t):
    bundles_are_the_same(t, 50, BUNDLE)


def test_errors(t):
    where = t.dir()
    with open(where + "/bad.ts", "w") as f:
        f.write("import './none'\nlet x: = 3;\nconst y = <b>\n")
    os.chmod(where + "/bad.ts", 0o644)
    native = t.native(program(t, "linux"), "bad.ts", "--bundle", cwd=where)
    guest = t.guest(program(t, "freebsd"), "bad.ts", "--bundle", cwd=where)
    t.equal(native, guest)
    t.want(native.err == guest.err, "the same messages", guest)


def test_stdin(t):
    code = b"export const a: number = 1 + 2;\n" * 1000
    t.equal(t.native(program(t, "linux"), "--loader=ts", "--minify", data=code), t.guest(program(t, "freebsd"), "--loader=ts", "--minify", data=code))


def fetch(url, tries=100):
    for _ in range(tries):
        try:
            with urllib.request.urlopen(url, timeout=5) as r:
                return r.status, r.read()
        except urllib.error.HTTPError as e:
            return e.code, e.read()
        except OSError:
            time.sleep(0.05)
    raise Failure("no answer from " + url)


def read_until(p, pattern, seconds=20):
    os.set_blocking(p.stderr.fileno(), False)
    data, end = b"", time.time() + seconds
    while time.time() < end:
        piece = p.stderr.read()
        if piece:
            data += piece
        found = re.search(pattern, data)
        if found:
            return found
        if p.poll() is not None:
            break
        time.sleep(0.02)
    t_err = data.decode(errors="replace")
    p.kill()
    raise Failure("%r did not come: %s" % (pattern, t_err[-2000:]))


def serve(t, command, source, requests):
    """Answers of a server to a list of paths."""
    p = t.start(command + ["app.ts", "--bundle", "--outdir=www", "--serve=127.0.0.1:0", "--servedir=."], timeout=60, cwd=source, stdin=subprocess.PIPE)
    try:
        port = int(read_until(p, rb"http://127\.0\.0\.1:(\d+)/").group(1))
        base = "http://127.0.0.1:%d" % port
        answers = []
        for path in requests:
            answers.append(fetch(base + path))
    finally:
        os.set_blocking(p.stderr.fileno(), True)
        p.stdin.close()  # --serve ends at the end of standard input
        p.stdin = None
        r = t.finish(p)
    return answers, r


def test_serve(t):
    source = tree(t, 60)
    requests = ["/m3.ts", "/none", "/www/", "/www/app.js", "/www/app.css"] * 3
    native, _ = serve(t, [program(t, "linux")], source, requests)
    guest, r = serve(t, t.dragoman(program(t, "freebsd")), source, requests)
    t.want(len(native) == len(guest) == len(requests), "every request is answered", r)
    for path, a, b in zip(requests, native, guest):
        t.want(a == b, "%s: native %s and %d bytes, guest %s and %d bytes" % (path, a[0], len(a[1]), b[0], len(b[1])), r)
    t.want(r.left == 0, "nothing is left of the server", r)


def watch(t, command, source):
    out = os.path.join(t.dir(), "out.js")
    entry = os.path.join(source, "watched.ts")
    with open(entry, "w") as f:
        f.write("import './m3'; console.log('first')\n")
    os.chmod(entry, 0o644)
    p = t.start(command + ["watched.ts", "--bundle", "--outfile=" + out, "--watch"], timeout=60, cwd=source, stdin=subprocess.PIPE)
    seen = []
    try:
        for word in ("first", "second", "third"):
            if word != "first":
                time.sleep(0.3)
                with open(entry, "w") as f:
                    f.write("import './m3'; console.log('%s')\n" % word)
            end = time.time() + 20
            while time.time() < end:
                data = open(out, "rb").read() if os.path.exists(out) else b""
                if word.encode() in data and data.endswith(b"})();\n"):
                    seen.append(data)
                    break
                time.sleep(0.05)
    finally:
        p.stdin.close()
        p.stdin = None
        r = t.finish(p)
    return seen, r


def test_watch(t):
    source = tree(t, 60)
    native, _ = watch(t, [program(t, "linux")], source)
    guest, r = watch(t, t.dragoman(program(t, "freebsd")), source)
    t.want(len(native) == 3 and native == guest, "each change is seen: native %d, guest %d" % (len(native), len(guest)), r)
    t.want(r.left == 0, "nothing is left", r)


@mark(one_user=True)
def test_kill_provider(t):
    """kill -9 in the middle of a bundle, at several moments."""
    source = tree(t)
    for ms in (5, 20, 60, 100, 200, 400):
        r = t.run(t.dragoman(program(t, "freebsd"), "app.ts", "other.ts", "--outdir=" + os.path.join(t.dir(), "out"), *BUNDLE), cwd=source, kill_ms=ms)
        t.want(r.left == 0, "killed after %d ms" % ms, r)
