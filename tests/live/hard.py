"""For hard.sh: a webhook that denies what is labeled so, and an API server that is taken down and started again.

    hard.py webhook PEM PORTFILE     serves with the key and certificate in PEM, until it is killed
    hard.py stop FOLDER              kills the API server of a sandbox cluster; its command line is kept in FOLDER
    hard.py start FOLDER             starts it again, and returns when it listens
"""
import http.server
import json
import os
import pathlib
import signal
import ssl
import subprocess
import sys
import time


class Webhook(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        labels = review["request"]["object"]["metadata"].get("labels", {})
        review["response"] = {"uid": review["request"]["uid"], "allowed": "denied" not in labels,
                              "status": {"code": 403, "message": "the label says no"}}
        data = json.dumps(review).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


def webhook(pem, port_file):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Webhook)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    pathlib.Path(port_file).write_text("%d\n" % server.server_port)
    server.serve_forever()


def stop(folder):
    folder = pathlib.Path(folder)
    pid = int((folder / "apiserver.pid").read_text())
    (folder / "apiserver.command").write_bytes(pathlib.Path("/proc/%d/cmdline" % pid).read_bytes())
    os.kill(pid, signal.SIGKILL)
    end = time.monotonic() + 20
    while pathlib.Path("/proc/%d/cwd" % pid).exists():
        if time.monotonic() > end:
            raise SystemExit("the API server does not die")
        time.sleep(0.05)


def start(folder):
    """Again when its port is taken: by a client's connection to itself, as happens to those that retry on loopback."""
    folder = pathlib.Path(folder)
    command = (folder / "apiserver.command").read_bytes().decode().split("\0")[:-1]
    for _ in range(20):
        with open(folder / "apiserver.log", "ab") as log:
            server = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                      start_new_session=True)
        (folder / "apiserver.pid").write_text("%d\n" % server.pid)
        try:
            server.wait(timeout=1.5)
        except subprocess.TimeoutExpired:
            return
    raise SystemExit("the API server does not start again: see %s/apiserver.log" % folder)


{"webhook": webhook, "stop": stop, "start": start}[sys.argv[1]](*sys.argv[2:])
