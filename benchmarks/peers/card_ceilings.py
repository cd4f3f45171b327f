"""What a card can do at most, in JSON: tf32 products (operations a second), copies in its memory (bytes read and written a
second) and copies of a map from and to ordinary memory of the host (bytes a second). Exit code 1 without torch.

    card_ceilings.py [--device cuda:0] [--quick]
"""
import argparse
import json
import sys
import time

try:
    import torch
except ImportError:
    print("torch is not installed", file=sys.stderr)
    sys.exit(1)


def seconds_of(body, device, repeats=7):
    times = []
    for _ in range(repeats + 1):  # the first is not counted
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        start = time.perf_counter()
        body()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        times.append(time.perf_counter() - start)
    return sorted(times[1:])[repeats // 2]


def main():
    options = argparse.ArgumentParser(description="What a card can do at most")
    options.add_argument("--device", default="cuda:0", help="cuda:N; cpu is taken where torch sees no card")
    options.add_argument("--quick", action="store_true", help="small sizes")
    o = options.parse_args()
    device = torch.device(o.device if torch.cuda.is_available() else "cpu")
    torch.backends.cuda.matmul.allow_tf32 = True
    side, copied = (256, 2**22) if o.quick else (8192, 2**31)
    a, b = torch.randn(side, side, device=device), torch.randn(side, side, device=device)
    here = torch.randint(0, 255, (copied,), dtype=torch.uint8, device=device)
    there = torch.empty_like(here)
    host = torch.randn(96**3)
    small = host.to(device)
    print(json.dumps({
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
        "tf32_flops": 2 * side**3 / seconds_of(lambda: torch.mm(a, b), device),
        "copy_bytes": 2 * copied / seconds_of(lambda: there.copy_(here), device),
        "host_copy_bytes": 8 * host.numel() / seconds_of(lambda: (small.copy_(host), host.copy_(small)), device)}))


if __name__ == "__main__":
    main()
