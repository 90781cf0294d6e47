#!/usr/bin/env bash
# A sweep on a Slurm allocation: sbatch clusters/slurm.sh STUDY [options of mmer-sweep], from the folder of
# this project after `make setup`, both on a file system that all nodes see. Set MMER_SWEEP_STORAGE to a
# folder there, or to s3://BUCKET/PREFIX. A job that ends early is no loss: submitted again, it goes on.
#SBATCH --job-name=mmer-sweep
#SBATCH --nodes=2
#SBATCH --gpus-per-node=1
#SBATCH --time=24:00:00
#SBATCH --ntasks-per-node=1
# Ray takes whole nodes.
#SBATCH --exclusive
# A node that fails takes its trials with it and nothing else; whoever is preempted goes on later.
#SBATCH --no-kill
#SBATCH --requeue
# Two minutes before the time is over, queue again.
#SBATCH --signal=B:USR1@120
set -euo pipefail

: "${MMER_SWEEP_STORAGE:?say where: export MMER_SWEEP_STORAGE=/shared/folder, or s3://BUCKET/PREFIX}"
cd "${SLURM_SUBMIT_DIR:?start this with sbatch}"
export PATH=$PWD/.venv/bin:$PATH
export RAY_AUTH_MODE=token RAY_USAGE_STATS_ENABLED=0
export RAY_SYMMETRIC_RUN_CLUSTER_WAIT_TIMEOUT=300   # seconds for all nodes to come
export RAY_gcs_rpc_server_reconnect_timeout_s=20    # a node whose head is gone ends by itself
ray get-auth-token --generate >/dev/null 2>&1       # without it nobody on the network runs programs here

trap 'scontrol requeue "$SLURM_JOB_ID"' USR1
# This script runs on the first node, whose address is the one that Slurm knows: a node may have several.
address=$(scontrol getaddrs "$SLURMD_NODENAME" | sed 's/^[^ ]* *//; s/:[0-9]*$//')
# What is of interest is in the file of the first node; the others say how Ray ended there, at length.
srun --cpu-bind=none --no-kill --kill-on-bad-exit=0 --output="slurm-$SLURM_JOB_ID-node%t.out" \
  ray symmetric-run --address "$address:6379" --min-nodes "$SLURM_JOB_NUM_NODES" -- \
  mmer-sweep "$@" --address auto &
wait $!
