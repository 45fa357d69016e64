#!/usr/bin/env python3
"""A tunnel for tests of hooks: connections go through as bytes, and can be cut.

    hooks.py tunnel HOST:PORT FOLDER   prints its own port; when FOLDER/cut appears, closes what is open, and removes it
    hooks.py connect FOLDER            the same as an HTTP proxy (CONNECT); FOLDER/asked gets a line for each
    hooks.py record FILE KEY           a field of a restore's record, as JSON: status.hookStatus
"""
import json
import os
import socket
import sys
import threading
import time

open_now = set()
lock = threading.Lock()


def pump(a, b):
    try:
        while data := a.recv(65536):
            b.sendall(data)
    except OSError:
        pass
    for s in (a, b):
        try:
            s.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def cutter(folder):
    mark = os.path.join(folder, "cut")
    while True:
        time.sleep(0.05)
        if os.path.exists(mark):
            with lock:
                for s in open_now:
                    try:
                        s.shutdown(socket.SHUT_RDWR)
                    except OSError:
                        pass
                open_now.clear()
            os.remove(mark)


def connect_target(client, folder):
    head = b""
    while b"\r\n\r\n" not in head:
        data = client.recv(4096)
        if not data:
            raise OSError("no request")
        head += data
    line = head.split(b"\r\n")[0].decode()
    with open(os.path.join(folder, "asked"), "a", encoding="ascii") as f:
        f.write(line + "\n")
    host, port = line.split()[1].rsplit(":", 1)
    up = socket.create_connection((host, int(port)))
    client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    return up


def serve(client, target, folder):
    try:
        up = socket.create_connection(target) if target else connect_target(client, folder)
    except OSError:
        client.close()
        return
    with lock:
        open_now.update((client, up))
    threading.Thread(target=pump, args=(client, up), daemon=True).start()
    pump(up, client)


def main():
    if sys.argv[1] == "record":
        at = json.load(open(sys.argv[2], encoding="utf-8"))
        for key in sys.argv[3].split("."):
            at = at.get(key) if at else None
        print(json.dumps(at, sort_keys=True))
        return
    target, folder = None, sys.argv[-1]
    if sys.argv[1] == "tunnel":
        host, port = sys.argv[2].rsplit(":", 1)
        target = (host, int(port))
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    threading.Thread(target=cutter, args=(folder,), daemon=True).start()
    while True:
        client, _ = listener.accept()
        threading.Thread(target=serve, args=(client, target, folder), daemon=True).start()


main()
