# The entrance to everything. `make` alone lists the targets.
MODEL ?= models/minilm
TEXT ?= data/fortunes.txt
# Whole numbers are four times as fast where the processor multiplies bytes in one instruction.
TARGET ?= $(shell grep -qE 'avx512_vnni|avx_vnni' /proc/cpuinfo && echo 0.25 || echo 0.4)
SEED ?= 1
BUDGET ?= 300
RUN ?= checkpoints/minilm
LANGUAGE_MODEL ?= models/smollm2
PREFIX ?= /usr/local
SECATEUR := .build/release/secateur
# That of the peers, where it is there.
PYTHON = $(or $(wildcard .venv/bin/python),python3)

.DEFAULT_GOAL := help
.PHONY: help setup setup-test model language-model text build server library wheel install search test bench-kernels bench-peers \
	bench-peers-encoder bench-peers-language check-exports examples check-tutorials docs sanitize check-arm lint format clean faults

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-22s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install the system packages
	@scripts/setup-system.sh

model: setup ## fetch and verify all-MiniLM-L6-v2 into models/minilm
	@scripts/fetch-model.sh

language-model: setup ## fetch and verify SmolLM2-135M-Instruct into models/smollm2
	@scripts/fetch-model.sh smollm2

text: setup ## make label-free text from Debian's fortunes (TEXT=data/mixture.txt: and its packages' descriptions)
	@scripts/make-calibration-text.sh $(TEXT) $(basename $(notdir $(TEXT)))

build: setup ## build the secateur command, optimized
	swift build -c release --product secateur

library: setup ## build the C library into .build/library: lib/libsecateur.so, include/secateur.h
	@scripts/make-library.sh .build/library

wheel: setup ## build the Python package into .build/wheel, the library inside
	@scripts/make-wheel.sh .build/wheel

server: setup ## build secateur-server, which `secateur serve` starts
	swift build -c release --product secateur-server

install: build server ## copy command, server and shell completions below PREFIX (default: /usr/local)
	install -D -m 755 $(SECATEUR) $(PREFIX)/bin/secateur
	install -D -m 755 $(SECATEUR)-server $(PREFIX)/bin/secateur-server
	install -D -m 644 docs/serving.md $(PREFIX)/share/doc/secateur/serving.md
	mkdir -p $(PREFIX)/share/bash-completion/completions $(PREFIX)/share/zsh/site-functions \
		$(PREFIX)/share/fish/vendor_completions.d
	$(SECATEUR) --generate-completion-script bash > $(PREFIX)/share/bash-completion/completions/secateur
	$(SECATEUR) --generate-completion-script zsh > $(PREFIX)/share/zsh/site-functions/_secateur
	$(SECATEUR) --generate-completion-script fish > $(PREFIX)/share/fish/vendor_completions.d/secateur.fish

search: model text build ## bring MiniLM to a quarter of its latency, train it, and show what came out
	$(SECATEUR) search $(MODEL) --task fidelity --train $(TEXT) --target-latency $(TARGET) \
		--budget $(BUDGET) --seed $(SEED) --output $(RUN) --overwrite
	@$(PYTHON) scripts/compare-onnxruntime.py $(RUN)

setup-test: ## install what only tests use: a browser, Python with h5py, an emulator of Arm
	@scripts/setup-system.sh test

test: model language-model text setup-test lint sanitize check-arm ## check the style, and run every test
	@# The tests and what they run: `swift test` alone would build all that dependencies bring, protobuf's compiler too.
	@for product in SecateurPackageTests secateur secateur-server Benchmarks; do \
		swift build -c release -Xswiftc -enable-testing --product $$product || exit 1; done
	swift test -c release -Xswiftc -enable-testing --skip-build
	@scripts/check-examples.sh $(MODEL) -Xswiftc -enable-testing
	@scripts/check-python.sh $(MODEL) $(LANGUAGE_MODEL) $(SECATEUR) -Xswiftc -enable-testing
	@scripts/check-server.sh $(MODEL) $(LANGUAGE_MODEL) $(SECATEUR)

examples: model ## build the example package against a tagged copy of this clone, and run it
	@scripts/check-examples.sh $(MODEL)

bench-kernels: build ## measure every kernel against the fastest dense product, and draw the roofline
	swift build -c release --product Benchmarks
	$(SECATEUR) kernels --threads 1
	$(SECATEUR) kernels --threads 1 --isa avx2
	.build/release/Benchmarks roofline --output docs/roofline.svg

bench-peers: bench-peers-encoder bench-peers-language ## measure both kinds of model against their peers

bench-peers-encoder: model text build ## measure the encoder against onnxruntime and OpenVINO (PEERS=--full for all)
	@scripts/bench-peers.sh --model $(MODEL) --text $(TEXT) $(PEERS)

check-exports: model text build ## prove every export by the tool that reads it (RUN=... for a run of yours)
	@scripts/check-exports.sh --model $(MODEL) --text $(TEXT) $(if $(filter file,$(origin RUN)),,--run $(RUN))

faults: model ## damage files 100,000 times, and kill searches 100 times
	swift build -c release --product Benchmarks
	.build/release/Benchmarks fuzz --count 100000
	.build/release/Benchmarks kills --count 100

bench-peers-language: language-model text ## measure the language model against llama.cpp
	swift build -c release
	@scripts/bench-peers-language.sh $(LANGUAGE_MODEL) $(TEXT)

docs: build ## build the tutorials and the library's reference into .build/documentation
	@scripts/make-documentation.sh

check-tutorials: model text setup-test ## run every command of the tutorials, in a copy of this folder
	@scripts/check-tutorials.sh

sanitize: ## run the kernels under AddressSanitizer and UndefinedBehaviorSanitizer
	@scripts/sanitize-kernels.sh

check-arm: setup-test ## run the kernels' checks for Arm, cross-compiled and emulated
	@scripts/check-arm-kernels.sh

lint: ## check the style of the sources
	swift format lint --strict --recursive --parallel Package.swift Sources Environments Agents Tests \
		Benchmarks Examples

format: ## format the sources
	swift format --in-place --recursive --parallel Package.swift Sources Environments Agents Tests Benchmarks

clean: ## remove what was built; models, text and runs stay
	rm -rf .build
