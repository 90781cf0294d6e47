#!/usr/bin/env bash
# Makes an image for the workers of cluster.yaml that has our environment in it, so that a spot worker does not install 6 GB before it trains:
#   clusters/bake-image.sh        # once, and again when requirements.lock or the image that cluster.yaml pins has changed
# A head of its own is set up as cluster.yaml says, its disk becomes the image, the head goes. Needs AWS's command line and what `ray up` needs.
# This script has not met the real cloud.
set -euo pipefail

cd "$(dirname "$0")/.."
name=mmer-sweep-image
cluster=(cluster.yaml --cluster-name "$name")
AWS_DEFAULT_REGION=$(sed -n 's/^  region: *\([^ ]*\).*/\1/p' cluster.yaml)
export AWS_DEFAULT_REGION
trap 'ray down --yes "${cluster[@]}"' EXIT

ray up --yes --no-config-cache "${cluster[@]}"
# Neither the token nor the key to workers, nor what is of this head alone, gets into the image.
ray exec "${cluster[@]}" '~/mmer-sweep/clusters/mlflow.sh stop; ray stop
  rm -rf ~/.ray ~/ray_bootstrap_* ~/mlflow ~/.cache /tmp/ray; sudo cloud-init clean --logs; sync'

instance=$(aws ec2 describe-instances --query 'Reservations[0].Instances[0].InstanceId' --output text \
  --filters "Name=tag:ray-cluster-name,Values=$name" Name=instance-state-name,Values=running)
image=$(aws ec2 create-image --instance-id "$instance" --name "$name $(date -u +%Y-%m-%dT%H.%M)" --query ImageId --output text)
echo "waiting for $image"
for _ in 1 2 3 4 5 6; do # 10 minutes each: the first image of a disk takes longest
  aws ec2 wait image-available --image-ids "$image" && break
done
test "$(aws ec2 describe-images --image-ids "$image" --query 'Images[0].State' --output text)" = available
echo "For the workers in cluster.yaml: ImageId: $image"
