"""The doctor's benchmark on examples computed by hand, and as a whole with a program that answers from a script."""
import contextlib
import io
import json
import stat
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "doctor"))

import cases
import harness
import intervals
import invariance
import matching
import repairs
import rules
import run
import summary
import traces
import training

HIGHER = {"name": "test.accuracy", "better": "higher", "chance": 0.5}


class Intervals(unittest.TestCase):
    def test_wilson(self):
        # z² = 3.8415. Of 8/10: middle (0.8 + 0.19207) / 1.38415, spread 1.95996 / 1.38415 · √(0.016 + 0.0096037).
        low, high = intervals.wilson(8, 10)
        self.assertAlmostEqual(low, 0.490162, 5)
        self.assertAlmostEqual(high, 0.943318, 5)
        self.assertAlmostEqual(intervals.wilson(0, 150)[1], 3.8415 / 153.8415, 5)
        self.assertAlmostEqual(intervals.wilson(0, 150)[0], 0)
        self.assertEqual(intervals.wilson(0, 0), (0, 1))

    def test_one_family_says_nothing_of_others(self):
        self.assertEqual(intervals.by_family([("a", True)] * 10 + [("b", False)] * 10), (0, 1))
        self.assertEqual(intervals.by_family([("a", True)] * 10 + [("b", True)]), (1, 1))


class Places(unittest.TestCase):
    def test_a_layer_has_two_names(self):
        self.assertEqual(matching.normalized("3.dense"), "model.3.dense")
        self.assertEqual(matching.normalized("3.dense/kernel"), "model.3.dense")
        self.assertEqual(matching.normalized("1.residual/body/0.dense/kernel"), "model.1.residual.body.0.dense")
        self.assertEqual(matching.normalized("optimizer.adam.learningRate"), "optimizer.adam.learningRate")

    def test_settings(self):
        same = matching.is_same_place
        self.assertTrue(same("optimizer.adam.learningRate", "optimizer.adam.learningRate"))
        self.assertFalse(same("optimizer.adam.learningRate", "optimizer.adam"))
        self.assertFalse(same("optimizer.adam.beta1", "optimizer.adam.beta10"))
        self.assertTrue(same("model.*.dense.kernelInitializer", "model.2.dense.kernelInitializer"))
        self.assertTrue(same("model.*.kernelInitializer", "model.2.dense.kernelInitializer"))
        self.assertTrue(same("model.*.dense", "2.dense/kernel"))
        self.assertTrue(same("model", "3.dense"))
        self.assertTrue(same("loss", "loss.softmaxCrossEntropy"))
        self.assertFalse(same("loss", "losses"))

    def test_files(self):
        self.assertTrue(matching.is_same_place("data.npz", "data.npz: rows 3, 8"))
        self.assertTrue(matching.is_same_place("data.npz", "./data.npz"))
        self.assertFalse(matching.is_same_place("data.npz", "mydata.npz"))
        self.assertFalse(matching.is_same_place("data.npz", "data"))

    def test_a_layer_stands_for_its_setting(self):
        self.assertTrue(matching.names_place(["model.6.dense.activation"], ["6.dense"]))
        self.assertFalse(matching.names_setting(["model.6.dense.activation"], ["6.dense"]))
        self.assertFalse(matching.names_place(["model.6.dense.activation"], ["5.dense"]))
        self.assertFalse(matching.names_place(["model.6.dense.activation"], ["model"]))
        self.assertFalse(matching.names_place(["optimizer.adam.learningRate"], ["optimizer.adam"]))
        self.assertTrue(matching.names_place(["model.*.activation"], ["2.dense"]))


