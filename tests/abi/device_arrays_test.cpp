// Arrays in the memory of a device, given to the operators of the C interface: on the emulated device the same bits as from host
// memory, in the order of the caller's stream; refusals elsewhere.
#include <cstdlib>
#include <cstring>
#include <limits>
#include <list>

#include "abi/c_arrays.hpp"
#include "catch.hpp"
#include "controls.hpp"
#include "unit/reconstruct/simulated_stack.hpp"

using namespace tumble;
using namespace tumble::testing;

namespace {

constexpr std::int64_t images = 8, box = 24;
constexpr double pixel_A = 0.5;

const emulation::Controls& emulated() {
    static const emulation::Controls& found = emulation::controls_of(TUMBLE_EMULATED_MODULE_DIR "/tumble_cuda.so");
    return found;
}

const emulation::Caller& caller() {
    static const emulation::Caller& found = emulation::caller_of(TUMBLE_EMULATED_MODULE_DIR "/tumble_cuda.so");
    return found;
}

std::int64_t bytes_of(const tumble_array& a) {
    std::int64_t bytes = a.dtype == TUMBLE_FLOAT64 ? 8 : 4;
    for (int axis = 0; axis < a.dimensions; axis++) bytes *= a.shape[axis];
    return bytes;
}

/// A host array's twin in device memory.
class OnDevice {
  public:
    explicit OnDevice(const tumble_array& host, int device = 0) : array(host), bytes_(static_cast<std::size_t>(bytes_of(host))) {
        array.data = caller().allocate(device, bytes_);
        array.memory = TUMBLE_MEMORY_CUDA;
        array.device = device;
        REQUIRE(array.data);
        REQUIRE(caller().copy(array.data, host.data, bytes_, nullptr));
    }
    ~OnDevice() { caller().release(array.data); }
    OnDevice(const OnDevice&) = delete;
    OnDevice& operator=(const OnDevice&) = delete;

    void back_to(void* host) const {
        void* stream = caller().create_stream(array.device);
        REQUIRE(caller().copy(host, array.data, bytes_, stream));
        caller().destroy_stream(stream);  // waits for it
    }
    tumble_array array;

  private:
    std::size_t bytes_;
};

/// Gives host arrays as they are, or twins on the device that go back to them.
class Given {
  public:
    explicit Given(bool device) : device_(device) {}
    ~Given() {
        for (const auto& [twin, host] : twins_)
            if (host) twin.back_to(host);
    }
    const tumble_array* in(const tumble_array& host) { return give(host, false); }
    const tumble_array* out(const tumble_array& host) { return give(host, true); }

