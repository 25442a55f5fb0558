/*
 * loader/info.c: dragoman info PROGRAM: what a program file is, and whether it can run here.
 */
#include <elf.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "loader/image.h"
#include "syscalls/view.h"

static const char usage[] = "usage: dragoman info [--abi=NAME] [--sysroot=DIR | --root=DIR] PROGRAM\n";

static void print_fact(const char *name, const char *value) { printf("%-12s %s\n", name, value); }

static void prot_name(int prot, char out[4])
{
    out[0] = prot & PROT_READ ? 'r' : '-';
    out[1] = prot & PROT_WRITE ? 'w' : '-';
    out[2] = prot & PROT_EXEC ? 'x' : '-';
    out[3] = '\0';
}

static void print_segments(const struct image *im)
{
    char prot[4];

    for (unsigned i = 0; i < im->nsegments; i++) {
        const struct image_segment *s = &im->segments[i];
        prot_name(s->prot, prot);
        printf("%-12s %#llx..%#llx %s, file %#llx + %#llx\n", i ? "" : "segments", (unsigned long long)s->vaddr,
               (unsigned long long)(s->vaddr + s->memsz), prot, (unsigned long long)s->offset,
               (unsigned long long)s->filesz);
    }
    if (im->tls.present)
        printf("%-12s %llu bytes, of which %llu initialised\n", "TLS", (unsigned long long)im->tls.memsz,
               (unsigned long long)im->tls.filesz);
    print_fact("stack", im->exec_stack ? "executable" : "not executable");
}

/* A short description is shown as a number or as text when it is one, else its size only. */
static void print_note(const struct elf_note *n, const char *label)
{
    uint32_t word;
    bool     text = n->descsz > 1;

    for (uint32_t i = 0; i + 1 < n->descsz && text; i++)
        text = n->desc[i] >= ' ' && n->desc[i] < 0x7f;
    printf("%-12s %s type %u, ", label, n->name[0] ? n->name : "(no name)", n->type);
    if (n->descsz == sizeof word) {
        memcpy(&word, n->desc, sizeof word);
        printf("value %u (%#x)\n", word, word);
    } else if (text && n->descsz < 200) {
        printf("\"%.*s\"\n", (int)n->descsz, (const char *)n->desc);
    } else {
        printf("%u bytes\n", n->descsz);
    }
}

/* The names come out of the file: nothing of them reaches a terminal unfiltered. */
static void clean(char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s < ' ' || (unsigned char)*s >= 0x7f)
            *s = '?';
}

static void print_notes(struct image *im)
{
    for (unsigned i = 0; i < im->nnotes; i++) {
        clean(im->notes[i].name);
        print_note(&im->notes[i], i ? "" : "notes");
    }
    if (!im->nnotes)
        print_fact("notes", "none");
}

static const char *match_name(const struct abi *abi, const struct elf_id *id)
{
    static const char *const names[] = {
        [ABI_NO] = "by --abi",
        [ABI_MAYBE_INTERP] = "by its interpreter",
        [ABI_YES_OSABI] = "by the OS/ABI byte of its header",
        [ABI_YES_NOTE] = "by its note",
    };

    return names[abi->match(id)];
}

/* The interpreter must be there and be a program by itself. */
static int check_interp(const struct image *im, struct image_error *err)
{
    struct image interp;
    int          fd = view_open(im->interp), rc;

    if (fd < 0) {
        image_interp_missing(im, -fd, err);
        return -1;
    }
    rc = image_read(fd, im->interp, &interp, err);
    if (rc) {
        char why[sizeof err->text];
        memcpy(why, err->text, sizeof why);
        image_fail(err, err->host_errno, "its interpreter is %.200s", why);
    } else {
        image_free(&interp);
    }
    close(fd);
    return rc;
}

static int print_image(struct image *im, const char *forced)
{
    struct image_error err;
    char               osabi[32];
    struct elf_id      id = image_id(im);
    const struct abi  *abi = image_abi(im, forced, &err);
    int                rc = abi ? 0 : -1;

    if (abi)
        printf("%-12s %s, %s\n", "ABI", abi->name, match_name(abi, &id));
    else
        print_fact("ABI", sniff_os(&id) ? sniff_os(&id) : "unknown");
    snprintf(osabi, sizeof osabi, "%u", im->ident[EI_OSABI]);
    print_fact("OS/ABI byte", osabi);
    print_fact("kind", image_kind_name(im->kind));
    if (im->interp && !rc)
        rc = check_interp(im, &err);
    if (im->interp)
        clean(im->interp);
    print_fact("interpreter", im->interp ? im->interp : "none");
    print_notes(im);
    printf("%-12s %#llx\n", "entry", (unsigned long long)im->entry);
    print_segments(im);
    if (rc)
        printf("%-12s no: %s\n", "runs here", err.text);
    else
        print_fact("runs here", "yes");
    return rc ? err.exit_status : 0;
}

static int print_script(const struct script *s)
{
    print_fact("kind", "script");
    printf("%-12s %s%s%s\n", "interpreter", s->interp, s->has_arg ? " " : "", s->arg);
    print_fact("runs here", "if its interpreter does");
    return 0;
}

static int print_file(const char *path, int fd, const char *forced)
{
    struct image_error err;
    struct script      script;
    struct image       im;
    int                rc = script_parse(fd, &script, &err);

    if (rc == 0 && image_read(fd, path, &im, &err) == 0) {
        print_fact("program", path);
        rc = print_image(&im, forced);
        image_free(&im);
        return rc;
    }
    if (rc > 0) {
        print_fact("program", path);
        return print_script(&script);
    }
    image_error_print(path, &err);
    return err.exit_status;
}

enum { OPT_ABI = 256, OPT_SYSROOT, OPT_ROOT, OPT_HELP };

static const struct option options[] = {
    {"abi", required_argument, NULL, OPT_ABI},
    {"sysroot", required_argument, NULL, OPT_SYSROOT},
    {"root", required_argument, NULL, OPT_ROOT},
    {"help", no_argument, NULL, OPT_HELP},
    {NULL, 0, NULL, 0},
};

struct info_options {
    const char *abi, *sysroot, *root;
};

/* -1: go on; else the exit status. */
static int options_take(int argc, char **argv, struct info_options *o)
{
    for (int opt; (opt = getopt_long(argc, argv, "+", options, NULL)) != -1;) {
        switch (opt) {
        case OPT_ABI: o->abi = optarg; break;
        case OPT_SYSROOT: o->sysroot = optarg; break;
        case OPT_ROOT: o->root = optarg; break;
        case OPT_HELP: fputs(usage, stdout); return 0;
        default: fputs(usage, stderr); return 2;
        }
    }
    if (optind + 1 == argc)
        return -1;
    fputs(usage, stderr);
    return 2;
}

int info_main(int argc, char **argv)
{
    struct info_options o = {0};
    struct image_error  err;
    const char         *culprit = NULL;
    int                 status = options_take(argc, argv, &o);

    if (status >= 0)
        return status;
    int rc = view_init(o.sysroot, o.root, &culprit);
    if (rc) {
        fprintf(stderr, "dragoman: %s: %s\n", culprit ? culprit : "--sysroot", strerror(-rc));
        return 2;
    }
    int fd = view_open(argv[optind]);
    if (fd < 0)
        image_open_failed(-fd, &err);
    if (fd < 0 || image_check_file(fd, &err)) {
        image_error_print(argv[optind], &err);
        if (fd >= 0)
            close(fd);
        view_end();
        return err.exit_status;
    }
    status = print_file(argv[optind], fd, o.abi);
    close(fd);
    view_end();
    return status;
}
