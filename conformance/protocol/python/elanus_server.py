"""One Elanus as a user starts it: a child process with a data folder of its own, on free ports of the loopback."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
NODE = ROOT / "node_modules" / ".bin" / "node"


class ElanusServer:
    def __init__(self, data_dir=None, env=None, args=()):
        self._owns_data_dir = data_dir is None
        self.data_dir = data_dir or tempfile.mkdtemp(prefix="elanus-")
        self.env = dict(env or {})
        self.args = list(args)
        self.output = []
        self.process = None
        self.address = None

    @property
    def uri(self):
        return f"http://{self.address}"

    def start(self):
        """Returns when the process listens; raises with its output when it ends instead."""
        command = [str(NODE), str(ROOT / "dist" / "elanus.js"), "--data-dir", self.data_dir]
        command += ["--port", "0", "--admin-port", "0", *self.args]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, **self.env}
        )
        for line in self.process.stdout:
            self.output.append(line)
            found = re.search(r"listens on (\S+)", line)
            if found:
                self.address = found.group(1)
                threading.Thread(target=self._drain, args=(self.process,), daemon=True).start()
                return self
        raise RuntimeError("elanus did not start:\n" + "".join(self.output))

    def _drain(self, process):
        for line in process.stdout:
            self.output.append(line)

    def kill(self):
        """SIGKILL: nothing is written any more."""
        self._end(signal.SIGKILL)

    def stop(self):
        """SIGTERM, and waits for the end; returns the exit code."""
        return self._end(signal.SIGTERM)

    def restart(self, kill=True):
        self._end(signal.SIGKILL if kill else signal.SIGTERM)
        return self.start()

    def _end(self, how):
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(timeout=60)
        code = self.process.returncode
        self.process = None
        return code

    def remove(self):
        self._end(signal.SIGKILL)
        if self._owns_data_dir:
            shutil.rmtree(self.data_dir, ignore_errors=True)