class Repairs(unittest.TestCase):
    def test_reaches(self):
        # 0.5 + 0.95 · 0.4 = 0.88
        self.assertTrue(repairs.reaches(0.5, 0.881, 0.9))
        self.assertFalse(repairs.reaches(0.5, 0.879, 0.9))
        self.assertFalse(repairs.harms(0.5, 0.495))
        self.assertTrue(repairs.harms(0.5, 0.48))

    def test_scores(self):
        self.assertEqual(training.score(0.7, HIGHER), 0.7)
        self.assertEqual(training.score(0.7, {"better": "lower"}), -0.7)
        self.assertEqual(training.score(-0.2, {"better": "nearer to 0"}), -0.2)

    def run_of(self, test, validation=None, status=0):
        return training.Run(Path("."), training.Output(status, "", "", 0), test, {}, validation or {})

    def test_measures(self):
        measure = training.measure
        self.assertEqual(measure(None, self.run_of({"loss": 1, "accuracy": 0.8}), HIGHER), 0.8)
        self.assertEqual(measure(None, self.run_of({"loss": 1, "binaryAccuracy": 0.8}), HIGHER), 0.8)
        self.assertEqual(measure(None, self.run_of({}, status=3), HIGHER), 0.5)
        self.assertEqual(measure(None, self.run_of({"accuracy": float("nan")}), HIGHER), 0.5)
        optimism = {"name": "optimism.accuracy", "better": "nearer to 0", "chance": 0.5}
        self.assertAlmostEqual(measure(None, self.run_of({"accuracy": 0.8}, {"accuracy": 0.9}), optimism), 0.1)
        reported = {"name": "reported", "better": "higher", "chance": 0.5}
        self.assertEqual(measure(None, self.run_of({"loss": 2, "f1": 0.3}), reported), 0.3)
        with self.assertRaises(training.CannotMeasure):
            measure(None, self.run_of({"loss": 1}), HIGHER)
        with self.assertRaises(training.CannotMeasure):
            measure(None, self.run_of({}, status=None), HIGHER)

    def test_what_is_offered(self):
        def answer(repair, verdict="faulty"):
            return {"verdict": verdict, "findings": [{"label": "x", "repair": None}, {"label": "y", "repair": repair}]}
        with tempfile.TemporaryDirectory() as name:
            folder, base = Path(name), cases.Edit("experiment.yaml", ("seed=2",))
            self.assertIsNone(repairs.offered(answer(None), folder, "out.yaml", base))
            self.assertIsNone(repairs.offered(answer({"settings": ["epochs=3"]}, "healthy"), folder, "out.yaml", base))
            self.assertEqual(repairs.offered(answer({"settings": ["epochs=3"]}), folder, "out.yaml", base).settings,
                             ("seed=2", "epochs=3"))
            self.assertIsNone(repairs.offered(answer({"experiment": "none.yaml"}), folder, "out.yaml", base))
            self.assertEqual(repairs.offered(answer({"experiment": "name: a\nmodel: mlp\n"}), folder, "out.yaml", base),
                             cases.Edit("out.yaml"))
            self.assertEqual((folder / "out.yaml").read_text(), "name: a\nmodel: mlp\n")


def record(kind, verdict, *labels, family="f", expected=None, **more):
    findings = [{"label": label, "where": ["3.dense"], "level": 4, "experiment": None} for label in labels]
    result = {"key": f"{family} {kind}", "id": family, "family": family, "kind": kind,
              "answer": {"verdict": verdict, "findings": findings, "seconds": 2.0, "trainings": 4}, **more}
    if kind == "fault":
        result["expected"] = expected or {
            "primary": "dead_relu", "accepted": ["lr_too_high"], "where": ["model.*.dense"], "canLearn": True}
    return result


