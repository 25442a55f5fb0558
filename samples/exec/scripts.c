/* Scripts: what the line says, and what the interpreter gets.  kern/imgact_shell.c; Linux differs where it says so. */
#include "exec/exec.h"

/* %I: the interpreter "show"; %S: the script.  want null: as want of the first form. */
struct line {
    const char *what, *line, *want, *want_linux;
};

static const struct line lines[] = {
    {"an interpreter", "#!%I\n", "[%I][%S][x][y z]", 0},
    {"with an argument", "#!%I -a\n", "[%I][-a][%S][x][y z]", 0},
    {"blanks around it", "#! \t%I\t -a \t\n", "[%I][-a][%S][x][y z]", 0},
    {"all the rest is one argument", "#!%I -a  b 'c d' # e\n", "[%I][-a  b 'c d' # e][%S][x][y z]", 0},
    {"a carriage return is part of it", "#!%I -a\r\n", "[%I][-a\r][%S][x][y z]", 0},
    {"no interpreter", "#!\n%I\n", "ENOEXEC", 0},
    {"blanks only", "#! \t \n%I\n", "ENOEXEC", 0},
    {"no end of the line", "#!%I -a", "ENOEXEC", "[%I][-a][%S][x][y z]"},
    {"an interpreter that is not there", "#!%I-no\n", "ENOENT", 0},
    {"a directory for an interpreter", "#!/\n", "EACCES", 0},
};

static int put(char *to, const char *from)
{
    int n = 0;

    while (from[n]) {
        to[n] = from[n];
        n++;
    }
    return n;
}

static size_t fill(char *to, const char *form, const char *interp, const char *script)
{
    char *at = to;

    for (; *form; form++) {
        if (form[0] == '%' && (form[1] == 'I' || form[1] == 'S'))
            at += put(at, *++form == 'I' ? interp : script);
        else
            *at++ = *form;
    }
    *at = 0;
    return (size_t)(at - to);
}

static const char *wanted(const struct line *l)
{
#ifdef GUEST_LINUX
    return l->want_linux ? l->want_linux : l->want;
#else
    return l->want;
#endif
}

static void check_line(const struct line *l)
{
    char  interp[PATH_SIZE], script[PATH_SIZE], text[PATH_SIZE], want[PATH_SIZE];
    char *argv[] = {"name", "x", "y z", 0};

    in_dir(interp, "show");
    in_dir(script, "script");
    file_make("script", text, fill(text, l->line, interp, script), 0755);
    fill(want, wanted(l), interp, script);
    expect(script, argv, want, l->what);
}

static void check_special(const char *place, const char *interp, const char *script)
{
    char   text[PATH_SIZE], want[PATH_SIZE], *argv[] = {"name", 0};
    size_t n;

    n = fill(text, "#!%I -a", interp, script);
    text[n] = 0;
    text[n + 1] = 'b';
    file_make("script", text, n + 2, 0755);
    fill(want, "[%I][-a][%S]", interp, script);
    expect(script, argv, want, "a NUL ends the line");
    file_make("script", "#!show\n", 7, 0755);
    must(os_chdir(place), "chdir");
    fill(want, "[show][%S]", interp, script);
    expect(script, argv, want, "an interpreter from the working directory");
    expect("script", argv, "[show][script]", "a script from there, too");
    must(os_chdir("/"), "chdir");
}

static void check_nested(const char *script)
{
    char other[PATH_SIZE], text[PATH_SIZE], *argv[] = {"name", 0};

    in_dir(other, "other");
    file_make("other", text, fill(text, "#!%I\n", "/nowhere", ""), 0755);
    file_make("script", text, fill(text, "#!%I\n", other, ""), 0755);
#ifdef GUEST_LINUX
    expect(script, argv, "ENOENT", "a script for an interpreter");
#else
    expect(script, argv, "ENOEXEC", "a script for an interpreter");
#endif
    in_dir(other, "closed");
    file_make("script", text, fill(text, "#!%I\n", other, ""), 0755);
    expect(script, argv, "EACCES", "an interpreter that may not be executed");
}

/* The name of the interpreter may have 1023 characters (MAXINTERP); Linux looks at 256 in all. */
static void check_length(const char *script, const char *interp)
{
#ifdef GUEST_LINUX
    (void)script, (void)interp;
    check(true, "a long name");
    check(true, "a longer one");
#else
    char   text[PATH_SIZE], want[PATH_SIZE], name[1025], *argv[] = {"name", 0};
    size_t n = strlen(interp);

    memset(name, '/', sizeof(name));
    memcpy(name + 1023 - n, interp, n + 1);
    file_make("script", text, fill(text, "#!%I\n", name, script), 0755);
    fill(want, "[%I][%S]", name, script);
    expect(script, argv, want, "a long name");
    name[1023 - n - 1] = '/';
    memmove(name + 1, name, 1024);
    name[0] = '/';
    file_make("script", text, fill(text, "#!%I\n", name, script), 0755);
    expect(script, argv, "ENAMETOOLONG", "a longer one");
#endif
}

void check_scripts(void)
{
    char interp[PATH_SIZE], script[PATH_SIZE], place[PATH_SIZE];

    for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
        check_line(&lines[i]);
    in_dir(interp, "show");
    in_dir(script, "script");
    in_dir(place, "");
    check_special(place, interp, script);
    check_nested(script);
    check_length(script, interp);
}
