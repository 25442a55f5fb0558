/*
 * loader/doctor.c: dragoman doctor: what this host has for us, and what its lack costs.
 *
 * Every probe tries the real thing, in a child where it leaves traces; a version
 * number alone is no proof, since sandboxes filter calls.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loader/decoder.h"
#include "loader/doctor_rows.h"
#include "loader/image.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1ul << 5)
#endif
#define NOTIF_SET_FLAGS      _IOW('!', 4, uint64_t) /* SECCOMP_IOCTL_NOTIF_SET_FLAGS, Linux 6.6 */
#define NOTIF_SYNC_WAKE_UP   1ul
#define HWCAP2_FSGSBASE      2ul /* arch/x86/include/uapi/asm/hwcap2.h */
#define SYS_landlock_version 444 /* landlock_create_ruleset */
#define NOFILE_WANTED        65536

struct finding {
    bool ok;
    char state[128];
};

static void found(struct finding *f, bool ok, const char *state)
{
    f->ok = ok;
    snprintf(f->state, sizeof f->state, "%s", state);
}

static void found_errno(struct finding *f, int err)
{
    f->ok = false;
    snprintf(f->state, sizeof f->state, "no: %s", strerror(err));
}

/* Runs probe in a child; its exit status, or -1 when it died. */
static int in_child(int (*probe)(void))
{
    int   status;
    pid_t pid = fork();

    if (pid == 0)
        _exit(probe());
    if (pid < 0)
        return errno;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return errno;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* The child's status is 0 or an errno. */
static void found_by_child(struct finding *f, int (*probe)(void))
{
    int status = in_child(probe);

    if (status == 0)
        found(f, true, "yes");
    else if (status < 0)
        found(f, false, "no: the call killed its process");
    else
        found_errno(f, status);
}

/* A small number or word out of a file of /proc; false when there is none. */
static bool read_line(const char *path, char *buf, size_t size)
{
    int     fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, buf, size - 1);

    if (fd >= 0)
        close(fd);
    if (n < 0)
        return false;
    buf[n] = '\0';
    buf[strcspn(buf, "\n")] = '\0';
    return true;
}

/* ---- probes ------------------------------------------------------------ */

static void probe_kernel(struct finding *f)
{
    struct utsname u;
    int            major = 0, minor = 0;

    uname(&u);
    sscanf(u.release, "%d.%d", &major, &minor);
    snprintf(f->state, sizeof f->state, "%.60s %.40s", u.sysname, u.release);
    f->ok = major > 5 || (major == 5 && minor >= 19);
}

/* A listener on a filter that allows everything: installed in a child, since filters stay. */
static int seccomp_listener(unsigned long flags)
{
    struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog  prog = {1, &allow};

    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    long fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags | SECCOMP_FILTER_FLAG_NEW_LISTENER, &prog);
    return fd < 0 ? -errno : (int)fd;
}

static int child_notify(void)
{
    int fd = seccomp_listener(0);

    return fd < 0 ? -fd : 0;
}

static int child_killable(void)
{
    int fd = seccomp_listener(SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);

    return fd < 0 ? -fd : 0;
}

static int child_sync(void)
{
    int fd = seccomp_listener(0);

    if (fd < 0)
        return -fd;
    return ioctl(fd, NOTIF_SET_FLAGS, NOTIF_SYNC_WAKE_UP) ? errno : 0;
}

static void probe_notify(struct finding *f) { found_by_child(f, child_notify); }

static void probe_killable(struct finding *f) { found_by_child(f, child_killable); }

static void probe_sync(struct finding *f) { found_by_child(f, child_sync); }

/* A child that waits for its end; -1. */
static pid_t idle_start(void)
{
    const pid_t pid = fork();

    if (pid == 0) {
        pause();
        _exit(0);
    }
    return pid;
}

