#!/usr/bin/env python3
"""Kills a training at random moments and compares what comes out in the end with an undisturbed one.

    Tests/Scripts/kill_test.py [KILLS] [--apus PATH] [--seed N] [--keep]

A small network with augmented images, convolution, batch normalization, dropout, Adam, gathered gradients, a schedule, early stopping and plateau
is trained by the built `apus` with a checkpoint every few steps. It is killed with -9 after a random time, resumed, killed again, until
it completes; then the next run begins, until there were KILLS kills. The last checkpoint, the best one, and the events (times aside)
must be those of the undisturbed run.
"""
import argparse, json, os, random, shutil, struct, subprocess, sys, tempfile, time

EXPERIMENT = """
name: killed
seed: 11
data: {directory: DATA, validation: {fraction: 0.2, stratified: true}, augment: [flip, {randomCrop: {padding: 1}}, {rotation: 20},
         {noise: 0.05}, {mixup: 0.2}]}
model:
  - conv2D: {filters: 4, kernelSize: 3, padding: same, activation: relu}
  - batchNorm
  - maxPool2D: 2
  - flatten
  - dropout: 0.3
  - dense: {units: 16, activation: relu, kernelRegularizer: {l2: 0.001}}
  - dense: 10
metrics: [accuracy, f1]
optimizer: {adam: {learningRate: 0.01}, accumulate: 2, average: 0.9, clip: {globalNorm: 1}}
schedule: {cosine: {warmupSteps: 5}}
batchSize: 16
epochs: EPOCHS
callbacks:
  - earlyStopping: {monitor: validation.loss, patience: 4, minimumDelta: 0.01, restoreBest: true}
  - reduceOnPlateau: {monitor: validation.loss, factor: 0.5, patience: 1, threshold: 0.05}
  - timeLimit: 10000
  - terminateOnNonFinite
  - histograms
  - checkpoint: {everySeconds: 0, everySteps: 3, keepLast: 3, keepBest: 2}
"""


def make_data(folder, seed):
    generator = random.Random(seed)
    os.makedirs(folder)
    for part, count in [("train", 400), ("t10k", 50)]:
        labels = bytes(i % 10 for i in range(count))
        pixels = bytearray()
        for label in labels:
            for place in range(64):
                pixels.append(min(255, max(0, int(generator.gauss(60 + 15 * ((place * (label + 1)) % 11), 60)))))
        with open(f"{folder}/{part}-images-idx3-ubyte", "wb") as file:
            file.write(struct.pack(">IIII", 0x803, count, 8, 8) + pixels)
        with open(f"{folder}/{part}-labels-idx1-ubyte", "wb") as file:
            file.write(struct.pack(">II", 0x801, count) + labels)


def events(run):
    """The lines of a run without what depends on the clock."""
    result = []
    for line in open(f"{run}/events.jsonl"):
        event = json.loads(line)
        for name in ["time", "seconds", "samplesPerSecond"]:
            event.pop(name, None)
        result.append(event)
    return result


def table(run):
    return [",".join(line.split(",")[:-2]) for line in open(f"{run}/metrics.csv")]


def state(run):
    """The text of the last checkpoint without what depends on the clock."""
    content = json.load(open(f"{run}/checkpoints/last/state.json"))
    for name in ["checksum", "epochSeconds"]:
        content.pop(name)
    for record in content["history"]["epochs"]:
        record.pop("seconds"), record.pop("samplesPerSecond")
    content["callbacks"] = [c for c in content["callbacks"] if c["name"] not in ("events", "timeLimit")]
    return content


