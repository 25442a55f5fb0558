/* die HOW [SIGNAL]: ends by a fault, a signal or a status, for tests of what the parent sees. */
#include "sample.h"

int main(int argc, char **argv, char **envp)
{
    const char *how = argc > 1 ? argv[1] : "";

    (void)envp;
    if (strcmp(how, "status") == 0)
        return (int)parse_int(argv[2]);
    if (strcmp(how, "segv") == 0)
        __asm__ volatile("movl $1, 16" : : : "memory");
    if (strcmp(how, "ill") == 0)
        __asm__ volatile("ud2");
    if (strcmp(how, "fpe") == 0)
        __asm__ volatile("xor %%edx, %%edx\n mov $1, %%eax\n xor %%ecx, %%ecx\n div %%ecx" : : : "eax", "ecx", "edx");
    if (strcmp(how, "jump") == 0)
        ((void (*)(void))0x1234567000)();
    for (int sig = 1; sig < 32; sig++)
        if (strcmp(sig_name(sig), how) == 0)
            os_kill((int)os_getpid(), sig);
    print("still alive\n");
    return 9;
}
