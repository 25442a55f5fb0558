/* Formatted output without a C library, and the checks that samples report by. */
#include "sample.h"

struct out {
    char  *buf;
    size_t size, len;
};

static int failed;

static void put(struct out *o, char c)
{
    if (o->len + 1 < o->size)
        o->buf[o->len] = c;
    o->len++;
}

static void put_number(struct out *o, uint64_t v, unsigned base, bool minus, int width, char pad)
{
    char tmp[24];
    int  n = 0;

    do
        tmp[n++] = "0123456789abcdef"[v % base];
    while (v /= base);
    if (minus)
        tmp[n++] = '-';
    for (; width > n; width--)
        put(o, pad);
    while (n)
        put(o, tmp[--n]);
}

static void put_string(struct out *o, const char *s, int width)
{
    int n = 0;

    for (s = s ? s : "(null)"; *s; n++)
        put(o, *s++);
    for (; n < width; n++)
        put(o, ' ');
}

static void put_va(struct out *o, const char *fmt, va_list ap)
{
    for (; *fmt; fmt++) {
        char pad = ' ';
        int  width = 0;
        bool wide = false;

        if (*fmt != '%') {
            put(o, *fmt);
            continue;
        }
        if (*++fmt == '0')
            pad = *fmt++;
        for (; *fmt >= '0' && *fmt <= '9'; fmt++)
            width = width * 10 + (*fmt - '0');
        for (; *fmt == 'l' || *fmt == 'z'; fmt++)
            wide = true;
        switch (*fmt) {
        case 's': put_string(o, va_arg(ap, const char *), width); break;
        case 'c': put(o, (char)va_arg(ap, int)); break;
        case 'd': {
            int64_t v = wide ? va_arg(ap, long) : va_arg(ap, int);
            put_number(o, v < 0 ? 0 - (uint64_t)v : (uint64_t)v, 10, v < 0, width, pad);
            break;
        }
        case 'u':
        case 'x':
        case 'o':
            put_number(o, wide ? va_arg(ap, unsigned long) : va_arg(ap, unsigned),
                       *fmt == 'u'   ? 10
                       : *fmt == 'o' ? 8
                                     : 16,
                       false, width, pad);
            break;
        case 'p': put_number(o, (uint64_t)va_arg(ap, void *), 16, false, width, pad); break;
        default: put(o, *fmt);
        }
    }
    o->buf[o->len < o->size ? o->len : o->size - 1] = 0;
}

static void print_va(int fd, const char *fmt, va_list ap)
{
    char       buf[1024];
    struct out o = {buf, sizeof(buf), 0};

    put_va(&o, fmt, ap);
    os_write(fd, buf, o.len < sizeof(buf) ? o.len : sizeof(buf) - 1);
}

void print(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    print_va(1, fmt, ap);
    va_end(ap);
}

void print_to(int fd, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    print_va(fd, fmt, ap);
    va_end(ap);
}

int print_va_into(char *buf, size_t size, const char *fmt, va_list ap)
{
    struct out o = {buf, size, 0};

    put_va(&o, fmt, ap);
    return (int)o.len;
}

int print_into(char *buf, size_t size, const char *fmt, ...)
{
    va_list ap;
    int     len;

    va_start(ap, fmt);
    len = print_va_into(buf, size, fmt, ap);
    va_end(ap);
    return len;
}

void check(bool ok, const char *what)
{
    if (!ok)
        failed++;
    print("%s %s\n", ok ? "ok" : "FAILED", what);
}

void check_err(long got, long want, const char *what)
{
    if (got == want) {
        print("ok %s: %s\n", what, want < 0 ? err_name(want) : "success");
        return;
    }
    failed++;
    print("FAILED %s: wanted %s, got %s (%ld)\n", what, want < 0 ? err_name(want) : "success",
          got < 0 ? err_name(got) : "success", got);
}

int check_status(void) { return failed != 0; }

long must(long r, const char *what)
{
    if (r < 0 && r > -4096) {
        print("FAILED %s: %s\n", what, err_name(r));
        os_exit(1);
    }
    return r;
}

#define NAME(x)                                                                                                        \
    {                                                                                                                  \
        x, #x                                                                                                          \
    }
struct name {
    int         number;
    const char *name;
};

static const char *find_name(const struct name *n, size_t count, long number)
{
    for (size_t i = 0; i < count; i++)
        if (n[i].number == number)
            return n[i].name;
    return "unknown";
}

const char *err_name(long err)
{
    static const struct name names[] = {
        NAME(EPERM),        NAME(ENOENT),    NAME(ESRCH),    NAME(EINTR),      NAME(EIO),          NAME(ENXIO),
        NAME(E2BIG),        NAME(ENOEXEC),   NAME(EBADF),    NAME(ECHILD),     NAME(EDEADLK),      NAME(ENOMEM),
        NAME(EACCES),       NAME(EFAULT),    NAME(ENOTBLK),  NAME(EBUSY),      NAME(EEXIST),       NAME(EXDEV),
        NAME(ENODEV),       NAME(ENOTDIR),   NAME(EISDIR),   NAME(EINVAL),     NAME(ENFILE),       NAME(EMFILE),
        NAME(ENOTTY),       NAME(ETXTBSY),   NAME(EFBIG),    NAME(ENOSPC),     NAME(ESPIPE),       NAME(EROFS),
        NAME(EMLINK),       NAME(EPIPE),     NAME(EDOM),     NAME(ERANGE),     NAME(EAGAIN),       NAME(EINPROGRESS),
        NAME(EALREADY),     NAME(ENOTSOCK),  NAME(EMSGSIZE), NAME(EOPNOTSUPP), NAME(EAFNOSUPPORT), NAME(EADDRINUSE),
        NAME(ECONNRESET),   NAME(EISCONN),   NAME(ENOTCONN), NAME(ETIMEDOUT),  NAME(ECONNREFUSED), NAME(ELOOP),
        NAME(ENAMETOOLONG), NAME(ENOTEMPTY), NAME(ENOSYS),   NAME(EOVERFLOW),
    };

    return find_name(names, sizeof(names) / sizeof(*names), err < 0 ? -err : err);
}

const char *sig_name(int sig)
{
    static const struct name names[] = {
        NAME(SIGHUP),    NAME(SIGINT),  NAME(SIGQUIT),  NAME(SIGILL),  NAME(SIGTRAP), NAME(SIGABRT), NAME(SIGFPE),
        NAME(SIGKILL),   NAME(SIGBUS),  NAME(SIGSEGV),  NAME(SIGSYS),  NAME(SIGPIPE), NAME(SIGALRM), NAME(SIGTERM),
        NAME(SIGURG),    NAME(SIGSTOP), NAME(SIGTSTP),  NAME(SIGCONT), NAME(SIGCHLD), NAME(SIGTTIN), NAME(SIGTTOU),
        NAME(SIGVTALRM), NAME(SIGPROF), NAME(SIGWINCH), NAME(SIGUSR1), NAME(SIGUSR2),
    };

    return find_name(names, sizeof(names) / sizeof(*names), sig);
}
