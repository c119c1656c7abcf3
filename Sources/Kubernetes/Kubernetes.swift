// The module Kubernetes: see docs/design.md.