class Summary(unittest.TestCase):
    RECORDS = [
        record("fault", "faulty", "dead_relu", family="a"),
        record("fault", "faulty", "saturation", "oscillation", "lr_too_high", family="b"),
        record("fault", "faulty", "x", "y", "z", "dead_relu", family="c"),
        record("fault", "unknown", "dead_relu", family="d"),
        record("healthy", "healthy", family="e"),
        record("twin", "faulty", "dead_relu", family="f"),
    ]

    def share(self, name, records=None):
        [row] = [row for row in summary.ROWS if row.name == name]
        outcomes = row.outcomes(records or self.RECORDS)
        return sum(hit for _, hit in outcomes), len(outcomes)

    def test_shares(self):
        self.assertEqual(self.share("faults detected"), (3, 4))
        self.assertEqual(self.share("alarms on healthy runs"), (0, 1))
        self.assertEqual(self.share("alarms on both"), (1, 2))
        self.assertEqual(self.share("cause named first"), (1, 4))
        self.assertEqual(self.share("cause among the first three"), (2, 4))
        self.assertEqual(self.share("primary cause named first"), (1, 4))
        self.assertEqual(self.share("place named first"), (3, 4))
        self.assertEqual(self.share("evidence by experiment above level 0"), (0, 4))
        self.assertEqual(self.share("verdict unknown"), (1, 6))

    def test_repairs(self):
        found = [record("fault", "faulty", "a", repair={"reached": True, "harmed": False, "repaired": 0.9}),
                 record("fault", "faulty", "a", repair={"reached": False, "harmed": False, "offered": False}),
                 record("fault", "faulty", "a", repair={"skipped": "no reference"}),
                 record("healthy", "faulty", "a", repair={"harmed": True, "repaired": 0.2})]
        self.assertEqual(self.share("repaired (R95)", found), (1, 2))
        self.assertEqual(self.share("harm by a repair", found), (1, 2))
        self.assertEqual(summary.skipped(found), {"no reference": 1})

    def test_a_search_tells_no_cause(self):
        found = [record("fault", "unknown", isSearch=True, repair={"reached": False, "harmed": False})]
        self.assertEqual(self.share("faults detected", found), (0, 0))
        self.assertEqual(summary.misses(found[0]), ["not repaired"])

    def test_misses(self):
        self.assertEqual([summary.misses(r) for r in self.RECORDS],
                         [[], ["cause not named first"], ["cause not named"], ["not detected"], [], ["alarm"]])

    def test_a_repair_where_nothing_can_be_learned(self):
        hopeless = record("fault", "faulty", "dead_relu", expected={
            "primary": "dead_relu", "accepted": [], "where": ["model"], "canLearn": False})
        hopeless["answer"]["findings"][0]["repair"] = {"settings": ["epochs=3"]}
        self.assertEqual(summary.misses(hopeless), ["repair claimed"])


class Answers(unittest.TestCase):
    def test_form(self):
        good = {"version": 1, "verdict": "faulty", "findings": [{"label": "dead_relu", "where": ["3.dense"]}]}
        self.assertIsNone(harness.problem_of(good))
        self.assertEqual(harness.problem_of({**good, "version": 2}), "version 2 in place of 1")
        self.assertEqual(harness.problem_of({**good, "findings": []}), "faulty without a finding")
        self.assertIsNone(harness.problem_of({"version": 1, "verdict": "healthy", "findings": []}))
        self.assertIsNotNone(harness.problem_of({**good, "verdict": "ill"}))
        self.assertIsNotNone(harness.problem_of({**good, "findings": [{"label": "x", "where": "3.dense"}]}))
        with self.assertRaises(ValueError):
            harness.parsed("no JSON")


class Changes(unittest.TestCase):
    EXPERIMENT = {"data": {"source": "fashion-mnist"}, "loss": "softmaxCrossEntropy", "batchSize": 32, "epochs": 5,
                  "optimizer": {"sgd": {"learningRate": 0.1}},
                  "model": ["flatten", {"dense": {"units": 8, "activation": "relu"}}, {"dense": 3}]}

    def test_loss(self):
        self.assertEqual(invariance.scaled_loss(self.EXPERIMENT, None),
                         ("loss.softmaxCrossEntropy.weight=1000", "optimizer.sgd.learningRate=0.0001"))
        adam = {**self.EXPERIMENT, "optimizer": {"adam": {"learningRate": 0.1}}}
        self.assertEqual(invariance.scaled_loss(adam, None), ("loss.softmaxCrossEntropy.weight=1000",))
        self.assertIsNone(invariance.scaled_loss({**self.EXPERIMENT, "optimizer": "adadelta"}, None))

    def test_width_and_batch(self):
        self.assertEqual(invariance.doubled_width(self.EXPERIMENT, None), ("model.1.dense.units=16",))
        self.assertEqual(invariance.doubled_batch(self.EXPERIMENT, None), ("batchSize=64", "epochs=10"))
        fixed = [{"dense": {"units": 8, "kernelInitializer": {"normal": 1}}}, {"dense": 3}]
        self.assertIsNone(invariance.doubled_width({**self.EXPERIMENT, "model": fixed}, None))

    def test_labels_of_a_table(self):
        with tempfile.TemporaryDirectory() as name:
            file = Path(name) / "table.csv"
            file.write_text("a,kind\n1,no\n2,yes\n")
            invariance.permute_table(file, "kind")
            self.assertEqual(file.read_text().split(), ["a,kind", "1,c001", "2,c000"])

    def test_report(self):
        original = record("fault", "faulty", "dead_relu", family="a")
        same = {**record("variant", "faulty", "dead_relu"), "variant": "loss x1000", "of": original["key"]}
        other = {**record("variant", "faulty", "saturation"), "variant": "batch doubled", "of": original["key"]}
        text = invariance.report([original, same, other])
        self.assertIn("| loss x1000 | 1/1 | 1/1 |", text)
        self.assertIn("| batch doubled | 1/1 | 0/1 |", text)