  private:
    struct Twin {
        OnDevice twin;
        void* host;
        Twin(const tumble_array& array, bool back) : twin(array), host(back ? array.data : nullptr) {}
    };
    const tumble_array* give(const tumble_array& host, bool back) {
        if (!device_) return &kept_.emplace_back(host);
        return &twins_.emplace_back(host, back).twin.array;
    }
    bool device_;
    std::list<tumble_array> kept_;
    std::list<Twin> twins_;
};

tumble_array floats(std::vector<float>& values, std::initializer_list<std::int64_t> shape) { return array_of(values.data(), TUMBLE_FLOAT32, shape); }
tumble_array doubles(std::vector<double>& values, std::initializer_list<std::int64_t> shape) { return array_of(values.data(), TUMBLE_FLOAT64, shape); }
tumble_array cube(std::vector<float>& values, std::int64_t n) { return floats(values, {n, n, n}); }

struct Particle {
    std::vector<Vec3> sites = asymmetric_particle(12, 3.2, 2.0, 4);
    SimulatedStack simulated = simulated_stack(sites, images, box, pixel_A, 0.2, 9);
    Volume map = atoms_as_gaussians(sites, box, pixel_A);
    tumble_array stack() { return floats(simulated.stack.values, {images, box, box}); }
    tumble_array density() { return cube(map.values, box); }
};

struct Made {
    Handle<tumble_device> device;
    Handle<tumble_images> prepared;
    Handle<tumble_transform> transform;
    std::int64_t n = 0;
};

Made made_on(const char* name, Particle& particle, bool on_device, std::vector<float>& matched) {
    setenv("TUMBLE_BACKEND_DIR", TUMBLE_EMULATED_MODULE_DIR, 1);
    tumble_status status = 0;
    Made m;
    m.device = made<tumble_device>(status, tumble_device_create, name, 1);
    REQUIRE(status == TUMBLE_OK);
    Given given(on_device);
    m.prepared = made<tumble_images>(status, tumble_images_create, static_cast<tumble_context*>(nullptr), m.device.get(), given.in(particle.stack()), pixel_A, 7.0, 0);
    INFO(tumble_last_error());
    REQUIRE(status == TUMBLE_OK);
    double side = 0;
    REQUIRE(tumble_images_number(m.prepared.get(), "box", &side) == TUMBLE_OK);
    m.n = static_cast<std::int64_t>(side);
    matched.assign(static_cast<std::size_t>(m.n * m.n * m.n), -1.0f);
    {
        Given maps(on_device);
        REQUIRE(tumble_images_match_map(m.prepared.get(), maps.in(particle.density()), pixel_A, maps.out(cube(matched, m.n))) == TUMBLE_OK);
    }
    m.transform = made<tumble_transform>(status, tumble_transform_create, m.device.get(), given.in(cube(matched, m.n)), pixel_A);
    REQUIRE(status == TUMBLE_OK);
    return m;
}

/// What all operators give, one after the other.
std::vector<std::vector<double>> all_operators(Particle& particle, bool on_device) {
    std::vector<std::vector<double>> results;
    const auto keep = [&](const auto& values) { results.emplace_back(values.begin(), values.end()); };
    std::vector<float> matched;
    const Made m = made_on("cuda:0", particle, on_device, matched);
    keep(matched);
    const tumble_scoring band{sizeof(tumble_scoring), 0.1, 0.6, 0.5};
    const auto good = [](tumble_status status) {
        INFO(tumble_last_error());
        REQUIRE(status == TUMBLE_OK);
    };

    PoseColumns poses(particle.simulated.poses);
    std::vector<double> points{0, 0, 0.1, 0.05, -0.2, 0.15};
    std::vector<float> slices(static_cast<std::size_t>(images * 3 * 2), -1.0f);
    {
        Given g(on_device);
        good(tumble_transform_slices(m.transform.get(), g.in(poses.rotation_array()), g.in(doubles(points, {3, 2})), g.out(floats(slices, {images, 3, 2}))));
    }
    keep(slices);

    std::vector<std::int32_t> numbers{7, 6, 5, 4, 3, 2, 1, 0};
    const auto which = array_of(numbers.data(), TUMBLE_INT32, {images});
    const auto changed = [&](auto&& call) {
        Given g(on_device);
        good(call(g.in(which), g.out(poses.rotation_array()), g.out(poses.shift_array()), g.out(poses.score_array())));
    };
    const auto keep_poses = [&] { keep(poses.rotations), keep(poses.shifts), keep(poses.scores); };
    const tumble_images* prepared = m.prepared.get();
    changed([&](auto... columns) { return tumble_poses_score(prepared, m.transform.get(), &band, columns...); });
    keep_poses();
    changed([&](auto... columns) { return tumble_poses_search_shifts(prepared, m.transform.get(), &band, 1, columns...); });
    changed([&](auto... columns) { return tumble_poses_polish(prepared, m.transform.get(), &band, 1, columns...); });
    keep_poses();

    tumble_status status = 0;
    const tumble_scoring coarse{sizeof(tumble_scoring), 0.15, 0.4, 0};
    const auto search = made<tumble_search>(status, tumble_search_create, prepared, m.transform.get(), &coarse, 0.5, 0.5, std::int64_t{1});
    good(status);
    poses.scores.assign(poses.scores.size(), -std::numeric_limits<double>::infinity());
    std::vector<std::int32_t> improved(images, -1);
    {
        Given g(on_device);
        const auto* flags = g.out(array_of(improved.data(), TUMBLE_INT32, {images}));
        good(tumble_search_climb(search.get(), 1, 3, 0, nullptr, g.out(poses.rotation_array()), g.out(poses.shift_array()), g.out(poses.score_array()), flags));
    }
    keep(improved), keep_poses();
    changed([&](auto... columns) { return tumble_search_best(search.get(), columns...); });
    keep_poses();

    const auto equations = made<tumble_equations>(status, tumble_equations_create, prepared);
    std::vector<double> weights(images, 0.5);
    std::vector<float> solved(matched.size(), -1.0f);
    {
        Given g(on_device);
        good(tumble_equations_insert(equations.get(), &band, g.in(which), g.in(poses.rotation_array()), g.in(poses.shift_array()), g.in(doubles(weights, {images}))));
        good(tumble_equations_solve(equations.get(), 0.9, 1, g.out(cube(solved, m.n))));
    }
    keep(solved);

    std::vector<double> curves(static_cast<std::size_t>(4 * (box / 2 + 1)), -1.0), fsc(static_cast<std::size_t>(box / 2 + 1), 0.5);
    std::vector<float> restored(particle.map.values.size(), -1.0f), mask(restored.size(), -1.0f);
    Volume other = atoms_as_gaussians(asymmetric_particle(12, 3.2, 2.0, 5), box, pixel_A);
    {
        Given g(on_device);
        good(tumble_map_find_mask(m.device.get(), g.in(particle.density()), pixel_A, g.out(cube(mask, box))));
    }
    {
        Given g(on_device);
        good(tumble_maps_correlate(m.device.get(), g.in(particle.density()), g.in(cube(other.values, box)), g.in(cube(mask, box)), pixel_A, 1,
                                   g.out(doubles(curves, {4, box / 2 + 1}))));
        good(tumble_map_restore(m.device.get(), g.in(particle.density()), g.in(doubles(fsc, {box / 2 + 1})), g.out(cube(restored, box))));
    }
    keep(mask), keep(curves), keep(restored);

    const auto density = particle.density();
    const auto found =
        made<tumble_atoms>(status, tumble_atoms_find, static_cast<tumble_context*>(nullptr), &density, nullptr, nullptr, pixel_A, "Pt", 1.5, 0.0, 1);
    good(status);
    PoseColumns truth(particle.simulated.poses);
    Given g(on_device);
    const auto refined = made<tumble_atoms>(status, tumble_atoms_refine, static_cast<tumble_context*>(nullptr), prepared, g.in(array_of(numbers.data(), TUMBLE_INT32, {images})),
                                            g.in(truth.rotation_array()), g.in(truth.shift_array()), g.in(doubles(weights, {images})), found.get());
    good(status);
    tumble_array positions{};
    positions.struct_size = sizeof positions;
    good(tumble_atoms_array(refined.get(), "atom_positions", &positions));
    const auto* p = static_cast<const double*>(positions.data);
    results.emplace_back(p, p + 3 * positions.shape[0]);
    return results;
}

bool says(const char* part) {
    INFO(tumble_last_error());
    const bool found = std::string(tumble_last_error()).find(part) != std::string::npos;
    CHECK(found);
    return found;
}

/// A transform and room for two slices.
struct Slices {
    Particle particle;
    std::vector<float> matched, out = std::vector<float>(2 * 3 * 2, -1.0f);
    std::vector<double> points{0, 0, 0.1, 0.05, -0.2, 0.15};
    PoseColumns poses{std::vector<Pose>{particle.simulated.poses[0], particle.simulated.poses[1]}};
    Made made;
    tumble_array r, f, s;
    explicit Slices(const char* name) : made(made_on(name, particle, false, matched)), r(poses.rotation_array()), f(doubles(points, {3, 2})), s(floats(out, {2, 3, 2})) {}
    tumble_status sample(const tumble_array& rotations, const tumble_array& frequencies, const tumble_array& slices) const {
        return tumble_transform_slices(made.transform.get(), &rotations, &frequencies, &slices);
    }
    /// Of host arrays.
    std::vector<float> expected() {
        std::vector<float> values(out.size());
        REQUIRE(sample(r, f, floats(values, {2, 3, 2})) == TUMBLE_OK);
        return values;
    }
};

}  // namespace

