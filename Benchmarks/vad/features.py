"""The features of `vad`'s statistical engine in numpy, many files side by side; the reference of SpeechFeatures.swift.

Sources are cited in Plugins/Voice/Activity/SpeechFeatures.swift and Plugins/Voice/Spectrum/NoiseTracker.swift.
"""
import numpy as np

HOP, N, RISE, FALL = 160, 512, 288, 64
EDGES = np.array([3, 6, 10, 15, 20, 26, 33, 41, 50, 60, 72, 85, 100, 117, 137, 159, 184, 213, 246])
NAMES = "lrt0 lrt1 lrt2 snr0 snr1 snr2 ltsd period peak low high span up middle upper flux peaked".split()
WIDTH, LOW, HIGH, BANDS = np.diff(EDGES).astype(np.float32), EDGES[0], EDGES[-1], len(EDGES) - 1
f32, octaves = np.float32, np.log2

_w = np.concatenate([np.zeros(N - RISE - FALL), np.sin(np.pi / 2 * (np.arange(RISE) + .5) / RISE) ** 2, np.cos(np.pi / 2 * (np.arange(FALL) + .5) / FALL) ** 2])
WINDOW = (_w / np.sqrt(np.sum(_w ** 2))).astype(f32)
_r = np.fft.irfft(np.abs(np.fft.rfft(WINDOW, 1024)) ** 2)[:257]; OWN = (_r / _r[0]).astype(f32)


def bands(x): return np.add.reduceat(x[:, :HIGH], EDGES[:-1], axis=1)


def features(files, narrow=None):
    """files: equally long or shorter arrays at 16 kHz; narrow: True where a file is to lose what lies above 4 kHz.
    Returns frames × files × features."""
    T = max(map(len, files)) // HOP; B = len(files); X = np.zeros((B, T * HOP + N - HOP), f32)
    for i, x in enumerate(files): m = min(len(x), T * HOP); X[i, N - HOP:N - HOP + m] = x[:m]
    out = np.zeros((T, B, len(NAMES)), f32); age = np.full(B, -1); zero = lambda *s: np.zeros(s, f32)
    S, least, later, noise, presence, clean = (zero(B, N // 2 + 1) for _ in range(6))
    powers, levels, median = zero(6, B, BANDS), zero(4, B, BANDS), zero(B, BANDS)
    floor, later_floor, peak, low, high, smooth = (zero(B) for _ in range(6))
    for t in range(T):
        F = np.fft.rfft(X[:, t * HOP:t * HOP + N] * WINDOW, axis=1); P = (F.real ** 2 + F.imag ** 2).astype(f32) + f32(1e-10)
        if narrow is not None: P[narrow, 128:] = f32(1e-10)
        u = P[:, LOW:HIGH].mean(1) >= f32(1e-9); new = u & (age < 0); age = np.where(u, age + 1, age); a0 = np.maximum(age, 0)
        bp = bands(P); L = octaves(bp); level = octaves(bp[:, 1:].sum(1))
        if new.any():
            c = np.minimum(P, f32(1e-5)); b = bands(c)
            for v in (S, least, later, noise): v[new] = c[new]
            powers[:, new] = b[new]; levels[:, new] = octaves(b)[new]; median[new] = octaves(b)[new]; e = octaves(b[:, 1:].sum(1))
            for v in (floor, later_floor, peak, smooth): v[new] = e[new]
            low[new] = e[new] - 1; high[new] = e[new] + 1
        def put(old, value): old[u] = value[u]
        Q = P.copy(); Q[:, 1:-1] = f32(.25) * P[:, :-2] + f32(.5) * P[:, 1:-1] + f32(.25) * P[:, 2:]
        put(S, f32(.8) * S + f32(.2) * Q); put(least, np.minimum(least, S)); put(later, np.minimum(later, S))
        k = u & (age % 80 == 79); least[k] = later[k]; later[k] = S[k]
        put(presence, f32(.2) * presence + f32(.8) * (S > f32(4.5) * least))
        a = f32(.95) + f32(.05) * presence
        a = np.where((age < 10)[:, None], np.minimum(a, (a0 / (a0 + 1)).astype(f32)[:, None]), a); a = np.where((age == 0)[:, None], f32(1), a)
        put(noise, a * noise + (1 - a) * P)
        with np.errstate(divide="ignore", invalid="ignore"):  # files that have been silent so far
            g = np.minimum(P / noise, f32(1000)); xi = np.maximum(f32(.95) * clean / noise + f32(.05) * np.maximum(g - 1, 0), f32(.003))
            G = xi / (1 + xi); put(clean, G * G * P); bn = bands(noise); snr = np.maximum(L - octaves(bn), f32(-2))
        llr = bands(g * G - octaves(1 + xi) * f32(np.log(2))) / WIDTH
        powers[:, u] = np.concatenate([bp[None], powers[:-1]])[:, u]
        with np.errstate(divide="ignore", invalid="ignore"): ltsd = octaves(np.mean(powers.max(0) / bn, axis=1))
        thirds = ((0, 5), (5, 10), (10, BANDS))
        lrt = [np.sign(v) * octaves(1 + np.abs(v)) for v in (llr[:, x:y].mean(1) for x, y in thirds)]
        C = clean.copy(); C[:, :3] = 0; C[:, 128:] = 0; R = np.fft.irfft(C, axis=1)[:, :200].astype(f32)
        period = (R[:, 40:200] / OWN[40:200]).max(1) / (R[:, 0] + f32(1e-9))
        put(smooth, smooth + f32(.4) * (level - smooth)); put(floor, np.minimum(floor, smooth)); put(later_floor, np.minimum(later_floor, smooth))
        k = u & (age % 300 == 299); floor[k] = later_floor[k]; later_floor[k] = smooth[k]
        put(peak, np.maximum(peak - f32(.003), smooth))
        rest = np.maximum(0, 1 - a0 / 300).astype(f32); step = f32(.03) + f32(.25) * rest * rest
        def quantile(q, x, part, step):
            d = x - q; put(q, q + step * np.minimum(1 + np.abs(d), 4) * np.where(d > 0, f32(part), f32(part - 1)))
        quantile(low, level, .2, step); quantile(high, level, .85, step); quantile(median, L, .5, step[:, None]); d = L - median
        flux = np.abs(L - levels[2]).mean(1); levels[:, u] = np.concatenate([L[None], levels[:-1]])[:, u]
        bc = bands(clean); peaked = octaves(bc.mean(1) + f32(1e-9)) - octaves(bc + f32(1e-9)).mean(1)
        v = np.stack([*lrt, *(snr[:, x:y].mean(1) for x, y in thirds), ltsd, period, peak - level, level - low, level - high, peak - floor, np.maximum(d, 0).mean(1), d[:, 5:10].mean(1), d[:, 10:].mean(1), flux, peaked], 1)
        out[t] = np.where(u[:, None], v, out[t - 1] if t else 0)
    return out


def in_context(x):
    """Each feature as it is, smoothed, and with a fast rise and a slow fall."""
    smooth, held = np.empty_like(x), np.empty_like(x); s, h = x[0].copy(), x[0].copy()
    for t in range(len(x)):
        s = s + f32(.35) * (x[t] - s); e = x[t] - h; h = h + np.where(e > 0, f32(.6), f32(.08)) * e; smooth[t], held[t] = s, h
    return np.concatenate([x, smooth, held], -1)
