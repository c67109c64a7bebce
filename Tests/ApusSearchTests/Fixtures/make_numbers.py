"""Makes the numbers of GaussianProcessTests: scikit-learn's Gaussian process on five points (pip install scikit-learn)."""
import numpy
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern
from scipy import stats

points = numpy.array([[0.1, 0.2], [0.4, 0.9], [0.5, 0.5], [0.8, 0.3], [0.95, 0.7]])
values = numpy.array([0.3, -1.2, 0.5, 1.1, -0.4])
variance, lengths, noise = 1.7, [0.3, 0.8], 1e-3
process = GaussianProcessRegressor(
    ConstantKernel(variance, "fixed") * Matern(lengths, "fixed", nu=2.5), alpha=variance * noise, optimizer=None)
process.fit(points, values)
print("log likelihood", repr(process.log_marginal_likelihood()))
for point in [[0.1, 0.2], [0.3, 0.4], [0.6, 0.6], [1.0, 0.0]]:
    mean, deviation = process.predict([point], return_std=True)
    print(point, repr(float(mean[0])), repr(float(deviation[0] ** 2)))
    z = (0.2 - mean[0]) / deviation[0]
    print("  improvement below 0.2:", repr(float(deviation[0] * (z * stats.norm.cdf(z) + stats.norm.pdf(z)))))
a, b = [0.91, 0.93, 0.90, 0.94, 0.92], [0.89, 0.92, 0.90, 0.91, 0.90]
d = numpy.array(a) - numpy.array(b)
print("paired", repr(d.mean()), repr(d.std(ddof=1)),
      [repr(float(x)) for x in stats.t.interval(0.95, 4, d.mean(), d.std(ddof=1) / 5 ** 0.5)])
print("t", [repr(float(stats.t.ppf(p, v))) for p, v in [(0.975, 1), (0.975, 4), (0.9, 9), (0.995, 29), (0.975, 1000)]])
