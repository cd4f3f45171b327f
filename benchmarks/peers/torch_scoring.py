"""Scores of all images against all directions and their mirrors in PyTorch, the same sums as `tumble benchmark` times
(src/pose/score.hpp), as somebody who knows PyTorch writes them: one batched complex product over the rings for each angular
order, the inverse transform over the in-plane angle, the maximum, in chunks that fit the memory. Prints JSON with pairs per
second, timed by CUDA events on a card and by the clock on the processor. Exit code 1 without torch.

    torch_scoring.py [--images N] [--directions N] [--device cuda:0] [--tf32] [--compile] ...
    torch_scoring.py --case IN --scores OUT     # instead: the table of scores of a case (layout: see read_case)
"""
import argparse
import json
import math
import sys
import time

try:
    import torch
except ImportError:
    print("torch is not installed", file=sys.stderr)
    sys.exit(1)


def harmonics(samples, angles):
    """[item][ring][half angle] -> [order][item][ring], orders 0 .. angles/2; the other half turn by Friedel's law."""
    full = torch.cat([samples, samples.conj()], dim=-1)
    return torch.fft.fft(full, norm="forward")[..., : angles // 2 + 1].permute(2, 0, 1).contiguous()


class Panel:
    """What does not change from image to image: harmonics of both views of each direction, and their powers."""

    def __init__(self, slices, weights, angles, orders):
        b = harmonics(slices, angles)[:orders]
        self.angles = angles
        # Seen from behind, a direction's harmonics are the conjugate ones. [order][ring][view], view = 2 direction + mirror
        self.views = torch.stack([b.conj(), b], dim=2).flatten(1, 2).transpose(1, 2).contiguous()
        power = (weights[:, None] * slices.abs() ** 2).sum(dim=(1, 2))
        self.power = power.repeat_interleave(2)
        # s(phi) = angles / 2 sum over all orders; L = 2 s - Q. The sum over an order's rings carries the weights.
        self.factor = weights * angles


def score_chunk(images, views, power, angles, spectra):
    """[order][image][ring] x [order][ring][view] -> [image][view]: largest score over the in-plane angles. `spectra` is
    [image][view][angles/2 + 1] with zeros in the orders that are not there."""
    spectra[..., : images.shape[0]] = torch.bmm(images, views).permute(1, 2, 0)
    return torch.fft.irfft(spectra, n=angles, norm="forward").amax(dim=-1) - power


class Search:
    """Best view of every image. `values` bounds the numbers of a chunk of curves."""

    def __init__(self, panel, images, weights, orders, values, compiled):
        self.panel = panel
        self.images = harmonics(images, panel.angles)[:orders] * panel.factor
        self.some_views = min(panel.views.shape[2], max(1, values // panel.angles // min(len(images), 64)))
        self.some_images = min(len(images), max(1, values // panel.angles // self.some_views))
        self.spectra = torch.zeros(self.some_images, self.some_views, panel.angles // 2 + 1, dtype=torch.complex64, device=images.device)
        self.score = torch.compile(score_chunk) if compiled else score_chunk

    def chunks(self):
        images, views = self.images.shape[1], self.panel.views.shape[2]
        for i in range(0, images, self.some_images):
            for v in range(0, views, self.some_views):
                yield slice(i, min(i + self.some_images, images)), slice(v, min(v + self.some_views, views))

    def table(self):
        out = torch.empty(self.images.shape[1], self.panel.views.shape[2], device=self.images.device)
        for i, v in self.chunks():
            out[i, v] = self.chunk(i, v)
        return out

    def best(self):
        images = self.images.shape[1]
        score = torch.full((images,), -math.inf, device=self.images.device)
        view = torch.zeros(images, dtype=torch.int64, device=self.images.device)
        for i, v in self.chunks():
            found, where = self.chunk(i, v).max(dim=1)
            better = found > score[i]
            score[i] = torch.where(better, found, score[i])
            view[i] = torch.where(better, where + v.start, view[i])
        return score, view

    def chunk(self, i, v):
        spectra = self.spectra[: i.stop - i.start, : v.stop - v.start]
        return self.score(self.images[:, i], self.panel.views[:, :, v], self.panel.power[v], self.panel.angles, spectra)


def seconds_of(body, device, repeats):
    """Median of `repeats`, after one that is not counted."""
    times = []
    for _ in range(repeats + 1):
        if device.type == "cuda":
            first, last = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            torch.cuda.synchronize(device)
            first.record()
            body()
            last.record()
            torch.cuda.synchronize(device)
            times.append(1e-3 * first.elapsed_time(last))
        else:
            start = time.perf_counter()
            body()
            times.append(time.perf_counter() - start)
    return sorted(times[1:])[repeats // 2]


def read_case(file):
    """int32 rings, angles, directions, images; float32 weights [ring], slices [direction][ring][half angle][re, im], images."""
    with open(file, "rb") as f:
        data = f.read()
    rings, angles, directions, images = torch.frombuffer(bytearray(data[:16]), dtype=torch.int32).tolist()
    values = torch.frombuffer(bytearray(data[16:]), dtype=torch.float32)
    weights, values = values[:rings], values[rings:].reshape(directions + images, rings, angles // 2, 2)
    samples = torch.view_as_complex(values.clone())  # at an even place
    return weights, samples[:directions], samples[directions:], angles


def main():
    options = argparse.ArgumentParser(description="Scores of images against directions in PyTorch")
    for name, value in (("images", 1000), ("directions", 10000), ("rings", 36), ("angles", 256), ("orders", 107), ("repeats", 3)):
        options.add_argument("--" + name, type=int, default=value)
    options.add_argument("--device", default="cuda:0", help="cuda:N, or cpu, which is also taken where torch sees no card")
    options.add_argument("--tf32", action="store_true", help="products in tf32: faster on a card, scores to 3 digits")
    options.add_argument("--compile", action="store_true", help="torch.compile the chunk")
    options.add_argument("--case", help="score this case instead")
    options.add_argument("--scores", help="file for the case's scores, float32 [image][2 direction + mirror]")
    o = options.parse_args()
    device = torch.device(o.device if torch.cuda.is_available() else "cpu")
    torch.backends.cuda.matmul.allow_tf32 = o.tf32
    # A card's free memory holds a chunk of curves, its spectra twice and the transform's work; the processor's caches less.
    sizes = [2**21] if device.type == "cpu" else [2**25, 2**27, 2**29]
    with torch.no_grad():
        if o.case:
            weights, slices, images, angles = read_case(o.case)
            weights, slices, images = weights.to(device), slices.to(device), images.to(device)
            orders = angles // 2 + 1
            search = Search(Panel(slices, weights, angles, orders), images, weights, orders, 3 * 64 * angles, o.compile)
            search.table().cpu().numpy().tofile(o.scores)
            return
        torch.manual_seed(1)
        shape = (o.rings, o.angles // 2)
        weights = torch.linspace(19 / 160, 0.48, o.rings, device=device)
        slices = torch.randn(o.directions, *shape, dtype=torch.complex64, device=device)
        images = torch.randn(o.images, *shape, dtype=torch.complex64, device=device)
        panel = Panel(slices, weights, o.angles, o.orders)
        seconds = math.inf
        for values in sizes:  # the fastest that fits
            try:
                search = Search(panel, images, weights, o.orders, values, o.compile)
                seconds = min(seconds, seconds_of(search.best, device, o.repeats))
            except torch.cuda.OutOfMemoryError if hasattr(torch.cuda, "OutOfMemoryError") else RuntimeError:
                break
    pairs = 2 * o.images * o.directions
    print(json.dumps({
        "torch": torch.__version__,
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else f"cpu, {torch.get_num_threads()} threads",
        "precision": "tf32" if o.tf32 and device.type == "cuda" else "float32",
        "images": o.images, "directions": o.directions, "rings": o.rings, "angles": o.angles, "orders": o.orders,
        "seconds": seconds, "pairs_per_second": pairs / seconds}))


if __name__ == "__main__":
    main()
