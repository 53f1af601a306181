#!/bin/bash
# One node, several ranks:  sbatch jobs/slurm-single-node.sh gaussian data.h5 -k 8 -o model.h5
#
# Whatever follows the script's name is given to `shoal fit`. Options of sbatch before it override the lines below, as in
# `sbatch --time=4:00:00 --ntasks=32 jobs/slurm-single-node.sh ...`.

#SBATCH --job-name=shoal
#SBATCH --nodes=1             # all ranks on one node: they talk through its memory
#SBATCH --ntasks=4            # ranks; each holds a share of the rows
#SBATCH --cpus-per-task=1     # threads of a rank: ranks x threads should be the node's cores
#SBATCH --time=1:00:00        # SLURM ends the job after this time
#SBATCH --output=%x-%j.log    # what shoal says: shoal-1234.log, beside the place you submit from
# What your site asks for; one # fewer makes a line count:
##SBATCH --account=NAME
##SBATCH --partition=NAME
##SBATCH --mem=16G            # of a node; `shoal fit ... --dry-run` tells how much a rank needs
# module load openmpi hdf5    # what shoal was built with

export OMP_NUM_THREADS=${SLURM_CPUS_PER_TASK:-1}
export SRUN_CPUS_PER_TASK=$OMP_NUM_THREADS   # newer versions of srun do not take it from sbatch: threads would share a core

# srun starts the ranks. Where your cluster's SLURM has no PMIx, let mpirun do it, here with two threads per rank:
# SHOAL_LAUNCHER="mpirun --map-by slot:PE=2" sbatch --cpus-per-task=2 jobs/slurm-single-node.sh ...
exec ${SHOAL_LAUNCHER:-srun --mpi=pmix --cpu-bind=cores} "${SHOAL:-shoal}" fit "$@"
