//go:build tools

// Package tools pins what tests/kubernetes runs: a real Kubernetes API server with its store, controllers and scheduler, and kwok, which plays the nodes.
package tools

import (
	_ "go.etcd.io/etcd/server/v3"
	_ "k8s.io/kubernetes/cmd/kube-apiserver"
	_ "k8s.io/kubernetes/cmd/kube-controller-manager"
	_ "k8s.io/kubernetes/cmd/kube-scheduler"
)
