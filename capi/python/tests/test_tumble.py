"""Tests of the Python package: python -m unittest test_tumble. They need NumPy and nothing else."""
import gc
import os
import tempfile
import unittest

import numpy as np

import tumble

BOX, PIXEL, IMAGES = 48, 0.4, 60


def displaced_ball(rng):
    """87 atoms of an fcc ball, each moved at random."""
    steps = np.arange(-4, 5)
    n = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), -1).reshape(-1, 3)
    sites = n[n.sum(1) % 2 == 0] * 2.77 / 2**0.5
    sites = sites[np.linalg.norm(sites, axis=1) < 6.9]
    return sites + 0.1 * rng.normal(size=sites.shape)


def random_rotations(count, rng):
    q, r = np.linalg.qr(rng.normal(size=(count, 3, 3)))
    q = q * np.sign(np.einsum("nii->ni", r))[:, None, :]
    return q * np.sign(np.linalg.det(q))[:, None, None]


def simulated(seed=1, noise=0.3):
    """Images, rotations, shifts and atoms of a small particle."""
    rng = np.random.default_rng(seed)
    atoms, rotations = displaced_ball(rng), random_rotations(IMAGES, rng)
    shifts = 0.2 * rng.normal(size=(IMAGES, 2))
    axis = (np.arange(BOX) - BOX // 2) * PIXEL
    images = noise * rng.normal(size=(IMAGES, BOX, BOX))
    for i in range(IMAGES):
        x, y = ((atoms @ rotations[i].T)[:, :2] + shifts[i]).T
        wx, wy = (np.exp(-((axis[:, None] - c) ** 2) / (2 * 0.55**2)) for c in (x, y))
        images[i] += wy @ wx.T
    return images.astype(np.float32), rotations, shifts, atoms


class Reconstruction(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.images, cls.rotations, cls.shifts, cls.atoms = simulated()
        cls.result = cls.run_once(cls.images)

    @classmethod
    def run_once(cls, images, **more):
        return tumble.reconstruct(images, PIXEL, "Pt", poses=(cls.rotations, cls.shifts), threads=1, **more)

    def test_atoms_are_where_they_were_put(self):
        found = self.result.positions
        self.assertEqual(found.shape, self.atoms.shape)
        distance = np.linalg.norm(found[:, None] - self.atoms[None], axis=2).min(1)
        self.assertLess(distance.max(), 0.15)
        self.assertTrue((self.result.sigmas > 0).all())
        self.assertEqual(self.result.map.shape, (BOX, BOX, BOX))

    def test_layout_does_not_matter(self):
        wide = np.zeros((BOX, IMAGES, 2 * BOX))
        view = wide.transpose(1, 0, 2)[:, ::-1, ::2]
        view[...] = self.images
        for images in (np.asfortranarray(self.images), view):
            np.testing.assert_array_equal(self.run_once(images).positions, self.result.positions)

    def test_arrays_are_lent_and_outlive_the_result(self):
        result = self.run_once(self.images)
        first, again = result.map, result.map
        self.assertEqual(first.ctypes.data, again.ctypes.data)
        self.assertFalse(first.flags.writeable)
        copy = first.copy()
        del result, again
        gc.collect()
        np.testing.assert_array_equal(first, copy)

    def test_dlpack_comes_in(self):
        class Tensor:
            def __init__(self, array):
                self.array = array

            def __dlpack__(self, **how):
                return self.array.__dlpack__(**how)

            def __dlpack_device__(self):
                return self.array.__dlpack_device__()

        np.testing.assert_array_equal(self.run_once(Tensor(self.images.copy())).positions, self.result.positions)

    def test_progress_is_told_and_cancels(self):
        stages, lines = [], []
        self.run_once(self.images, progress=lambda stage, fraction, round: stages.append(stage), log=lines.append)
        self.assertGreater(len(set(stages)), 2)
        self.assertGreater(len(lines), 1)
        with self.assertRaises(tumble.TumbleError) as caught:
            self.run_once(self.images, progress=lambda *_: True)
        self.assertEqual(caught.exception.status, 600)

    def test_exceptions_of_callbacks_come_back(self):
        def fail(*_):
            raise KeyboardInterrupt

        with self.assertRaises(KeyboardInterrupt):
            self.run_once(self.images, progress=fail)
        with self.assertRaises(KeyboardInterrupt):
            self.run_once(self.images, log=fail)

    def test_shown_in_words_and_html(self):
        self.assertIn("87 atoms", repr(self.result))
        self.assertIn("<table>", self.result._repr_html_())


class Faults(unittest.TestCase):
    def test_sentences(self):
        images, rotations, shifts, _ = simulated()
        for words, call in {
            "nonsense": lambda: tumble.reconstruct(images, PIXEL, "Pt", search="nonsense"),
            "no-such-option": lambda: tumble.reconstruct(images, PIXEL, "Pt", no_such_option=1),
            "Qq": lambda: tumble.reconstruct(images, PIXEL, "Qq"),
            "60 images": lambda: tumble.reconstruct(images, PIXEL, "Pt", poses=(rotations[:5], shifts[:5])),
            "absent.mrcs": lambda: tumble.read_stack("absent.mrcs"),
        }.items():
            with self.assertRaises(tumble.TumbleError) as caught:
                call()
            self.assertIn(words, str(caught.exception))
        with self.assertRaises(TypeError):
            tumble.reconstruct(images.astype(complex), PIXEL, "Pt")


class Files(unittest.TestCase):
    def test_a_map_is_written_and_comes_back_as_a_stack(self):
        volume = np.random.default_rng(3).normal(size=(20, 20, 20)).astype(np.float32)
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "map.mrc")
            tumble.write_map(path, volume, 0.5)
            images, pixel_size = tumble.read_stack(path)
        np.testing.assert_array_equal(images, volume)
        self.assertAlmostEqual(pixel_size, 0.5, places=5)

    def test_options_are_listed(self):
        table = {row["name"]: row for row in tumble.options()}
        self.assertEqual(table["seed"]["type"], int)
        self.assertIn("shc", table["search"]["choices"])
        self.assertRegex(tumble.version(), r"^\d+\.\d+\.\d+$")


class Steps(unittest.TestCase):
    def test_steps_give_what_the_whole_gives_and_an_exception_costs_nothing(self):
        stack, rotations, shifts, _ = simulated()
        given = dict(poses=(rotations, shifts), polish=1, threads=1)
        whole = tumble.reconstruct(stack, PIXEL, "Pt", **given)
        faults = []

        def stumble(stage, fraction, round):
            if stage == "refine halves" and not faults:
                faults.append(stage)
                raise ZeroDivisionError(stage)

        run = tumble.Run(stack, PIXEL, "Pt", progress=stumble, **given)
        stages = []
        while True:
            try:
                left = run.step()
            except ZeroDivisionError:
                continue
            stages.append(run.stage)
            self.assertEqual(run.array("rotations").shape, (IMAGES, 3, 3))
            if not left:
                break
        self.assertEqual(stages, ["start", "halves", "halves", "done"])
        self.assertEqual(faults, ["refine halves"])
        result = run.result()
        self.assertTrue(np.array_equal(result.positions, whole.positions))
        self.assertTrue(np.array_equal(result.rotations, whole.rotations))
        with self.assertRaises(tumble.TumbleError):
            run.result()


class Operators(unittest.TestCase):
    def test_a_map_finds_the_poses_that_it_was_made_from(self):
        from tumble import operators as op
        stack, rotations, shifts, atoms = simulated(noise=0.15)
        device = op.Device("cpu", threads=1)
        self.assertEqual(device.name, "cpu")
        images = op.Images(device, stack, PIXEL)
        truth = op.Poses(rotations, shifts, np.zeros(IMAGES))
        even, odd = op.Equations(images), op.Equations(images)
        for equations, numbers in ((even, np.arange(0, IMAGES, 2)), (odd, np.arange(1, IMAGES, 2))):
            equations.insert(op.Poses(rotations[numbers], shifts[numbers], truth.scores[numbers], numbers), high=0.9)
        half = even.solve(high=0.9)
        even.add(odd)
        volume = even.solve(high=0.9)
        self.assertEqual(volume.shape, (images.box,) * 3)
        self.assertFalse(np.array_equal(half, volume))

        transform = op.Transform(device, volume, PIXEL)
        at_zero = transform.slices(rotations[:2], [[0, 0], [0.6, 0]])
        self.assertEqual(at_zero.dtype, np.complex64)
        self.assertLess(abs(at_zero[0, 0] - volume.sum()), 2e-3 * np.abs(volume).sum())
        self.assertEqual(at_zero[0, 1], 0)
        known = op.score(images, transform, truth, low=0.1, high=0.9)
        turned = op.Poses(rotations @ rotations[0], shifts, np.zeros(IMAGES))
        wrong = op.score(images, transform, turned, low=0.1, high=0.9)
        self.assertGreater(np.median(known.scores), np.median(wrong.scores) + 10)
        polished = op.polish(images, transform, truth, low=0.1, high=0.9)
        self.assertTrue((polished.scores >= known.scores - 1e-6 * np.abs(known.scores)).all())

        search = op.Search(images, transform, shift_radius=0.36)
        poses = search.climb(op.Poses.start(images.count))
        again = search.climb(poses, number=1)
        self.assertTrue((again.scores >= poses.scores).mean() > 0.9)
        best = search.best(poses)
        self.assertTrue((best.scores >= again.scores).all())
        with self.assertRaises(tumble.TumbleError):
            search.climb(poses, neighbourhood=2)


if __name__ == "__main__":
    unittest.main()