TEST_CASE("operators read and write arrays in the memory of their device as those of the host, bit for bit") {
    Particle particle;
    const auto host = all_operators(particle, false), device = all_operators(particle, true);
    REQUIRE(host.size() == device.size());
    for (std::size_t i = 0; i < host.size(); i++) {
        CAPTURE(i);
        CHECK(host[i] == device[i]);
    }
}

TEST_CASE("arrays of a device may have gaps and reversed axes where they are read, and any order of axes where they are written") {
    Slices c("cuda:0");
    const auto expected = c.expected();
    // Every second frequency of six, the last first.
    std::vector<double> spread{-0.2, 0.15, 9, 9, 0.1, 0.05, 9, 9, 0, 0, 9, 9};
    const OnDevice points(doubles(spread, {6, 2})), rotations(c.r);
    tumble_array f = points.array;
    f.shape[0] = 3, f.stride[0] = -4, f.data = static_cast<double*>(f.data) + 8;
    // (frequency, part, rotation) in memory.
    const OnDevice room(c.s);
    tumble_array s = room.array;
    s.stride[0] = 1, s.stride[1] = 4, s.stride[2] = 2;
    REQUIRE(c.sample(rotations.array, f, s) == TUMBLE_OK);
    room.back_to(c.out.data());
    for (std::size_t i = 0; i < 2; i++)
        for (std::size_t k = 0; k < 3; k++)
            for (std::size_t part = 0; part < 2; part++) CHECK(c.out[i + 4 * k + 2 * part] == expected[6 * i + 2 * k + part]);

    s = room.array, s.shape[1] = 2, f.shape[0] = 2;  // a frequency of each rotation is left out: gaps
    CHECK(c.sample(rotations.array, f, s) == TUMBLE_E_ARRAY);
    says("slices");
    s = room.array, s.stride[0] = 0;
    CHECK(c.sample(rotations.array, points.array, s) == TUMBLE_E_ARRAY);
    f = points.array, f.stride[0] = std::numeric_limits<std::int64_t>::max() / 2;
    CHECK(c.sample(rotations.array, f, room.array) == TUMBLE_E_ARRAY);
    says("frequencies");
}

