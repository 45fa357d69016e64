"""What the fault programs share: running orlop, judging how it ended, and looking into stores behind its back."""
import base64
import concurrent.futures
import gzip
import hashlib
import io
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "sandbox"))
import s3  # noqa: E402  pylint: disable=wrong-import-position

DEADLINE = 60           # no run of these tests may take longer, whatever happens to it
META = "velero-backup.json"
EXIT = {0: "done", 1: "failed", 2: "usage", 3: "done with errors", 4: "not found", 5: "location", 6: "cluster",
        7: "damaged"}


class Wrong(Exception):
    """What a user must never see, in words."""


def expect(true, text, *values):
    if not true:
        raise Wrong(text % values if values else text)


class Result:
    def __init__(self, code, out, err, seconds):
        self.code, self.out, self.err, self.seconds = code, out, err, seconds

    def __str__(self):
        return "exit status %s after %.1f s: %s" % (self.code, self.seconds, self.err.strip()[:900] or "(no message)")

    def lines(self):
        return [line for line in self.err.splitlines() if line.strip()]


class Orlop:
    """The program under test, with a home of its own; extra variables per run."""

    def __init__(self, work, secrets=()):
        self.program = os.environ["ORLOP"]
        self.home = tempfile.mkdtemp(dir=work)
        self.secrets = [s for s in secrets if s]
        self.env = {k: v for k, v in os.environ.items()
                    if k in ("PATH", "LANG", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "ASAN_OPTIONS")}
        self.env["HOME"] = self.home

    def start(self, *args, **env):
        return subprocess.Popen([self.program, *args], env=dict(self.env, **env), stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def end(self, process, started, limit=DEADLINE):
        try:
            out, err = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            raise Wrong("did not end within %d s: %s" % (limit, err.decode(errors="replace")[-300:])) from None
        result = Result(process.returncode, out.decode(errors="replace"), err.decode(errors="replace"),
                        time.monotonic() - started)
        for secret in self.secrets:
            expect(secret not in result.out + result.err, "a secret is in the output: %s", result)
        return result

    def run(self, *args, limit=DEADLINE, **env):
        started = time.monotonic()
        return self.end(self.start(*args, **env), started, limit)

    def forget(self):
        """Journals of earlier runs."""
        shutil.rmtree(self.home, ignore_errors=True)
        os.makedirs(self.home)


def ended_well(result, may_abort=False):
    """A known exit code, and words that fit it: one message and at most hints; no crash."""
    if may_abort and result.code == -6:
        said = [line for line in result.lines() if "internal error" in line]
        expect(len(said) == 1, "aborted without the one line: %s", result)
        return
    expect(result.code in EXIT, "crashed, %s", result)
    expect("internal error" not in result.err and "AddressSanitizer" not in result.err
           and "runtime error" not in result.err, "a bug of orlop's own: %s", result)
    if result.code not in (0, 3):
        expect(result.lines(), "ended with %d without a word", result.code)
        expect(len(result.lines()) <= 6, "too many words: %s", result)
        expect(result.lines()[0].strip() and len(result.err) < 3000, "too many words: %s", result)


class Dir:
    """A folder as a store."""

    def __init__(self, path):
        self.path, self.url = pathlib.Path(path), "dir:%s" % path

    def files(self):
        return sorted(str(p.relative_to(self.path)) for p in self.path.rglob("*") if p.is_file() or p.is_symlink())

    def read(self, key):
        return (self.path / key).read_bytes()

    def empty(self):
        shutil.rmtree(self.path, ignore_errors=True)

    def uploads(self):
        return []


class Bucket:
    """A prefix in MinIO; through is the URL to reach it by, a proxy's perhaps."""

    def __init__(self, real, through, prefix):
        self.real, self.prefix = real, prefix
        self.url = "s3://backups/%s?region=us-east-1&s3Url=%s&s3ForcePathStyle=true" % (prefix, through)
        self.direct = "s3://backups/%s?region=us-east-1&s3Url=%s&s3ForcePathStyle=true" % (prefix, real)

    def files(self):
        skip = len(self.prefix) + 1
        return sorted(key[skip:] for key in s3.keys(self.real, "backups", self.prefix + "/"))

    def read(self, key):
        return s3.request(self.real, "GET", "/backups/%s/%s" % (self.prefix, key))

    def empty(self):
        for key in list(s3.keys(self.real, "backups", self.prefix + "/")):
            s3.request(self.real, "DELETE", "/backups/" + key)

    def uploads(self):
        data = s3.request(self.real, "GET", "/backups", {"uploads": "", "prefix": self.prefix + "/"})
        return [e.text for e in s3.elements(data, "UploadId")]


def is_visible(store, name):
    return "backups/%s/%s" % (name, META) in store.files()


def is_rubbish(key):
    return ".orlop-tmp-" in key


def contents(store, name):
    """Path in the tarball -> hash of its bytes: what a backup is worth."""
    data = gzip.decompress(store.read("backups/%s/%s.tar.gz" % (name, name)))
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return {m.name: hashlib.sha256(tar.extractfile(m).read()).hexdigest() for m in tar if m.isfile()}


def findings(store, name):
    """The results of a backup or of its run, as text."""
    return gzip.decompress(store.read("backups/%s/%s-results.gz" % (name, name))).decode()


class Suite:
    """Cases run side by side; each prints its line. Many runs make one case: what went wrong is told once per kind."""

    def __init__(self, jobs):
        self.pool = concurrent.futures.ThreadPoolExecutor(jobs)
        self.lock = threading.Lock()
        self.failed = 0

    def case(self, name, runs):
        """runs: (label, function). The case is ok when none raised Wrong; False means that its fault did not happen."""
        started, bad, met = time.monotonic(), [], 0
        futures = {self.pool.submit(run): label for label, run in runs}
        for future in concurrent.futures.as_completed(futures):
            try:
                met += future.result() is not False
            except Wrong as wrong:
                bad.append((futures[future], str(wrong)))
            except Exception as error:  # pylint: disable=broad-except
                bad.append((futures[future], "the test itself: %r" % error))
        with self.lock:
            for label, text in sorted(bad):
                print("    %s: %s: %s" % (name, label, text.replace("\n", " | ")), file=sys.stderr)
            if bad:
                self.failed += 1
                print("not ok %s: %d of %d runs, such as %s: %s" % (
                    name, len(bad), len(futures), *(t.replace("\n", " | ")[:250] for t in sorted(bad)[0])))
            elif not met:
                self.failed += 1
                print("not ok %s: not one fault happened in %d runs" % (name, len(futures)))
            else:
                print("ok %s" % name)
            print("    %s: %d runs, %d faults, in %.0f s" % (name, len(futures), met, time.monotonic() - started), file=sys.stderr)
            sys.stdout.flush()


def put(cluster, path, body):
    """Creates an object; one that is there is fine."""
    import kube  # pylint: disable=import-outside-toplevel
    try:
        return cluster.request("POST", path, body)
    except kube.Failure as failure:
        if failure.status != 409:
            raise
    return None


def drop_namespaces(cluster, names):
    """At once, and without a controller: lists of namespaces have to stay short. What was in them stays in etcd."""
    import kube  # pylint: disable=import-outside-toplevel
    for name in names:
        path = "/api/v1/namespaces/" + name
        try:
            cluster.request("DELETE", path)
            cluster.request("PUT", path + "/finalize", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name},
                                                        "spec": {"finalizers": []}})
        except kube.Failure as failure:
            if failure.status not in (404, 409):
                raise