static void idle_end(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

/* A tracer needs no more than PTRACE_SEIZE of its own child: Yama's scope 1 allows that. */
static int child_ptrace(void)
{
    int   err = 0;
    pid_t pid = idle_start();

    if (pid < 0)
        return errno;
    if (ptrace(PTRACE_SEIZE, pid, 0, PTRACE_O_EXITKILL))
        err = errno;
    idle_end(pid);
    return err;
}

static void probe_ptrace(struct finding *f)
{
    char scope[16] = "";

    found_by_child(f, child_ptrace);
    if (read_line("/proc/sys/kernel/yama/ptrace_scope", scope, sizeof scope))
        snprintf(f->state + strlen(f->state), sizeof f->state - strlen(f->state), " (yama ptrace_scope %s)", scope);
}

static void probe_fsgsbase(struct finding *f)
{
    bool ok = getauxval(AT_HWCAP2) & HWCAP2_FSGSBASE;

    found(f, ok, ok ? "yes" : "no");
}

static void probe_landlock(struct finding *f)
{
    long v = syscall(SYS_landlock_version, NULL, 0, 1 /* LANDLOCK_CREATE_RULESET_VERSION */);

    if (v < 0) {
        found_errno(f, errno);
        return;
    }
    f->ok = true;
    snprintf(f->state, sizeof f->state, "version %ld", v);
}

static void probe_mmap_min_addr(struct finding *f)
{
    char text[32];

    if (!read_line("/proc/sys/vm/mmap_min_addr", text, sizeof text)) {
        found(f, false, "unknown");
        return;
    }
    found(f, strtoul(text, NULL, 10) <= 65536, text);
}

static void probe_kvm(struct finding *f)
{
    int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);

    if (fd < 0) {
        found_errno(f, errno);
        return;
    }
    close(fd);
    found(f, true, "yes");
}

static void probe_zydis(struct finding *f)
{
    const int err = decoder_load();

    if (err)
        found_errno(f, -err);
    else
        found(f, true, "yes");
}

static void probe_nofile(struct finding *f)
{
    struct rlimit rl;

    if (getrlimit(RLIMIT_NOFILE, &rl)) {
        found_errno(f, errno);
        return;
    }
    f->ok = rl.rlim_max >= NOFILE_WANTED;
    snprintf(f->state, sizeof f->state, "%llu now, %llu at most", (unsigned long long)rl.rlim_cur,
             (unsigned long long)rl.rlim_max);
}

/* A whole ELF program: exit(0). */
static const struct exit_program {
    Elf64_Ehdr eh;
    Elf64_Phdr ph;
    uint8_t    code[9];
} exit_program = {
    .eh = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
           .e_type = ET_EXEC,
           .e_machine = EM_X86_64,
           .e_version = EV_CURRENT,
           .e_entry = 0x10000000 + offsetof(struct exit_program, code),
           .e_phoff = offsetof(struct exit_program, ph),
           .e_ehsize = sizeof(Elf64_Ehdr),
           .e_phentsize = sizeof(Elf64_Phdr),
           .e_phnum = 1},
    .ph = {.p_type = PT_LOAD,
           .p_flags = PF_R | PF_X,
           .p_vaddr = 0x10000000,
           .p_filesz = sizeof(struct exit_program),
           .p_memsz = sizeof(struct exit_program),
           .p_align = 0x1000},
    .code = {0x31, 0xff, 0xb8, 60, 0, 0, 0, 0x0f, 0x05}, /* xor %edi,%edi; mov $60,%eax; syscall */
};

/* The gate is started from a memory file; some hosts (vm.memfd_noexec, noexec policies) refuse that. */
static int child_memfd(void)
{
    char *const empty[] = {"gate", NULL};
    int         fd = (int)syscall(SYS_memfd_create, "dragoman-doctor", 0u);

    if (fd < 0)
        return errno;
    if (write(fd, &exit_program, sizeof exit_program) != sizeof exit_program)
        return errno;
    syscall(SYS_execveat, fd, "", empty, empty + 1, AT_EMPTY_PATH);
    return errno;
}

