/* samples/pty/pty.h: the parts of the sample pty, and what sys/ttycom.h and sys/_termios.h say. */
#ifndef SAMPLE_PTY_H
#define SAMPLE_PTY_H

#include "sample.h"

enum {
    TIOCGPTN = 0x4004740f,
    TIOCPTMASTER = 0x2000741c,
    TIOCGETD = 0x4004741a,
    TIOCFLUSH = (int)0x80047410,
    TIOCGETA = 0x402c7413,
    TIOCSETA = (int)0x802c7414,
    TIOCSIG = 0x2004745f,
    TIOCEXT = (int)0x80047460,
    TIOCSCTTY = 0x20007461,
    TIOCGSID = 0x40047463,
    TIOCSTAT = 0x20007465,
    TIOCSWINSZ = (int)0x80087467,
    TIOCGWINSZ = 0x40087468,
    TIOCSTART = 0x2000746e,
    TIOCSTOP = 0x2000746f,
    TIOCPKT = (int)0x80047470,
    TIOCNOTTY = 0x20007471,
    TIOCSTI = (int)0x80017472,
    TIOCOUTQ = 0x40047473,
    FIODTYPE = 0x4004667a,
    FIODGNAME = (int)0x80106678,
    FIONREAD = 0x4004667f,
    ECHO = 8,
    ISIG = 0x80,
    ICANON = 0x100,
    VMIN = 16,
    VTIME = 17,
    O_NOCTTY = 0x8000,
    NO_PID = 100000,
};

struct termios {
    uint32_t iflag, oflag, cflag, lflag;
    uint8_t  cc[20];
    uint32_t ispeed, ospeed;
};

struct pty {
    int  master, slave;
    char name[32];
};

struct pty pty_open(void);
void       pty_close(struct pty *p);
bool       reads(int fd, const char *want);     /* exactly that, in one read */
bool       hears(int master, const char *want); /* that, in as many reads as it takes */
bool       says(int fd, const char *text);
void       raw_mode(int fd, int min, int time);

void check_session(void);
void check_ends(void);
void check_group(struct pty *p); /* by the leader of a session */

#endif
