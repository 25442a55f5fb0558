/* The library of the dynamic sample: code, data, bss, and a table that has to be relocated. */
int        lib_counter = 40;
static int lib_zero[3000];

static int one(void) { return 1; }

static int two(void) { return 2; }

static int (*const table[])(void) = {one, two};

int lib_add(int which);
int lib_add(int which)
{
    lib_zero[2999]++;
    return lib_counter += table[which]() + (lib_zero[2999] > 1000);
}
