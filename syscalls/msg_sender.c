/* syscalls/msg_sender.c: all the credentials of a message's sender, of which the host tells the real user and group. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "syscalls/hostproc.h"
#include "syscalls/msg.h"

/* "Groups:" and numbers. */
static void groups_read(const char *line, struct sock_creds *to)
{
    char         *end;
    unsigned long gid;

    for (to->ngroups = 0; to->ngroups < SOCK_CREDS_GROUPS; line = end) {
        gid = strtoul(line, &end, 10);
        if (end == line)
            return;
        to->groups[to->ngroups++] = (uint32_t)gid;
    }
}

static bool status_read(FILE *f, struct sock_creds *to)
{
    char line[1024];
    int  found = 0;

    while (found < 3 && fgets(line, sizeof(line), f)) {
        if (sscanf(line, "Uid: %u %u", &to->ruid, &to->euid) == 2 ||
            sscanf(line, "Gid: %u %u", &to->rgid, &to->egid) == 2) {
            found++;
        } else if (!strncmp(line, "Groups:", 7)) {
            groups_read(line + 7, to);
            found++;
        }
    }
    return found == 3;
}

void msg_sender(const struct ucred *from, struct sock_creds *to)
{
    const struct sock_creds told = {
        .pid = from->pid, .ruid = from->uid, .euid = from->uid, .rgid = from->gid, .egid = from->gid};
    FILE *f = host_proc_file(from->pid, 0, "status");
    bool  same = false;

    *to = told;
    if (f) {
        same = status_read(f, to) && to->ruid == told.ruid && to->rgid == told.rgid;
        fclose(f);
    }
    if (!same)
        *to = told;
}
