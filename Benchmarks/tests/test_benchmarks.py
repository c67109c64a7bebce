"""The benchmark's own computations, on small results made up here: nothing is measured and no peer is needed."""
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import classes
import comparison
import machine
import report
import results
import rounds
import tables
import workloads


def line(workload, framework, mode, median, **more):
    return {"workload": workload, "framework": framework, "mode": mode, "median_ms": median, "min_ms": median, **more}


def round_of(number, *steps):
    return rounds.Round(number, steps=list(steps))


class Options:
    rounds, workloads = 1, ["w"]


class Rotation(unittest.TestCase):
    def test_each_is_first_in_its_turn(self):
        orders = [rounds.rotated(["a", "b", "c"], number) for number in (1, 2, 3, 4)]
        self.assertEqual(orders, [["a", "b", "c"], ["b", "c", "a"], ["c", "a", "b"], ["a", "b", "c"]])


class Summary(unittest.TestCase):
    ROUNDS = [round_of(1, line("w", "apus", "float32", 1.0), line("w", "jax", "jit", 3.0), line("w", "pytorch", "eager", 4.0)),
              round_of(2, line("w", "apus", "float32", 2.0), line("w", "jax", "jit", 4.0), line("w", "pytorch", "eager", 8.0)),
              round_of(3, line("w", "apus", "float32", 1.5), line("w", "jax", "jit", 3.0), line("w", "pytorch", "eager", 4.5))]

    def test_comparison_with_peers(self):
        [c] = results.compare(results.summarize_steps(self.ROUNDS), ["w"])
        self.assertEqual((c["median_ms"], c["peer"], c["peer_ms"], c["peer_ratio"], c["peer_ratios"]),
                         (1.5, "jax jit", 3.0, 2.0, [3.0, 2.0, 2.0]))
        self.assertEqual((c["pytorch"], c["pytorch_ratio"]), ("pytorch eager", 3.0))

    def test_without_peers(self):
        summary = results.summarize_steps([round_of(1, line("w", "apus", "float32", 1.0))])
        [c] = results.compare(summary, ["w"])
        self.assertIsNone(c["peer"])
        self.assertIn("-", report.report(summary, [c], [], ["w"]))


class FirstLosses(unittest.TestCase):
    def reasons(self, *steps):
        return results.unequal_starts(results.summarize_steps([round_of(1, *steps)]))

    def test_equal(self):
        self.assertEqual(self.reasons(line("w", "apus", "float32", 1, first_loss=2.5), line("w", "jax", "jit", 1, first_loss=2.5001),
                                      line("w", "jax", "jit-pipelined", 1),
                                      line("w", "pytorch", "bfloat16", 1, first_loss=2.54)), [])

    def test_other_work_is_told(self):
        steps = line("w", "apus", "float32", 1, first_loss=2.5), line("w", "jax", "jit", 1, first_loss=2.6)
        expected = ["w is not the same work everywhere: expected 2.5 at first, received jax jit 2.6"]
        self.assertEqual(self.reasons(*steps), expected)
        self.assertIn(expected[0], results.verdict([round_of(1, *steps)], [round_of(1, *steps)], {}, Options, set()))

    def test_outputs_of_predictions_and_nan(self):
        self.assertEqual(len(self.reasons(line("w", "apus", "float32", 1, first_output=3.0),
                                          line("w", "keras", "graph", 1, first_output=-3.0))), 1)
        self.assertEqual(len(self.reasons(line("w", "apus", "float32", 1, first_loss=3.0),
                                          line("w", "keras", "graph", 1, first_loss=float("nan")))), 1)