def distribution(path, *, minimum=-1.0, maximum=1.0, mean=0.1, deviation=0.5, zeros=0, bins=(1, 1), count=100):
    return traces.Distribution(path, bins, count, minimum, maximum, mean, deviation, zeros, 0)


def trace(accuracies=(0.1, 0.3, 0.9), losses=None, *, model=None, loss="softmaxCrossEntropy", **parts):
    """A training of a small network whose distributions are ordinary but for those given."""
    model = model or [{"dense": {"units": 8, "activation": "relu"}}, {"dense": 3}]
    names = [f"{index}.{'dense' if isinstance(layer, dict) else layer}" for index, layer in enumerate(model)]
    kernels = {f"{name}/kernel": distribution(f"{name}/kernel") for name in names}
    losses = losses or [1.0 / (epoch + 1) for epoch in range(len(accuracies))]
    seen = []
    for epoch in range(len(accuracies)):
        moved = {p: distribution(p, mean=0.1 + 0.01 * epoch) for p in kernels}
        activations = {name: distribution(name, mean=0.1 + 0.01 * epoch) for name in names}
        usual = {"weights": moved, "gradients": moved, "activations": activations}
        seen.append(traces.Observation(epoch, *({**values, **parts.get(part, {})} for part, values in usual.items())))
    experiment = {"model": model, "loss": loss, "metrics": ["accuracy"], "optimizer": {"sgd": {"learningRate": 0.001}}}
    epochs = [{"loss": value, "accuracy": accuracy} for value, accuracy in zip(losses, accuracies)]
    return traces.Trace(experiment, len(accuracies), epochs, epochs, [0.001] * len(accuracies), seen[0], seen)


class Distributions(unittest.TestCase):
    def test_norm_and_shares(self):
        d = distribution("a", mean=0.3, deviation=0.4, count=4, bins=(3, 1), zeros=1)
        self.assertAlmostEqual(d.norm, 1.0)  # √(4 · 0.25)
        self.assertEqual((d.zero_share, d.mean_magnitude()), (0.25, 0.5))
        self.assertEqual(d.share(lambda value: value < 0), 0.75)


