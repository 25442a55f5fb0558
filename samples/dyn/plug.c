/* What the dynamic sample opens while it runs: it needs the library, and has storage of each thread. */
int lib_add(int which);

static __thread int own = 7;
static __thread int more[2000];

int plug_state; /* 1: begun, 2: and ended */

__attribute__((constructor)) static void begin(void) { plug_state = 1; }

extern int *plug_told;
int        *plug_told;

__attribute__((destructor)) static void end(void)
{
    if (plug_told)
        *plug_told = 2;
}

int plug_count(void);
int plug_count(void)
{
    more[1999]++;
    return own++ + (more[1999] > 1000);
}

int *plug_where(void);
int *plug_where(void) { return &own; }

int plug_add(void);
int plug_add(void) { return lib_add(1); }
