# Words: quotes, parameters, substitutions, arithmetic, patterns.
x='a  b'; y="$x"; z=
echo $x; echo "$x"; echo '$x'; echo \$x "\$x" "a\"b" 'c"d'
echo "${z:-none}" "${z-unset}" "${u-unset}" "${x:+set}" "${#x}" "${u:=made}" "$u"
f=dir/sub/file.tar.gz
echo "${f##*/}" "${f#*/}" "${f%.*}" "${f%%.*}"
set -- one 'two words' three
echo $# "$1" "$2" "$3"
for i in "$@"; do echo "<$i>"; done
for i in $*; do echo "[$i]"; done
for i; do echo "($i)"; done
shift; echo "$# $1"; shift 2; echo "$#"
for i in "$@"; do echo never; done
echo $((1 + 2 * 3)) $(((1 + 2) * 3)) $((7 % 4)) $((1 << 4)) $((3 > 2 && 2 > 3)) $((-5 / 2))
n=0; while [ $n -lt 3 ]; do n=$((n + 1)); done; echo "n is $n"
echo "sub: $(echo inner "$(echo nested)")" `echo old \`echo style\``
echo $(printf '%s\n' 1 2 3)
echo "$(printf 'two\nlines\n\n\n')"
IFS=:; set -- a:b::c; p=a:b::c; set -- $p; echo "$# <$3>"; IFS=' '
for w in apple banana cherry avocado; do
    case $w in
    a*o) echo "$w: a to o" ;;
    a*) echo "$w: a" ;;
    [bc]*) echo "$w: b or c" ;;
    esac
done
case 'a*b' in 'a*b') echo literal ;; *) echo wrong ;; esac
case axb in a\*b) echo wrong ;; a?b) echo any ;; esac
mkdir globs; cd globs
for i in b2 a1 a2 c .hidden; do : > $i; done
mkdir sub; : > sub/deep
echo *; echo a*; echo [!a]*; echo ?; echo none*; echo '*'; echo */*; echo .h*
cd ..
v=outer; (v=inner; echo $v); echo $v
{ v=group; }; echo $v
fn() { echo "fn $# $1"; v=changed; return 3; }
fn x y; echo "$? $v"
fact() { if [ $1 -le 1 ]; then echo 1; else echo $(($1 * $(fact $(($1 - 1))))); fi; }
fact 6
for a in 1 2 3; do for b in 1 2 3; do [ $b = 2 ] && continue; [ $a = 2 ] && break; [ $a$b = 33 ] && break 2; echo $a$b; done; done
until [ $n = 0 ]; do n=$((n - 1)); done; echo $n
! true; echo $?; ! false; echo $?
true && echo and || echo or; false && echo and || echo or
printf '%s-%d-%x-%o-%c|%5s|%05d\n' str 42 255 8 char ab 42
printf '%s,' a b c; echo
test -z '' && test -n x && [ a = a ] && [ a != b ] && [ 3 -gt 2 ] && [ ! -e /nonexistent ] && [ -d . ] && echo tests
eval 'e=evaluated; echo $e'
unset e; echo "<$e>"
echo a;echo b # a comment
echo end\
 of line
