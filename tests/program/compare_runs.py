#!/usr/bin/env python3
"""Compares the atoms and poses of two runs of `tumble reconstruct` on the same images, as on two devices.

  compare_runs.py RUN OTHER [--atoms-pm 0.1] [--poses-deg 0.1] [--shifts-pm 1]

Atoms are paired by nearest position. Fails (exit 1) where the numbers of atoms differ, the rms distance of the pairs is larger
than --atoms-pm, or any image's orientation or shift differs by more than --poses-deg or --shifts-pm. Prints the figures.
"""
import argparse
import math
import sys


def atoms_of(file):
    with open(file, encoding="utf-8") as lines:
        count = int(next(lines))
        next(lines)
        return [tuple(float(v) for v in next(lines).split()[1:4]) for _ in range(count)]


def poses_of(file):
    """{image number: (rot, tilt, psi, x, y)} of the particles' table."""
    names, poses = [], {}
    with open(file, encoding="utf-8") as lines:
        for line in lines:
            words = line.split()
            if not words or words[0] in ("loop_", "#") or words[0].startswith("data_"):
                if words and words[0].startswith("data_"):
                    names = []
                continue
            if words[0].startswith("_"):
                names.append(words[0])
            elif "_rlnAngleRot" in names:
                value = dict(zip(names, words))
                number = int(value["_rlnImageName"].split("@")[0])
                poses[number] = tuple(float(value[n]) for n in ("_rlnAngleRot", "_rlnAngleTilt", "_rlnAnglePsi",
                                                               "_rlnOriginXAngst", "_rlnOriginYAngst"))
    return poses


def rotation(rot, tilt, psi):
    """RELION's Z Y Z matrix."""
    (ca, sa), (cb, sb), (cg, sg) = ((math.cos(math.radians(a)), math.sin(math.radians(a))) for a in (rot, tilt, psi))
    return ((cg * cb * ca - sg * sa, cg * cb * sa + sg * ca, -cg * sb),
            (-sg * cb * ca - cg * sa, -sg * cb * sa + cg * ca, sg * sb), (sb * ca, sb * sa, cb))


def angle_between(a, b):
    """Degrees; from the chord, which keeps small angles accurate."""
    chord = math.sqrt(sum((a[i][j] - b[i][j]) ** 2 for i in range(3) for j in range(3)))
    return math.degrees(2 * math.asin(min(1.0, chord / (2 * math.sqrt(2)))))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run")
    parser.add_argument("other")
    parser.add_argument("--atoms-pm", type=float, default=0.1)
    parser.add_argument("--poses-deg", type=float, default=0.1)
    parser.add_argument("--shifts-pm", type=float, default=1.0)
    arguments = parser.parse_args()

    a, b = (atoms_of(folder + "/atoms.xyz") for folder in (arguments.run, arguments.other))
    nearest = [min(math.dist(p, q) for q in b) for p in a] if b else []
    rms_pm = 100 * math.sqrt(sum(d * d for d in nearest) / len(nearest)) if nearest else 0.0
    p, q = (poses_of(folder + "/poses.star") for folder in (arguments.run, arguments.other))
    turns = [angle_between(rotation(*p[n][:3]), rotation(*q[n][:3])) for n in p if n in q]
    shifts = [100 * math.dist(p[n][3:], q[n][3:]) for n in p if n in q]
    apart = sum(t > arguments.poses_deg or s > arguments.shifts_pm for t, s in zip(turns, shifts))

    good = (len(a) == len(b) and rms_pm <= arguments.atoms_pm and p and p.keys() == q.keys() and apart == 0)
    print(f"{len(a)} and {len(b)} atoms, {rms_pm:.4f} pm rms apart; {len(turns)} images in common of {len(p)} and {len(q)}, "
          f"{apart} posed otherwise; largest turn {max(turns, default=0):.4f} deg, largest shift {max(shifts, default=0):.3f} pm: "
          + ("the same" if good else "different"))
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
