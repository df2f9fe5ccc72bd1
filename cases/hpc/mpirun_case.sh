#!/bin/bash
# A case on RANKS cores of one machine without a scheduler: cases/hpc/mpirun_case.sh RANKS CASE.toml DIR [granode options]
# One process makes packing and mesh; conduction and discharge run under mpirun -n RANKS (shared memory, one machine).
# After a kill or a reboot the same command goes on from the last checkpoint.
set -euo pipefail
ranks=$1 case=$2 out=$3
shift 3
granode=(./granode)
[[ ! -f granode.sif ]] || granode=(apptainer run granode.sif) # see granode.def
"${granode[@]}" run "$case" --out "$out" --ranks 1 --until meshing "$@"
exec "${granode[@]}" run "$case" --out "$out" --ranks "$ranks" "$@"
