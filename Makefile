# Apus: the commands of the README. Every target installs what it lacks and may be repeated.

SWIFT_BUILD = swift build -c release
APUS = .build/release/apus

.PHONY: train test bench build setup kernels-bench format clean

## Trains LeNet-5 on Fashion-MNIST; ARGS are passed on: make train ARGS="--epochs 3"
train: build
	$(APUS) train lenet5 $(ARGS)

## Runs all tests.
test: setup
	swift test -c release

build: setup
	$(SWIFT_BUILD) --product apus

## Compares training steps with PyTorch, JAX and Keras (installs them with pip in environments of their own).
bench: setup
	$(SWIFT_BUILD) --product apus-bench
	python3 Benchmarks/run.py $(ARGS)

## Installs the system's parts that are missing.
setup:
	@bash Scripts/setup.sh

format:
	swift format --in-place --recursive Sources Tests Examples Benchmarks Package.swift

clean:
	rm -rf .build
