# SPDX-License-Identifier: Apache-2.0
"""deny_netlink.py program [argument ...]: runs it where socket(AF_NETLINK) is refused, as SELinux and
many containers do: by a seccomp filter, which all that it starts inherit."""

import ctypes
import os
import platform
import struct
import sys

AF_NETLINK, EACCES = 16, 13
SOCKET = {"x86_64": 41, "aarch64": 198}  # the number of the system call
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06  # BPF_LD|W|ABS, BPF_JMP|JEQ|K, BPF_RET|K
NUMBER, FIRST_ARGUMENT = 0, 16  # where they are in struct seccomp_data
ALLOW, ERRNO = 0x7fff0000, 0x00050000

program = b"".join(struct.pack("HBBI", *instruction) for instruction in (
    (LOAD, 0, 0, NUMBER),
    (EQUAL, 0, 3, SOCKET[platform.machine()]),
    (LOAD, 0, 0, FIRST_ARGUMENT),
    (EQUAL, 0, 1, AF_NETLINK),
    (RETURN, 0, 0, ERRNO | EACCES),
    (RETURN, 0, 0, ALLOW)))
text = ctypes.create_string_buffer(program)


class Filter(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("program", ctypes.c_void_p)]


libc = ctypes.CDLL(None, use_errno=True)
filter_ = Filter(len(program) // 8, ctypes.addressof(text))
# Root needs no no_new_privs for it, and httpd's parent is to stay as it is.
if os.geteuid() != 0:
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
if libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(filter_), 0, 0) != 0:
    sys.exit(f"deny_netlink.py: no seccomp filter: {os.strerror(ctypes.get_errno())}")
os.execvp(sys.argv[1], sys.argv[1:])
