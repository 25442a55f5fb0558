#!/usr/bin/env python3
"""generate.py DIR [N]: a tree of N modules (default 320) in JavaScript, TypeScript, JSX, TSX, JSON, CSS and text, that
import one another, with dynamic imports and two entry points that share modules.  The same arguments, the same tree."""
import os
import random
import sys


def body(i, rng, kind):
    typed = kind in ("ts", "tsx")
    number, text = (": number", ": string") if typed else ("", "")
    lines = []
    if typed:
        lines += ["export interface Item%d { id: number; name?: string; tags: ReadonlyArray<string> }" % i,
                  "export enum Kind%d { First = 1, Second = First << %d, Third }" % (i, rng.randrange(5) + 1)]
    for k in range(rng.randrange(3, 9)):
        lines += ["export function work_%d_%d(a%s, name%s = `n${%d}`) {" % (i, k, number, text, k),
                  "    // does %s" % " ".join(rng.choice(["little", "much", "nothing", "more"]) for _ in range(6)),
                  "    const table = { a, name, ...(a > %d ? { extra: [a ** 2, a ?? %d] } : {}) };" % (rng.randrange(100), k),
                  "    for (const key of Object.keys(table)) if (key?.length > %d) return key + a;" % rng.randrange(9),
                  "    return name.padStart(%d, '%s');" % (rng.randrange(30), rng.choice("xyzäß")), "}"]
    lines += ["export class Thing%d {" % i, "    #hidden = %d;" % rng.randrange(10 ** 6), "    static count = 0;",
              "    get hidden() { return this.#hidden; }", "    async *all() { yield* [1, 2, this.#hidden]; }", "}"]
    if kind in ("jsx", "tsx"):
        lines += ["export const View%d = (props%s) => <section className=\"v%d\" {...props}>" % (i, ": any" if typed else "", i),
                  "    <h1>{props.title ?? \"none\"}</h1>", "    {[1, 2, 3].map(n => <li key={n}>{n * %d}</li>)}" % i, "    <>text &amp; more</>", "</section>;"]
    return lines


def module(i, n, rng, kinds):
    kind = kinds[i]
    lines, used = [], []
    for target in sorted({rng.randrange(i + 1, n) for _ in range(rng.randrange(1, 5))} if i + 1 < n else set()):
        name = "./m%d" % target
        if kinds[target] in ("json", "css", "txt"):
            name += "." + kinds[target]
            lines.append("import '%s';" % name if kinds[target] == "css" else "import value%d from '%s';" % (target, name))
            if kinds[target] != "css":
                used.append("value%d" % target)
        elif rng.random() < 0.08:
            used.append("(() => import('%s'))" % name)
        else:
            lines.append("import { Thing%d } from '%s';" % (target, name))
            used.append("Thing%d" % target)
    if kind in ("jsx", "tsx"):
        lines.insert(0, "/** @jsx h @jsxFrag Fragment */\nimport { h, Fragment } from './h';")
    lines += body(i, rng, kind)
    lines.append("export const used%d = [%s];" % (i, ", ".join(used)))
    return "\n".join(lines) + "\n"


def main():
    where, n = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 320
    rng = random.Random(20240)
    kinds = [rng.choice(["js", "js", "ts", "ts", "jsx", "tsx", "json", "css", "txt"]) if i > 40 else "ts" for i in range(n)]
    os.makedirs(where, exist_ok=True)

    def put(name, text):
        with open(os.path.join(where, name), "w", encoding="utf-8") as f:
            f.write(text)

    for i, kind in enumerate(kinds):
        if kind == "json":
            put("m%d.json" % i, '{ "id": %d, "list": [%s], "name": "\\u00e4 %d" }\n' % (i, ", ".join(str(rng.randrange(1000)) for _ in range(20)), i))
        elif kind == "css":
            put("m%d.css" % i, ".v%d { color: #%06x; margin: 0px 0px; & > b { display: none } }\n" % (i, rng.randrange(1 << 24)))
        elif kind == "txt":
            put("m%d.txt" % i, "text of module %d\n" % i * 5)
        else:
            put("m%d.%s" % (i, kind), module(i, n, rng, kinds))
    put("h.ts", "export function h(tag: any, props: any, ...children: any[]) { return { tag, props, children }; }\nexport const Fragment = Symbol('fragment');\n")
    # Every module is imported by one of the entries, so that all n are in the bundle.
    for name, start in (("app", 0), ("other", 1)):
        lines = []
        for i in range(start, n, 2):
            suffix = "." + kinds[i] if kinds[i] in ("json", "css", "txt") else ""
            lines.append("import './m%d%s';" % (i, suffix) if kinds[i] == "css" else "import * as m%d from './m%d%s';\nconsole.log(m%d);" % (i, i, suffix, i))
        lines.append("import { Thing5 } from './m5';\nconsole.log(Thing5.count);")
        put(name + ".ts", "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
