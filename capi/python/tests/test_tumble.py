"""Tests of the Python package: python -m unittest test_tumble. They need NumPy and nothing else."""
import ctypes
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

    def test_half_maps_give_a_resolution_a_map_and_its_atoms(self):
        from tumble import operators as op
        stack, rotations, shifts, atoms = simulated(noise=0.15)
        device = op.Device("cpu", threads=1)
        images = op.Images(device, stack, PIXEL)
        numbers = np.arange(IMAGES, dtype=np.int32)
        parts = [op.Poses(rotations[k::2], shifts[k::2], np.zeros(IMAGES // 2), numbers[k::2]) for k in (0, 1)]
        sums = [op.Equations(images) for _ in parts]
        for equations, part in zip(sums, parts):
            equations.insert(part)
        halves = [equations.solve(high=1.2) for equations in sums]
        sums[0].add(sums[1])
        volume = sums[0].solve(high=1.2)

        mask = op.find_mask(device, volume, PIXEL)
        self.assertTrue(mask.min() == 0 and mask.max() == 1 and 0.02 < mask.mean() < 0.6)
        curves = op.correlate(device, *halves, PIXEL, mask)
        self.assertEqual(curves.corrected.shape, (images.box // 2 + 1,))
        self.assertAlmostEqual(curves.frequencies[-1], 0.5 / PIXEL)
        self.assertGreater(curves.corrected[images.box // 8], 0.9)
        self.assertTrue(2 * PIXEL <= curves.resolution() <= curves.resolution(0.5) < 2)
        self.assertEqual(curves.resolution(), op.resolution(curves.frequencies, curves.corrected))
        np.testing.assert_array_equal(op.correlate(device, halves[0], halves[0], PIXEL).unmasked[1:8], np.ones(7))
        restored = op.restore(device, volume, curves.corrected)
        np.testing.assert_allclose(op.restore(device, volume, np.ones(images.box // 2 + 1)).ravel()[::97], volume.ravel()[::97], atol=1e-4 * volume.max())

        found = op.find_atoms(restored, PIXEL, "Pt", *halves, threads=1)
        self.assertEqual(len(found), len(atoms))
        distance = np.linalg.norm(found.positions[:, None] - atoms[None], axis=2).min(1)
        self.assertLess(distance.max(), 0.2)
        self.assertTrue((found.half_distances > 0).all() and (found.widths > 0).all() and (found.sigmas > 0).all())
        self.assertEqual(np.median(found.heights), 1)
        told = []
        refined = op.refine_atoms(images, op.Poses(rotations, shifts, np.zeros(IMAGES)), found, progress=lambda stage, fraction, round: told.append(stage))
        nearer = np.linalg.norm(refined.positions[:, None] - atoms[None], axis=2).min(1)
        self.assertLess((nearer**2).mean(), (distance**2).mean())
        self.assertIn("87 atoms", repr(refined))
        positions = refined.positions
        del refined
        gc.collect()
        self.assertTrue(np.isfinite(positions).all() and not positions.flags.writeable)

        def fail(*_):
            raise KeyboardInterrupt

        for call in (lambda: op.refine_atoms(images, op.Poses(rotations, shifts, np.zeros(IMAGES)), found, progress=fail),):
            with self.assertRaises(KeyboardInterrupt):
                call()
        for status, call in {500: lambda: op.find_mask(device, np.ones((24, 24, 24), np.float32), PIXEL),
                             103: lambda: op.restore(device, volume[:, :, :-1], curves.corrected),
                             200: lambda: op.restore(device, volume, curves.corrected[:5]),
                             101: lambda: op.find_atoms(restored, PIXEL, "Pt", halves[0])}.items():
            with self.assertRaises(tumble.TumbleError) as caught:
                call()
            self.assertEqual(caught.exception.status, status)


class CudaTensor:
    """An array in the memory of a CUDA device as DLPack shows it: `address` and the layout of a NumPy array."""

    def __init__(self, address, like, device=0):
        self.address, self.like, self.device, self.streams = address, like, device, []

    def __dlpack_device__(self):
        return 2, self.device

    def __dlpack__(self, *, stream=None):
        from tumble import _device_array
        self.streams.append(stream)
        code = {"i": 0, "u": 1, "f": 2, "c": 5}[self.like.dtype.kind]
        numbers = ctypes.c_int64 * self.like.ndim
        kept = numbers(*self.like.shape), numbers(*(s // self.like.itemsize for s in self.like.strides))
        tensor = _device_array._Tensor(self.address, (2, self.device), self.like.ndim, code, 8 * self.like.itemsize, 1, *kept, 0)
        self.kept = tensor, kept
        make = ctypes.pythonapi.PyCapsule_New
        make.restype, make.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
        return make(ctypes.addressof(tensor), b"dltensor", None)


class DeviceMemory(unittest.TestCase):
    def test_is_refused_by_the_processor_and_by_the_whole(self):
        from tumble import operators as op
        stack = simulated()[0]
        tensor = CudaTensor(stack.ctypes.data, stack)
        for call in (lambda: op.Images(op.Device("cpu"), tensor, PIXEL), lambda: tumble.reconstruct(tensor, PIXEL, "Pt"), lambda: tumble.Run(tensor, PIXEL, "Pt"),
                     lambda: op.find_atoms(tensor, PIXEL, "Pt")):
            with self.assertRaises(tumble.TumbleError) as caught:
                call()
            self.assertEqual(caught.exception.status, 400)
            self.assertIn("found memory of CUDA device 0, expected host memory", str(caught.exception))
        with self.assertRaises(TypeError):
            op.Images(op.Device("cpu"), CudaTensor(stack.ctypes.data, stack.astype(complex)), PIXEL)

    @unittest.skipUnless(os.environ.get("TUMBLE_EMULATED_MODULE"), "TUMBLE_EMULATED_MODULE names no module for an emulated device")
    def test_of_the_device_goes_in_and_out(self):
        from tumble import operators as op
        module = os.environ["TUMBLE_EMULATED_MODULE"]
        os.environ["TUMBLE_BACKEND_DIR"] = os.path.dirname(module)
        device = op.Device("cuda", threads=1)
        self.assertEqual(device.name, "cuda:0")
        emulated = ctypes.CDLL(module)
        emulated.tumble_emulation_caller.restype = ctypes.POINTER(ctypes.c_void_p * 5)
        program = emulated.tumble_emulation_caller().contents
        allocate = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t)(program[0])
        copy = ctypes.CFUNCTYPE(ctypes.c_bool, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p)(program[2])
        create_stream = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_int)(program[3])
        destroy_stream = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(program[4])

        def on_device(array):
            tensor = CudaTensor(allocate(0, array.nbytes), array)
            self.assertTrue(copy(tensor.address, array.ctypes.data, array.nbytes, None))
            return tensor

        def on_host(tensor):
            array, stream = np.empty_like(tensor.like), create_stream(0)
            self.assertTrue(copy(array.ctypes.data, tensor.address, array.nbytes, stream))
            destroy_stream(stream)
            return array

        stack = simulated()[0][:6, ::2, ::2].copy()
        tensor = on_device(stack)
        images, same = op.Images(device, stack, 2 * PIXEL), op.Images(device, tensor, 2 * PIXEL)
        self.assertEqual(tensor.streams, [1])
        density = np.random.default_rng(1).normal(size=(24, 24, 24)).astype(np.float32)
        expected = images.matched(density, 2 * PIXEL)
        room = on_device(np.zeros_like(expected))
        stream = create_stream(0)
        device.set_stream(stream)
        self.assertIs(same.matched(on_device(density), 2 * PIXEL, out=room), room)
        self.assertEqual(room.streams, [stream])
        np.testing.assert_array_equal(on_host(room), expected)
        device.set_stream(None)
        destroy_stream(stream)
        with self.assertRaises(tumble.TumbleError) as caught:
            op.find_mask(device, CudaTensor(tensor.address, density, device=1), PIXEL)
        self.assertIn("CUDA device 1", str(caught.exception))


if __name__ == "__main__":
    unittest.main()
