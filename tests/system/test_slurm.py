"""The scripts of jobs/ under a real SLURM, started for this test on this machine."""
import filecmp
import os
import shutil
import signal
import sys
import time

import h5py
import numpy as np

import minislurm
import shoal

JOBS = shoal.ROOT / "jobs"
DONE = ("COMPLETED",)
ITERATIONS = 200
ENDED = ("COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "OUT_OF_MEMORY")


class Slurm(shoal.ShoalTest):
    @classmethod
    def setUpClass(cls):
        cls.home = shoal.pathlib.Path(shoal.tempfile.mkdtemp(prefix="shoal-slurm-"))
        rng = np.random.default_rng(9)
        centres = rng.normal(size=(4, 8))
        cls.data = cls.home / "data.h5"
        with h5py.File(cls.data, "w") as file:
            file["X"] = centres[rng.integers(0, 4, 150000)] + rng.normal(size=(150000, 8))
        cls.cluster = minislurm.Cluster(cls.home)  # where it cannot start the test fails, loudly

    @classmethod
    def tearDownClass(cls):
        cls.cluster.stop()
        shutil.rmtree(cls.home, ignore_errors=True)

    def setUp(self):
        super().setUp()
        self.arguments = ["gaussian", self.data, "--tolerance", 0]
        self.environment = {"SHOAL": shoal.PROGRAM, "SHOAL_LAUNCHER": "srun --mpi=pmix --cpu-bind=none",
                            "OMPI_MCA_btl_tcp_if_include": "lo", "OMPI_MCA_oob_tcp_if_include": "lo",
                            "OMPI_MCA_btl": "self,tcp"}  # the nodes share one /dev/shm, where their ranks' names would clash

    def submit(self, options, script, *arguments):
        return self.cluster.submit(*options, JOBS / script, *self.arguments, *arguments, cwd=self.folder,
                                   env=self.environment)

    def program(self, text):
        """A stand-in for shoal."""
        path = self.path("stand-in")
        path.write_text(f"#!/bin/bash\n{text}\n")
        path.chmod(0o755)
        return path

    def whole_log(self):
        return "\n".join(file.read_text() for file in sorted(self.folder.glob("*.log")))

    def log(self):
        text = self.whole_log()
        return text if len(text) < 4000 else text[:1000] + "\n...\n" + text[-3000:]

    def completes(self, job, seconds=60):
        state = self.cluster.wait(job, ENDED, seconds)
        self.assertEqual(state, "COMPLETED", self.log())

    def reference(self, clusters, iterations):
        """The model of an undisturbed fit, made once."""
        model = self.home / f"k{clusters}-{iterations}.h5"
        if not model.exists():
            self.ok("fit", *self.arguments, "-k", clusters, "--max-iterations", iterations, "-o", model, "-q")
        return model

    def assert_same_bits(self, clusters, iterations, name="model.h5"):
        self.assertTrue(filecmp.cmp(self.reference(clusters, iterations), self.path(name), shallow=False), self.log())

    def wait_for(self, text, seconds=60):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if text in self.whole_log():
                return
            time.sleep(0.02)
        self.fail(f"no {text!r} after {seconds} s:\n{self.log()}")

    def start_again(self, job):
        """A requeued job waits two minutes by itself, and some seconds at least until its old credential is forgotten."""
        self.cluster.wait(job, ("PENDING",), 30)
        time.sleep(3)
        self.cluster.call("scontrol", "update", f"jobid={job}", "StartTime=now")

    def start(self, script, *options, **environment):
        """A job that has done some iterations, and has a checkpoint of one of them. It is halted there, as it might end before
        SLURM has done what a test asks for. SLURM itself lets a job go on that it ends."""
        self.environment.update(environment)
        self.path("fit.toml").write_text(f'[fit]\nclusters = 4\ncheckpoint = "fit.ckpt"\ncheckpoint-every = "10"\n'
                                         f"max-iterations = {ITERATIONS}\n")
        job = self.submit(options, script, "--config", "fit.toml", "-v")
        self.wait_for("iteration   25 ")
        self.signal_ranks(signal.SIGSTOP)
        return job

    def signal_ranks(self, number):
        for process in shoal.pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if (process / "cwd").samefile(self.folder) and (process / "exe").samefile(shoal.PROGRAM):
                    os.kill(int(process.name), number)
            except OSError:  # it is gone
                pass

    def tell(self, job):
        """The script gets the signal that --signal sends near the end of the time."""
        self.cluster.call("scancel", "--batch", "--signal=USR1", job)
        time.sleep(1)
        self.signal_ranks(signal.SIGCONT)

    def preempt(self, job, sign):
        """A job of higher priority wants all nodes, and has them within the time of grace; `sign` in the log shows that the
        job has heard of it."""
        urgent = self.cluster.submit("--partition=urgent", "--nodes=2", "--exclusive", "--output=urgent.out", "--wrap=true",
                                     cwd=self.folder)
        self.wait_for(sign)
        self.signal_ranks(signal.SIGCONT)
        self.cluster.wait(job, ("PENDING",), 18)
        self.cluster.wait(urgent, DONE, 15)

    def goes_on(self, job):
        self.start_again(job)
        self.completes(job)
        self.assertIn("continuing from fit.ckpt", self.whole_log())
        self.assert_same_bits(4, ITERATIONS)

    def test_single_node(self):
        self.completes(self.submit(["--ntasks=3"], "slurm-single-node.sh", "-k", 4, "--max-iterations", 20))
        self.assert_same_bits(4, 20)

    def test_several_nodes(self):
        self.completes(self.submit(["--nodes=2"], "slurm-multi-node.sh", "-k", 4, "--max-iterations", 20))
        self.assertIn("4 ranks x 2 threads", self.whole_log())
        self.assert_same_bits(4, 20)

    def test_threads_of_a_rank_have_a_core_each(self):
        if len(os.sched_getaffinity(0)) < 2:
            print("\nNOT TESTED: cores of threads. This machine has one core.", file=sys.stderr)
            return
        shows = self.program('echo "$OMP_NUM_THREADS threads, cores: $(env -u OMP_NUM_THREADS nproc)"')
        self.environment.update(SHOAL=shows)
        cases = [(script, "srun --mpi=pmix --cpu-bind=cores") for script in sorted(JOBS.glob("slurm-*.sh"))]
        cases.append((JOBS / "slurm-multi-node.sh", "mpirun --map-by slot:PE=2"))
        for number, (script, launcher) in enumerate(cases):
            self.environment.update(SHOAL_LAUNCHER=launcher)
            array = ["--array=2"] if script.name == "slurm-array.sh" else []
            with self.subTest(f"{script.name} with {launcher}"):
                self.completes(self.submit(["--nodes=1", "--ntasks=1", "--ntasks-per-node=1", "--cpus-per-task=2", *array,
                                            f"--output={number}.out"], script))
                self.assertIn("2 threads, cores: 2", self.path(f"{number}.out").read_text())

    def test_a_batch_script_is_one_process(self):
        """So is a step of one task: they need no MPI. Several tasks without MPI between them are an error."""
        fit = f"{shoal.PROGRAM} fit kmeans {shoal.DATA / 'iris.h5'} -k 3 -q -o"
        self.path("script").write_text(f"""#!/bin/bash
            export OMPI_MCA_pml=no-such-component
            {fit} batch.h5 || exit 1
            srun --mpi=none -n 1 {fit} step.h5 || exit 2
            unset OMPI_MCA_pml
            srun --mpi=none -n 2 --cpu-bind=none {fit} several.h5 && exit 3
            srun --mpi=pmix -n 2 --cpu-bind=none {fit} joined.h5 || exit 4""")
        self.completes(self.cluster.submit("--nodes=1", "--ntasks=2", "--output=%j.log",
                                           self.path("script"), cwd=self.folder, env=self.environment))
        self.assertEqual(sorted(file.name for file in self.folder.glob("*.h5")), ["batch.h5", "joined.h5", "step.h5"])
        for name in ("step.h5", "joined.h5"):
            self.assertTrue(filecmp.cmp(self.path("batch.h5"), self.path(name), shallow=False), name)

    def test_array(self):
        self.completes(self.submit(["--array=2-4", "--ntasks=2"], "slurm-array.sh", "--max-iterations", 5))
        for clusters in (2, 3, 4):
            self.assert_same_bits(clusters, 5, f"model-k{clusters}.h5")

    def test_time_limit_signals_and_requeues(self):
        """SLURM may send its signal a minute before it is due: the time becomes short when the fit has something to save."""
        submitted = time.monotonic()
        job = self.submit(["--time=30", "--signal=B:USR1@30", "--ntasks=2"], "slurm-requeue.sh", "-k", 4,
                          "--max-iterations", 10**6, "-v")
        self.wait_for("iteration    2 ")
        minutes = 1 + int(time.monotonic() - submitted + 20) // 60
        self.cluster.call("scontrol", "update", f"jobid={job}", f"TimeLimit={minutes}")
        self.wait_for("back into the queue", 150)
        self.assertIn("shoal: stopped by SIGUSR1", self.whole_log())
        self.cluster.wait(job, ("PENDING",), 20)
        self.assertTrue(self.path(f"shoal-{job}.ckpt").exists())
        self.cluster.call("scancel", job)

    def test_requeued_job_goes_on_to_the_same_bits(self):
        job = self.start("slurm-requeue.sh", "--ntasks=2")
        self.tell(job)
        self.wait_for("back into the queue")
        self.goes_on(job)

    def test_preempted_job_goes_on_to_the_same_bits(self):
        job = self.start("slurm-preemptible.sh", "--nodes=2", "--ntasks=2", "--exclusive")
        self.preempt(job, "STEP")
        self.assertIn("shoal: stopped by SIG", self.whole_log())
        self.goes_on(job)

    def test_preempted_mpirun_goes_on_to_the_same_bits(self):
        """On one node, where mpirun starts the ranks itself: SLURM tells neither of them, but a step that only listens.
        The nodes here have other names than the host, so mpirun is not to look at them."""
        job = self.start("slurm-preemptible.sh", "--nodes=1", "--ntasks=2", SHOAL_LAUNCHER="mpirun -n 2",
                         OMPI_MCA_ras="^slurm", OMPI_MCA_plm="^slurm")
        self.preempt(job, "Forwarding signal 10")
        self.assertIn("shoal: stopped by SIGUSR1", self.whole_log())
        self.goes_on(job)

    def test_preempted_mpirun_of_several_nodes_goes_on_to_the_same_bits(self):
        """SLURM's signal ends mpirun's daemons, and the ranks with them: the periodic checkpoint stands."""
        job = self.start("slurm-preemptible.sh", "--nodes=2", "--ntasks=2", SHOAL_LAUNCHER="mpirun")
        self.preempt(job, "STEP")
        self.goes_on(job)

    def test_killed_job_goes_on_to_the_same_bits(self):
        """Where there is no time of grace SLURM ends the job, and puts it back itself."""
        job = self.start("slurm-preemptible.sh", "--ntasks=2")
        self.cluster.call("scontrol", "requeue", job)
        self.goes_on(job)

    def test_cancelled_job_stays_cancelled(self):
        """Though it ends with the code of one that stopped early: scontrol would put back a cancelled job as well."""
        self.environment.update(SHOAL=self.program("trap 'exit 75' TERM; echo it runs; sleep 60 & wait"))
        for script in ("slurm-preemptible.sh", "slurm-requeue.sh"):
            job = self.submit(["--ntasks=2"], script)
            self.wait_for("it runs")
            self.cluster.call("scancel", job)
            self.wait_for("not finished, and SLURM itself ends this job")
            self.assertEqual(self.cluster.wait(job, (*ENDED, "PENDING"), 30), "CANCELLED", self.log())
            self.path(f"shoal-{job}.log").unlink()

    def test_job_that_may_not_be_put_back_says_so(self):
        job = self.start("slurm-preemptible.sh", "--ntasks=2", "--no-requeue")
        self.tell(job)
        self.assertEqual(self.cluster.wait(job, ENDED, 30), "FAILED", self.log())
        self.assertIn("that failed: submit the same command again", self.whole_log())
        self.assertIn("ExitCode=75:0", self.cluster.call("scontrol", "show", "job", job))

    def test_cancelled_job_can_be_submitted_again(self):
        job = self.start("slurm-single-node.sh", "--ntasks=2")
        self.cluster.call("scancel", job)
        self.cluster.wait(job, ("CANCELLED",), 30)
        self.completes(self.submit(["--ntasks=3"], "slurm-single-node.sh", "--config", "fit.toml", "-v"))
        self.assertIn("continuing from fit.ckpt", self.whole_log())
        self.assert_same_bits(4, ITERATIONS)


if __name__ == "__main__":
    os.environ.pop("OMPI_MCA_odls_base_sigkill_timeout", None)
    shoal.main()
