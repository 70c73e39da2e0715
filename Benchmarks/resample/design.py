"""Makes the filters of Sources/CResampleKernels/filter.c: python3 design.py (numpy).

A filter of T samples of the lower rate is written as h(t) = (a0 + 2 Σ aj cos(2πjt/T)) / T for |t| ≤ T/2: aj is its gain at the
frequency j/T, between which it runs as sinc does (frequency sampling). The aj that make the largest error least, each band's by
its own measure, are found by least squares whose weights are raised where the error is large (Lawson's iteration). That the
filter ends at zero, so that its stop-band goes on falling, is one more equation of great weight.

The minimum-phase filter of the same gain has its phases from the gain's logarithm by way of the cepstrum; between 0 and T it is the
sum of the same frequencies, turned by these phases. Zeros of the gain are lifted to 24 dB below the ripple of the stop-band, which
leaves that ripple where it is.

Source: A. V. Oppenheim, R. W. Schafer, "Discrete-Time Signal Processing", 3rd ed. 2010, section 13.5, for the cepstrum; C. L. Lawson, "Contributions to the Theory of Linear Least Maximum Approximation", PhD thesis, UCLA, 1961; L. R. Rabiner,
B. Gold, C. A. McGonegal, "An approach to the approximation problem for nonrecursive digital filters", IEEE Trans. Audio
Electroacoust. 18 (1970), for frequency sampling.
"""
import numpy as np

# Name: T; end of the pass-band and its ripple there, dB, and how many powers of ten less of it at 0 Hz; where the gain may have fallen by 0.09 dB; attenuation, dB. Ends are shares of
# half the lower rate; the stop-band begins at 1.
DESIGNS = {
    "fast": (48, 0.74, 0.01, 2, 0.785, 101),
    "medium": (96, 0.86, 0.008, 2, 0.895, 119),
    "high": (152, 0.907, 0.006, 1.5, 0.93, 128.5),
    "best": (184, 0.907, 0.0021, 3, 0.932, 156),
}

# What their stop-bands came to, and a little more, dB.
STOPPED = {"fast": 109, "medium": 120, "high": 131, "best": 158}


def gains(frequencies, length, terms):
    places = np.arange(terms + 1) / length
    there = np.sinc((frequencies[:, None] - places) * length) + np.sinc((frequencies[:, None] + places) * length)
    there[:, 0] /= 2
    return there


def design(length, edge, ripple, tilt, fall, attenuation):
    terms = length // 2 + (8 if length > 60 else 6)
    flat, fallen, stopped = 10 ** (ripple / 40) - 1, 1 - 10 ** (-0.09 / 20), 10 ** (-attenuation / 20)
    passing = np.linspace(0, edge / 2, int(2 * length * edge))
    falling = np.linspace(edge / 2, fall / 2, 24)[1:]
    stopping = np.concatenate([
        0.5 + np.linspace(0, 12 / length, 120), np.arange(0.5 + 12 / length, 2.5, 1 / (3.1 * length)),
        np.arange(2.5, 8, 1 / (1.3 * length))])
    matrix = gains(np.concatenate([passing, falling, stopping]), length, terms)
    wanted = np.concatenate([np.ones(len(passing) + len(falling)), np.zeros(len(stopping))])
    allowed = np.concatenate([
        flat * 10 ** (-tilt * (1 - 2 * passing / edge)), np.linspace(flat, fallen, len(falling) + 1)[1:],
        stopped * np.minimum(1, 2 / stopping)])
    end = np.where(np.arange(terms + 1) > 0, 2.0, 1.0) * (-1.0) ** np.arange(terms + 1)
    weights, best = np.ones(len(wanted)), None
    for _ in range(60):
        scale = np.sqrt(weights) / allowed
        rows = np.vstack([matrix * scale[:, None], end * 1e3 / stopped])
        norms = np.linalg.norm(rows, axis=0)
        found = np.linalg.lstsq(rows / norms, np.append(wanted * scale, 0), rcond=1e-15)[0] / norms
        errors = np.abs(matrix @ found - wanted) / allowed
        if best is None or errors.max() < best[0]:
            best = errors.max(), found
        weights *= 0.05 + errors / errors.max()
        weights = np.maximum(weights / weights.mean(), 1e-6)
    return best[1] / best[1][0]


def minimum_phase(found, length, attenuation, density=16, size=1 << 18):
    """The gains with their phases, and the delay at 0 Hz in samples."""
    times = np.arange(-length * density // 2, length * density // 2) / density
    orders = np.arange(1, len(found))[:, None]
    filter = (1 + 2 * (found[1:, None] * np.cos(2 * np.pi * orders * times / length)).sum(0)) / length / density
    gain = np.abs(np.fft.rfft(filter, size))
    cepstrum = np.fft.irfft(np.log(np.hypot(gain, 10 ** (-(attenuation + 24) / 20))), size)
    fold = np.zeros(size)
    fold[[0, size // 2]], fold[1:size // 2] = 1, 2
    turned = np.fft.irfft(np.exp(np.fft.rfft(cepstrum * fold, size)), size)[:length * density]
    times = np.arange(length * density) / density
    phases = [np.angle((turned * np.exp(-2j * np.pi * j / length * times)).sum()) for j in range(len(found))]
    return np.abs(found) * np.exp(1j * np.array(phases)), (turned * times).sum() / turned.sum()


def show(name, values):
    print(f"static const double {name}[] = {{")
    line = "   "
    for value in values:
        word = f" {value:.14g},"
        if len(line) + len(word) > 124:
            print(line)
            line = "   "
        line += word
    print(line + "\n};")


for name, figures in DESIGNS.items():
    found = design(*figures)
    turned, delay = minimum_phase(found, figures[0], STOPPED[name])
    show(name, found)
    show(name + "_real", turned.real)
    show(name + "_imaginary", turned.imag)
    print(f"// {name}: delay {delay:.10f}")