class Changes(unittest.TestCase):
    @staticmethod
    def word(old, new):
        def step(times):
            return {"workload": "w", "framework": "apus", "mode": "float32", "median_ms": sorted(times)[len(times) // 2],
                    "rounds_ms": times}
        [change] = comparison.changes([step(old)], [step(new), {"framework": "jax", "workload": "w", "mode": "jit"}])
        return change["word"]

    def test_words(self):
        self.assertEqual(self.word([1.0, 1.01, 1.02], [0.80, 0.81, 0.82]), "faster")
        self.assertEqual(self.word([0.80, 0.81, 0.82], [1.0, 1.01, 1.02]), "slower")
        self.assertEqual(self.word([1.0, 1.0, 1.0], [1.01, 1.01, 1.01]), "within noise")
        # The same medians as at first, but rounds far apart.
        self.assertEqual(self.word([0.8, 1.01, 1.2], [0.7, 0.81, 0.95]), "within noise")


class Tables(unittest.TestCase):
    CONTENT = {"comparisons": [
        {"workload": "big", "mode": "float32", "precision": "float32", "median_ms": 10.04, "peer": "keras graph", "peer_ms": 20.0,
         "peer_ratios": [2.0, 1.5], "repeats": "rounds"},
        {"workload": "small", "mode": "float32", "precision": "float32", "median_ms": 0.5, "peer": "jax jit", "peer_ms": 1.0,
         "peer_ratio": 2.0, "pytorch_ms": 2.0, "pytorch_ratio": 4.0}]}

    class Known:
        def __init__(self, title, is_short):
            self.title, self.is_short = title, is_short

    KNOWN = {"small": Known("Small", True), "big": Known("Big", False), "other": Known("Other", False)}

    def page(self, kind, body):
        return f"a\n<!-- benchmark: {kind} x-2-cores -->\n{body}<!-- /benchmark -->\nb\n"

    def test_short(self):
        self.assertEqual(tables.updated(self.page("short", "old\n"), self.KNOWN, lambda name: self.CONTENT), self.page("short", (
            "| step | Apus | best peer | ratio | best PyTorch | ratio |\n|---|---|---|---|---|---|\n"
            "| Small | 0.500 | 1.000 JAX | 2.00 | 2.000 | 4.00 |\n")))

    def test_deep(self):
        self.assertEqual(tables.updated(self.page("deep", ""), self.KNOWN, lambda name: self.CONTENT), self.page("deep", (
            "| work | precision | Apus, ms | best peer, ms | | ratio in two rounds |\n|---|---|---|---|---|---|\n"
            "| Big | float32 | 10.0 | 20.0 | Keras `graph` | 2.00, 1.50 |\n")))

    def test_rows_measured_in_other_ways_have_no_number_in_common(self):
        def row(count, repeats):
            return {"peer_ratios": [1.0] * count, "repeats": repeats}

        self.assertEqual(tables.times([row(3, "runs"), row(3, "runs")]), "three runs")
        self.assertEqual(tables.times([row(1, "rounds")]), "one round")
        self.assertEqual(tables.times([row(3, "runs"), row(5, "rounds")]), "each round or run")


class Classes(unittest.TestCase):
    def test_names(self):
        zen5 = {"vendor_id": "AuthenticAMD", "cpu family": "26", "model": "2"}
        self.assertEqual(machine.machine_class(zen5, 2), "zen5-2-cores")
        self.assertEqual(machine.machine_class({**zen5, "cpu family": "25", "model": "17"}, 8), "zen4-8-cores")
        self.assertEqual(machine.machine_class({"model name": "Intel(R) Xeon(R) 6 @ 2 GHz"}, 4), "intel-r-xeon-r-6-2-ghz-4-cores")

    def test_saving_replaces_what_was_measured_again(self):
        saved = {"version": 1, "class": "c", "launches": [], "comparisons": [
            {"workload": "a", "mode": "m", "median_ms": 1, "commit": "old"}, {"workload": "b", "mode": "m", "median_ms": 2, "commit": "old"}]}
        new = {"comparisons": [{"workload": "b", "mode": "m", "median_ms": 3}], "launches": [], "machine": {}, "date": "today",
               "software": {"commit": "new"}}
        merged = classes.merged(saved, new)["comparisons"]
        self.assertEqual([(c["workload"], c["median_ms"], c["commit"]) for c in merged], [("a", 1, "old"), ("b", 3, "new")])


class Workloads(unittest.TestCase):
    def test_table(self):
        table = workloads.table()
        mlp = table["mlp"]
        self.assertEqual((mlp.optimizer, mlp.learning_rate, mlp.input, mlp.is_short), ("adam", 0.001, (784,), True))
        self.assertEqual([layer.units for layer in mlp.layers], [256, 128, 10])
        self.assertTrue(table["resnet18-b32"].is_deep and table["resnet18-b32"].is_mixed)
        self.assertFalse(table["lenet5-b32"].is_deep)

    def test_unknown_layer(self):
        with self.assertRaisesRegex(ValueError, "no layer conv9D"):
            workloads.Layer.of({"conv9D": 3})


class StartValues(unittest.TestCase):
    def test_numbers_of_the_swift_test(self):
        try:
            import numpy as np
        except ImportError:
            self.skipTest("numpy is only in the environments of the peers")
        sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "peers"))
        import start_values

        inputs, labels = start_values.batch(workloads.table()["mlp"])
        kernels = start_values.Kernels()
        kernels.next((784, 256))
        kernel = kernels.next((256, 128))
        np.testing.assert_array_equal(inputs.ravel()[:3], np.array([-1.7320508, -0.31748825, 1.0970745], np.float32))
        self.assertEqual(labels[:8].tolist(), [4, 2, 0, 2, 5, 4, 9, 5])
        np.testing.assert_array_equal(kernel.ravel()[:3], np.array([-0.1344979, 0.13727373, 0.036614705], np.float32))
        tokens, labels = start_values.batch(workloads.table()["gpt-b8"])
        self.assertEqual((tokens.shape, labels.shape), ((8, 256), (8, 256)))
        self.assertEqual((tokens[0, :4].tolist(), labels[0, :4].tolist()), ([0, 192, 129, 221], [82, 52, 206, 54]))
        table = start_values.Kernels().next((256, 256))
        np.testing.assert_array_equal(table.ravel()[:2], np.array([-0.14714645, -0.07203715], np.float32))


if __name__ == "__main__":
    unittest.main()
