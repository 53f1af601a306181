#!/bin/bash
# One job for each number of clusters:  sbatch --array=2-12 jobs/slurm-array.sh gaussian data.h5
#
# Writes model-k2.h5 to model-k12.h5 into the folder you submit from; `shoal info model-k5.h5` shows the BIC by which to
# choose. A task that is submitted again goes on from its checkpoint, or says that it is finished. The script itself gives
# -k, -o and --checkpoint.

#SBATCH --job-name=shoal
#SBATCH --array=2-8                # K; 2-64:2 takes every second one, 2-64%4 runs four at a time
#SBATCH --nodes=1
#SBATCH --ntasks=2
#SBATCH --cpus-per-task=1
#SBATCH --time=4:00:00
#SBATCH --output=%x-%A-k%a.log
# What your site asks for; one # fewer makes a line count:
##SBATCH --account=NAME
##SBATCH --partition=NAME
##SBATCH --mem=16G                 # of each task; `shoal fit ... --dry-run` tells how much a rank needs
# module load openmpi hdf5         # what shoal was built with

export OMP_NUM_THREADS=${SLURM_CPUS_PER_TASK:-1}
export SRUN_CPUS_PER_TASK=$OMP_NUM_THREADS   # newer versions of srun do not take it from sbatch: threads would share a core
k=$SLURM_ARRAY_TASK_ID
exec ${SHOAL_LAUNCHER:-srun --mpi=pmix --cpu-bind=cores} "${SHOAL:-shoal}" fit "$@" -k "$k" \
  -o "model-k$k.h5" --checkpoint "model-k$k.ckpt"
