# Traps, kill, background processes and what wait says of them.
trap 'echo got TERM' TERM
kill -TERM $$; echo after
trap 'echo got USR1' USR1; kill -USR1 $$
(kill -USR1 $$) ; sleep 0.05; echo 'from a child'
/bin/kill -USR1 $$; sleep 0.05; echo 'from a program'
trap '' HUP; kill -HUP $$; echo ignored
"$SAMPLES/sh" -c 'kill -HUP $$; echo inherits that'
/bin/sh -c 'kill -HUP $$; echo so does the host'
trap - HUP TERM; "$SAMPLES/sh" -c 'kill -HUP $$; echo never'; echo $?
trap 'echo twice' USR2
trap | grep -c USR2
sleep 5 & p=$!; kill $p; wait $p; echo $?
sleep 5 & p=$!; kill -KILL $p; wait $p; echo $?
"$SAMPLES/sh" -c 'exit 5' & wait $!; echo $?
/bin/sh -c 'exit 6' & wait $!; echo $?
wait 999999; echo $?
(sleep 0.1; exit 3) & a=$!; (exit 4) & b=$!; wait $b; echo $?; wait $a; echo $?
for i in 1 2 3 4 5; do (sleep 0.0$i) & done; wait; echo all done
trap 'echo interrupted' USR1
(sleep 0.4; kill -USR1 $$) & sleep 60 & s=$!; wait $s; [ $? -gt 128 ] && echo 'wait ended by the trap'
kill $s; wait; echo end of waiting
kill -0 $$ && echo alive
sleep 3 & p=$!; kill -0 $p && echo runs; kill -STOP $p; kill -CONT $p; kill $p; wait $p; echo $?
trap 'echo child $?' CHLD; true & wait; trap - CHLD
"$SAMPLES/sh" -c 'trap "echo cleaning" EXIT; exit 2'; echo $?
"$SAMPLES/sh" -c 'trap "echo bye; exit 9" TERM; kill -TERM $$; echo never'; echo $?
"$SAMPLES/sh" -c '(kill -TERM $$); sleep 1; echo never'; echo $?
yes | head -n 1 ; echo fine
seq 1 100000 | "$SAMPLES/sh" -c 'read l; echo $l'
