/*
 * compat/sysctl_kern.c: kern.* that is about the whole system, and the few
 * net.* numbers that follow the host's own.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "abi/freebsd/kinfo.h"
#include "compat/sysctl_values.h"
#include "syscalls/ksem.h"
#include "syscalls/mqueue.h"
#include "syscalls/proc.h"

static int64_t clamp_int(int64_t v) { return v < 0 || v > INT_MAX ? INT_MAX : v; }

int kern_hostname(struct sysctl_req *r)
{
    char name[256] = "";

    gethostname(name, sizeof(name) - 1);
    return sysctl_out_str(r, name);
}

/* The NIS domain; Linux says "(none)" where the BSDs say nothing. */
int kern_domainname(struct sysctl_req *r)
{
    char name[256] = "";

    if (getdomainname(name, sizeof(name) - 1) || !strcmp(name, "(none)"))
        name[0] = '\0';
    return sysctl_out_str(r, name);
}

int kern_hostid(struct sysctl_req *r) { return sysctl_out_num(r, (uint32_t)gethostid()); }

/* The host's machine-id, 32 hexadecimal digits, in the form of a UUID. */
int kern_hostuuid(struct sysctl_req *r)
{
    FILE *f = fopen("/etc/machine-id", "re");
    char  id[33] = "00000000000000000000000000000000", uuid[37];

    if (f) {
        if (fscanf(f, "%32[0-9a-f]", id) != 1 || strlen(id) != 32)
            memset(id, '0', 32);
        fclose(f);
    }
    snprintf(uuid, sizeof(uuid), "%.8s-%.4s-%.4s-%.4s-%.12s", id, id + 8, id + 12, id + 16, id + 20);
    return sysctl_out_str(r, uuid);
}

int kern_boottime(struct sysctl_req *r)
{
    struct fbsd_timeval64 tv;
    struct timespec       now, up;
    int64_t               ns;

    clock_gettime(CLOCK_REALTIME, &now);
    clock_gettime(CLOCK_BOOTTIME, &up);
    ns = (now.tv_sec - up.tv_sec) * 1000000000 + now.tv_nsec - up.tv_nsec;
    tv = (struct fbsd_timeval64){ns / 1000000000, ns % 1000000000 / 1000};
    return sysctl_out(r, &tv, sizeof(tv));
}

/* hz and stathz of a stock amd64 kernel; programs scale ticks by them. */
int kern_clockrate(struct sysctl_req *r)
{
    static const struct fbsd_clockinfo ci = {.hz = 1000, .tick = 1000, .stathz = 127, .profhz = 8128};

    return sysctl_out(r, &ci, sizeof(ci));
}

int kern_maxproc(struct sysctl_req *r)
{
    return sysctl_out_num(r, clamp_int(host_number("/proc/sys/kernel/pid_max", 32768)));
}

int kern_maxfiles(struct sysctl_req *r)
{
    return sysctl_out_num(r, clamp_int(host_number("/proc/sys/fs/file-max", INT_MAX)));
}

int kern_maxfilesperproc(struct sysctl_req *r) { return sysctl_out_num(r, clamp_int((int64_t)r->c->proc->nofile_max)); }

int kern_openfiles(struct sysctl_req *r)
{
    return sysctl_out_num(r, clamp_int(host_number("/proc/sys/fs/file-nr", 0)));
}

/* The open files of the whole machine are not the session's to tell. */
int kern_file(struct sysctl_req *r)
{
    (void)r;
    return -EOPNOTSUPP;
}

int kern_curmq(struct sysctl_req *r) { return sysctl_out_num(r, mqueue_count()); }

int kern_nsems(struct sysctl_req *r) { return sysctl_out_num(r, ksem_count()); }

int kern_maxthreads(struct sysctl_req *r)
{
    return sysctl_out_num(r, clamp_int(host_number("/proc/sys/kernel/threads-max", 1500)));
}

/* As many bytes as asked for, 256 at most. */
int kern_arandom(struct sysctl_req *r)
{
    uint8_t bytes[256];
    size_t  n = r->room < sizeof(bytes) ? r->room : sizeof(bytes);

    if (getrandom(bytes, n, 0) != (ssize_t)n)
        return -EIO;
    return sysctl_out(r, bytes, n);
}

int kern_usrstack(struct sysctl_req *r) { return sysctl_out_num(r, (int64_t)r->c->proc->stack_top); }

int kern_ps_strings(struct sysctl_req *r) { return sysctl_out_num(r, (int64_t)r->c->proc->ps_strings); }

int kern_somaxconn(struct sysctl_req *r) { return sysctl_out_num(r, host_number("/proc/sys/net/core/somaxconn", 128)); }

int net_port_first(struct sysctl_req *r)
{
    return sysctl_out_num(r, host_number("/proc/sys/net/ipv4/ip_local_port_range", 10000));
}

int net_port_last(struct sysctl_req *r)
{
    FILE *f = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");
    int   last = 65535;

    if (f) {
        if (fscanf(f, "%*d %d", &last) != 1)
            last = 65535;
        fclose(f);
    }
    return sysctl_out_num(r, last);
}

int net_ip_ttl(struct sysctl_req *r) { return sysctl_out_num(r, host_number("/proc/sys/net/ipv4/ip_default_ttl", 64)); }

int net_ip_forwarding(struct sysctl_req *r)
{
    return sysctl_out_num(r, host_number("/proc/sys/net/ipv4/ip_forward", 0));
}
