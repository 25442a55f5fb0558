/*
 * abi/freebsd/version.h: the release that FreeBSD programs are told they run on.
 *
 * One place for what uname, sysctl, AT_OSRELDATE and _SC_ constants say.
 */
#ifndef DRAGOMAN_ABI_FREEBSD_VERSION_H
#define DRAGOMAN_ABI_FREEBSD_VERSION_H

#define FBSD_OSTYPE     "FreeBSD"
#define FBSD_OSRELEASE  "14.3-RELEASE"
#define FBSD_OSRELDATE  1403000 /* __FreeBSD_version */
#define FBSD_OSREVISION 199506  /* BSD in sys/param.h */
#define FBSD_IDENT      "DRAGOMAN"
#define FBSD_VERSION    "FreeBSD " FBSD_OSRELEASE " " FBSD_IDENT "\n"
#define FBSD_MACHINE    "amd64"
#define FBSD_PAGESIZES                                                                                                 \
    {                                                                                                                  \
        4096, 2u << 20, 1u << 30                                                                                       \
    }                    /* pagesizes[] of amd64/pmap.c */
#define FBSD_MAXCPU 1024 /* MAXCPU; also CPU_MAXSIZE, so a cpuset_t has 128 bytes */

#endif
