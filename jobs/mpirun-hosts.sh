#!/bin/sh
# Hosts without a queue:  jobs/mpirun-hosts.sh hosts.txt 16 gaussian data.h5 -k 8 -o model.h5 --checkpoint fit.ckpt
#
# hosts.txt names a host and its number of ranks on each line, as `node1 slots=8`. The hosts need the same shoal under the
# same path, a file system that all see, and ssh between them without a password.
set -eu
hosts=$1
ranks=$2
shift 2

# Without these, a host that drops off the net is noticed after some eight minutes; with them after about half a minute.
# mpirun then ends with a code that is not 0: run the same command again to go on from the checkpoint.
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}"
export OMPI_MCA_oob_tcp_keepalive_time=10 OMPI_MCA_oob_tcp_keepalive_intvl=5 OMPI_MCA_oob_tcp_keepalive_probes=3
exec mpirun --hostfile "$hosts" -n "$ranks" -x OMP_NUM_THREADS "${SHOAL:-shoal}" fit "$@"
