#!/bin/bash
# Several nodes, ranks x threads:  sbatch --nodes=8 jobs/slurm-multi-node.sh gaussian data.h5 -k 64 -o model.h5
#
# The data must lie on a file system that all nodes see. `shoal fit ... --dry-run` prints how much memory a rank needs
# and how many ranks make sense.

#SBATCH --job-name=shoal
#SBATCH --nodes=2             # the rows are spread over all of them
#SBATCH --ntasks-per-node=2   # one or two ranks for each socket of a node ...
#SBATCH --cpus-per-task=2     # ... and the socket's cores as their threads
#SBATCH --time=4:00:00
#SBATCH --output=%x-%j.log
# What your site asks for; one # fewer makes a line count:
##SBATCH --account=NAME
##SBATCH --partition=NAME
##SBATCH --mem=16G            # of a node; `shoal fit ... --dry-run` tells how much a rank needs
# module load openmpi hdf5    # what shoal was built with

export OMP_NUM_THREADS=${SLURM_CPUS_PER_TASK:-1}
export SRUN_CPUS_PER_TASK=$OMP_NUM_THREADS   # newer versions of srun do not take it from sbatch: threads would share a core
export OMP_PROC_BIND=close                   # a rank's threads stay beside its memory

# Without PMIx: SHOAL_LAUNCHER="mpirun --map-by slot:PE=2" sbatch ... (2 as in --cpus-per-task)
exec ${SHOAL_LAUNCHER:-srun --mpi=pmix --cpu-bind=cores} "${SHOAL:-shoal}" fit "$@"