TEST_CASE("a caller's stream is waited for, one that was not given is not") {
    Slices c("cuda:0");
    const auto expected = c.expected();
    const OnDevice rotations(c.r), points(c.f), room(c.s);
    void* stream = caller().create_stream(0);
    double before = 0;
    const auto begin_copy = [&](void* of) {
        before = 0;
        REQUIRE(caller().copy(&before, rotations.array.data, sizeof before, of));
        REQUIRE(std::isnan(before));  // under way
    };
    begin_copy(stream);
    REQUIRE(c.sample(rotations.array, points.array, room.array) == TUMBLE_OK);
    CHECK(std::isnan(before));

    REQUIRE(tumble_device_set_stream(c.made.device.get(), stream) == TUMBLE_OK);
    const tumble_array& host_points = c.f;
    REQUIRE(c.sample(rotations.array, host_points, c.s) == TUMBLE_OK);  // one that is read
    CHECK(before == c.poses.rotations[0]);
    begin_copy(stream);
    REQUIRE(c.sample(c.r, host_points, room.array) == TUMBLE_OK);  // one that is written
    CHECK(before == c.poses.rotations[0]);
    std::vector<float> found(c.out.size());
    room.back_to(found.data());
    CHECK(found == expected);

    REQUIRE(tumble_device_set_stream(c.made.device.get(), nullptr) == TUMBLE_OK);
    begin_copy(stream);
    double on_default = 0;
    REQUIRE(caller().copy(&on_default, rotations.array.data, sizeof before, nullptr));
    REQUIRE(c.sample(rotations.array, points.array, room.array) == TUMBLE_OK);
    CHECK(std::isnan(before));
    CHECK(on_default == c.poses.rotations[0]);
    caller().destroy_stream(stream);

    REQUIRE(tumble_device_set_stream(c.made.device.get(), stream) == TUMBLE_OK);  // the emulation knows that it is gone
    CHECK(c.sample(rotations.array, points.array, room.array) == TUMBLE_E_DEVICE);
    says("rotations");
    emulated().reset();
}

