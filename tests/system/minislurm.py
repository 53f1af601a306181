"""A SLURM cluster of its own on this machine: one slurmctld, several slurmd on ports of the loopback, a private munge.
The nodes claim more cores than there are, and each binds its ranks to the machine's: more than one rank a core needs
--cpu-bind=none. Jobs of the partition `urgent` take the nodes from those of `main`, after 20 seconds of grace.
Needs root, slurm-wlm and munge; raises RuntimeError, saying why, where it cannot start."""
import os
import pathlib
import signal
import socket
import subprocess
import time

CONFIG = """\
ClusterName=mini
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={folder}/munge.sock
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool/%n
TmpFS={folder}/tmp/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/log/slurmctld.log
SlurmdLogFile={folder}/log/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/affinity
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=0,sched_min_interval=100000
SlurmdParameters=config_overrides
MpiDefault=pmix
SwitchType=switch/none
ReturnToService=2
KillOnBadExit=1
JobRequeue=1
KillWait=5
CompleteWait=0
MinJobAge=600
SlurmdTimeout=15
PropagateResourceLimits=NONE
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP PriorityTier=1 GraceTime=20
PartitionName=urgent Nodes=ALL MaxTime=INFINITE State=UP PriorityTier=2 PreemptMode=OFF
"""


def free_ports(n):
    """The first of n neighbouring ports that nobody listens to."""
    for first in range(17000, 30000, 50):
        try:
            for port in range(first, first + n):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
            return first
        except OSError:
            continue
    raise RuntimeError("no free ports")


class Cluster:
    def __init__(self, folder, nodes=2, cpus=4):
        self.folder, self.nodes = pathlib.Path(folder), [f"n{i + 1}" for i in range(nodes)]
        self.environment = {**os.environ, "SLURM_CONF": f"{folder}/slurm.conf"}
        for part in ("state", "log", *(f"{kind}/{node}" for kind in ("spool", "tmp") for node in self.nodes)):
            (self.folder / part).mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o755)
        try:
            self.start(cpus)
        except Exception:
            self.stop()
            raise

    def start(self, cpus):
        key = self.folder / "munge.key"
        key.touch(0o600)
        key.write_bytes(os.urandom(128))
        self.call("munged", "--force", f"--key-file={key}", f"--socket={self.folder}/munge.sock",
                  f"--pid-file={self.folder}/munged.pid", f"--log-file={self.folder}/log/munged.log",
                  f"--seed-file={self.folder}/munge.seed", "--num-threads=2")
        host, port = socket.gethostname().split(".")[0], free_ports(1 + len(self.nodes))
        text = CONFIG.format(host=host, port=port, folder=self.folder)
        for i, node in enumerate(self.nodes):
            text += (f"NodeName={node} NodeHostname={host} NodeAddr=127.0.0.1 Port={port + 1 + i} CPUs={cpus} Boards=1 "
                     f"SocketsPerBoard=1 CoresPerSocket={cpus} ThreadsPerCore=1 State=UNKNOWN\n")
        (self.folder / "slurm.conf").write_text(text)
        (self.folder / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\nCgroupAutomount=no\n")
        self.call("slurmctld", "-c", "-f", self.folder / "slurm.conf")
        for node in self.nodes:
            self.call("slurmd", "-f", self.folder / "slurm.conf", "-N", node)
        for _ in range(300):
            if self.call("sinfo", "-h", "-t", "idle", "-o", "%D", check=False).strip() == str(len(self.nodes)):
                return
            time.sleep(0.1)
        raise RuntimeError("SLURM's nodes do not come up:\n" + "\n".join(
            log.read_text(errors="replace")[-2000:] for log in (self.folder / "log").iterdir()))

    def call(self, *command, check=True, cwd=None, env=None):
        try:
            result = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=60, cwd=cwd,
                                    env={**self.environment, **(env or {})}, stdin=subprocess.DEVNULL)
        except FileNotFoundError as error:
            raise RuntimeError(f"{command[0]} is not installed: run jobs/setup.sh tests") from error
        if check and result.returncode:
            raise RuntimeError(f"{command}: {result.stdout}{result.stderr}")
        return result.stdout

    def submit(self, *command, cwd=None, env=None):
        """sbatch; the job's number."""
        return self.call("sbatch", "--parsable", *command, cwd=cwd, env=env).strip()

    def states(self, job):
        """States of a job, or of each task of an array."""
        shown = self.call("scontrol", "show", "job", job, check=False)
        return [word.split("=")[1] for word in shown.split() if word.startswith("JobState=")]

    def wait(self, job, states, seconds):
        """Until the job, or every task of the array, is in one of the states; the state of the first."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            now = self.states(job)
            if now and all(state in states for state in now):
                return now[0]
            time.sleep(0.2)
        raise AssertionError(f"job {job} is {self.states(job)}, not {states}, after {seconds} s")

    def stop(self):
        self.call("scancel", "--quiet", "--user=root", check=False)
        end = time.monotonic() + 10
        while time.monotonic() < end and self.call("squeue", "-h", check=False).strip():
            time.sleep(0.1)
        for name in [*(f"slurmd-{node}" for node in self.nodes), "slurmctld", "munged"]:
            self.end(self.folder / f"{name}.pid")

    @staticmethod
    def end(pid_file):
        try:
            pid = int(pid_file.read_text())
        except (OSError, ValueError):
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            for _ in range(60):
                try:
                    os.kill(pid, number if _ == 0 else 0)
                    if pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
                        return
                except OSError:
                    return
                time.sleep(0.05)
