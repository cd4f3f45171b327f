// The sums of the atoms' refinement with more or less memory for them: the table does not show how many images go at once.
#include <vector>

#include "atoms/half_plane_grid.hpp"
#include "catch.hpp"
#include "kernels/atom_sums.hpp"
#include "unit/atoms/simulated_images.hpp"

using namespace tumble;

namespace {

struct Sums {
    std::vector<double> profile, gradient, scatter, likelihood, residual;
    bool operator==(const Sums&) const = default;
};

Sums sums_of(const SimulatedImages& data, const std::vector<Vec3>& atoms, bool depth, std::size_t scratch_bytes) {
    cuda::Device device(0);
    cuda::DeviceImages images;
    images.images = data.images.images;
    images.points = static_cast<std::int64_t>(data.images.points.size());
    images.box = data.images.box;
    images.pixel_size_A = data.images.pixel_size_A;
    std::vector<float2> points, values;
    for (const auto& p : data.images.points) points.push_back({p.x, p.y});
    for (const auto& v : data.images.values) values.push_back({v.real(), v.imag()});
    images.frequencies = cuda::to_device<float2>(device, points, "points");
    images.values = cuda::to_device<float2>(device, values, "values");
    images.weights = cuda::to_device<float>(device, data.images.weight, "weights");

    const auto shells = static_cast<std::size_t>(HalfPlaneGrid(data.images.points, images.box, images.pixel_size_A).shells());
    const std::vector<double> heights(atoms.size(), 0.9), direct(shells, 0.7), slope(shells, 0.05);
    Sums out;
    out.profile.assign(8 * shells, 0);
    out.gradient.assign(4 * atoms.size(), 0);
    out.scatter.assign(4 * atoms.size(), 0);
    out.likelihood.assign(static_cast<std::size_t>(images.images), 0);
    out.residual = out.likelihood;
    backend::AtomArguments a{};
    a.poses = reinterpret_cast<const double*>(data.poses.data());
    a.image_weights = data.weights.data();
    a.positions_A = reinterpret_cast<const double*>(atoms.data());
    a.heights = heights.data();
    a.first_image = 1;  // not the first, so that an offset forgotten somewhere shows
    a.image_count = images.images - 1;
    a.atom_count = static_cast<std::int64_t>(atoms.size());
    a.shell_count = static_cast<std::int64_t>(shells);
    a.direct = direct.data();
    a.depth = slope.data();
    a.profile_sums = out.profile.data();
    a.gradient = out.gradient.data();
    a.scatter = out.scatter.data();
    a.likelihood = out.likelihood.data();
    a.residual = out.residual.data();
    a.with_depth = depth;
    a.memory = backend::memory_host;
    cuda::add_profile_sums(device, images, a, scratch_bytes);
    cuda::add_atom_gradients(device, images, a, scratch_bytes);
    return out;
}

}  // namespace

TEST_CASE("sums of atoms have the same bits however many images go at once", "[atoms]") {
    const auto atoms = random_particle(40, 6, 1.8, 91);
    SimulatedImages data = simulate_images(atoms, 8, 24, 1.0, 0.6, false, 92);
    data.weights[3] = 0;
    for (const bool depth : {true, false}) {
        const Sums all = sums_of(data, atoms, depth, std::size_t{64} << 20);
        CHECK(all.gradient[5] != 0);
        CHECK(all.likelihood[6] != 0);
        CHECK(all.likelihood[7] == 0);  // seven images
        const std::size_t an_image = 24 * 64 * sizeof(float2) + 12 * 12 * (depth ? 2 : 1) * sizeof(float4);
        CHECK(all == sums_of(data, atoms, depth, 3 * an_image));  // 2 or 3 at once: the last batch is not full
        CHECK(all == sums_of(data, atoms, depth, 1));             // one
    }
}
