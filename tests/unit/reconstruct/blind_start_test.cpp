// From images alone to atoms: no poses, no reference, a small particle and few images.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "atoms/motif.hpp"
#include "catch.hpp"
#include "core/random.hpp"
#include "reconstruct/half_refinement.hpp"
#include "simulated_stack.hpp"
#include "tumble/reconstruct.hpp"

using namespace tumble;

namespace {

constexpr double neighbours_A = 2.77, displacement_A = 0.1, pixel_A = 0.4;
constexpr int images = 150, box = 48;

/// Motif sites, each moved at random.
std::vector<Vec3> displaced_motif(Motif motif, double radius_A, std::uint64_t seed) {
    auto atoms = motif_sites(motif, neighbours_A, radius_A, {});
    RandomStream random(seed, 0, RandomPurpose::structure);
    for (auto& a : atoms) a = a + displacement_A * Vec3{random.normal(), random.normal(), random.normal()};
    return atoms;
}

/// How well one set of atoms lies on another, over all rotations and both hands.
struct Match {
    std::size_t within = 0;  ///< atoms of the truth that have one found atom within 0.3 A
    double rms_A = 1e30;     ///< of all atoms of the truth to the nearest found one
};

Match compared(const std::vector<Vec3>& truth, const std::vector<Vec3>& found) {
    Match match;
    double sum = 0;
    for (const Vec3& t : truth) {
        double nearest = 1e30;
        for (const Vec3& f : found) nearest = std::min(nearest, length(t - f));
        sum += nearest * nearest;
        if (nearest < 0.3) match.within++;
    }
    match.rms_A = std::sqrt(sum / static_cast<double>(truth.size()));
    return match;
}

/// Orthonormal rows: along `u`, then in the plane of `u` and `v`.
Mat3 frame_of(Vec3 u, Vec3 v) {
    const Vec3 x = (1 / length(u)) * u, n = cross(u, v), z = (1 / length(n)) * n, y = cross(z, x);
    return {{x.x, x.y, x.z, y.x, y.y, y.z, z.x, z.y, z.z}};
}

/// One corner of the truth, an atom and two neighbours of it, is laid onto every like corner of the found atoms.
Match best_match(const std::vector<Vec3>& truth, const std::vector<Vec3>& found) {
    const auto near_neighbours = [](const std::vector<Vec3>& atoms, Vec3 a) {
        std::vector<Vec3> arms;
        for (const Vec3& b : atoms)
            if (const double d = length(b - a); d > 0.1 && d < 1.25 * neighbours_A) arms.push_back(b - a);
        return arms;
    };
    const Vec3 corner = *std::min_element(truth.begin(), truth.end(), [](Vec3 a, Vec3 b) { return length(a) < length(b); });
    const auto arms = near_neighbours(truth, corner);
    const Vec3 first = arms.at(0);
    const Vec3 second = *std::find_if(arms.begin() + 1, arms.end(), [&](Vec3 v) { return length(cross(first, v)) > 0.5 * dot(first, first); });
    Match best;
    for (const double hand : {1.0, -1.0}) {
        const Mat3 from = frame_of(hand * first, hand * second);
        for (const Vec3& a : found)
            for (const auto near = near_neighbours(found, a); const Vec3& u : near)
                for (const Vec3& v : near) {
                    if (std::abs(dot(u, v) - dot(first, second)) > 2 || length(cross(u, v)) < 1) continue;
                    const Mat3 turn = transpose(frame_of(u, v)) * from;
                    std::vector<Vec3> laid;
                    for (const Vec3& t : truth) laid.push_back(turn * (hand * (t - corner)) + a);
                    for (int step = 0; step < 3; step++) {
                        const RigidMotion motion = align_atoms(laid, found);
                        for (auto& p : laid) p = motion.rotation * p + motion.shift_A;
                    }
                    const Match here = compared(laid, found);
                    if (here.rms_A < best.rms_A) best = here;
                }
    }
    return best;
}

class Log final : public Progress {
  public:
    void stage(const std::string& name) override { lines += "stage " + name + "\n"; }
    void update(double) override {}
    void log(const std::string& line) override { lines += line + "\n"; }
    bool cancelled() override { return false; }
    std::string lines;
};

ReconstructOptions blind_options(int threads) {
    ReconstructOptions options;
    options.pixel_size_A = pixel_A;
    options.elements = {"Pt"};
    options.device = "cpu";
    options.threads = threads;
    return options;
}

}  // namespace