def populate(cluster, big_parts=0):
    """Two small namespaces; faults-big holds secrets that do not compress."""
    meta = {"labels": {"orlop.test/faults": "yes"}}

    def obj(kind, name, **body):
        return dict({"apiVersion": "v1", "kind": kind, "metadata": dict(meta, name=name)}, **body)

    for ns in ("faults-a", "faults-b") + (("faults-big",) if big_parts else ()):
        put(cluster, "/api/v1/namespaces", obj("Namespace", ns))
    for n in range(5):
        put(cluster, "/api/v1/namespaces/faults-a/configmaps", obj("ConfigMap", "settings-%d" % n, data={"n": "v" * 200}))
    for n in range(3):
        put(cluster, "/api/v1/namespaces/faults-b/secrets",
            obj("Secret", "keys-%d" % n, stringData={"password": "planted-secret-%d" % n}))
    put(cluster, "/api/v1/namespaces/faults-a/services", obj("Service", "web", spec={"ports": [{"port": 80}]}))
    put(cluster, "/apis/rbac.authorization.k8s.io/v1/clusterroles",
        dict(obj("ClusterRole", "faults-role", rules=[]), apiVersion="rbac.authorization.k8s.io/v1"))
    for n in range(big_parts):
        noise = base64.b64encode(hashlib.shake_256(b"faults%d" % n).digest(1000000)).decode()
        put(cluster, "/api/v1/namespaces/faults-big/secrets", obj("Secret", "noise-%d" % n, data={"noise": noise}))


