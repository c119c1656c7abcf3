# Targets for people; each is one line of what it does. `make help` prints them.
.DEFAULT_GOAL := help
PREFIX ?= /usr/local
FAULT ?= root-other-same-name
BINARY := .build/release/isthmus
# One binary that needs no Swift on the machine where it runs.
RELEASE := swift build -c release --static-swift-stdlib --product isthmus
export ISTHMUS := $(CURDIR)/$(BINARY)

.PHONY: help deps build install demo demo-recorded lab-up lab-down test lint bench docs clean

help: ## what there is
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 16

deps: swift-toolchain ## install the Debian packages that the build needs
	@scripts/deps packages.txt

.PHONY: swift-toolchain
swift-toolchain:
	@command -v swift >/dev/null || { echo 'isthmus needs a Swift 6.1 toolchain or newer, and there is no "swift" in PATH.'; \
	  echo 'Get one from https://www.swift.org/install/linux/ (Debian 12), unpack it, and add its usr/bin to PATH.'; exit 69; } >&2

build: deps ## build the binary: .build/release/isthmus
	@$(RELEASE)

install: build ## install isthmus, and kubectl-isthmus for `kubectl isthmus`, below PREFIX
	install -D -m 0755 $(BINARY) $(DESTDIR)$(PREFIX)/bin/isthmus
	ln -sf isthmus $(DESTDIR)$(PREFIX)/bin/kubectl-isthmus
	install -d $(DESTDIR)$(PREFIX)/share/bash-completion/completions $(DESTDIR)$(PREFIX)/share/zsh/site-functions
	$(BINARY) --generate-completion-script bash > $(DESTDIR)$(PREFIX)/share/bash-completion/completions/isthmus
	$(BINARY) --generate-completion-script zsh > $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_isthmus

demo: ## the whole story on two real clusters; FAULT=name chooses what is wrong
	@scripts/demo $(FAULT)

lab-up: build ## start the lab and leave it running
	@lab/up

lab-down: ## remove the lab
	@lab/down

test: ## every test: units, checks, the real parts, every fault of the lab
	@scripts/test

lint: ## format and lint, as the gate does
	@swift format lint --strict --recursive Sources Tests Plugins Package.swift
	@scripts/check-security

bench: build ## measure side by side and write docs/benchmarks.md
	@swift build -c release --static-swift-stdlib --product make-snapshot
	@swift build -c release --static-swift-stdlib --product probe-tls
	@Benchmarks/run

docs: build ## write the generated documents anew
	@scripts/docs

clean: ## remove what was built
	rm -rf .build
