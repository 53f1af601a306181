"""The scripts of jobs/ by themselves, with stand-ins for SLURM's programs and for shoal; test_slurm.py runs them on SLURM."""
import os
import signal
import subprocess
import time

import shoal

JOBS = shoal.ROOT / "jobs"
RETURNING = ("slurm-requeue.sh", "slurm-preemptible.sh")  # those that go back into the queue
LOOP = "while :; do sleep 0.01; done"
WAITS = f"touch there; {LOOP}"
SHOWS = 'printf "%s\\n" "$@"'


class Jobs(shoal.ShoalTest):
    def setUp(self):
        super().setUp()
        (self.folder / "bin").mkdir()
        self.program("bin/squeue", "echo RUNNING")
        self.program("bin/scontrol", 'echo "$@" >> requeued')
        self.program("bin/srun", "echo no steps here >&2; exit 1")  # as where SLURM is too old for --overlap
        self.program("bin/mpirun", SHOWS)
        self.environment = {**os.environ, "PATH": f"{self.folder}/bin:{os.environ['PATH']}", "SLURM_JOB_ID": "7",
                            "SLURM_ARRAY_TASK_ID": "3", "SHOAL_LAUNCHER": "env", "SHOAL": str(self.path("shoal"))}

    def program(self, name, text):
        self.path(name).write_text(f"#!/bin/bash\n{text}\n")
        self.path(name).chmod(0o755)

    def start(self, script, *arguments):
        process = subprocess.Popen(["bash", JOBS / script, *arguments], cwd=self.folder, env=self.environment, text=True,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(process.kill)
        return process

    def end(self, process):
        """Exit code, output, and whether the job is back in the queue."""
        output, _ = process.communicate(timeout=60)
        back = self.path("requeued").exists()
        if back:
            self.assertEqual(self.path("requeued").read_text(), "requeue 7\n")
            self.path("requeued").unlink()
        return process.returncode, output, back

    def run_job(self, script, *arguments):
        return self.end(self.start(script, *arguments))

    def told(self, script, number, program, delay=0.0):
        """The end of a job whose script gets a signal once its shoal has made the file `there`."""
        self.program("shoal", program)
        process = self.start(script)
        while not self.path("there").exists():
            time.sleep(0.01)
        time.sleep(delay)
        process.send_signal(number)
        self.path("there").unlink()
        return self.end(process)

    def test_arguments_arrive_as_they_are(self):
        self.program("shoal", SHOWS)
        odd = ["gaussian", "my data.h5", "a*b", "", "-k", "3", "$x"]
        for script in [*sorted(JOBS.glob("slurm-*.sh"))]:
            with self.subTest(script.name):
                self.assertEqual(self.run_job(script, *odd)[1].splitlines()[:8], ["fit", *odd])
        hosts = self.run_job("mpirun-hosts.sh", "my hosts.txt", "2", *odd)[1].splitlines()
        self.assertEqual(hosts, ["--hostfile", "my hosts.txt", "-n", "2", "-x", "OMP_NUM_THREADS", str(self.path("shoal")),
                                 "fit", *odd])

    def test_one_checkpoint(self):
        self.program("shoal", SHOWS)
        self.path("with.toml").write_text('[fit]\n  checkpoint = "fit.ckpt"\ncheckpoint-every = "10"\n')
        self.path("without.toml").write_text('[fit]\n# checkpoint = "fit.ckpt"\n')
        own, every = ["--checkpoint", "shoal-7.ckpt"], ["--checkpoint-every", "1min"]
        for given, added, also in [([], own, every), (["--checkpoint", "a b"], [], every), (["--checkpoint=a b"], [], every),
                                   (["--checkpoint-every", "10"], own, []), (["--checkpoint-every=10"], own, []),
                                   (["--config", "with.toml"], [], []), (["--config=with.toml"], [], []),
                                   (["--config", "without.toml"], own, every), (["--config=missing.toml"], own, every)]:
            for script, expected in zip(RETURNING, (added, added + also)):
                with self.subTest(f"{script} {given}"):
                    self.assertEqual(self.run_job(script, *given)[1].splitlines(), ["fit", *given, *expected])

    def test_only_what_stopped_early_goes_back(self):
        for script in RETURNING:
            for code, goes_back in [(0, False), (64, False), (74, False), (75, True), (1, False), (137, False), (143, False)]:
                with self.subTest(f"{script}, {code}"):
                    self.program("shoal", f"exit {code}")
                    result = self.run_job(script)
                    self.assertEqual((result[0], result[2]), (code, goes_back), result[1])

    def test_job_that_slurm_ends_is_left_to_it(self):
        self.program("bin/squeue", "echo COMPLETING")
        self.program("shoal", "exit 75")
        for script in RETURNING:
            self.assertEqual(self.run_job(script), (75, "not finished, and SLURM itself ends this job\n", False))

    def test_refused_requeue_says_what_to_do(self):
        self.program("bin/scontrol", "exit 1")
        self.program("shoal", "exit 75")
        for script in RETURNING:
            code, output, _ = self.run_job(script)
            self.assertEqual(code, 75)
            self.assertIn("that failed: submit the same command again", output)

    def test_signals_reach_the_ranks_as_usr1(self):
        for script in RETURNING:
            for number in (signal.SIGUSR1, signal.SIGTERM):
                for program in (f"trap 'exit 75' USR1; trap 'exit 9' TERM; {WAITS}",
                                f"trap 'sleep 0.3; exit 75' USR1; {WAITS}"):
                    with self.subTest(f"{script}, {number.name}, {program}"):
                        result = self.told(script, number, program, 0.1)
                        self.assertEqual((result[0], result[2]), (75, True), result[1])

    def test_killed_by_the_signal_goes_back(self):
        """shoal, srun and mpirun die of a signal that comes before they heed it."""
        for script in RETURNING:
            for program, expected in [("touch there; exec sleep 60", (75, True)),
                                      (f"trap 'exit 205' USR1; {WAITS}", (75, True)),
                                      (f"trap 'exit 0' USR1; {WAITS}", (0, False)),
                                      (f"trap 'exit 74' USR1; {WAITS}", (74, False))]:
                with self.subTest(f"{script}, {program}"):
                    result = self.told(script, signal.SIGUSR1, program, 0.1)
                    self.assertEqual((result[0], result[2]), expected, result[1])

    def test_signal_at_any_moment_keeps_the_code(self):
        """Also when the ranks end while the script is busy with the signal."""
        for delay in range(20):
            result = self.told("slurm-requeue.sh", signal.SIGUSR1, "trap '' USR1; touch there; sleep 0.1; exit 75",
                               delay / 100)
            self.assertEqual((result[0], result[2]), (75, True), result[1])

    def test_lost_signal_is_sent_again(self):
        result = self.told("slurm-requeue.sh", signal.SIGUSR1, f"trap : USR1; touch there; sleep 1; trap 'exit 75' USR1; {LOOP}")
        self.assertEqual((result[0], result[2]), (75, True), result[1])

    def test_shellcheck(self):
        found = subprocess.run(["shellcheck", "--external-sources", *sorted(JOBS.glob("*.sh"))], capture_output=True, text=True,
                               cwd=shoal.ROOT)
        self.assertEqual(found.returncode, 0, found.stdout)


if __name__ == "__main__":
    shoal.main()
