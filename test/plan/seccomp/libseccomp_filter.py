"""Compiles podman's list with libseccomp itself: libseccomp_filter.py LIST x86_64|aarch64 CAPABILITIES > filter

CAPABILITIES: names with commas between them. What counts is chosen as github.com/containers/common does it.
"""

import ctypes
import json
import sys

ERRNO, ALLOW = 0x00050000, 0x7FFF0000
# include/uapi/linux/audit.h: the machine, and its mode for programs of 32 bits.
MACHINES = {"x86_64": ("amd64", 0xC000003E, 0x40000003), "aarch64": ("arm64", 0xC00000B7, 0x40000028)}
# enum scmp_compare: include/seccomp.h.in
OPERATORS = {"SCMP_CMP_NE": 1, "SCMP_CMP_EQ": 4}


class Comparison(ctypes.Structure):
    _fields_ = [
        ("arg", ctypes.c_uint),
        ("op", ctypes.c_int),
        ("datum_a", ctypes.c_uint64),
        ("datum_b", ctypes.c_uint64),
    ]


library = ctypes.CDLL("libseccomp.so.2")
library.seccomp_init.restype = ctypes.c_void_p
context = ctypes.c_void_p
library.seccomp_arch_add.argtypes = [context, ctypes.c_uint32]
library.seccomp_arch_remove.argtypes = [context, ctypes.c_uint32]
library.seccomp_arch_native.restype = ctypes.c_uint32
library.seccomp_rule_add_array.argtypes = [
    context,
    ctypes.c_uint32,
    ctypes.c_int,
    ctypes.c_uint,
    ctypes.POINTER(Comparison),
]
library.seccomp_export_bpf.argtypes = [context, ctypes.c_int]


def counts(rule, arch, capabilities):
    includes, excludes = rule.get("includes") or {}, rule.get("excludes") or {}
    if arch in excludes.get("arches", []) or any(name in capabilities for name in excludes.get("caps", [])):
        return False
    if includes.get("arches") and arch not in includes["arches"]:
        return False
    return all(name in capabilities for name in includes.get("caps", []))


def main(path, machine, capabilities):
    with open(path, encoding="utf-8") as file:
        listed = json.load(file)
    arch, native, foreign = MACHINES[machine]
    otherwise = ERRNO | listed["defaultErrnoRet"]
    state = library.seccomp_init(ctypes.c_uint32(otherwise))
    here = library.seccomp_arch_native()
    if here != native:
        library.seccomp_arch_add(state, native)
        library.seccomp_arch_remove(state, here)
    library.seccomp_arch_add(state, foreign)
    for rule in listed["syscalls"]:
        action = ALLOW if rule["action"] == "SCMP_ACT_ALLOW" else ERRNO | rule.get("errnoRet", 1)
        if action == otherwise or not counts(rule, arch, capabilities):
            continue
        args = rule.get("args") or []
        array = (Comparison * max(1, len(args)))(
            *[Comparison(arg["index"], OPERATORS[arg["op"]], arg["value"], arg["valueTwo"]) for arg in args]
        )
        for name in rule["names"]:
            number = library.seccomp_syscall_resolve_name(name.encode())
            # -1: a name that libseccomp does not know.
            if number != -1 and library.seccomp_rule_add_array(state, action, number, len(args), array) != 0:
                sys.exit(f"libseccomp refuses {name}")
    if library.seccomp_export_bpf(state, sys.stdout.fileno()) != 0:
        sys.exit("libseccomp exports nothing")


main(sys.argv[1], sys.argv[2], sys.argv[3].split(","))