PLANTED = ["planted-secret-0", "cGxhbnRlZC1zZWNyZXQ"]  # plain and as base64 says it
BACKUP = ["--include-namespaces", "faults-a,faults-b", "--page-size", "2", "-q",
          "--include-resources", "configmaps,secrets,services,clusterroles", "--include-cluster-resources=true",
          "-l", "orlop.test/faults=yes"]
BACKUP_BIG = ["--include-namespaces", "faults-a,faults-big", "--page-size", "5", "-q",
              "--include-resources", "configmaps,secrets"]


def check_backup(orlop, store, name, args, reference, result, expect_ok=False, may_abort=False, may_litter=False):
    """After a run of `backup create` that met a fault: what the user sees now, and what the next run makes of it."""
    ended_well(result, may_abort)
    where = getattr(store, "direct", store.url)
    visible = is_visible(store, name)
    if expect_ok:
        expect(result.code == 0, "was not survived, %s", result)
    if result.code in (0, 3):
        expect(visible, "said done, but there is no backup: %s", result)
    if visible:
        verified = orlop.run("backup", "verify", name, "-L", where, "-q")
        expect(verified.code == 0, "a damaged backup is visible after %s; verify: %s", result, verified)
        found = contents(store, name)
        if result.code == 0 or result.code not in (0, 3):
            expect(found == reference, "the backup lacks or adds %s after %s",
                   sorted(found.items() ^ reference.items())[:3], result)
        else:
            expect(found.items() <= reference.items(), "the backup has what was not there: %s", result)
            expect(len(result.lines()) >= 1, "errors, but none is named: %s", result)
            expect(re.search(r'"errors":\s*\{.*\w', findings(store, name), re.S), "exit 3, and no error is recorded")
    leftovers = [f for f in store.files() if f.startswith("backups/%s/" % name)]
    if visible:
        expect(may_litter or result.code != 0 or not [f for f in leftovers if is_rubbish(f)], "rubbish is left: %s",
               leftovers)
        return
    # A claim whose making was not confirmed may be there; what must not, is anything else.
    clean = [f for f in store.files() if not is_rubbish(f) and not f.endswith("claim.json")]
    if result.code > 0 and clean:
        expect("could not remove" in result.err, "files are left without a word: %s after %s", clean, result)
    again = orlop.run("backup", "create", name, "-L", where, *args)
    expect(again.code == 0, "the next run failed, too (after %s; left: %s): %s", result, leftovers, again)
    expect(contents(store, name) == reference, "the next run's backup is another")
    left = [f for f in store.files() if is_rubbish(f) or f.endswith("claim.json")]
    expect(not left and not store.uploads(), "still left after the next run: %s %s", left, store.uploads())


