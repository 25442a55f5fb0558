/*
 * compat/sysctl_hw.c: the machine and its memory: hw.*, vm.*.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/freebsd/kinfo.h"
#include "abi/freebsd/version.h"
#include "compat/sysctl_values.h"
#include "syscalls/hostcpu.h"

#define PAGE 4096

/* The text behind "key\t: " in the first processor's part of /proc/cpuinfo. */
static bool cpuinfo(const char *key, char *value, size_t size)
{
    FILE *f = fopen("/proc/cpuinfo", "re");
    char  line[256];
    bool  found = false;

    while (f && !found && fgets(line, sizeof(line), f) && line[0] != '\n') {
        char *colon = strchr(line, ':');

        if (!colon || strncmp(line, key, strlen(key)) != 0)
            continue;
        snprintf(value, size, "%s", colon + 2);
        value[strcspn(value, "\n")] = '\0';
        found = true;
    }
    if (f)
        fclose(f);
    return found;
}

int hw_model(struct sysctl_req *r)
{
    char model[128];

    return sysctl_out_str(r, cpuinfo("model name", model, sizeof(model)) ? model : "amd64");
}

int hw_clockrate(struct sysctl_req *r)
{
    char mhz[64];

    return sysctl_out_num(r, cpuinfo("cpu MHz", mhz, sizeof(mhz)) ? atoi(mhz) : 0);
}

int hw_ncpu(struct sysctl_req *r) { return sysctl_out_num(r, host_cpus()); }

int hw_maxid(struct sysctl_req *r) { return sysctl_out_num(r, host_cpus() - 1); }

int hw_physmem(struct sysctl_req *r) { return sysctl_out_num(r, host_meminfo("MemTotal")); }

/* Not wired: what the kernel does not keep for itself. */
int hw_usermem(struct sysctl_req *r)
{
    return sysctl_out_num(r, host_meminfo("MemTotal") - host_meminfo("Slab") - host_meminfo("KernelStack"));
}

int hw_availpages(struct sysctl_req *r) { return sysctl_out_num(r, host_meminfo("MemTotal") / PAGE); }

/* Always MAXPAGESIZES entries on amd64, the unused ones zero. */
int hw_pagesizes(struct sysctl_req *r)
{
    static const uint64_t sizes[3] = FBSD_PAGESIZES;

    /* Who asks for fewer gets no error (kern_mib.c, sysctl_hw_pagesizes). */
    return sysctl_out(r, sizes, r->sizing || r->room > sizeof(sizes) ? sizeof(sizes) : r->room);
}

int vm_loadavg(struct sysctl_req *r)
{
    struct fbsd_loadavg l = {.fscale = FBSD_FSCALE};
    double              avg[3] = {0, 0, 0};

    (void)!getloadavg(avg, 3);
    for (int i = 0; i < 3; i++)
        l.ldavg[i] = (uint32_t)(avg[i] * FBSD_FSCALE);
    return sysctl_out(r, &l, sizeof(l));
}

int vm_total(struct sysctl_req *r)
{
    struct fbsd_vmtotal t = {
        .vm = (uint64_t)host_meminfo("Committed_AS") / PAGE,
        .avm = (uint64_t)host_meminfo("Committed_AS") / PAGE,
        .rm = (uint64_t)(host_meminfo("MemTotal") - host_meminfo("MemFree")) / PAGE,
        .arm = (uint64_t)host_meminfo("Active") / PAGE,
        .rmshr = (uint64_t)host_meminfo("Shmem") / PAGE,
        .free = (uint64_t)host_meminfo("MemFree") / PAGE,
    };

    return sysctl_out(r, &t, sizeof(t));
}

int vm_free_count(struct sysctl_req *r) { return sysctl_out_num(r, host_meminfo("MemFree") / PAGE); }

int vm_active_count(struct sysctl_req *r) { return sysctl_out_num(r, host_meminfo("Active") / PAGE); }

int vm_inactive_count(struct sysctl_req *r) { return sysctl_out_num(r, host_meminfo("Inactive") / PAGE); }

int vm_wire_count(struct sysctl_req *r)
{
    return sysctl_out_num(r, (host_meminfo("Slab") + host_meminfo("KernelStack") + host_meminfo("Unevictable")) / PAGE);
}

int vm_swap_total(struct sysctl_req *r) { return sysctl_out_num(r, host_meminfo("SwapTotal")); }
