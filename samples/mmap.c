/* Memory: mappings, protections, shared files, holes. */
#include "sample.h"

#define PAGE 4096

static void check_anonymous(void)
{
    char *p = os_mmap(0, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0), *q;

    check((long)p > 0 && ((uint64_t)p & (PAGE - 1)) == 0, "anonymous memory");
    check(p[0] == 0 && p[4 * PAGE - 1] == 0, "is zero");
    memset(p, 1, 4 * PAGE);
    check(os_munmap(p + PAGE, PAGE) == 0, "a hole in the middle");
    q = os_mmap(p + PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON | MAP_FIXED, -1, 0);
    check(q == p + PAGE && q[0] == 0 && p[0] == 1 && p[2 * PAGE] == 1, "MAP_FIXED fills it, and only it");
    q = os_mmap(p, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANON | MAP_FIXED | MAP_EXCL, -1, 0);
    check((long)q < 0 && p[0] == 1, "MAP_EXCL does not replace");
    check_err(os_munmap(p, 0), -EINVAL, "munmap of nothing");
    check(os_mprotect(p, PAGE, PROT_READ) == 0, "mprotect");
    check_err(os_read(-1, p, 1), -EBADF, "a bad descriptor before a bad buffer");
    check(os_madvise_free(p + 2 * PAGE, PAGE) == 0, "madvise");
    check(os_munmap(p, 4 * PAGE) == 0, "munmap");
}

static void check_file(const char *dir)
{
    char  name[256];
    int   fd;
    char *shared, *private, byte = 0;

    print_into(name, sizeof(name), "%s/mapped", dir);
    fd = (int)must(os_open(name, O_RDWR | O_CREAT | O_TRUNC, 0600), name);
    must(os_ftruncate(fd, 2 * PAGE), "ftruncate");
    shared = os_mmap(0, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    private = os_mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, PAGE);
    check((long)shared > 0 && (long)private > 0, "a file mapped twice");
    shared[5] = 'x';
    check(os_pread(fd, &byte, 1, 5) == 1 && byte == 'x', "a store in a shared mapping is in the file");
    private[0] = 'y';
    check(os_pread(fd, &byte, 1, PAGE) == 1 && byte == 0, "a store in a private mapping is not");
    check(os_pwrite(fd, "z", 1, 7) == 1 && shared[7] == 'z', "a write to the file is in the mapping");
    check(os_msync(shared, 2 * PAGE) == 0, "msync");
    os_close(fd);
    check(shared[5] == 'x', "the mapping outlives the descriptor");
    os_munmap(shared, 2 * PAGE);
    os_munmap(private, PAGE);
    os_unlink(name);
}

static void check_code(void)
{
    static const unsigned char code[] = {0xb8, 42, 0, 0, 0, 0xc3}; /* mov $42, %eax; ret */
    char                      *p = os_mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
    int (*fn)(void) = (int (*)(void))p;

    memcpy(p, code, sizeof(code));
    check(os_mprotect(p, PAGE, PROT_READ | PROT_EXEC) == 0 && fn() == 42, "code written, protected and run");
    os_munmap(p, PAGE);
}

/* A call site that is made at run time, used, unmapped and made again with other code around it. */
static void check_call_site(void)
{
#ifdef GUEST_FREEBSD
    static const unsigned char code[] = {0xb8, 20,   0,    0,
                                         0,    0x0f, 0x05, 0xc3}; /* mov $20 (getpid), %eax; syscall; ret */
#else
    static const unsigned char code[] = {0xb8, 39, 0, 0, 0, 0x0f, 0x05, 0xc3};
#endif
    long  pid = os_getpid();
    char *at = 0;
    bool  good = true;

    for (int i = 0; i < 8; i++) {
        int   pad = i % 4;
        char *p =
            os_mmap(at, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANON | (at ? MAP_FIXED : 0), -1, 0);
        memset(p, 0x90, (size_t)pad);
        memcpy(p + pad, code, sizeof(code));
        for (int k = 0; k < 3; k++)
            good &= ((int (*)(void))p)() == pid;
        os_munmap(p, PAGE);
        at = p;
    }
    check(good, "system calls from code made at run time");
}

int main(int argc, char **argv, char **envp)
{
    (void)envp;
    check_anonymous();
    check_file(argc > 1 ? argv[1] : ".");
    check_code();
    check_call_site();
    return check_status();
}
