# `make` prints what there is. Everything of length is in scripts/, so that it can be read and run by itself.

SWIFT ?= swift
STRICT := --explicit-target-dependency-import-check error
# Swift's own libraries inside the program: less memory, and nothing of Swift to install beside it. macOS brings them.
RELEASE := -c release $(STRICT) $(if $(filter Linux,$(shell uname)),--static-swift-stdlib)
SWIFT_FILES := Package.swift Sources Tests $(wildcard Benchmarks)

.DEFAULT_GOAL := help
.PHONY: help run build deps test lint format bench budget clean

##@ Run

run: deps ## Install what is missing, build for release, and serve on http://localhost:8080
	$(SWIFT) build $(RELEASE) --product martlet
	exec .build/release/martlet serve

##@ Develop

build: deps ## Build everything for debugging
	$(SWIFT) build $(STRICT)

test: ## Set up what the tests need, build without warnings, run every test
	@scripts/test

lint: ## Say where the formatting differs from .swift-format
	@scripts/check-swift
	$(SWIFT) format lint --strict --parallel --recursive $(SWIFT_FILES)

format: ## Format all Swift files in place
	@scripts/check-swift
	$(SWIFT) format --in-place --parallel --recursive $(SWIFT_FILES)

bench: deps ## Build for release and run the benchmarks
	$(SWIFT) build $(RELEASE) --product martlet
	$(SWIFT) build $(RELEASE) --product benchmarks
	@Benchmarks/run

budget: deps ## Count the instructions of single operations with valgrind, and compare with the budgets in git
	$(SWIFT) build $(RELEASE) --product benchmarks
	@Benchmarks/budget

##@ Look after

deps: ## Check the Swift version and install the system libraries that are missing
	@scripts/check-swift
	@scripts/install-packages build

clean: ## Remove what was built; ./data stays
	rm -rf .build .venv

help: ## Print this
	@awk 'BEGIN { FS = ":.*## "; print "make TARGET" } \
	    /^##@ / { printf "\n%s\n", substr($$0, 5) } \
	    /^[a-z]+:.*## / { printf "  %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
