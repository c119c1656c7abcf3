# shellcheck shell=bash disable=SC2034
# Versions of what the lab runs, and where the cache keeps it. A change here makes new cache entries beside the old.

KUBERNETES_VERSION=1.20.2
KUBERNETES_SUITE=bookworm
KUBERNETES_COMPONENTS=(kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy)
KUBERNETES_BIN=$CACHE/kubernetes-$KUBERNETES_VERSION-$(uname -m)/bin

ENVOY_VERSION=1.40.0
ENVOY=$CACHE/envoy-$ENVOY_VERSION-$(uname -m)/envoy

# What the stand-ins of Istio's control plane and proxies call themselves.
ISTIO_VERSION=1.24.6-asm.9
