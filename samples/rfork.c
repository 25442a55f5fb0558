/*
 * rfork: what a child has of the descriptors: a copy (RFFDG), the same table, or none (RFCFDG); sys/kern/kern_fork.c.
 * Linux's clone has it by other names: its build only says so.  One argument: an empty directory.
 */
#include "sample.h"

#ifdef GUEST_FREEBSD

enum { RFFDG = 0x4, RFPROC = 0x10, RFCFDG = 0x1000 };

static const char *dir;
static char        self[1024]; /* the program, by a path that a chdir does not change */

static long rfork(long flags)
{
    long rv2, pid = os_call_rv2(251, flags, 0, 0, 0, 0, 0, &rv2);

    return rv2 == 1 && pid >= 0 && (flags & RFPROC) ? 0 : pid;
}

/* Runs fn in a child made with these flags; its exit status. */
static int child(long flags, int (*fn)(void))
{
    int  status;
    long pid = must(rfork(flags), "rfork");

    if (pid == 0)
        os_exit(fn());
    must(os_wait4((int)pid, &status, 0, 0), "wait4");
    return os_wifexited(status) ? os_wexitstatus(status) : -1;
}

static bool is_open(int fd) { return os_fcntl(fd, F_GETFD, 0) >= 0; }

static int changes_the_table(void)
{
    os_dup2(1, 40);
    os_close(41);
    os_fcntl(42, F_SETFD, FD_CLOEXEC);
    os_chdir("sub");
    os_umask(0123);
    return 7;
}

static void nothing_but_a_child_is_needed(void)
{
    check_err(rfork(0), 0, "rfork of nothing");
    check_err(rfork(RFPROC | RFFDG | RFCFDG), -EINVAL, "a copy and nothing at once");
    check_err(rfork(RFFDG), 0, "a table of one's own that is one's own");
}

static void the_table_is_shared(void)
{
    char name[512];

    must(os_dup2(1, 41), "dup2");
    must(os_dup2(1, 42), "dup2");
    check_err(child(RFPROC, changes_the_table), 7, "a child with the same table");
    check(is_open(40), "what it opened is here");
    check(!is_open(41), "what it closed is not");
    check_err(os_fcntl(42, F_GETFD, 0), FD_CLOEXEC, "the slot's flags are the same");
    check(os_write(40, "ok the descriptor works\n", 24) == 24, "after its end, too");
    must(os_getcwd(name, sizeof(name)), "getcwd");
    check(!strcmp(name + strlen(name) - 4, "/sub"), "the working directory is the same");
    check_err(os_umask(022), 0123, "and the umask");
    must(os_chdir(dir), "chdir");
}

static void a_copy_is_not(void)
{
    must(os_dup2(1, 41), "dup2");
    os_close(40);
    os_fcntl(42, F_SETFD, 0);
    check_err(child(RFPROC | RFFDG, changes_the_table), 7, "a child with a copy");
    check(!is_open(40) && is_open(41), "keeps what it does to itself");
    check_err(os_fcntl(42, F_GETFD, 0), 0, "its flags as well");
    check_err(os_umask(022), 022, "and its umask");
}

static int has_nothing(void)
{
    for (int fd = 0; fd < 64; fd++)
        if (is_open(fd))
            return 1;
    return os_open("/dev/null", O_RDONLY, 0) == 0 ? 9 : 2;
}

static void none_at_all(void)
{
    check_err(child(RFPROC | RFCFDG, has_nothing), 9, "a child without any");
    check(is_open(1), "takes none from here");
}

static int ends_soon(void)
{
    sleep_ms(300);
    return 0;
}

/* Not even unseen: or the pipe's reader would wait for that child. */
static void none_at_all_at_the_host(void)
{
    int  p[2], status;
    char c;
    long pid;

    must(os_pipe(p), "pipe");
    pid = must(rfork(RFPROC | RFCFDG), "rfork");
    if (pid == 0)
        os_exit(ends_soon());
    sleep_ms(50);
    os_close(p[1]);
    check_err(os_read(p[0], &c, 1), 0, "the pipe has no writer");
    check_err(os_wait4((int)pid, &status, WNOHANG, 0), 0, "and the child is still there");
    os_wait4((int)pid, &status, 0, 0);
    os_close(p[0]);
}

static int executes(void)
{
    char *argv[] = {self, (char *)"again", 0};

    return (int)os_execve(self, argv, argv + 2);
}

/* kern_exec.c: exec takes a copy first, so what is closed is only closed there. */
static void exec_unshares(void)
{
    must(os_dup2(1, 50), "dup2");
    os_fcntl(50, F_SETFD, FD_CLOEXEC);
    check_err(child(RFPROC, executes), 3, "a child that shares and executes");
    check(is_open(50), "closes only its own");
    check(!is_open(51), "opens only its own");
    os_close(50);
}

static int again(void)
{
    if (is_open(50))
        return 1;
    os_dup2(1, 51);
    return 3;
}

static int unshares(void)
{
    rfork(RFFDG);
    os_close(60);
    return 0;
}

static int closes_all(void)
{
    rfork(RFCFDG);
    return is_open(1) || is_open(60);
}

static void later_on(void)
{
    must(os_dup2(1, 60), "dup2");
    check_err(child(RFPROC, unshares), 0, "a child that wants its own later");
    check(is_open(60), "has it then");
    check_err(child(RFPROC, closes_all), 0, "a child that wants none later");
    check(is_open(60) && is_open(1), "leaves these alone");
}

static int reads_one(void)
{
    char c;

    return os_read(61, &c, 1) == 1 ? c : -1;
}

/* One open file, one offset; and a hundred children in turn leave nothing behind. */
static void many_in_turn(void)
{
    long fd = must(os_open("digits", O_RDWR | O_CREAT, 0644), "open");
    bool all = true;

    os_write((int)fd, "0123456789", 10);
    must(os_dup2((int)fd, 61), "dup2");
    for (int i = 0; i < 100; i++) {
        os_lseek(61, i % 10, 0);
        all = all && child(RFPROC, reads_one) == '0' + i % 10;
    }
    check(all, "a hundred children read on where their parent was");
    check_err(os_dup((int)fd), 3 + ((int)fd == 3), "the lowest free number is what it was");
}

int main(int argc, char **argv, char **envp)
{
    (void)envp;
    if (argc > 1 && !strcmp(argv[1], "again"))
        return again();
    dir = argc > 1 ? argv[1] : ".";
    if (argv[0][0] != '/' && os_getcwd(self, sizeof(self)) >= 0)
        print_into(self + strlen(self), sizeof(self) - strlen(self), "/%s", argv[0]);
    else
        strcpy(self, argv[0]);
    must(os_chdir(dir), "chdir");
    must(os_mkdir("sub", 0755), "mkdir");
    os_umask(022);
    nothing_but_a_child_is_needed();
    the_table_is_shared();
    a_copy_is_not();
    none_at_all();
    none_at_all_at_the_host();
    exec_unshares();
    later_on();
    many_in_turn();
    return check_status();
}

#else

int main(int argc, char **argv, char **envp)
{
    (void)argc, (void)argv, (void)envp;
    print("no rfork here\n");
    return 0;
}

#endif
