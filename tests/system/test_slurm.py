"""The scripts of jobs/ under a real SLURM, started for this test on this machine."""
import filecmp
import os
import shutil
import time

import numpy as np

import minislurm
import shoal

JOBS = shoal.ROOT / "jobs"
DONE = ("COMPLETED",)
ENDED = ("COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "OUT_OF_MEMORY")


class Slurm(shoal.ShoalTest):
    @classmethod
    def setUpClass(cls):
        cls.home = shoal.pathlib.Path(shoal.tempfile.mkdtemp(prefix="shoal-slurm-"))
        cls.cluster = minislurm.Cluster(cls.home)  # where it cannot start the test fails, loudly

    @classmethod
    def tearDownClass(cls):
        cls.cluster.stop()
        shutil.rmtree(cls.home, ignore_errors=True)

    def setUp(self):
        super().setUp()
        rng = np.random.default_rng(9)
        centres = rng.normal(size=(4, 8))
        self.data = self.write("data.h5", centres[rng.integers(0, 4, 150000)] + rng.normal(size=(150000, 8)))
        self.arguments = ["gaussian", self.data, "--tolerance", 0]
        self.environment = {"SHOAL": shoal.PROGRAM, "SHOAL_LAUNCHER": "srun --mpi=pmix",
                            "OMPI_MCA_btl_tcp_if_include": "lo", "OMPI_MCA_oob_tcp_if_include": "lo",
                            "OMPI_MCA_btl": "self,tcp"}  # the nodes share one /dev/shm, where their ranks' names would clash

    def submit(self, options, script, *arguments):
        return self.cluster.submit(*options, JOBS / script, *self.arguments, *arguments, cwd=self.folder,
                                   env=self.environment)

    def whole_log(self):
        return "\n".join(file.read_text() for file in sorted(self.folder.glob("*.log")))

    def log(self):
        text = self.whole_log()
        return text if len(text) < 4000 else text[:1000] + "\n...\n" + text[-3000:]

    def completes(self, job, seconds=60):
        state = self.cluster.wait(job, ENDED, seconds)
        self.assertEqual(state, "COMPLETED", self.log())

    def reference(self, clusters, iterations):
        self.ok("fit", *self.arguments, "-k", clusters, "--max-iterations", iterations, "-o", self.path("ref.h5"), "-q")

    def assert_same_bits(self, name="model.h5"):
        self.assertTrue(filecmp.cmp(self.path("ref.h5"), self.path(name), shallow=False), self.log())

    def wait_for(self, text, seconds=60):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if text in self.whole_log():
                return
            time.sleep(0.1)
        self.fail(f"no {text!r} after {seconds} s:\n{self.log()}")

    def start_again(self, job):
        """A requeued job waits two minutes by itself, and some seconds at least until its old credential is forgotten."""
        self.cluster.wait(job, ("PENDING",), 30)
        time.sleep(3)
        self.cluster.call("scontrol", "update", f"jobid={job}", "StartTime=now")

    def test_single_node(self):
        self.reference(4, 20)
        self.completes(self.submit(["--ntasks=3"], "slurm-single-node.sh", "-k", 4, "--max-iterations", 20))
        self.assert_same_bits()

    def test_several_nodes(self):
        self.reference(4, 20)
        self.completes(self.submit(["--nodes=2"], "slurm-multi-node.sh", "-k", 4, "--max-iterations", 20))
        self.assertIn("4 ranks x 2 threads", self.whole_log())
        self.assert_same_bits()

    def test_array(self):
        self.completes(self.submit(["--array=2-4", "--ntasks=2"], "slurm-array.sh", "--max-iterations", 5))
        for clusters in (2, 3, 4):
            self.reference(clusters, 5)
            self.assert_same_bits(f"model-k{clusters}.h5")
            self.path("ref.h5").unlink()

    def test_time_limit_signals_and_requeues(self):
        """The signal comes up to a minute before it is due, by SLURM's own account."""
        job = self.submit(["--time=1", "--signal=B:USR1@30", "--ntasks=2"], "slurm-requeue.sh", "-k", 4,
                          "--max-iterations", 10**6, "-v")
        self.wait_for("back into the queue", 90)
        self.assertIn("shoal: stopped by SIGUSR1", self.whole_log())
        self.cluster.wait(job, ("PENDING",), 20)
        self.assertTrue(self.path(f"shoal-{job}.ckpt").exists())
        self.cluster.call("scancel", job)

    def test_requeued_job_goes_on_to_the_same_bits(self):
        self.reference(4, 600)
        job = self.submit(["--ntasks=2"], "slurm-requeue.sh", "-k", 4, "--max-iterations", 600, "-v")
        self.wait_for("iteration   20 ")
        self.cluster.call("scancel", "--batch", "--signal=USR1", job)  # as --signal does near the end of the time
        self.wait_for("back into the queue")
        self.start_again(job)
        self.completes(job, 120)
        self.assertIn("going on from shoal-", self.whole_log())
        self.assert_same_bits()

    def test_preempted_job_goes_on_to_the_same_bits(self):
        self.reference(4, 600)
        job = self.submit(["--ntasks=2"], "slurm-preemptible.sh", "-k", 4, "--max-iterations", 600, "-v",
                          "--checkpoint", "fit.ckpt", "--checkpoint-every", 10)
        self.wait_for("iteration   25 ")
        self.cluster.call("scontrol", "requeue", job)  # what preemption does: TERM, then KILL, then the queue again
        self.start_again(job)
        self.completes(job, 120)
        self.assertIn("going on from fit.ckpt", self.whole_log())
        self.assert_same_bits()

    def test_cancelled_job_can_be_submitted_again(self):
        arguments = ["-k", 4, "--max-iterations", 600, "-v", "--checkpoint", "fit.ckpt", "--checkpoint-every", 10]
        self.reference(4, 600)
        job = self.submit(["--ntasks=2"], "slurm-single-node.sh", *arguments)
        self.wait_for("iteration   25 ")
        self.cluster.call("scancel", job)
        self.cluster.wait(job, ("CANCELLED",), 30)
        self.completes(self.submit(["--ntasks=3"], "slurm-single-node.sh", *arguments), 120)
        self.assert_same_bits()


if __name__ == "__main__":
    os.environ.pop("OMPI_MCA_odls_base_sigkill_timeout", None)
    shoal.main()
