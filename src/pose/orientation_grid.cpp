#include "pose/orientation_grid.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/random.hpp"
#include "core/units.hpp"
#include "tumble/error.hpp"

namespace tumble {
namespace {

/// Rotation of a unit quaternion made of four normal deviates: uniform over the rotation group.
Mat3 random_rotation(RandomStream stream) {
    double w = stream.normal(), x = stream.normal(), y = stream.normal(), z = stream.normal();
    const double scale = 1 / std::sqrt(w * w + x * x + y * y + z * z);
    w *= scale, x *= scale, y *= scale, z *= scale;
    return {{1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y), 2 * (x * y + w * z),
             1 - 2 * (x * x + z * z), 2 * (y * z - w * x), 2 * (x * z - w * y), 2 * (y * z + w * x),
             1 - 2 * (x * x + y * y)}};
}

}  // namespace

std::vector<Mat3> half_sphere_directions(std::int64_t count, std::uint64_t seed, std::uint32_t pass) {
    if (count < 1) throw bad_input("directions is " + std::to_string(count) + ": expected at least 1");
    const double golden_angle = std::numbers::pi * (3 - std::sqrt(5.0));
    const Mat3 turn =
        seed == 0 ? Mat3{} : random_rotation(RandomStream(seed, 0, RandomPurpose::direction_grid, pass));
    std::vector<Mat3> out;
    out.reserve(static_cast<std::size_t>(count));
    for (std::int64_t i = 0; i < count; i++) {
        const double z = 1 - (static_cast<double>(i) + 0.5) / static_cast<double>(count);
        const double azimuth = std::fmod(static_cast<double>(i) * golden_angle, 2 * std::numbers::pi);
        out.push_back(rotation_from_euler({degrees(azimuth), degrees(std::acos(z)), 0}) * turn);
    }
    return out;
}

double direction_spacing(std::int64_t count) {
    return std::sqrt(2 * std::numbers::pi / static_cast<double>(count));
}

std::vector<Vec2> shift_grid(double radius, double step) {
    if (!(step > 0) || !(radius >= 0)) throw bad_input("shift grid: expected radius >= 0 and step > 0");
    struct Node {
        int x, y;
        int squares() const { return x * x + y * y; }
    };
    const int reach = static_cast<int>(radius / step + 1e-9);
    std::vector<Node> nodes;
    for (int y = -reach; y <= reach; y++)
        for (int x = -reach; x <= reach; x++)
            if (std::hypot(x, y) * step <= radius * (1 + 1e-9)) nodes.push_back({x, y});
    std::stable_sort(nodes.begin(), nodes.end(), [](Node a, Node b) { return a.squares() < b.squares(); });
    std::vector<Vec2> out;
    for (Node n : nodes) out.push_back({n.x * step, n.y * step});
    return out;
}

}  // namespace tumble
