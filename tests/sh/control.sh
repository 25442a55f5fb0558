# Job control without a terminal: groups, stops, continuations.
set -m
sleep 60 & jobs
kill -STOP %1; sleep 0.1; jobs
bg %1; sleep 0.05; jobs
kill -TERM %1; wait %1; echo $?
jobs
(echo in a group; sleep 0.05; echo done in it)
sleep 1 | sleep 1 & jobs; wait; jobs
"$SAMPLES/sh" -c 'kill -STOP $$; echo continued' ; jobs
fg %1
/bin/sh -c 'kill -STOP $$; echo host continued'; jobs
bg; wait; jobs
sleep 9 | "$SAMPLES/cat" | cat & kill -TERM %1; wait %1; echo $?
"$SAMPLES/sh" -c 'sleep 9 & sleep 9' & sleep 0.2; kill -KILL %1; wait %1; echo $?
fg %7 2>/dev/null || echo no such job
