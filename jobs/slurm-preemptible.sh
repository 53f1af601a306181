#!/bin/bash
# On nodes that may be taken away:  sbatch --partition=scavenger jobs/slurm-preemptible.sh gaussian data.h5 -k 64 -o model.h5
#
# SLURM takes the nodes with SIGTERM (and SIGKILL when the partition's grace time is over) and puts the job back into the
# queue by itself. shoal writes a checkpoint on SIGTERM where an iteration fits the grace time; where not, the last
# periodic one stands, so it is written more often here.

#SBATCH --job-name=shoal
#SBATCH --nodes=1
#SBATCH --ntasks=4
#SBATCH --cpus-per-task=1
#SBATCH --time=24:00:00
#SBATCH --requeue                  # put back when the nodes are taken or die
#SBATCH --open-mode=append
#SBATCH --output=%x-%j.log

export OMP_NUM_THREADS=${SLURM_CPUS_PER_TASK:-1}
case " $* " in
  *" --checkpoint "*) ;;
  *) set -- "$@" --checkpoint "shoal-$SLURM_JOB_ID.ckpt" --checkpoint-every 1min ;;
esac

${SHOAL_LAUNCHER:-srun --mpi=pmix --cpu-bind=cores} "${SHOAL:-shoal}" fit "$@" &
ranks=$!
trap 'kill -TERM $ranks' TERM      # to this script alone: pass it on
wait $ranks
code=$?
while kill -0 $ranks 2>/dev/null; do
  wait $ranks
  code=$?
done
exit $code
