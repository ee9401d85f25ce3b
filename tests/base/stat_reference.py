#!/usr/bin/env python3
"""Reference figures of test_stat_infer.c, by SciPy 1.10.1, statsmodels 0.13.5 and NumPy.

Run by hand (Debian: python3-scipy python3-statsmodels); the figures stand in the test as tables. The bootstrap redraws our own
resamples with an independent xoshiro256** so that seeded intervals can be compared to the last digit.
"""
import numpy as np
from scipy import stats, special
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

DIFF = [1.2, -0.4, 2.5, 0.7, -1.1, 3.0, 0.2, 1.9, -0.3, 0.8]
X = [12.1, 15.3, 9.8, 20.4, 17.7, 11.2, 14.9]
Y = [10.5, 9.1, 13.3, 8.7, 12.8, 7.9]
XT = [1, 2, 2, 3, 5, 5, 8, 9]
YT = [2, 3, 3, 3, 4, 7]
BOOT = [812, 640, 1230, 905, 777, 2110, 690, 884, 1015, 731, 968, 845]
NUM = [3, 0, 5, 1, 2, 8, 0, 1, 4, 2]
DEN = [20, 15, 31, 12, 18, 40, 9, 22, 25, 30]
CLUSTER = [0, 0, 0, 1, 1, 2, 2, 2, 2, 3, 4, 4]
MASK = (1 << 64) - 1


class Xoshiro:
    def __init__(self, seed):
        self.s = []
        for _ in range(4):
            seed = (seed + 0x9E3779B97F4A7C15) & MASK
            z = seed
            z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
            z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
            self.s.append(z ^ (z >> 31))

    @staticmethod
    def rotl(x, k):
        return ((x << k) | (x >> (64 - k))) & MASK

    def u64(self):
        s = self.s
        result = (self.rotl((s[1] * 5) & MASK, 7) * 9) & MASK
        t = (s[1] << 17) & MASK
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= t
        s[3] = self.rotl(s[3], 45)
        return result

    def below(self, n):
        m = (self.u64() >> 32) * n
        if (m & 0xFFFFFFFF) < n:
            reject = ((1 << 32) - n) % n
            while (m & 0xFFFFFFFF) < reject:
                m = (self.u64() >> 32) * n
        return m >> 32


def draws(n, rounds, seed):
    g = Xoshiro(seed)
    return [[g.below(n) for _ in range(n)] for _ in range(rounds)]


def boot(n, fn, rounds=2000, seed=7, bca=False):
    observed = fn(list(range(n)))
    d = np.array([fn(i) for i in draws(n, rounds, seed)])
    lo, hi = 0.025, 0.975
    if bca:
        z0 = special.ndtri((np.sum(d < observed) + np.sum(d <= observed)) / (2 * rounds))
        jack = np.array([fn([k for k in range(n) if k != i]) for i in range(n)])
        dev = jack.mean() - jack
        a = (dev**3).sum() / (6 * (dev**2).sum() ** 1.5)
        z = special.ndtri(np.array([lo, hi]))
        lo, hi = special.ndtr(z0 + (z0 + z) / (1 - a * (z0 + z)))
    return observed, *np.percentile(d, [100 * lo, 100 * hi])


def show(name, *values):
    print(name, *(f"{v:.10g}" for v in values))


for z in (-3.2, -0.5, 1.959963984540054, 6):
    show("normal_cdf", z, stats.norm.cdf(z))
for p in (1e-9, 0.001, 0.025, 0.3, 0.975, 0.999999):
    show("normal_quantile", p, stats.norm.ppf(p))
for x, a, b in ((0.3, 2, 5), (0.9, 0.5, 0.5), (0.5, 200, 180), (0.01, 1, 300)):
    show("beta_cdf", x, a, b, special.betainc(a, b, x))
for p, a, b in ((0.025, 3, 8), (0.975, 90, 11), (0.5, 0.5, 4)):
    show("beta_quantile", p, a, b, special.betaincinv(a, b, p))
for p, df in ((0.975, 4), (0.95, 30), (0.001, 2), (0.9, 1)):
    show("t_quantile", p, df, stats.t.ppf(p, df))
