/* args [ARG...]: prints its arguments and those environment variables whose names start with SAMPLE_. */
#include "sample.h"

int main(int argc, char **argv, char **envp)
{
    print("argc %d\n", argc);
    for (int i = 1; i < argc; i++)
        print("argv[%d] '%s'\n", i, argv[i]);
    check(argv[argc] == 0, "argv ends with NULL");
    for (; *envp; envp++)
        if (memcmp(*envp, "SAMPLE_", 7) == 0)
            print("env '%s'\n", *envp);
    return check_status();
}