def differences(run, reference):
    found = []
    for name in ["last", "best", "best-1"]:
        paths = [f"{folder}/checkpoints/{name}/state.safetensors" for folder in (run, reference)]
        if not all(os.path.exists(path) for path in paths) or open(paths[0], "rb").read() != open(paths[1], "rb").read():
            found.append(f"checkpoints/{name}")
    if events(run) != events(reference):
        found.append("events.jsonl")
    if open(f"{run}/histograms.jsonl").read() != open(f"{reference}/histograms.jsonl").read():
        found.append("histograms.jsonl")
    if table(run) != table(reference):
        found.append("metrics.csv")
    if state(run) != state(reference):
        found.append("state.json")
    left = [name for name in os.listdir(f"{run}/checkpoints") if name.startswith(".")]
    if left:
        found.append(f"files left over: {left}")
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("kills", nargs="?", type=int, default=20)
    parser.add_argument("--apus", default=".build/release/apus")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--keep", action="store_true", help="leave the folder of all runs")
    arguments = parser.parse_args()
    generator = random.Random(arguments.seed)
    parent = tempfile.mkdtemp(prefix="apus-kill-")
    make_data(f"{parent}/data", arguments.seed)
    file = f"{parent}/killed.yaml"
    with open(file, "w") as output:
        output.write(EXPERIMENT.replace("DATA", f"{parent}/data").replace("EPOCHS", str(arguments.epochs)))
    environment = dict(os.environ, OMP_NUM_THREADS="1")

    def start(*options):
        return subprocess.Popen(
            [arguments.apus, "train", *options], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            text=True)

    began = time.time()
    reference = f"{parent}/undisturbed"
    process = start(file, "--run", reference)
    _, errors = process.communicate()
    duration = time.time() - began
    if process.returncode != 0:
        sys.exit(f"the undisturbed run failed: {errors}")
    record = json.load(open(f"{reference}/run.json"))
    print(f"undisturbed: {duration:.2f} s, {len(events(reference))} events, stop reason: {record['stopReason']}")

    kills, early, inside, runs, bad, interrupts = 0, 0, 0, 0, 0, 0
    while kills < arguments.kills:
        runs += 1
        run = f"{parent}/run-{runs}"
        while True:
            if os.path.exists(f"{run}/experiment.yaml"):
                process = start("--resume", run)
            else:
                shutil.rmtree(run, ignore_errors=True)
                process = start(file, "--run", run)
            # Some moments are aimed at the writing of a checkpoint: when its folder appears.
            deadline = time.time() + generator.uniform(0, duration)
            aims = generator.random() < 0.4
            folder = f"{run}/checkpoints"
            while process.poll() is None and time.time() < deadline:
                time.sleep(0.0005)
            while aims and process.poll() is None:
                try:
                    if any(name.startswith(".apus") for name in os.listdir(folder)):
                        time.sleep(generator.uniform(0, 0.004))
                        break
                except FileNotFoundError:
                    pass
            if process.poll() is None:
                # A few are interrupted as by Ctrl-C.
                is_interrupt = generator.random() < 0.1
                process.send_signal(2 if is_interrupt else 9)
                _, errors = process.communicate()
                # -2: before the program has begun to train, and to listen.
                if is_interrupt and process.returncode in (0, 130, -2):
                    interrupts += 1
                    if process.returncode == 0:
                        break
                    continue
                if process.returncode == -9:
                    kills += 1
                    if not os.path.exists(folder) or not os.path.exists(f"{folder}/last"):
                        early += 1
                    elif any(name.startswith(".apus") for name in os.listdir(folder)):
                        inside += 1
                    continue
            else:
                _, errors = process.communicate()
            if process.returncode == 0:
                break
            # Killed between the last line and the end, a run is complete.
            if "is completed" in errors:
                break
            print(f"run {runs} failed with {process.returncode}: {errors}")
            bad += 1
            break
        found = differences(run, reference)
        if found:
            bad += 1
            print(f"run {runs} differs in {', '.join(found)}")
        elif not arguments.keep:
            shutil.rmtree(run)
        if bad > 5:
            break
    print(
        f"{kills} kills ({inside} while a checkpoint was written, {early} before the first one), {interrupts} interruptions, {runs} "
        f"runs completed, {bad} of them wrong; {time.time() - began:.0f} s")
    if not bad and not arguments.keep:
        shutil.rmtree(parent)
    else:
        print(f"the runs are in {parent}")
    sys.exit(1 if bad else 0)


main()
