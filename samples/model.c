/*
 * model: runs a program of table and file operations, and writes down what each of them did (model/model.h).
 *
 *     model DIR STATE seed SEED OPERATIONS [lie]  in the empty directory DIR; the text is in STATE, from STATE_HEAD on
 *     model DIR STATE list FILE [lie]             a program as "model print" prints it, or any part of one
 *     model print SEED OPERATIONS
 *
 * tests/whole/model.py compares the builds.  With "lie" long reads are reported wrong: a test of the tester.
 */
#include "model/model.h"

char **sample_argv, **sample_envp;

static int list_table(const char *path)
{
    state_open(path, false);
    say_table();
    return 0;
}

static void prepare(const char *dir)
{
    struct os_sigaction ignore = {.handler = (void (*)(int, os_siginfo *, void *))1};
    uint64_t            rl[2];

    must(os_chdir(dir), dir);
    os_sigaction(SIGPIPE, &ignore, 0);
    os_umask(022);
    must(os_getrlimit(OS_RLIMIT_NOFILE, rl), "getrlimit");
    rl[0] = LIMIT;
    must(os_setrlimit(OS_RLIMIT_NOFILE, rl), "setrlimit");
    names_setup();
    state->actors[0] = (struct actor){.live = 1};
}

static int usage(void)
{
    print("usage: model DIR STATE seed SEED OPERATIONS [lie] | model DIR STATE list FILE [lie]\n"
          "       model print SEED OPERATIONS\n");
    return 2;
}

int main(int argc, char **argv, char **envp)
{
    const bool by_seed = argc > 5 && strcmp(argv[3], "seed") == 0, by_list = argc > 4 && strcmp(argv[3], "list") == 0;

    sample_argv = argv;
    sample_envp = envp;
    if (argc == 3 && strcmp(argv[1], "list") == 0)
        return list_table(argv[2]);
    if (argc == 4 && strcmp(argv[1], "print") == 0) {
        program_generate((uint64_t)parse_int(argv[2]), (uint32_t)parse_int(argv[3]));
        program_print();
        return 0;
    }
    if (!by_seed && !by_list)
        return usage();
    if (by_seed)
        program_generate((uint64_t)parse_int(argv[4]), (uint32_t)parse_int(argv[5]));
    else
        program_read(argv[4]);
    lying = strcmp(argv[argc - 1], "lie") == 0;
    state_open(argv[2], true);
    prepare(argv[1]);
    actor_run(0);
    actor_leave(0);
    say_files();
    return 0;
}
