# shellcheck shell=sh
# Sourced, not run: settings for Open MPI on one machine, where there may be more ranks than cores and where a container
# may run everything as root. On a cluster none of this is wanted: there the site's own settings stand.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1     # Open MPI refuses to run as root otherwise
export OMPI_MCA_rmaps_base_oversubscribe=1                           # more ranks than cores are fine
export OMPI_MCA_hwloc_base_binding_policy=none                       # do not pin ranks to cores others may use
export OMPI_MCA_mpi_yield_when_idle=1                                # a waiting rank lets the others work
export OMPI_MCA_btl_vader_single_copy_mechanism=none                 # containers forbid ranks to read each other
export OMPI_MCA_pml=ob1                                              # not load what serves fast networks, which takes 0.2 s
export OMPI_MCA_btl=self,vader,tcp OMPI_MCA_btl_tcp_if_include=lo OMPI_MCA_oob_tcp_if_include=lo
export RES_OPTIONS="timeout:1 attempts:1"                            # nor wait for a name server that does not answer
