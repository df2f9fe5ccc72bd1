#!/bin/bash
# Submits a study to Slurm, a task per point and the tables after them; from the folder of the clone, any case with a [study]:
#   cases/hpc/submit_study.sh cases/papers/discharge/rate_capability.toml DIR [granode options]           # rates
#   cases/hpc/submit_study.sh cases/papers/discharge/rate_capability.toml DIR --set study.seeds=5         # rates x seeds
# To finish what a time limit or a failure has left open: the same command; finished points end at once.
set -euo pipefail
case=$1 out=$2
shift 2
granode=(./granode)
[[ ! -f granode.sif ]] || granode=(apptainer run granode.sif) # see granode.def
points=$("${granode[@]}" study "$case" --out "$out" "$@" --list | wc -l)
job=$(sbatch --parsable --array="1-$points" cases/hpc/study_array.sbatch "$case" "$out" "$@")
collect=("${granode[@]}" study "$case" --out "$out" "$@" --collect)
sbatch --dependency="afterany:$job" --ntasks=1 --wrap "$(printf '%q ' "${collect[@]}")"
