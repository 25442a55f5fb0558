"""Open files that guests share with programs of the host: one offset, whoever moves it."""
import os

from dragoman import Failure

SCRIPTS = {
    "one_after_the_other": '(cat a; $CAT b; echo c; $CAT a b; echo d) > out',
    "appended": 'echo before > out; ($CAT a; $CAT b; echo c) >> out; $CAT a >> out',
    "both_streams": "$CAT a none b > out 2>&1 || :",
    "input_by_parts": '($OFFSET "read 0 4"; head -c 5; $OFFSET "read 0 3"; dd bs=1 count=2 2>/dev/null; $OFFSET "read 0 2"; cat) < numbers > out',
    "input_by_lines": '(head -n 1; $OFFSET "read 0 3"; head -n 2; $CAT) < numbers > out',
    "read_by_the_shell": 'while read x; do echo "$x"; $OFFSET "read 0 6"; done < numbers > out',
    "moved_by_the_guest": '($OFFSET "seek 0 100 0"; head -n 2; $OFFSET "seek 0 -10 1" "seek 0 0 1"; head -c 10; $OFFSET "seek 0 -20 2"; cat) < numbers > out',
    "written_in_the_middle": 'cat numbers > out; ($OFFSET "seek 1 50 0" "write 1 guest"; printf host; $OFFSET "write 1 guest" "seek 1 0 1") 1<>out',
    "cut_meanwhile": '($OFFSET "write 1 aaaa"; : > out; $OFFSET "write 1 bb" "seek 1 0 1") > out; od -c out > out2; cat out2 > out',
    "appending_flag": 'echo 12345 > out; ($OFFSET "append 1" "seek 1 0 0" "write 1 end"; printf host; $OFFSET "seek 1 0 1") 1<>out',
    "two_at_once": '($CAT numbers & $CAT numbers & sed -n p numbers & wait) > out2; sort out2 > out',
    "handed_to_the_host": '$OFFSET "open out" "write 3 one" "run echo two >&3" "seek 3 0 1" "write 3 three" "run printf four >&3; printf 5 >&3" "seek 3 0 1" "write 3 end"',
    "handed_and_appended": '$OFFSET "open out" "append 3" "write 3 one" "run echo two >&3" "seek 3 0 1" "write 3 three" "seek 3 0 0" "read 3 100"',
    "handed_for_reading": 'cat numbers > out2; $OFFSET "open out2" "read 3 4" "run head -c 6 <&3 >> out" "read 3 4" "run head -n 1 <&3 >> out" "read 3 4"',
    "kept_by_the_host": '$OFFSET "open out" "write 3 one" "run (read x < fifo; printf late >&3; : > done) & :" "write 3 two"'
                        ' "run echo > fifo; while ! test -e done; do :; done" "seek 3 0 1" "write 3 three"',
    "given_by_dup": '$OFFSET "open out" "dup 3" "write 3 one" "run echo two >&4" "write 4 three" "seek 3 0 1"',
    "through_a_guest_in_the_host": '$OFFSET "read 0 4" "run head -c 4" "read 0 4" "run head -c 4" "seek 0 0 1" < numbers > out',
}


def run(t, name, native):
    where = t.dir()
    for file, text in (("a", "first\n" * 3), ("b", "second\n" * 5), ("numbers", "".join("%d\n" % n for n in range(1000, 1300)))):
        with open(os.path.join(where, file), "w") as f:
            f.write(text)
        if t.uid:
            os.chown(os.path.join(where, file), t.uid, t.uid)
    if "fifo" in SCRIPTS[name]:
        os.mkfifo(where + "/fifo")
        os.chmod(where + "/fifo", 0o666)
    programs = {v: [t.sample(s, "linux")] if native else t.dragoman(t.sample(s)) for v, s in (("CAT", "cat"), ("OFFSET", "offset"))}
    r = t.run(["sh", "-c", SCRIPTS[name]], cwd=where, env={v: " ".join(p) for v, p in programs.items()})
    path = os.path.join(where, "out")
    return r, open(path, "rb").read() if os.path.exists(path) else None


def check(t, name):
    (native, want), (guest, got) = run(t, name, True), run(t, name, False)
    t.want(native.status == "exit 0" and want, "the script is sound", native)
    t.equal(native, guest)
    if want != got or native.err != guest.err or guest.left:
        raise Failure("natively %s\n%s\nthe guest %s\n%s" % (want[-500:], native.err.decode(), (got or b"nothing")[-500:], guest))


for script in SCRIPTS:
    globals()["test_" + script] = lambda t, script=script: check(t, script)
