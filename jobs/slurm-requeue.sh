#!/bin/bash
# A fit longer than a job may be:  sbatch --time=8:00:00 jobs/slurm-requeue.sh gaussian data.h5 -k 64 -o model.h5
#
# Three minutes before its time is over SLURM sends USR1 to this script. It passes the signal on, shoal writes a
# checkpoint and ends with code 75, and the job puts itself back into the queue. The next time it goes on from there,
# on as many ranks as it then has, to the same bits.

#SBATCH --job-name=shoal
#SBATCH --nodes=1
#SBATCH --ntasks=4
#SBATCH --cpus-per-task=1
#SBATCH --time=8:00:00
#SBATCH --requeue                  # the job may go back into the queue
#SBATCH --signal=B:USR1@180        # B: to this script; 180 s before the end: an iteration and a checkpoint must fit in
#SBATCH --open-mode=append         # each life of the job adds to the log
#SBATCH --output=%x-%j.log

export OMP_NUM_THREADS=${SLURM_CPUS_PER_TASK:-1}
case " $* " in  # a job keeps its number when it is put back, so its checkpoint is found again
  *" --checkpoint "*) ;;
  *) set -- "$@" --checkpoint "shoal-$SLURM_JOB_ID.ckpt" ;;
esac

${SHOAL_LAUNCHER:-srun --mpi=pmix --cpu-bind=cores} "${SHOAL:-shoal}" fit "$@" &
ranks=$!
trap 'kill -USR1 $ranks' USR1      # srun and mpirun pass USR1 on to all ranks
wait $ranks
code=$?
while kill -0 $ranks 2>/dev/null; do  # the trap ended the wait, not the ranks
  wait $ranks
  code=$?
done

if [ $code -eq 75 ]; then
  echo "not finished: back into the queue"
  scontrol requeue "$SLURM_JOB_ID"
fi
exit $code
