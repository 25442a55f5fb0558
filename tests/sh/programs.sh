# Programs, theirs and ours: arguments, environment, exit status, signals, scripts.
A=1 /bin/sh -c 'echo $A'; echo "<$A>"
export B=2; /bin/sh -c 'echo $B'; "$SAMPLES/sh" -c 'echo $B; /bin/sh -c "echo \$B below"'
C=hidden; /bin/sh -c 'echo "<$C>"'
/bin/sh -c 'exit 7'; echo $?
"$SAMPLES/sh" -c 'exit 8'; echo $?
"$SAMPLES/sh" -c '/bin/sh -c "exit 9"'; echo $?
/bin/sh -c 'kill -TERM $$'; echo $?
"$SAMPLES/sh" -c 'kill -TERM $$'; echo $?
"$SAMPLES/sh" -c '/bin/sh -c "kill -KILL \$\$"'; echo $?
"$SAMPLES/sh" -c 'exec /bin/sh -c "kill -HUP \$\$"'; echo $?
printf '#!/bin/sh\necho host script "$@"\n' > hs; chmod +x hs; ./hs a 'b c'
printf "#!$SAMPLES/sh\necho our script \"\$@\"\n" > os; chmod +x os; ./os a 'b c'
printf 'echo no first line "$@"\n' > ns; chmod +x ns; ./ns a 'b c'
printf "#!$SAMPLES/sh -e\nfalse\necho never\n" > es; chmod +x es; ./es; echo $?
echo text > notexec; ./notexec 2>/dev/null; echo $?
(exec /bin/echo replaced; echo never)
(exec "$SAMPLES/sh" -c 'echo also replaced'; echo never)
umask 027; umask; /bin/sh -c umask; : > masked; ls -l masked | cut -c1-10; umask 022
cd /; pwd; /bin/pwd; "$SAMPLES/sh" -c pwd; cd - 2>/dev/null >/dev/null; cd /usr/bin; pwd
ulimit -n 64; ulimit -n; /bin/sh -c 'ulimit -n'
times | wc -l
trap 'echo leaving with $?' EXIT
set -e
true && false || echo still here
if false; then :; fi
! true
"$SAMPLES/sh" -ec 'echo in; false; echo out' || echo "it ended with $?"
false
echo never
