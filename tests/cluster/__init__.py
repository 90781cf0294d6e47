"""Clusters, on hosts that are namespaces of this machine."""
