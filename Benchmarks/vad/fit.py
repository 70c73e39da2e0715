"""Fits the weights of `vad`'s statistical engine and writes their table.

  fit.py LEARN REPORT       two folders that voices.py made; features are kept beside them as features.npz, starts.npz
"""
import json, math, sys
from pathlib import Path
import numpy as np, soundfile as sf
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from features import HOP, NAMES, features, in_context

TABLE = Path(__file__).resolve().parents[2] / "Plugins/Voice/Activity/FusionWeights.swift"
HALF = 0.285  # of the regression's scale becomes the output's 0.5
ONSET, CLEAN, START = 10, 3, 0.6  # weights of frames
SPAN = len(NAMES) + NAMES.index("span")


def read(folder):
    root = Path(folder) / "vad"; files = json.load(open(root / "manifest.json"))["files"]; truth = np.load(root / "truth.npz")
    return files, [sf.read(root / m["file"], dtype="float32")[0] for m in files], truth


def kept(path, make):
    if not path.exists(): np.savez(path, **make())
    return dict(np.load(path))


def sessions(folder, narrow):
    """Whole sessions; with `narrow`, two of them once more without what lies above 4 kHz."""
    def make():
        files, xs, truth = read(folder); lost = np.zeros(len(xs), bool)
        if narrow:
            again = [i for i, m in enumerate(files) if m["s"] in (1, 4)]
            xs, files, lost = xs + [xs[i] for i in again], files + [files[i] for i in again], np.r_[lost, np.ones(len(again), bool)]
        x = features(xs, lost); y = np.full(x.shape[:2], -1, np.int8)
        for i, m in enumerate(files): l = truth[f"s{m['s']}"]; y[:len(l), i] = l
        return dict(x=x, y=y, noise=[m["noise"] for m in files], snr=[m["snr"] for m in files])
    return kept(Path(folder) / "features.npz", make)


def starts(folder):
    """Recordings that begin with a stretch of noise alone, or with a voice; half of them once more below 4 kHz."""
    def make(T=600):
        files, xs, truth = read(folder); cut, ys, kinds = [], [], []
        for m, x in zip(files, xs):
            l = truth[f"s{m['s']}"]
            if m["noise"] == "clean": pieces = [(o + 1, min(500, len(l) - o - 1)) for o in np.nonzero(np.diff(l.astype(int)) == 1)[0][2::3][:6]]
            else: a, b = max(truth[f"q{m['s']}"], key=lambda q: q[1] - q[0]); pieces = [(a, min(T, b - a))]
            for a, n in pieces:
                cut.append(np.pad(x[a * HOP:(a + n) * HOP], (0, (T - n) * HOP))); y = np.full(T, -1, np.int8); y[:n] = l[a:a + n]; ys.append(y); kinds.append(m["noise"])
        x = features(cut + cut[::2], np.r_[np.zeros(len(cut), bool), np.ones(len(cut[::2]), bool)])
        return dict(x=x, y=np.stack(ys + ys[::2], 1), noise=kinds + kinds[::2])
    return kept(Path(folder) / "starts.npz", make)


def report(y, s, noise, snr):
    def one(files):
        k = y[:, files] >= 0; yy, ss = y[:, files][k].astype(bool), s[:, files][k]; p = ss >= HALF
        return f"{roc_auc_score(yy, ss):.3f} / {2 * (p & yy).sum() / (p.sum() + yy.sum()):.3f}"
    loud = noise != "clean"; print("AUC / F1: all", one(loud), *(f"| {n} {one(noise == n)}" for n in np.unique(noise)), *(f"| {q} dB {one(snr == q)}" for q in (20, 10, 5, 0)))


def main():
    a, e, b = sessions(sys.argv[1], True), starts(sys.argv[1]), sessions(sys.argv[2], False); rng = np.random.default_rng(0)
    weight = np.ones(a["y"].shape, np.float32)
    for t, i in zip(*np.nonzero(np.diff((a["y"] == 1).astype(np.int8), axis=0) == 1)): weight[t + 1:t + 9, i] = ONSET
    weight[:, a["noise"] == "clean"] *= CLEAN
    begin = np.full(e["y"].shape, START, np.float32); begin[:, e["noise"] == "clean"] = CLEAN
    use = (a["y"] >= 0) & (rng.random(a["y"].shape) < 0.1)
    also = (e["y"] >= 0) & (rng.random(e["y"].shape) < 0.3); also[:, e["noise"] == "babble"] = False  # that is voices
    X = np.concatenate([in_context(a["x"])[use], in_context(e["x"])[also]]); Y = np.r_[a["y"][use], e["y"][also]]
    mean, deviation = X.mean(0), X.std(0) + 1e-6
    def expand(x): z = (x - mean) / deviation; return np.concatenate([z, z * z[..., SPAN:SPAN + 1]], -1)
    fit = LogisticRegression(C=0.01, max_iter=200).fit(expand(X), Y, sample_weight=np.r_[weight[use], begin[also]])
    w, n = fit.coef_[0], len(mean); bias = float(fit.intercept_[0]) - math.log(HALF / (1 - HALF))
    rows = "\n".join(f"        ({mean[i]:.6g}, {1 / deviation[i]:.6g}, {w[i]:.6g}, {w[n + i]:.6g})," for i in range(n))
    text = TABLE.read_text(); head, rest = text.split("static var bias: Float { ")
    TABLE.write_text(head + f"static var bias: Float {{ {bias:.6g} }}" + rest[rest.index(" }") + 2:].split("= [\n")[0] + "= [\n" + rows + "\n    ]\n}\n")
    report(b["y"], 1 / (1 + np.exp(-(expand(in_context(b["x"])) @ w + fit.intercept_[0]))), b["noise"], b["snr"])


main()