TEST_CASE("device memory that cannot be reached is refused, naming the argument and the memory, and nothing is written") {
    SECTION("by a device of CUDA") {
        Slices c("cuda:0");
        const OnDevice rotations(c.r), elsewhere(c.f, 1), room(c.s);
        CHECK(c.sample(rotations.array, elsewhere.array, room.array) == TUMBLE_E_DEVICE);
        says("frequencies: found memory of CUDA device 1, expected host memory or that of the device that computes, cuda:0");
        tumble_array host = c.f;
        host.memory = TUMBLE_MEMORY_CUDA;
        CHECK(c.sample(rotations.array, host, room.array) == TUMBLE_E_DEVICE);
        says("frequencies");
        tumble_array beyond = rotations.array;
        beyond.shape[0] = 3;
        CHECK(c.sample(beyond, c.f, c.s) == TUMBLE_E_DEVICE);
        says("rotations");
        beyond = rotations.array, beyond.data = nullptr;
        CHECK(c.sample(beyond, c.f, c.s) == TUMBLE_E_NULL);
        beyond = rotations.array, beyond.dimensions = 9;
        CHECK(c.sample(beyond, c.f, c.s) == TUMBLE_E_ARRAY);
        beyond = rotations.array, beyond.dtype = 77;
        CHECK(c.sample(beyond, c.f, c.s) == TUMBLE_E_ARRAY);
        beyond = rotations.array, beyond.shape[0] = -1;
        CHECK(c.sample(beyond, c.f, c.s) == TUMBLE_E_ARRAY);
        emulated().reset();
        const long alive = emulated().live().allocations;
        for (long n = 1;; n++) {
            CAPTURE(n);
            emulated().fail(emulation::Failing::copy, n);
            const tumble_status status = c.sample(rotations.array, c.f, room.array);
            emulated().fail(emulation::Failing::copy, 0);
            if (status == TUMBLE_OK) {
                CHECK(n > 4);  // two of ours, and those of the slices
                break;
            }
            CHECK(emulated().live().allocations == alive);
            std::vector<float> found(c.out.size());
            room.back_to(found.data());
            CHECK(found == c.out);
        }
    }
    SECTION("by the processor, and by functions without a device") {
        Slices c("cpu");
        const OnDevice rotations(c.r);
        CHECK(c.sample(rotations.array, c.f, c.s) == TUMBLE_E_DEVICE);
        says("rotations: found memory of CUDA device 0, expected host memory, as the device that computes is cpu");
        CHECK(tumble_device_set_stream(c.made.device.get(), nullptr) == TUMBLE_E_DEVICE);
        says("cpu");
        tumble_status status = 0;
        const OnDevice density(c.particle.density());
        CHECK_FALSE(made<tumble_atoms>(status, tumble_atoms_find, static_cast<tumble_context*>(nullptr), &density.array, nullptr, nullptr, pixel_A, "Pt", 0.0, 0.0, 1));
        CHECK(status == TUMBLE_E_DEVICE);
        says("map: found memory of CUDA device 0, expected host memory");
        tumble_array pinned = c.r;
        pinned.memory = TUMBLE_MEMORY_PINNED;
        CHECK(c.sample(pinned, c.f, c.s) == TUMBLE_OK);
        pinned.memory = 13;
        CHECK(c.sample(pinned, c.f, c.s) == TUMBLE_E_ARRAY);
    }
    CHECK(tumble_device_set_stream(nullptr, nullptr) == TUMBLE_E_NULL);
}