class Rules(unittest.TestCase):
    def labels(self, found):
        return [symptom.label for symptom in found]

    def test_an_ordinary_training_is_silent(self):
        self.assertEqual(rules.autotrainer(trace()), [])
        self.assertEqual(rules.deepdiagnosis(trace()), [])

    def test_vanishing_and_exploding(self):
        small = {"0.dense/kernel": distribution("0.dense/kernel", mean=0, deviation=1e-8)}
        bad = (0.1, 0.2, 0.4)
        self.assertEqual(self.labels(rules.autotrainer(trace(bad, gradients=small))), ["vanishing_gradient"])
        self.assertEqual(rules.autotrainer(trace((0.1, 0.3, 0.9), gradients=small)), [])  # accurate enough
        large = {"0.dense/kernel": distribution("0.dense/kernel", deviation=100)}
        self.assertEqual(self.labels(rules.autotrainer(trace(bad, gradients=large))), ["exploding_gradient"])

    def test_dying(self):
        dead = {"0.dense/kernel": distribution("0.dense/kernel", zeros=70)}
        alive = {"0.dense/kernel": distribution("0.dense/kernel", zeros=69)}
        self.assertEqual(self.labels(rules.autotrainer(trace((0.1, 0.2, 0.4), gradients=dead))), ["dead_relu"])
        self.assertEqual(rules.autotrainer(trace((0.1, 0.2, 0.4), gradients=alive)), [])

    def test_accuracy(self):
        self.assertEqual(self.labels(rules.autotrainer(trace((0.5, 0.505, 0.508)))), ["slow_convergence"])
        self.assertEqual(self.labels(rules.autotrainer(trace((0.5, 0.9, 0.8, 0.9, 0.8)))), ["oscillation"])
        self.assertEqual(rules.swings([0.5, 0.9, 0.8, 0.9, 0.88]), 1)

    def test_output_and_loss(self):
        wide = [{"dense": {"units": 8}}, {"dense": {"units": 3, "activation": "sigmoid"}}]
        probabilities = {"softmaxCrossEntropy": {"fromProbabilities": True}}
        high = {"1.dense": distribution("1.dense", minimum=0.2, maximum=0.8, mean=0.4)}
        found = rules.autotrainer(trace(model=wide, loss=probabilities, activations=high))
        self.assertEqual(self.labels(found), ["output_activation_mismatch"])  # 3 · 0.4 > 1.1
        self.assertEqual(self.labels(rules.autotrainer(trace(loss="binaryCrossEntropy"))), ["loss_task_mismatch"])
        self.assertEqual(rules.autotrainer_without_loss(trace(loss="binaryCrossEntropy")), [])

    def test_abnormal_data(self):
        large = {"0.dense": distribution("0.dense", minimum=9, maximum=15, mean=12)}
        self.assertEqual(self.labels(rules.autotrainer(trace((0.5, 0.5, 0.5), activations=large))),
                         ["input_not_normalised", "slow_convergence"])
        self.assertEqual(rules.autotrainer(trace(activations=large)), [])  # neither slow nor abnormal

    def test_a_failed_training(self):
        failed = trace()
        failed.has_failed = True
        self.assertEqual(self.labels(rules.autotrainer(failed)), ["exploding_gradient"])
        self.assertEqual(self.labels(rules.deepdiagnosis(failed)), ["nonfinite"])

    def test_dead_and_saturated(self):
        dead = {"0.dense": distribution("0.dense", zeros=70)}
        self.assertEqual(self.labels(rules.deepdiagnosis(trace(activations=dead))), ["dead_relu"])
        model = [{"dense": {"units": 8, "activation": "tanh"}}, {"dense": 3}]
        flat = {"0.dense": distribution("0.dense", minimum=0.99999, maximum=1.0)}
        five = (0.1, 0.2, 0.3, 0.4, 0.5)
        self.assertEqual(self.labels(rules.deepdiagnosis(trace(five, model=model, activations=flat)))[-1], "saturation")
        self.assertEqual(rules.deepdiagnosis(trace(five[:4], model=model, activations=flat)), [])

    def test_unchanged_and_not_decreasing(self):
        six = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
        still = {"0.dense/kernel": distribution("0.dense/kernel")}
        self.assertEqual(self.labels(rules.deepdiagnosis(trace(six, weights=still))), ["param_not_updated"])
        self.assertEqual(self.labels(rules.deepdiagnosis(trace(six, [1.0] * 6))), ["slow_convergence"])

    def test_the_tree_names_the_cause(self):
        dead = {"0.dense": distribution("0.dense", zeros=70)}
        raw = trace(activations=dead)
        raw.input_range = (0.0, 255.0)
        self.assertEqual(self.labels(rules.deepdiagnosis(raw)), ["input_not_normalised", "dead_relu"])
        fast = trace(activations=dead)
        fast.rates = [1.0] * 3  # a step as long as the weights
        self.assertEqual(self.labels(rules.deepdiagnosis(fast)), ["lr_too_high", "dead_relu"])


STUB = '''#!{python}
"""Answers like apus: the doctor finds a rate of 9, and a training is good at a rate of 0.1."""
import json, pathlib, sys
arguments = sys.argv[1:]
settings = [a for before, a in zip(arguments, arguments[1:]) if before == "--set"]
text = pathlib.Path(arguments[1]).read_text() + chr(10).join(settings)
is_good = "optimizer.sgd.learningRate=0.1" in text or "learningRate: 9" not in text
if arguments[0] == "doctor":
    finding = {{"label": "lr_too_high", "where": ["optimizer.sgd.learningRate"], "level": 5,
                "experiment": {{"arms": 2}}, "repair": {{"settings": ["optimizer.sgd.learningRate=0.1"]}}}}
    verdict, findings = ("healthy", []) if is_good else ("faulty", [finding])
    print(json.dumps({{"version": 1, "verdict": verdict, "findings": findings, "seconds": 1.5, "trainings": 3}}))
else:
    folder = pathlib.Path(arguments[arguments.index("--run") + 1])
    folder.mkdir()
    test = {{"names": ["loss", "accuracy"], "values": [0.1, 0.9 if is_good else 0.5]}}
    (folder / "run.json").write_text(json.dumps({{"test": test}}))
'''


