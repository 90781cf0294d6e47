#!/bin/bash
# Make the namespaces that this runs in a machine of its own, with a new home and sshd; ends with it.
# become_host.sh NAME LAB FOLDER...: only these FOLDERs of this machine are the same on all hosts.
set -euo pipefail
name=$1 lab=$2 home=~root
shift 2

hostname "$name"
mount --make-rprivate /
mount -t tmpfs none /mnt
mkdir /mnt/lab
mount --bind "$lab" /mnt/lab
number=0
for folder in "$@"; do
  number=$((number + 1))
  mkdir "/mnt/$number"
  mount --bind "$folder" "/mnt/$number"
done
for private in /tmp /run /dev/shm "$home"; do mount -t tmpfs none "$private"; done
chmod 700 "$home"
number=0
for folder in "$@"; do
  number=$((number + 1))
  mkdir -p "$folder"
  mount --bind "/mnt/$number" "$folder"
done
mount --bind /mnt/lab/hosts /etc/hosts
mount --bind /dev/null /etc/resolv.conf

mkdir -p -m 700 /run/sshd "$home/.ssh"
cp /mnt/lab/key.pub "$home/.ssh/authorized_keys"
install -m 600 /mnt/lab/host_key /run/host_key
# A login shell, as on a real machine, knows nothing of the environment of who started this.
exec env -i PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin /usr/sbin/sshd -D -e -f /mnt/lab/sshd_config
