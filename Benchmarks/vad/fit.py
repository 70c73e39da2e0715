"""Fits the weights of `vad`'s statistical engine and writes their table.

  fit.py LEARN REPORT       two folders that voices.py made; features are kept beside them as features.npz, starts.npz

A layer of hidden units, half-wave rectified, beside a straight path, to one logistic output: cross-entropy by Adam (D. P.
Kingma, J. Ba, ICLR 2015), its step going down with a cosine, with weight decay. The same seed gives the same weights.
"""
import json, math, sys, textwrap
from pathlib import Path
import numpy as np, soundfile as sf
from sklearn.metrics import roc_auc_score
from features import HOP, NAMES, features, in_context

TABLE = Path(__file__).resolve().parents[2] / "Plugins/Voice/Activity/FusionWeights.swift"
HIDDEN = 24
HALF = 0.3  # of the network's scale becomes the output's 0.5
ONSET, CLEAN, START = 6, 12, 0.6  # weights of frames
MOST = 8  # deviations from the mean count no further
EPOCHS, BATCH, STEP, DECAY = 14, 512, 2e-3, 1.5e-4


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


def learn(x, y, weight):
    """[weights of the hidden units, their offsets, what they weigh, weights of the straight path, offset]"""
    rng = np.random.default_rng(0); n = x.shape[1]; draw = lambda *shape: rng.standard_normal(shape).astype("f")
    p = [draw(n, HIDDEN) / math.sqrt(n), np.zeros(HIDDEN, "f"), 0.3 * draw(HIDDEN), np.zeros(n, "f"), np.zeros(1, "f")]
    m, v = [np.zeros_like(q) for q in p], [np.zeros_like(q) for q in p]; step, steps = 0, EPOCHS * (len(x) // BATCH)
    for _ in range(EPOCHS):
        order = rng.permutation(len(x))
        for start in range(0, len(x) - BATCH + 1, BATCH):
            k = order[start:start + BATCH]; z = x[k]; a = z @ p[0] + p[1]; h = np.maximum(a, 0)
            d = weight[k] * (1 / (1 + np.exp(-(h @ p[2] + z @ p[3] + p[4]))) - y[k]) / BATCH; back = np.outer(d, p[2]) * (a > 0)
            slopes = [z.T @ back + DECAY * p[0], back.sum(0), h.T @ d + DECAY * p[2], z.T @ d + DECAY * p[3], d.sum(keepdims=True)]
            step += 1; pace = STEP * (0.5 + 0.5 * math.cos(math.pi * step / steps)) + 1e-5
            for i, g in enumerate(slopes):
                m[i] = 0.9 * m[i] + 0.1 * g; v[i] = 0.999 * v[i] + 0.001 * g * g
                p[i] = p[i] - pace * (m[i] / (1 - 0.9 ** step)) / (np.sqrt(v[i] / (1 - 0.999 ** step)) + 1e-8)
    return p


def write(mean, scale, p):
    def table(name, values):
        body = textwrap.fill(", ".join(f"{v:.5g}" for v in values) + ",", 116, initial_indent=" " * 8, subsequent_indent=" " * 8)
        return f"    static let {name}: [Float] = [\n{body}\n    ]\n"
    text = TABLE.read_text(); head = text[:text.index("    static let mean")]
    bias = f"    /// Moved so that 0.5 is {HALF} of what was learnt: a late onset costs more than a false alarm.\n    static var bias: Float {{ {float(p[4][0]) - math.log(HALF / (1 - HALF)):.6g} }}\n"
    TABLE.write_text(head + "\n".join([table("mean", mean), table("scale", scale), table("straight", p[3]), table("hidden", p[0].ravel()), table("offset", p[1]), table("output", p[2]), bias]) + "}\n")


def main():
    a, e, b = sessions(sys.argv[1], True), starts(sys.argv[1]), sessions(sys.argv[2], False); rng = np.random.default_rng(0)
    weight = np.ones(a["y"].shape, np.float32)
    for t, i in zip(*np.nonzero(np.diff((a["y"] == 1).astype(np.int8), axis=0) == 1)): weight[t + 1:t + 9, i] = ONSET
    weight[:, a["noise"] == "clean"] *= CLEAN
    begin = np.full(e["y"].shape, START, np.float32); begin[:, e["noise"] == "clean"] = CLEAN
    use = (a["y"] >= 0) & (rng.random(a["y"].shape) < 0.2)
    also = (e["y"] >= 0) & (rng.random(e["y"].shape) < 0.3); also[:, e["noise"] == "babble"] = False  # that is voices
    x = np.concatenate([in_context(a["x"])[use], in_context(e["x"])[also]]); mean, scale = x.mean(0), 1 / (x.std(0) + 1e-6)
    normal = lambda x: np.clip((x - mean) * scale, -MOST, MOST).astype(np.float32)
    p = learn(normal(x), np.r_[a["y"][use], e["y"][also]].astype(np.float32), np.r_[weight[use], begin[also]])
    write(mean, scale, p)
    z = normal(in_context(b["x"])); sums = np.stack([np.maximum(z[:, i] @ p[0] + p[1], 0) @ p[2] + z[:, i] @ p[3] + p[4] for i in range(z.shape[1])], 1)
    report(b["y"], 1 / (1 + np.exp(-sums)), b["noise"], b["snr"])


main()
