"""MPI starts where a launcher has started the program, and nowhere else: it takes long, and on a login node it may fail."""
import shoal

NO_MPI = {"OMPI_MCA_pml": "no-such-component"}  # MPI_Init, if it is called, ends the program
IRIS, FAITHFUL = shoal.DATA / "iris.h5", shoal.DATA / "faithful.csv"


class StartUp(shoal.ShoalTest):
    def quietly(self, *arguments, **environment):
        result = self.ok(*arguments, env={**NO_MPI, **environment})
        self.assertEqual(result.stderr, "", arguments)
        return result.stdout

    def fit_arguments(self, output="model.h5"):
        return ["fit", "gaussian", IRIS, "-k", 3, "-o", self.path(output), "-q"]

    def test_no_command_needs_mpi(self):
        model, labels = self.path("model.h5"), self.path("labels.h5")
        self.assertIn("usage", self.quietly("--help").lower())
        self.assertIn("--covariance", self.quietly("fit", "--help"))
        self.assertRegex(self.quietly("--version"), r"\nMPI: \S+")
        self.quietly("convert", FAITHFUL, self.path("faithful.h5"), "-q")
        self.quietly("info", IRIS)
        self.assertIn("dry run", self.quietly(*self.fit_arguments(), "--dry-run"))
        self.quietly(*self.fit_arguments(), "--labels", labels, "--checkpoint", self.path("fit.ckpt"), "--threads", 2)
        self.quietly("info", model)
        self.quietly("info", self.path("fit.ckpt"))
        self.quietly("predict", model, IRIS, "-o", self.path("again.h5"), "--responsibilities", "-q")
        self.assertIn('"adjusted_rand_index":1', self.quietly("compare", labels, self.path("again.h5")).replace(" ", ""))
        self.quietly("score", model, IRIS)
        self.quietly("sample", model, "-n", 10, "-o", self.path("sample.h5"), "-q")
        self.quietly("select", "kmeans", IRIS, "-k", "2:3", "-o", self.path("best.h5"), "-q")

    def test_mpi_starts_under_a_launcher(self):
        for ranks in (1, 2):
            self.assertNotEqual(shoal.run("info", IRIS, ranks=ranks, env=NO_MPI).returncode, 0)
            self.ok("info", IRIS, ranks=ranks)
        # What srun tells its tasks where MPI has no part in it, and what it tells those of PMIx.
        for told in ({"SLURM_STEP_NUM_TASKS": "2"}, {"PMIX_RANK": "0", "PMIX_NAMESPACE": "slurm.pmix.1.0"}):
            self.assertNotEqual(shoal.run("info", IRIS, env={**NO_MPI, **told}).returncode, 0, told)

    def test_a_process_alone_in_a_job_is_no_rank(self):
        batch_script = {"SLURM_JOB_ID": "7", "SLURM_NTASKS": "4", "SLURM_PROCID": "0", "SLURM_LOCALID": "0"}
        self.quietly("info", IRIS, **batch_script)
        self.quietly("info", IRIS, **batch_script, SLURM_STEP_ID="0", SLURM_STEP_NUM_TASKS="1")

    def test_the_same_bytes_with_mpi(self):
        self.quietly(*self.fit_arguments(), "--labels", self.path("labels.h5"))
        for ranks in (1, 3):
            self.ok(*self.fit_arguments("with.h5"), "--labels", self.path("with-labels.h5"), "--overwrite", ranks=ranks)
            for name in ("model.h5", "labels.h5"):
                self.assertEqual(self.path(name).read_bytes(), self.path(name.replace("model", "with").replace(
                    "labels", "with-labels")).read_bytes(), f"{name}, {ranks} ranks")

    def test_processes_that_mpi_has_not_joined(self):
        """A launcher of another MPI: each process would be alone, do the whole work and write the same file."""
        self.fails(64, ["3 processes were started", "mpirun of Open MPI"], *self.fit_arguments(),
                   env={"PMI_RANK": "1", "PMI_SIZE": "3"})
        self.assertEqual(list(self.folder.iterdir()), [])


if __name__ == "__main__":
    shoal.main()
