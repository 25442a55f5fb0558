# One open file, several programs: each goes on where the last one stopped.
seq 1 9 > nine
{ read a; read b; echo "we read $a $b"; cat; } < nine
{ dd bs=2 count=2 2>/dev/null; read c; echo "then we read $c"; dd bs=2 count=1 2>/dev/null; read d; echo "and $d"; } < nine
exec 4< nine
read x <&4; echo $x; dd bs=4 count=1 2>/dev/null <&4; read x <&4; echo $x; "$SAMPLES/cat" <&4
exec 4<&-
{ echo ours; /bin/echo host; echo ours again; "$SAMPLES/sh" -c 'echo a shell below'; printf last; /bin/echo; } > log
cat log
{ echo w1; /bin/echo w2; } >> log; echo w3 >> log; tail -n 3 log
( echo sub; /bin/echo sub host ) >> log; tail -n 2 log
exec 5<> rw; echo 0123456789 >&5; /bin/echo abc >&5; exec 5>&-; cat rw
(exec 6> six; for i in 1 2 3; do echo s$i >&6; /bin/echo h$i >&6; done); cat six
{ sed -n 1q; } < nine; wc -l < nine
