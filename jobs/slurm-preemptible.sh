#!/bin/bash
# On nodes that may be taken away:  sbatch --partition=scavenger jobs/slurm-preemptible.sh gaussian data.h5 -k 64 -o model.h5
#
# When SLURM wants the nodes it sends SIGTERM to the job's steps, and kills the job when the partition's grace time is
# over. shoal writes a checkpoint and ends with code 75, and the job puts itself back into the queue: SLURM would only do so
# for one that it had to kill. Where an iteration does not fit the grace time the last periodic checkpoint stands, so it is
# written more often here.

#SBATCH --job-name=shoal
#SBATCH --nodes=1
#SBATCH --ntasks=4
#SBATCH --cpus-per-task=1
#SBATCH --time=24:00:00
#SBATCH --requeue                  # put back when the nodes are taken or die
#SBATCH --signal=B:USR1@180        # the end of the time is met as in slurm-requeue.sh
#SBATCH --open-mode=append
#SBATCH --output=%x-%j.log
# What your site asks for; one # fewer makes a line count:
##SBATCH --account=NAME
##SBATCH --partition=NAME
##SBATCH --mem=16G                 # of a node; `shoal fit ... --dry-run` tells how much a rank needs
# module load openmpi hdf5         # what shoal was built with

asked=0  # how often this script was told to stop
ranks=
stop() {
  asked=$((asked + 1))
  [ -n "$ranks" ] || return
  # USR1, as srun and mpirun kill the ranks on TERM; and repeatedly, as they lose what comes while they start the ranks.
  while kill -USR1 "$ranks"; do sleep 5; done >/dev/null 2>&1 &
}
trap stop USR1 TERM

export OMP_NUM_THREADS=${SLURM_CPUS_PER_TASK:-1}
export SRUN_CPUS_PER_TASK=$OMP_NUM_THREADS   # newer versions of srun do not take it from sbatch: threads would share a core

given() {  # whether option $1 is among the arguments that follow, or in a config that they name
  local option=--$1 key="^[[:space:]]*(fit\\.)?\"?$1\"?[[:space:]]*=" word before=
  shift
  for word in "$@"; do
    [[ $word = "$option" || $word = "$option"=* ]] && return
    [ "$before" = --config ] && word=--config=$word
    [[ $word = --config=* ]] && grep -Eqs "$key" "${word#*=}" && return
    before=$word
  done
  return 1
}
# A job keeps its number when it is put back, so its checkpoint is found again.
given checkpoint "$@" || set -- "$@" --checkpoint "shoal-$SLURM_JOB_ID.ckpt"
given checkpoint-every "$@" || set -- "$@" --checkpoint-every 1min

# The SIGTERM does not come to this script, nor to mpirun, which is no step: a step of one shell hears it for them.
# One that it kills (143) had not begun to listen.
{
  srun --quiet --overlap --nodes=1 --ntasks=1 --cpus-per-task=1 --relative=0 --mem=0 --mpi=none --cpu-bind=none \
    bash -c "trap 'kill -USR1 $$ 2>/dev/null' TERM; sleep infinity & wait; true"
  [ $? -ne 143 ] || kill -USR1 $$ 2>/dev/null
} &
${SHOAL_LAUNCHER:-srun --mpi=pmix --cpu-bind=cores} "${SHOAL:-shoal}" fit "$@" &
ranks=$!
[ "$asked" -eq 0 ] || stop  # told before there were ranks to tell
gone=
until
  before=$asked
  wait "$ranks"
  code=$?
  [ "$asked" -eq "$before" ] && [ -n "$gone" ]  # a signal ends the wait, not the ranks: that once they are gone counts
do kill -0 "$ranks" 2>/dev/null || gone=yes; done

case $code in
  75) ;;
  0 | 6[4-9] | 7[0-4]) exit $code ;;  # done, or an error that the next time would meet again
  *)  # killed: put back where that was the answer to a signal, which came too early or too late for a checkpoint;
      # or bash lost the code of ranks that ended as the signal came
    sleep 1
    [ "$asked" -gt 0 ] || exit $code
    code=75 ;;
esac
if [ "$(squeue -h -j "$SLURM_JOB_ID" -o %T)" = COMPLETING ]; then
  echo "not finished, and SLURM itself ends this job"  # cancelled, or taken: then SLURM puts it back
else
  echo "not finished: back into the queue"
  scontrol requeue "$SLURM_JOB_ID" || echo "that failed: submit the same command again, with this job's --checkpoint"
fi
exit $code
