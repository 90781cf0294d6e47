#!/usr/bin/env bash
# MLflow's server on the head: mlflow.sh start | stop. It listens to this machine alone (look at it through
# a forwarded port), keeps its database in ~/mlflow and is started again whenever it ends.
# MLFLOW_ARTIFACTS_DESTINATION, a folder or s3://, says where files go; by default beside the database.
set -euo pipefail

cd ~/mmer-sweep
folder=~/mlflow
mkdir -p "$folder"
export MLFLOW_BACKEND_STORE_URI=sqlite:///$folder/mlflow.db
export MLFLOW_ARTIFACTS_DESTINATION=${MLFLOW_ARTIFACTS_DESTINATION:-$folder/artifacts}
export MLFLOW_DISABLE_TELEMETRY=true # nothing is sent to its makers
export MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false # processes for features that are not used here

keep_running() {
  ps -o pgid= $$ >"$folder/group"
  while :; do
    .venv/bin/mlflow server --host 127.0.0.1 --port 5000 --workers 1 || true
    sleep 5
  done
}

case "${1:-}" in
  start)
    # The lock lets one loop live, however often `ray up` runs.
    export -f keep_running
    export folder
    setsid flock --nonblock --close "$folder/lock" bash -c keep_running \
      </dev/null >>"$folder/log" 2>&1 &
    ;;
  stop) kill -- "-$(tr -d ' ' <"$folder/group")" ;;
  *)
    echo "usage: mlflow.sh start | stop" >&2
    exit 2
    ;;
esac
