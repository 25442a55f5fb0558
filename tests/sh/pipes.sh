# Pipelines and redirections, with programs of the host's and our own.
echo one two three | wc -w
printf 'b\na\nc\n' | sort | sed 's/^/line /' | cat
printf '%s\n' x y z | while read l; do echo "got $l"; done
echo hello > out; cat < out; cat out >> out2; cat out >> out2; cat out2
echo out-err 2>&1 >/dev/null; sh_err() { echo to-err >&2; }; sh_err 2>&1 | sed 's/^/piped /'
{ echo a; echo b >&2; } > both 2>&1; cat both
cat <<END
plain $((1 + 1)) $(echo substituted) \$kept
END
cat <<'END'
quoted $((1 + 1)) $(echo not)
END
	cat <<-END
	tabs go
	END
sed -n '2,$p' <<END | wc -l
1
2
3
END
cat <<A; cat <<B
first
A
second
B
exec 3> three; echo to three >&3; /bin/echo host to three >&3; exec 3>&-; cat three
cat <&- 2>/dev/null || echo closed
( echo sub1; echo sub2 ) | tail -n 1
if grep -q two <<X
one two
X
then echo found; else echo missing; fi
"$SAMPLES/cat" out | wc -c
echo through us | "$SAMPLES/cat" | tr a-z A-Z
echo a | "$SAMPLES/cat" | "$SAMPLES/cat" | "$SAMPLES/cat" | cat
ls / | "$SAMPLES/cat" | grep -c '^usr$'
yes | head -n 3
yes | "$SAMPLES/cat" | head -n 2
seq 1 20000 | "$SAMPLES/cat" | sort -n | tail -n 1
seq 1 20000 | (read a; read b; echo $a $b)
false | true; echo "status $?"; true | false; echo "status $?"
x=$(seq 1 5000 | wc -l); echo $x
cat out out 2>/dev/null | wc -l > count; cat count
: > empty; [ -s empty ] || echo empty; [ -s out ] && echo full
echo $(cat < out)
no-such-program-at-all 2>/dev/null; echo $?
./out 2>/dev/null; echo $?
cat /nonexistent 2>/dev/null || echo no file
cat < /nonexistent 2>/dev/null || echo no input
i=0; while [ $i -lt 20 ]; do echo $i; i=$((i + 1)); done | "$SAMPLES/cat" | tail -n 1