for k, n, p in ((3, 10, 0.5), (0, 5, 0.2), (450, 900, 0.52)):
    show("binom_cdf", k, n, p, stats.binom.cdf(k, n, p))
for k, n in ((5, 10), (10, 10), (0, 10), (81, 263), (1, 29), (997, 1000)):
    show("wilson", k, n, *proportion_confint(k, n, 0.05, "wilson"))
    show("clopper", k, n, *proportion_confint(k, n, 0.05, "beta"))
for b, c in ((0, 6), (1, 9), (5, 5), (12, 30), (0, 0), (200, 251)):
    p = mcnemar([[10, b], [c, 10]], exact=True).pvalue if b + c else 1
    few = min(b, c)
    mid = 1 if b + c == 0 else 2 * stats.binom.cdf(few, b + c, .5) - stats.binom.pmf(few, b + c, .5) if b != c else 1 - stats.binom.pmf(b, b + c, .5)
    show("mcnemar", b, c, p, mid)
r = stats.permutation_test((np.array(DIFF),), np.mean, permutation_type="samples", n_resamples=np.inf)
show("sign_flip", r.pvalue, r.statistic)
r = stats.permutation_test((np.array([5, 5, 5, -5, 5, 5, 5, 5.]),), np.mean, permutation_type="samples", n_resamples=np.inf)
show("sign_flip_ties", r.pvalue, r.statistic)
g = np.array([((i * 37) % 41) - 14 for i in range(20)]) * 0.25
r = stats.permutation_test((g,), np.mean, permutation_type="samples", n_resamples=np.inf, batch=4096)
show("sign_flip_20", r.pvalue, r.statistic)
r = stats.mannwhitneyu(X, Y, alternative="two-sided", method="exact")
show("mann_whitney_exact", r.statistic, r.pvalue)
r = stats.mannwhitneyu(XT, YT, alternative="two-sided", method="asymptotic")
show("mann_whitney_ties", r.statistic, r.pvalue)
xl, yl = [i * 1.7 for i in range(30)], [i * 1.3 + 0.05 for i in range(25)]
r = stats.mannwhitneyu(xl, yl, alternative="two-sided", method="asymptotic")
show("mann_whitney_normal", r.statistic, r.pvalue)
show("holm", *multipletests([0.01, 0.04, 0.03, 0.005, 0.5], method="holm")[1])
for t in ([[20, 5], [10, 15]], [[45, 3, 2], [4, 30, 6], [1, 5, 24]], [[88, 7], [2, 53]]):
    k = cohens_kappa(np.array(t))
    show("kappa", k.kappa, k.std_kappa, k.kappa_low, k.kappa_upp)
show("boot_mean_percentile", *boot(12, lambda i: np.mean(np.array(BOOT)[i])))
show("boot_mean_bca", *boot(12, lambda i: np.mean(np.array(BOOT)[i]), bca=True))
show("boot_ratio_bca", *boot(10, lambda i: np.sum(np.array(NUM)[i]) / np.sum(np.array(DEN)[i]), bca=True))


def cluster_mean(i):
    v = [np.array(BOOT)[np.array(CLUSTER) == c] for c in i]
    return np.concatenate(v).mean()


show("boot_cluster", *boot(5, cluster_mean))
show("boot_median", *boot(12, lambda i: np.percentile(np.array(BOOT)[i], 50)))
x, y = np.array(X), np.array(Y)
sp = np.sqrt((6 * x.var(ddof=1) + 5 * y.var(ddof=1)) / 11)
d = (x.mean() - y.mean()) / sp
show("cohen_d", d, d * special.gamma(5.5) / (np.sqrt(5.5) * special.gamma(5)))
show("cliff", (np.sign(x[:, None] - y[None, :])).mean(), (np.sign(np.array(XT)[:, None] - np.array(YT)[None, :])).mean())
show("dz", np.mean(DIFF) / np.std(DIFF, ddof=1))
show("rogan_gladen", (30 / 100 + 0.95 - 1) / (0.9 + 0.95 - 1))
show("mde_mean", (stats.norm.ppf(.975) + stats.norm.ppf(.8)) * 300 / np.sqrt(40))
