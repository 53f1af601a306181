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
        self.environment = {"SHOAL": shoal.PROGRAM, "SHOAL_LAUNCHER": "srun --mpi=pmix --cpu-bind=none",
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

    def test_threads_of_a_rank_have_a_core_each(self):
        if len(os.sched_getaffinity(0)) < 2:
            self.skipTest("this machine has one core")
        program = self.path("shows-cores")
        program.write_text("#!/bin/sh\necho \"$OMP_NUM_THREADS threads, cores: $(env -u OMP_NUM_THREADS nproc)\"\n")
        program.chmod(0o755)
        self.environment.update(SHOAL=program)
        cases = [(script, "srun --mpi=pmix --cpu-bind=cores") for script in sorted(JOBS.glob("slurm-*.sh"))]
        cases.append((JOBS / "slurm-multi-node.sh", "mpirun --map-by slot:PE=2"))
        for number, (script, launcher) in enumerate(cases):
            self.environment.update(SHOAL_LAUNCHER=launcher)
            array = ["--array=2"] if script.name == "slurm-array.sh" else []
            self.completes(self.submit(["--nodes=1", "--ntasks=1", "--ntasks-per-node=1", "--cpus-per-task=2", *array,
                                        f"--output={number}.out"], script))
            shown = self.path(f"{number}.out").read_text()
            self.assertIn("2 threads, cores: 2", shown, f"{script.name} with {launcher}")

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

    def start(self, options, script="slurm-preemptible.sh", **environment):
        """A job that has done some iterations, and has a checkpoint of one of them."""
        self.environment.update(environment)
        job = self.submit(options, script, "-k", 4, "--max-iterations", 600, "-v", "--checkpoint", "fit.ckpt",
                          "--checkpoint-every", 10)
        self.wait_for("iteration   25 ")
        return job

    def preempt(self, job):
        """A job of higher priority wants all nodes, and waits until `job` has left them."""
        urgent = self.cluster.submit("--partition=urgent", "--nodes=2", "--exclusive", "--output=urgent.out", "--wrap=true",
                                     cwd=self.folder)
        self.cluster.wait(job, ("PENDING",), 15)  # within the time of grace
        self.cluster.wait(urgent, DONE, 15)

    def goes_on(self, job):
        self.reference(4, 600)
        self.start_again(job)
        self.completes(job, 120)
        self.assertIn("going on from fit.ckpt", self.whole_log())
        self.assert_same_bits()

    def test_preempted_job_goes_on_to_the_same_bits(self):
        job = self.start(["--nodes=2", "--ntasks=2", "--exclusive"])
        self.preempt(job)
        self.assertIn("shoal: stopped by SIG", self.whole_log())
        self.goes_on(job)

    def test_preempted_mpirun_goes_on_to_the_same_bits(self):
        """On one node, where mpirun starts the ranks itself: SLURM tells neither of them, but a step that does nothing else.
        The nodes here have other names than the host, so mpirun is not to look at them."""
        job = self.start(["--nodes=1", "--ntasks=2", "--exclusive"], SHOAL_LAUNCHER="mpirun -n 2", OMPI_MCA_ras="^slurm",
                         OMPI_MCA_plm="^slurm")
        self.preempt(job)
        self.assertIn("shoal: stopped by SIGUSR1", self.whole_log())
        self.goes_on(job)

    def test_preempted_mpirun_of_several_nodes_is_put_back(self):
        """SLURM's signal ends mpirun's daemons on the other nodes, and the ranks with them: the periodic checkpoint stands."""
        job = self.start(["--nodes=2", "--ntasks=2", "--exclusive"], SHOAL_LAUNCHER="mpirun")
        self.preempt(job)
        self.goes_on(job)

    def test_killed_job_goes_on_to_the_same_bits(self):
        """Where there is no time of grace SLURM ends the job, and puts it back itself."""
        job = self.start(["--ntasks=2"])
        self.cluster.call("scontrol", "requeue", job)
        self.goes_on(job)

    def test_cancelled_job_stays_cancelled(self):
        for script in ("slurm-preemptible.sh", "slurm-requeue.sh"):
            job = self.start(["--ntasks=2"], script)
            self.cluster.call("scancel", job)
            self.assertEqual(self.cluster.wait(job, (*ENDED, "PENDING"), 30), "CANCELLED", self.log())
            self.assertNotIn("back into the queue", self.whole_log())

    def test_job_that_may_not_be_put_back_says_so(self):
        job = self.start(["--ntasks=2", "--no-requeue"])
        self.cluster.call("scancel", "--batch", "--signal=USR1", job)
        self.assertEqual(self.cluster.wait(job, ENDED, 30), "FAILED", self.log())
        self.assertIn("that failed: submit the same command again", self.whole_log())
        self.assertIn("ExitCode=75:0", self.cluster.call("scontrol", "show", "job", job))

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