static void probe_memfd(struct finding *f) { found_by_child(f, child_memfd); }

/* One process reads and writes the memory of another that it may trace. */
static int child_vm(void)
{
    static char  word[8] = "guest";
    char         got[8] = "";
    struct iovec here = {got, sizeof got}, there = {word, sizeof word};
    int          err = 0;
    pid_t        pid = idle_start();

    if (pid < 0)
        return errno;
    if (syscall(SYS_process_vm_readv, pid, &here, 1ul, &there, 1ul, 0ul) < 0)
        err = errno;
    idle_end(pid);
    return err;
}

static void probe_vm(struct finding *f) { found_by_child(f, child_vm); }

/* ---- report ------------------------------------------------------------ */

enum { NEEDED_BY_NONE, NEEDED_BY_NOTIFY = 1, NEEDED_BY_PTRACE = 2, NEEDED_BY_BOTH = 3 };

static const struct probe {
    const char *name;
    void (*run)(struct finding *f);
    int         needed; /* by which doors */
    const char *cost;   /* of its lack */
} probes[] = {
    {"kernel", probe_kernel, NEEDED_BY_NONE, "older than 5.19: the notify door is slower and less exact"},
    {"seccomp notification", probe_notify, NEEDED_BY_NOTIFY, "no notify door: use --door=ptrace"},
    {"  WAIT_KILLABLE_RECV", probe_killable, NEEDED_BY_NONE, "signals may cut off calls that they must not"},
    {"  SYNC_WAKE_UP", probe_sync, NEEDED_BY_NONE, "a call that needs the provider costs 6.6 us instead of 1.7 us"},
    {"ptrace", probe_ptrace, NEEDED_BY_PTRACE, "no ptrace door: only --door=notify"},
    {"memory of children", probe_vm, NEEDED_BY_BOTH, "no door works: process_vm_readv is refused"},
    {"executable memfd", probe_memfd, NEEDED_BY_BOTH, "no door works: the gate cannot be started"},
    {"FSGSBASE", probe_fsgsbase, NEEDED_BY_NONE, "programs that set their thread pointer by wrfsbase die"},
    {"Zydis", probe_zydis, NEEDED_BY_NONE, "no call site is rewritten, each call traps: apt-get install libzydis4.0"},
    {"Landlock", probe_landlock, NEEDED_BY_NONE, "programs cannot be confined to parts of the file tree"},
    {"mmap_min_addr", probe_mmap_min_addr, NEEDED_BY_NONE, "programs linked at low addresses do not load"},
    {"KVM", probe_kvm, NEEDED_BY_NONE, "no comparison with a virtual machine; running programs needs none"},
    {"open files", probe_nofile, NEEDED_BY_NONE, "a program with very many files gets EMFILE early"},
};

int doctor_main(int argc, char **argv)
{
    int lost = 0;

    if (argc == 2 && !strcmp(argv[1], "--rows"))
        return doctor_rows();
    if (argc > 1) {
        fputs("usage: dragoman doctor [--rows]\n", stderr);
        return 2;
    }
    for (size_t i = 0; i < sizeof probes / sizeof *probes; i++) {
        struct finding f = {0};
        fflush(stdout); /* or a child would print it again */
        probes[i].run(&f);
        printf("%-4s %-22s %s\n", f.ok ? "ok" : "lack", probes[i].name, f.state);
        if (!f.ok) {
            printf("     %-22s -> %s\n", "", probes[i].cost);
            lost |= probes[i].needed;
        }
    }
    printf("doors: %s%s%s\n", lost & NEEDED_BY_NOTIFY ? "" : "notify ", lost & NEEDED_BY_PTRACE ? "" : "ptrace",
           lost == NEEDED_BY_BOTH ? "none" : "");
    return lost == NEEDED_BY_BOTH;
}
