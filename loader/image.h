/*
 * loader/image.h: what a program file asks for, checked before anything is mapped.
 *
 * The order of use: image_open (or any other way to a descriptor), script_parse
 * for "#!" files, image_read, image_abi, and the same for the interpreter that
 * the image names.  None of these take locks or touch memory of a guest.
 */
#ifndef DRAGOMAN_LOADER_IMAGE_H
#define DRAGOMAN_LOADER_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/abi.h"

#define IMAGE_PAGE     4096ull
#define IMAGE_TOP      0x6e0000000000ull /* every segment ends below: then a gap and the zone of syscalls/arena.h */
#define IMAGE_SIZE_MAX (64ull << 30)     /* memory that one image may ask for, holes of a PIE included */
#define IMAGE_SEGMENTS 128u
#define IMAGE_PHNUM    512u
#define IMAGE_NOTES    64u
#define INTERP_MAX     1024u /* FreeBSD's MAXPATHLEN, sys/param.h */

static inline uint64_t page_down(uint64_t x) { return x & ~(IMAGE_PAGE - 1); }
static inline uint64_t page_up(uint64_t x) { return page_down(x + IMAGE_PAGE - 1); }

enum image_kind {
    IMAGE_STATIC,     /* ET_EXEC, no interpreter */
    IMAGE_STATIC_PIE, /* ET_DYN, no interpreter; an interpreter itself is one of these */
    IMAGE_DYNAMIC,    /* ET_EXEC with an interpreter */
    IMAGE_DYNAMIC_PIE,
};

/*
 * One PT_LOAD.  Segments ascend, do not overlap, and do not wrap.  When filesz
 * is not 0, offset and vaddr agree modulo the page and offset + filesz is inside the
 * file.  Two neighbours may touch one page only when both map the same page
 * of the file there and the first has no BSS; mapping them in order is right.
 */
struct image_segment {
    uint64_t vaddr, memsz, offset, filesz;
    int      prot; /* PROT_* */
};

struct image_tls {
    bool     present;
    uint64_t vaddr, filesz, memsz, align;
};

struct image {
    enum image_kind      kind;
    struct image_segment segments[IMAGE_SEGMENTS];
    unsigned             nsegments; /* at least 1 */
    uint64_t             lo, hi;    /* whole span, page aligned; before the load bias of a PIE */
    uint64_t             align;     /* largest segment alignment, at least a page: the bias must be a multiple */
    uint64_t             entry;     /* inside an executable segment; before the bias */
    uint64_t             phdr;      /* address of the program headers before the bias; 0 when no segment has them */
    uint16_t             phnum, phent;
    uint32_t             eflags;     /* e_flags of the header */
    bool                 exec_stack; /* PT_GNU_STACK asks for it or is absent (FreeBSD: sv_stackprot is rwx then) */
    bool                 has_gnu_stack;
    struct image_tls     tls;
    char                *interp; /* absolute path, NULL when static */
    uint8_t              ident[16];
    struct elf_note      notes[IMAGE_NOTES];
    unsigned             nnotes;
    uint8_t             *note_bytes; /* what notes[].desc point into */
    size_t               note_len;
    uint64_t             file_size;
};

/*
 * Why a file can't run.  text is one line without program name, path or full stop:
 * it says what the file is and what would run it.
 */
struct image_error {
    int  host_errno;  /* positive; what execve gives: ENOENT, EACCES, ENOEXEC, ENOMEM, ... */
    int  exit_status; /* 127 when there is no such file, else 126, as shells do */
    char text[256];
};

/* Sets all three; the exit status follows from the errno. */
void image_fail(struct image_error *err, int host_errno, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* "dragoman: PATH: TEXT" on standard error, control characters of the path shown as '?'. */
void image_error_print(const char *path, const struct image_error *err);

/*
 * Opens a program of the host's tree for reading: a descriptor (close-on-exec) or
 * -1 with *err set: ENOENT, ENOTDIR, ELOOP, EACCES (not executable, or no regular file), ...
 * image_check_file is the part after open, for descriptors that come from
 * elsewhere (--root): 0, or -1 with *err set; the descriptor stays open.
 */
int image_open(const char *path, struct image_error *err);
int image_check_file(int fd, struct image_error *err);
/* The error text for an open that failed with host_errno. */
void image_open_failed(int host_errno, struct image_error *err);

/*
 * Parses the ELF file at fd (its offset is neither used nor moved).  0, with *out
 * to be given to image_free; or a negative errno with *err set and *out empty:
 * -ENOEXEC (not an ELF program for this machine, or damaged), -EACCES (no
 * regular file), -ENOMEM, -EIO.  path is for nothing but messages, may be NULL.
 */
int  image_read(int fd, const char *path, struct image *out, struct image_error *err);
void image_free(struct image *im);

/* What abi->match is asked about; points into im. */
struct elf_id image_id(const struct image *im);

/*
 * The ABI of the program: by its note, its OS/ABI byte, its interpreter, and
 * then by the name given with --abi (NULL when none was given).  NULL with *err set
 * (ENOEXEC) when none fits, or when forced names none that we know.
 */
const struct abi *image_abi(const struct image *im, const char *forced, struct image_error *err);

/* The program's interpreter was looked for and is not there (host_errno says how). */
void image_interp_missing(const struct image *im, int host_errno, struct image_error *err);

const char *image_kind_name(enum image_kind kind);

/* loader/sniff.c: a file that is no ELF program: says in *err what it is and what would run it. */
void sniff_not_elf(const uint8_t *head, size_t len, struct image_error *err);
/* Same for an ELF file of another machine, class or byte order.  False when it is x86-64, 64-bit, little-endian. */
bool sniff_foreign_elf(const uint8_t *head, struct image_error *err);
/* The system that an ELF file of no registered ABI is for ("NetBSD", "Linux", ...), NULL when it does not tell. */
const char *sniff_os(const struct elf_id *id);

/* loader/script.c */
#define SCRIPT_HEAD_MAX 4096u /* FreeBSD reads the line from the first page only (kern/imgact_shell.c) */

#define SCRIPT_INTERP_MAX 1024u /* and with its NUL an interpreter's name is no longer (MAXINTERP) */

struct script {
    char interp[SCRIPT_INTERP_MAX]; /* as written: may be relative to the working directory */
    char arg[SCRIPT_HEAD_MAX];      /* all that follows, one string */
    bool has_arg;
};

/*
 * Reads the "#!" line of the file at fd.  1: it is a script and *out holds the line;
 * 0: it does not begin with "#!"; negative errno with *err set: -ENOEXEC (no
 * interpreter named, or no end of the line), -ENAMETOOLONG, -EIO.  The new argv is interp, [arg],
 * the script's path, argv[1...]; an interpreter that is itself a script is
 * ENOEXEC (script_nested says so).
 */
int  script_parse(int fd, struct script *out, struct image_error *err);
void script_nested(const struct script *s, struct image_error *err);

int info_main(int argc, char **argv);   /* loader/info.c: dragoman info [--abi=NAME] [--sysroot=DIR] PROGRAM */
int doctor_main(int argc, char **argv); /* loader/doctor.c: dragoman doctor */

#endif
