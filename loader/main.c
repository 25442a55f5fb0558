/* loader/main.c: the command line. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loader/bench.h"
#include "loader/binfmt.h"
#include "loader/coverage.h"
#include "loader/image.h"
#include "loader/run.h"

extern char **environ;

static const char usage[] =
    "usage: dragoman [run] [--door=notify|ptrace] [--abi=NAME] [--sysroot=DIR] [--root=DIR]\n"
    "                [--env NAME=VALUE] [--trace[=FILE]] [--no-rewrite] [--check-tables] [--daemons] [--]\n"
    "                PROGRAM [ARG...]\n"
    "       dragoman stat [--json[=FILE]] [...] PROGRAM [ARG...]\n"
    "                                 runs it, and says which calls it made and what they cost\n"
    "       dragoman info PROGRAM     what a program is, and whether it can run here\n"
    "       dragoman binfmt install|uninstall|status   the host starts foreign programs through dragoman\n"
    "       dragoman doctor [--rows]  what this host has for us, and what its lack costs; where each call is served\n"
    "       dragoman bench [OPTION]   what all this costs, beside native runs and a virtual machine\n"
    "       dragoman --help | --version\n"
    "\n"
    "Runs a program built for another kernel's ABI (FreeBSD) as an ordinary process.\n"
    "\n"
    "  --door=DOOR       how system calls are intercepted (default: notify)\n"
    "  --abi=NAME        the program's ABI, where the file does not tell\n"
    "  --sysroot=DIR     absolute paths are looked up there first\n"
    "  --root=DIR        the program's root directory, where it starts unless it is inside already\n"
    "  --env NAME=VALUE  adds to the program's environment; NAME alone removes it\n"
    "  --trace[=FILE]    prints each system call (to standard error)\n"
    "  --daemons         ends with the first program, and what that one left behind lives on; else it is killed\n"
    "  --check-tables    checks the descriptor tables when processes end; status 125 when they are unsound\n"
    "  --no-rewrite      leaves the program's code as it is; its calls cost a trap each\n";

enum {
    OPT_DOOR = 256,
    OPT_ABI,
    OPT_SYSROOT,
    OPT_ROOT,
    OPT_ENV,
    OPT_TRACE,
    OPT_NO_REWRITE,
    OPT_CHECK_TABLES,
    OPT_DAEMONS,
    OPT_HELP,
    OPT_VERSION,
    OPT_JSON,
    OPT_STAMPS,
    OPT_DELAY
};

static const struct option options[] = {
    {"door", required_argument, NULL, OPT_DOOR},
    {"abi", required_argument, NULL, OPT_ABI},
    {"sysroot", required_argument, NULL, OPT_SYSROOT},
    {"root", required_argument, NULL, OPT_ROOT},
    {"env", required_argument, NULL, OPT_ENV},
    {"trace", optional_argument, NULL, OPT_TRACE},
    {"no-rewrite", no_argument, NULL, OPT_NO_REWRITE},
    {"check-tables", no_argument, NULL, OPT_CHECK_TABLES},
    {"daemons", no_argument, NULL, OPT_DAEMONS},
    {"help", no_argument, NULL, OPT_HELP},
    {"version", no_argument, NULL, OPT_VERSION},
    {"json", optional_argument, NULL, OPT_JSON},
    {"stamps", no_argument, NULL, OPT_STAMPS},
    {"delay", required_argument, NULL, OPT_DELAY},
    {NULL, 0, NULL, 0},
};

static struct stat_options stat_wanted; /* of dragoman stat */

static void env_change(const char *setting)
{
    if (strchr(setting, '='))
        putenv(strdup(setting)); /* the environment keeps it */
    else
        unsetenv(setting);
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
}

/* --stamps and --delay are for the benchmarks. */
static int stat_option(int opt, const struct run_options *o)
{
    if (!o->stat) {
        fputs("dragoman: --json, --stamps and --delay are options of dragoman stat\n", stderr);
        return 2;
    }
    stat_wanted.json = true;
    if (opt == OPT_JSON)
        stat_wanted.file = optarg;
    else if (opt == OPT_STAMPS)
        stat_wanted.stamps = true;
    else
        stat_wanted.delay_ns = strtoull(optarg, NULL, 10);
    return -1;
}

/* -1: go on; else the exit status. */
static int option_take(int opt, struct run_options *o)
{
    switch (opt) {
    case OPT_DOOR: o->door = optarg; return -1;
    case OPT_ABI: o->abi = optarg; return -1;
    case OPT_SYSROOT: o->sysroot = optarg; return -1;
    case OPT_ROOT: o->root = optarg; return -1;
    case OPT_ENV: env_change(optarg); return -1;
    case OPT_TRACE:
        o->trace = true;
        o->trace_file = optarg;
        return -1;
    case OPT_CHECK_TABLES: o->check_tables = true; return -1;
    case OPT_DAEMONS: o->daemons = true; return -1;
    case OPT_NO_REWRITE: o->no_rewrite = true; return -1;
    case OPT_JSON:
    case OPT_STAMPS:
    case OPT_DELAY: return stat_option(opt, o);
    case OPT_HELP: fputs(usage, stdout); return 0;
    case OPT_VERSION: puts("dragoman " DRAGOMAN_VERSION); return 0;
    default: fputs("dragoman: try 'dragoman --help'\n", stderr); return 2;
    }
}

static int run_with(int argc, char **argv, const struct stat_options *counting)
{
    struct run_options o = {.stat = counting};
    int                opt, status;

    /* "+": options after PROGRAM are the program's */
    while ((opt = getopt_long(argc, argv, "+", options, NULL)) != -1) {
        status = option_take(opt, &o);
        if (status >= 0)
            return status;
    }
    if (optind == argc) {
        fputs("dragoman: no program is named; try 'dragoman --help'\n", stderr);
        return 2;
    }
    o.argv = argv + optind;
    o.envp = environ;
    return run(&o);
}

static int run_main(int argc, char **argv) { return run_with(argc, argv, NULL); }

static int stat_main(int argc, char **argv) { return run_with(argc, argv, &stat_wanted); }

/* The host's binfmt_misc started us: our name, the program's file, and what it is given. */
static int binfmt_run(char **argv)
{
    return run(&(struct run_options){.program = argv[1], .argv = argv + 2, .envp = environ});
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*main)(int argc, char **argv);
    } commands[] = {{"run", run_main},     {"info", info_main}, {"doctor", doctor_main}, {"coverage", coverage_main},
                    {"bench", bench_main}, {"stat", stat_main}, {"binfmt", binfmt_main}};

    if (binfmt_started() && argc > 2)
        return binfmt_run(argv);
    for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(*commands); i++)
        if (!strcmp(argv[1], commands[i].name)) {
            argv[1] = argv[0];
            return commands[i].main(argc - 1, argv + 1);
        }
    return run_main(argc, argv);
}
