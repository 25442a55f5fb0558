"""What a reader must know of the host to believe a figure."""
import glob
import os
import platform
import subprocess


def read(path, otherwise=""):
    try:
        with open(path) as f:
            return f.read().strip()
    except OSError:
        return otherwise


def _cpuinfo(key):
    for line in read("/proc/cpuinfo").split("\n"):
        name, _, value = line.partition(":")
        if name.strip() == key:
            return value.strip()
    return ""


def _first_line(argv):
    try:
        p = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20)
        return (p.stdout or p.stderr).strip().split("\n")[0]
    except (OSError, subprocess.TimeoutExpired):
        return ""


version_of = _first_line


def _virtualised():
    if "hypervisor" not in _cpuinfo("flags").split():
        return "no"
    vendor = read("/sys/class/dmi/id/sys_vendor")
    kind = _first_line(["systemd-detect-virt", "--vm"]) if os.path.exists("/usr/bin/systemd-detect-virt") else ""
    return "yes" + (" (%s)" % (kind or vendor) if kind or vendor else "")


def _mitigations():
    found = {}
    for path in sorted(glob.glob("/sys/devices/system/cpu/vulnerabilities/*")):
        text = read(path)
        if text and text != "Not affected":
            found[os.path.basename(path)] = text
    return found


def _filesystem(path):
    """(type, device) of the mount that path is on: the longest mount point above it."""
    path, best = os.path.realpath(path), ("", "", "")
    for line in read("/proc/self/mounts").split("\n"):
        parts = line.split()
        if len(parts) > 2 and (path + "/").startswith(parts[1].rstrip("/") + "/") and len(parts[1]) >= len(best[1]):
            best = (parts[0], parts[1], parts[2])
    return best[2], best[0]


def debian():
    for line in read("/etc/os-release").split("\n"):
        if line.startswith("PRETTY_NAME="):
            return line.split("=", 1)[1].strip('"')
    return ""


def gather(work):
    flags = _cpuinfo("flags").split()
    fs, device = _filesystem(work)
    memory = int(read("/proc/meminfo", "MemTotal: 0 kB").split()[1])
    return {
        "cpu": _cpuinfo("model name"), "cpus": os.cpu_count(), "memory_mib": memory // 1024,
        "kernel": "%s %s" % (platform.release(), platform.version()), "distribution": debian(),
        "mitigations": _mitigations(), "mitigations_option": next((w for w in read("/proc/cmdline").split()
                                                                  if w.startswith("mitigations=")), "default"),
        "governor": read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "none visible"),
        "turbo_off": read("/sys/devices/system/cpu/intel_pstate/no_turbo", "not known"),
        "smt": read("/sys/devices/system/cpu/smt/control", "not known"),
        "clocksource": read("/sys/devices/system/clocksource/clocksource0/current_clocksource", "not known"),
        "steady_tsc": "constant_tsc" in flags and "nonstop_tsc" in flags,
        "virtualised": _virtualised(), "filesystem": fs, "device": device, "root": os.geteuid() == 0,
        "load": read("/proc/loadavg").split()[:3],
    }


def lines(facts):
    """(name, text) for tables."""
    yield "CPU", "%s, %s of them" % (facts["cpu"], facts["cpus"])
    yield "memory", "%d MiB" % facts["memory_mib"]
    yield "kernel", facts["kernel"]
    yield "distribution", facts["distribution"]
    yield "mitigations", "; ".join("%s: %s" % kv for kv in facts["mitigations"].items()) or "none needed"
    yield "governor", facts["governor"]
    yield "virtualised", facts["virtualised"]
    yield "clock source", "%s, %s" % (facts["clocksource"], "a steady TSC" if facts["steady_tsc"] else "NO steady TSC")
    yield "work directory on", "%s (%s)" % (facts["filesystem"], facts["device"])
    yield "load at the start", " ".join(facts["load"])


def warnings(facts):
    if not facts["steady_tsc"]:
        yield "this CPU does not promise a time stamp counter of constant speed: no figure here is to be trusted"
    if facts["virtualised"] != "no":
        yield "this host is itself a virtual machine: other guests of its host can disturb every figure"
    if facts["governor"] not in ("performance", "none visible"):
        yield "the CPU frequency governor is '%s', not 'performance'" % facts["governor"]
    if float(facts["load"][0]) > 0.5:
        yield "the machine was not idle at the start (load %s)" % facts["load"][0]
