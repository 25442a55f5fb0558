/* What is no program, may not be executed, is too much, or is not there; and that the caller goes on unharmed. */
#include "exec/exec.h"

static char *plain[] = {"name", 0};

static void refused(const char *name, const char *want, const char *what)
{
    char path[PATH_SIZE];

    expect(in_dir(path, name), plain, want, what);
}

static void check_contents(void)
{
    char elf[64] = "\177ELF\2\1\1\11";

    file_make("empty", "", 0, 0755);
    refused("empty", "ENOEXEC", "an empty file");
    file_make("text", "echo hello\n", 11, 0755);
    refused("text", "ENOEXEC", "text without #!");
    file_make("elf", elf, 4, 0755);
    refused("elf", "ENOEXEC", "four bytes of a program");
    elf[16] = 2;  /* ET_EXEC */
    elf[18] = 62; /* x86-64 */
    elf[20] = 1;
    elf[54] = 56; /* e_phentsize */
    file_make("elf", elf, sizeof(elf), 0755);
    refused("elf", "ENOEXEC", "a header alone");
    elf[18] = 8; /* MIPS */
    file_make("elf", elf, sizeof(elf), 0755);
    refused("elf", "ENOEXEC", "a program for another machine");
}

static void check_names(void)
{
    char path[PATH_SIZE], name[300];

    refused("nothing", "ENOENT", "nothing there");
    refused("text/x", "ENOTDIR", "a file on the way");
    expect("", plain, "ENOENT", "no name");
    memset(name, 'x', sizeof(name));
    name[299] = 0;
    refused(name, "ENAMETOOLONG", "a long name of a file");
    os_symlink("loop", in_dir(path, "loop"));
    refused("loop", "ELOOP", "a symbolic link to itself");
    refused("closed", "EACCES", "a program without permission");
    refused("", "EACCES", "a directory");
    os_mkfifo(in_dir(path, "fifo"), 0755);
    refused("fifo", "EACCES", "a FIFO");
    if (os_access("/dev/null", 0) == 0) /* within --root there is none */
        expect("/dev/null", plain, "EACCES", "a device");
}

static void check_pointers(void)
{
    char path[PATH_SIZE], *bad[] = {"name", (char *)8, 0};

    in_dir(path, "show");
    expect_of(&(struct attempt){.path = (char *)8, .argv = plain}, "EFAULT", "a bad pointer to the name");
    expect_of(&(struct attempt){.path = path, .argv = (char **)8}, "EFAULT", "to the arguments");
    expect_of(&(struct attempt){.path = path, .argv = bad}, "EFAULT", "to an argument");
    expect_of(&(struct attempt){.path = path, .argv = plain, .envp = (char **)8}, "EFAULT", "to the environment");
#ifdef GUEST_FREEBSD
    char *none[] = {0};

    expect_of(&(struct attempt){.path = path, .argv = none}, "EINVAL", "no arguments");
    expect_of(&(struct attempt){.path = path, .argv = 0}, "EFAULT", "not even a vector of them");
    expect_of(&(struct attempt){.path = "/none", .argv = bad}, "EFAULT", "the arguments come first");
#else
    check(true, "no arguments");
    check(true, "not even a vector of them");
    check(true, "the arguments come first");
#endif
}

/* kern_exec.c: ARG_MAX is 512 KiB, for strings alone; Linux has another limit for each and for all. */
static void check_size(void)
{
    static char big[600 << 10];
    char        path[PATH_SIZE], *argv[] = {"list", big, 0};

    in_dir(path, "list");
    memset(big, 'x', sizeof(big) - 1);
    expect(path, argv, "E2BIG", "an argument that is too long");
    expect_of(&(struct attempt){.path = path, .argv = plain, .envp = argv}, "E2BIG", "a variable that is too long");
    big[100 << 10] = 0;
    expect(path, argv, "ENAMETOOLONG", "a long one that is not");
#ifdef GUEST_FREEBSD
    char *many[8] = {big, big, big, big, big, big, big, 0};

    expect(path, many, "E2BIG", "too many of them");
#else
    check(true, "too many of them");
#endif
}

/* kern_exec.c, exec_check_permissions: nobody may have it open for writing. */
static void check_busy(void)
{
    char path[PATH_SIZE], script[PATH_SIZE], want[PATH_SIZE], text[PATH_SIZE];
    int  fd = (int)must(os_open(in_dir(path, "show"), O_RDWR, 0), "open");

    refused("show", "ETXTBSY", "a program that is open for writing");
    file_make("script", text, (size_t)print_into(text, sizeof(text), "#!%s\n", path), 0755);
    refused("script", "ETXTBSY", "an interpreter that is");
    os_close(fd);
    print_into(want, sizeof(want), "[%s][%s]", path, in_dir(script, "script"));
    refused("script", want, "and is not any more");
}

static volatile uint32_t counted, enough;

static long count(void *arg)
{
    while (!enough) {
        counted++;
        sleep_ms(1);
    }
    return (long)arg;
}

static void handled(int sig, os_siginfo *info, void *uc)
{
    (void)sig, (void)info, (void)uc;
    counted += 1000000;
}

/* A call that fails leaves threads, descriptors, memory and handlers as they were. */
static void check_unharmed(char *self)
{
    static struct thread t[3];
    struct os_sigaction  act = {.handler = handled, .flags = SA_SIGINFO};
    char                 path[PATH_SIZE], *v[] = {"name", 0};
    int                  fd = (int)must(os_open(self, O_RDONLY | O_CLOEXEC, 0), "open"), failed = 0;
    uint32_t             then;
    bool                 good = true;

    must(os_sigaction(SIGUSR1, &act, 0), "sigaction");
    for (long i = 0; i < 3; i++)
        thread_start(&t[i], count, (void *)i);
    for (int i = 0; i < 20; i++) {
        failed += exec_call(&(struct attempt){.path = in_dir(path, "text"), .argv = v}) == -ENOEXEC;
        failed += exec_call(&(struct attempt){.path = in_dir(path, "closed"), .argv = v}) == -EACCES;
        failed += exec_call(&(struct attempt){.path = in_dir(path, "elf"), .argv = v}) == -ENOEXEC;
    }
    check(failed == 60, "sixty failed calls beside threads");
    then = counted;
    while (counted < then + 20)
        sleep_ms(1);
    check(os_fcntl(fd, F_GETFD, 0) == FD_CLOEXEC, "a close-on-exec descriptor is still there");
    os_kill((int)os_getpid(), SIGUSR1);
    check(counted >= 1000000, "a handler, too");
    enough = 1;
    for (long i = 0; i < 3; i++)
        good &= thread_join(&t[i]) == i;
    check(good, "and the threads go on");
    os_close(fd);
}

void check_refusals(char *self)
{
    check_contents();
    check_names();
    check_pointers();
    check_size();
    check_busy();
    check_unharmed(self);
}