class Whole(unittest.TestCase):
    """A folder of two cases, from the command line to the table."""

    def setUp(self):
        parent = tempfile.TemporaryDirectory()
        self.addCleanup(parent.cleanup)
        self.folder = Path(parent.name)
        self.apus = self.folder / "apus"
        self.apus.write_text(STUB.format(python=sys.executable))
        self.apus.chmod(self.apus.stat().st_mode | stat.S_IXUSR)
        self.case("fast", 9, healthy=False, fix={"settings": ["optimizer.sgd.learningRate=0.1"]})
        self.case("fine", 0.1, healthy=True)
        self.output = self.folder / "results.json"

    def case(self, name, rate, healthy, fix=None):
        folder = self.folder / "cases" / name
        folder.mkdir(parents=True)
        (folder / "experiment.yaml").write_text(
            "data: {source: {blobs: {}}}\nmodel: [{dense: {units: 4, activation: relu}}, {dense: 3}]\n"
            f"loss: softmaxCrossEntropy\noptimizer: {{sgd: {{learningRate: {rate}}}}}\nbatchSize: 8\nepochs: 3\n")
        (folder / "case.json").write_text(json.dumps({
            "id": name, "family": name, "healthy": healthy, "fix": fix, "metric": HIGHER,
            "labels": {"primary": "healthy" if healthy else "lr_too_high", "accepted": []},
            "where": [] if healthy else ["optimizer.sgd.learningRate"], "measured": {"faultySeeds": [2, 3]},
            "verdict": "confirmed healthy" if healthy else "confirmed fault"}))

    def run_it(self, *more):
        arguments = ["run.py", "--cases", str(self.folder / "cases"), "--apus", str(self.apus),
                     "--output", str(self.output), *more]
        text, progress = io.StringIO(), io.StringIO()
        with mock.patch.object(sys, "argv", arguments), \
                contextlib.redirect_stdout(text), contextlib.redirect_stderr(progress):
            self.assertEqual(run.main(), 0)
        return text.getvalue()

    def test_table(self):
        text = self.run_it("--twins", "--repairs", "--invariance")
        self.assertIn("| faults detected | 1/1 | 100.0 % |", text)
        self.assertIn("| alarms on both | 0/2 | 0.0 % |", text)
        self.assertIn("| repaired (R95) | 1/1 | 100.0 % |", text)
        self.assertIn("| median trainings | 3 | 3 |", text)
        self.assertIn("| all |", text)
        records = harness.read(self.output)["records"]
        keys = {record["key"] for record in records if record["kind"] != "variant"}
        self.assertEqual(keys, {"fast fault 2", "fast twin 7", "fine healthy 7"})
        self.assertEqual(records[0]["repair"]["seeds"], [11, 12, 13])
        self.assertNotIn("runs", [path.name for path in (self.folder / "cases" / "fast").iterdir()])
        with mock.patch.object(sys, "argv", ["run.py", "--table", str(self.output)]), \
                contextlib.redirect_stdout(io.StringIO()) as again:
            run.main()
        self.assertEqual(again.getvalue(), text)

    def test_all_seeds_and_resuming(self):
        self.run_it("--only", "fast")
        before = harness.read(self.output)["records"]
        self.run_it("--seeds", "all", "--resume")
        after = harness.read(self.output)["records"]
        self.assertEqual(len(after), 2 + 5)
        self.assertIn(before[0], after)

    def test_no_answer_is_unknown(self):
        self.apus.write_text(f"#!{sys.executable}\nimport sys\nsys.exit('broken')\n")
        text = self.run_it()
        self.assertIn("| verdict unknown | 2/2 |", text)
        self.assertIn("fast fault 2: exit 1: broken", text)

    def test_time_runs_out(self):
        self.apus.write_text(f"#!{sys.executable}\nimport time\ntime.sleep(60)\n")
        self.assertIn("out of time after 0.5 s", self.run_it("--limit", "0.5", "--only", "fine"))


if __name__ == "__main__":
    unittest.main()
