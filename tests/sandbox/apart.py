#!/usr/bin/env python3
"""Runs a program in a network of its own, in which it reaches only the given ports of this machine's loopback.

    apart.py PORT... -- COMMAND...

A Velero server needs it: one of its listeners is fixed at port 8080. Where a network of its own is not allowed, the
command runs in the common one, and a line on stderr says so.
"""
import ctypes
import fcntl
import os
import signal
import socket
import struct
import sys
import threading

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
PR_SET_PDEATHSIG = 1
SIOCSIFFLAGS, IFF_UP = 0x8914, 1
libc = ctypes.CDLL(None, use_errno=True)


def leave_network():
    """Moves this process into a new network with nothing but a loopback that is up."""
    uid, gid = os.getuid(), os.getgid()
    if libc.unshare(CLONE_NEWNET if uid == 0 else CLONE_NEWNET | CLONE_NEWUSER):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    if uid != 0:  # the same user and group inside: without these lines everybody is nobody
        for name, line in (("setgroups", "deny"), ("uid_map", "%d %d 1" % (uid, uid)), ("gid_map", "%d %d 1" % (gid, gid))):
            with open("/proc/self/" + name, "w", encoding="ascii") as file:
                file.write(line)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh", b"lo", IFF_UP))


def copy(source, target):
    try:
        while data := source.recv(1 << 16):
            target.sendall(data)
    except OSError:  # the other side went: what it would have sent is nobody's any more
        pass
    for end, how in ((target, socket.SHUT_WR), (source, socket.SHUT_RD)):
        try:
            end.shutdown(how)
        except OSError:
            pass


def serve(listener, port):
    while True:
        inside = listener.accept()[0]
        try:
            outside = socket.create_connection(("127.0.0.1", port))
        except OSError:
            inside.close()
            continue
        for end in (inside, outside):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for pair in ((inside, outside), (outside, inside)):
            threading.Thread(target=copy, args=pair, daemon=True).start()


def relay(channel, ports):
    """A socket belongs to the network it was made in: listeners come from inside, connections go out from here."""
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    _, handles, _, _ = socket.recv_fds(channel, 1, len(ports))
    servers = [threading.Thread(target=serve, args=(socket.socket(fileno=handle), port))
               for handle, port in zip(handles, ports)]
    for server in servers:
        server.start()
    for server in servers:
        server.join()


def main(args):
    if "--" not in args or not args[args.index("--") + 1:]:
        sys.exit(__doc__)
    ports = [int(port) for port in args[:args.index("--")]]
    command = args[args.index("--") + 1:]
    ours, theirs = socket.socketpair()
    # The command is this process itself, so that whoever started it has its id; the relay is the child.
    if os.fork() == 0:
        ours.close()
        relay(theirs, ports)
        os._exit(0)
    theirs.close()
    try:
        leave_network()
        listeners = [socket.create_server(("127.0.0.1", port), backlog=128) for port in ports]
        socket.send_fds(ours, [b"."], [listener.fileno() for listener in listeners])
    except OSError as failure:
        print("apart.py: no network of its own: %s" % failure, file=sys.stderr)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
