"""Makes the numbers of NumbersTests.swift.

    python3 -m venv venv && venv/bin/pip install scikit-learn scipy optuna==5.0.0 && venv/bin/python make_numbers.py
"""
import numpy
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers._tpe.parzen_estimator import _ParzenEstimator, _ParzenEstimatorParameters
from optuna.samplers._tpe.sampler import default_weights
from scipy import stats
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern

print("Gaussian process")
points = numpy.array([[0.1, 0.2], [0.4, 0.9], [0.5, 0.5], [0.8, 0.3], [0.95, 0.7]])
values = numpy.array([0.3, -1.2, 0.5, 1.1, -0.4])
variance, lengths, noise = 1.7, [0.3, 0.8], 1e-3
process = GaussianProcessRegressor(
    ConstantKernel(variance, "fixed") * Matern(lengths, "fixed", nu=2.5), alpha=variance * noise, optimizer=None)
process.fit(points, values)
print("log likelihood", float(process.log_marginal_likelihood()))
for point in [[0.1, 0.2], [0.3, 0.4], [0.6, 0.6], [1.0, 0.0]]:
    mean, deviation = process.predict([point], return_std=True)
    z = (0.2 - mean[0]) / deviation[0]
    improvement = deviation[0] * (z * stats.norm.cdf(z) + stats.norm.pdf(z))
    print(point, "mean", float(mean[0]), "variance", float(deviation[0] ** 2), "improvement below 0.2", float(improvement))

print("Student's t")
first, second = [0.91, 0.93, 0.90, 0.94, 0.92], [0.89, 0.92, 0.90, 0.91, 0.90]
difference = numpy.array(first) - numpy.array(second)
error = difference.std(ddof=1) / 5 ** 0.5
print(difference.mean(), difference.std(ddof=1), [float(x) for x in stats.t.interval(0.95, 4, difference.mean(), error)])
print([float(stats.t.ppf(p, v)) for p, v in [(0.975, 1), (0.975, 4), (0.9, 9), (0.995, 29), (0.975, 1000)]])

print("Parzen estimator: logarithms of densities")
parameters = _ParzenEstimatorParameters(
    prior_weight=1.0, consider_magic_clip=True, consider_endpoints=False, weights=default_weights, multivariate=False)


def show(name, observed, distribution, at):
    estimator = _ParzenEstimator({"x": numpy.array(observed)}, {"x": distribution}, parameters)
    print(name, [float(x) for x in estimator.log_pdf({"x": numpy.array(at)})])


show("real", [0.2, 0.25, 0.9], FloatDistribution(0, 1), [0.0, 0.22, 0.5, 1.0])
show("one", [0.7], FloatDistribution(0, 1), [0.1, 0.7])
show("log", [1e-3, 2e-3, 5e-2], FloatDistribution(1e-4, 1e-1, log=True), [1e-4, 1.5e-3, 1e-1])
show("integer", [16, 64, 48.0], IntDistribution(16, 256, step=16), [16, 64, 256])
show("log integer", [2, 3, 100.0], IntDistribution(1, 128, log=True), [1, 3, 128])
show("stepped", [0.1, 0.3], FloatDistribution(0, 0.5, step=0.1), [0.0, 0.3, 0.5])
show("many", [(i * 7 % 40) / 40 for i in range(40)], FloatDistribution(0, 1), [0.1, 0.5, 0.9])
show("choice", [0, 0, 2.0], CategoricalDistribution(["a", "b", "c"]), [0, 1, 2])

joint = _ParzenEstimator(
    {"c": numpy.array([1, 1, 0]), "i": numpy.array([3, 4, 8.0]), "r": numpy.array([0.02, 0.05, 0.7])},
    {"c": CategoricalDistribution(["a", "b"]), "i": IntDistribution(0, 8), "r": FloatDistribution(0.01, 1, log=True)},
    parameters)
at = {"c": numpy.array([1, 0, 0]), "i": numpy.array([3, 3, 8.0]), "r": numpy.array([0.03, 0.03, 1])}
print("joint", [float(x) for x in joint.log_pdf(at)])
