"""Four hosts, each a network namespace with a name, an address and a /dev/shm of its own, on a virtual switch: mpirun
over TCP gives the bits of one host; a host that drops off the net in mid-fit ends the job, and a restart finishes it."""
import filecmp
import os
import shlex
import subprocess
import sys
import time

import numpy as np

import shoal

HOSTS = 4
TAG = f"sh{os.getpid() % 100000}"
# Open MPI notices a silent host after time + probes x intvl seconds; the defaults are 300 + 9 x 20.
KEEPALIVE = {"OMPI_MCA_oob_tcp_keepalive_time": "2", "OMPI_MCA_oob_tcp_keepalive_intvl": "1",
             "OMPI_MCA_oob_tcp_keepalive_probes": "3"}
NOTICED = 30  # seconds in which the job must have ended: 5 by the above, and mpirun's own clearing up


def ip(*words):
    subprocess.run(["ip", *map(str, words)], check=True, capture_output=True)


class Network:
    def __init__(self):
        self.made = []
        try:
            self.namespace("sw")
            ip("-n", f"{TAG}-sw", "link", "add", "br0", "type", "bridge")
            ip("-n", f"{TAG}-sw", "link", "set", "br0", "up")
            for i in range(1, HOSTS + 1):
                host = self.namespace(f"h{i}")
                ip("-n", f"{TAG}-sw", "link", "add", f"v{i}", "type", "veth", "peer", "name", "eth0", "netns", host)
                ip("-n", f"{TAG}-sw", "link", "set", f"v{i}", "master", "br0", "up")
                ip("-n", host, "link", "set", "lo", "up")
                ip("-n", host, "addr", "add", f"10.79.0.{10 + i}/24", "dev", "eth0")
                ip("-n", host, "link", "set", "eth0", "up")
        except Exception:
            self.remove()
            raise

    def namespace(self, name):
        ip("netns", "add", f"{TAG}-{name}")
        self.made.append(f"{TAG}-{name}")
        return self.made[-1]

    def cut(self, host, state="down"):
        ip("-n", f"{TAG}-sw", "link", "set", f"v{host}", state)

    @staticmethod
    def command(host, *command):
        """A command as the host h1, h2, ... runs it."""
        inside = 'hostname "$0"; mount -t tmpfs tmpfs /dev/shm; exec "$@"'
        return ["nsenter", f"--net=/run/netns/{TAG}-{host}", "unshare", "--uts", "--ipc", "--mount", "sh", "-c", inside,
                host, *map(str, command)]

    def remove(self):
        for name in self.made:
            for pid in subprocess.run(["ip", "netns", "pids", name], capture_output=True, text=True).stdout.split():
                subprocess.run(["kill", "-9", pid], capture_output=True)
            subprocess.run(["ip", "netns", "del", name], capture_output=True)


class Hosts(shoal.ShoalTest):
    def setUp(self):
        super().setUp()
        if subprocess.run(["unshare", "--net", "--mount", "true"], capture_output=True).returncode:
            print("\nNOT TESTED: several hosts. This machine does not let its root make network namespaces.",
                  file=sys.stderr)
            self.skipTest("no network namespaces")
        self.network = Network()
        self.addCleanup(self.network.remove)
        rng = np.random.default_rng(10)
        centres = rng.normal(size=(4, 8))
        data = self.write("data.h5", centres[rng.integers(0, 4, 60000)] + rng.normal(size=(60000, 8)))
        self.fit = ["fit", "gaussian", data, "-k", 4, "--starts", 1, "--tolerance", 0]
        # mpirun starts its daemons through this, in place of ssh: options, the host, one text for its shell
        self.agent = self.path("as-host")
        words = " ".join(map(shlex.quote, self.network.command("@HOST@", "sh", "-c"))).replace("@HOST@", "$host")
        self.agent.write_text('#!/bin/sh\nwhile [ "${1#-}" != "$1" ]; do shift; done\nhost=$1\nshift\nexec ' + words +
                              ' "$*"\n')
        self.agent.chmod(0o755)

    def mpirun(self, *arguments):
        """From the first host, a rank on each."""
        hosts = ",".join(f"h{i}:1" for i in range(1, HOSTS + 1))
        return self.network.command(
            "h1", "mpirun", "--mca", "plm", "rsh", "--mca", "plm_rsh_agent", self.agent, "--mca", "oob_tcp_if_include",
            "eth0", "--mca", "btl_tcp_if_include", "eth0", "--mca", "btl", "tcp,vader,self", "--host", hosts, "-n", HOSTS,
            shoal.PROGRAM, *arguments)

    def test_the_bits_of_one_host_and_a_cut_link(self):
        more = ["--max-iterations", 400]
        self.ok(*self.fit, *more, "-o", self.path("ref.h5"), "-q")
        arguments = [*self.fit, *more, "-o", self.path("fit.h5"), "--checkpoint", self.path("fit.ckpt"),
                     "--checkpoint-every", 10, "-v"]
        environment = {**os.environ, **KEEPALIVE}
        process = subprocess.Popen(self.mpirun(*arguments), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                   stdin=subprocess.DEVNULL, text=True, env=environment)
        self.addCleanup(process.kill)
        said = []
        for line in process.stderr:
            said.append(line)
            if line.startswith("iteration   20 "):
                break
        else:
            self.fail("".join(said))
        self.network.cut(3)
        begin = time.monotonic()
        process.stderr.close()
        try:
            code = process.wait(timeout=NOTICED)
        except subprocess.TimeoutExpired:
            self.fail(f"the job hangs {NOTICED} s after a host dropped off")
        print(f"\na cut link ended the job after {time.monotonic() - begin:.1f} s with code {code}", file=sys.stderr)
        self.assertNotEqual(code, 0)
        self.assertFalse(self.path("fit.h5").exists())
        self.network.cut(3, "up")
        again = subprocess.run(self.mpirun(*arguments), capture_output=True, text=True, env=environment, timeout=120)
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertIn("continuing from", again.stderr)
        self.assertTrue(filecmp.cmp(self.path("ref.h5"), self.path("fit.h5"), shallow=False))


if __name__ == "__main__":
    shoal.main()
