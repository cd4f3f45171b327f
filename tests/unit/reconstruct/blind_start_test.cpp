// From images alone to atoms: no poses, no reference, a small particle and few images.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "atoms/motif.hpp"
#include "catch.hpp"
#include "core/random.hpp"
#include "core/units.hpp"
#include "reconstruct/half_refinement.hpp"
#include "simulated_stack.hpp"
#include "tumble/reconstruct.hpp"
#include "unit/pose/simulated_particle.hpp"

using namespace tumble;

namespace {

constexpr double neighbours_A = 2.77, displacement_A = 0.1, pixel_A = 0.4, noise = 0.3;
constexpr int images = 60, box = 48;

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

/// One corner of the truth, an atom and two neighbours of it, is laid onto every like corner of the found
/// atoms.
Match best_match(const std::vector<Vec3>& truth, const std::vector<Vec3>& found) {
    const auto near_neighbours = [](const std::vector<Vec3>& atoms, Vec3 a) {
        std::vector<Vec3> arms;
        for (const Vec3& b : atoms)
            if (const double d = length(b - a); d > 0.1 && d < 1.25 * neighbours_A) arms.push_back(b - a);
        return arms;
    };
    const Vec3 corner =
        *std::min_element(truth.begin(), truth.end(), [](Vec3 a, Vec3 b) { return length(a) < length(b); });
    const auto arms = near_neighbours(truth, corner);
    const Vec3 first = arms.at(0);
    const Vec3 second = *std::find_if(arms.begin() + 1, arms.end(), [&](Vec3 v) {
        return length(cross(first, v)) > 0.5 * dot(first, first);
    });
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

ReconstructResult reconstructed(const ImageStack& stack, const ReconstructOptions& options) {
    Log log;
    ReconstructResult result = reconstruct(stack.view(), options, log);
    UNSCOPED_INFO(log.lines);
    return result;
}

/// Every atom and no other, each much closer than the ideal motif has it.
void check_atoms(const std::vector<Vec3>& truth, const ReconstructResult& result, Motif motif) {
    std::vector<Vec3> found;
    double farthest = 0;
    for (const Vec3& t : truth) farthest = std::max(farthest, length(t));
    for (const Atom& a : result.atoms) found.push_back(a.position_A);
    const Match match = best_match(truth, found);
    const Match ideal = best_match(truth, motif_sites(motif, neighbours_A, farthest, {}));
    INFO(match.within << " of " << truth.size() << " atoms within 0.3 A of one of " << found.size()
                      << ", rms " << match.rms_A << " A, of the ideal motif " << ideal.rms_A << " A");
    CHECK(found.size() == truth.size());
    CHECK(match.within == truth.size());
    CHECK(match.rms_A < 0.05);
    CHECK(ideal.rms_A > 0.1);
    CHECK(result.verdict.status != VerdictStatus::failed);
}

/// The same bits.
void check_same(const ReconstructResult& a, const ReconstructResult& b) {
    REQUIRE(a.images.size() == b.images.size());
    for (std::size_t i = 0; i < a.images.size(); i++) {
        CHECK(a.images[i].pose == b.images[i].pose);
        CHECK(a.images[i].score == b.images[i].score);
    }
    CHECK(a.map.values == b.map.values);
    REQUIRE(a.atoms.size() == b.atoms.size());
    for (std::size_t i = 0; i < a.atoms.size(); i++) CHECK(a.atoms[i].position_A == b.atoms[i].position_A);
}

/// Images of a particle that turns by normal numbers of deviation `sigma_rad` about each axis from one to the
/// next.
ImageStack tumbling_stack(const std::vector<Vec3>& atoms, int count, double sigma_rad, std::uint64_t seed) {
    const test::SimulatedParticle particle{atoms, testing::atom_sigma_A};
    ImageStack stack{count, box, box, pixel_A,
                     std::vector<float>(static_cast<std::size_t>(count) * box * box)};
    RandomStream random(seed, 0, RandomPurpose::test);
    Mat3 rotation = test::random_rotation(random);
    for (int i = 0; i < count; i++) {
        const Vec3 turn{sigma_rad * random.normal(), sigma_rad * random.normal(),
                        sigma_rad * random.normal()};
        rotation = rotation_about(turn, length(turn)) * rotation;
        float* image = stack.values.data() + static_cast<std::ptrdiff_t>(i) * box * box;
        test::add_projection(particle, {rotation, {0.2 * random.normal(), 0.2 * random.normal()}}, box,
                             pixel_A, image);
        for (int p = 0; p < box * box; p++) image[p] += static_cast<float>(noise * random.normal());
    }
    return stack;
}

}  // namespace

TEST_CASE(
    "a displaced fcc ball is found from 60 images alone, by any number of threads and in either contrast "
    "alike") {
    const auto truth = displaced_motif(Motif::fcc, 6.9, 2);
    REQUIRE(truth.size() == 87);
    auto simulated = testing::simulated_stack(truth, images, box, pixel_A, noise, 2);
    const ReconstructResult one = reconstructed(simulated.stack, blind_options(1));
    check_atoms(truth, one, Motif::fcc);
    CHECK_FALSE(one.contrast_inverted);
    CHECK(one.turn_deg == 0);  // drawn at random: the images do not follow each other
    check_same(one, reconstructed(simulated.stack, blind_options(2)));

    for (float& v : simulated.stack.values) v = -v;
    auto options = blind_options(2);
    options.contrast = Contrast::dark_atoms;
    const ReconstructResult dark = reconstructed(simulated.stack, options);
    CHECK(dark.contrast_inverted);
    check_same(one, dark);
}

TEST_CASE("a displaced icosahedron of 55 atoms is found from 60 images alone") {
    const auto truth = displaced_motif(Motif::icosahedron, 5.7, 2);
    REQUIRE(truth.size() == 55);
    const auto simulated = testing::simulated_stack(truth, images, box, pixel_A, noise, 2);
    check_atoms(truth, reconstructed(simulated.stack, blind_options(2)), Motif::icosahedron);
}

TEST_CASE("a hidden lattice does not matter: the ball is found where motifs are forbidden") {
    const auto truth = displaced_motif(Motif::fcc, 6.9, 3);
    const auto simulated = testing::simulated_stack(truth, images, box, pixel_A, noise, 3);
    auto options = blind_options(2);
    options.motifs = {"none"};
    const ReconstructResult result = reconstructed(simulated.stack, options);
    CHECK(result.start == "no motif");
    check_atoms(truth, result, Motif::fcc);
}

TEST_CASE("a decahedron that tumbles is found, and how fast it does, from the order of the images") {
    const auto truth = displaced_motif(Motif::decahedron, 6.2, 7);
    REQUIRE(truth.size() == 75);
    const double sigma = radians(10);
    const ImageStack stack = tumbling_stack(truth, 2 * images, sigma, 7);
    const ReconstructResult result = reconstructed(stack, blind_options(2));
    check_atoms(truth, result, Motif::decahedron);
    CHECK(result.turn_deg ==
          Approx(std::sqrt(3.0) * degrees(sigma)).epsilon(0.15));  // the median of 119 steps: 5 %
}

TEST_CASE("dark atoms are known from bright ones where the contrast is not told") {
    const auto truth = displaced_motif(Motif::icosahedron, 5.7, 5);
    auto simulated = testing::simulated_stack(truth, images, box, pixel_A, noise, 5);
    for (float& v : simulated.stack.values) v = -v;
    const ReconstructResult result = reconstructed(simulated.stack, blind_options(2));
    CHECK(result.contrast_inverted);
    CHECK(result.start.find("icosahedron") == 0);
    CHECK(result.start.find("(0.00, 0.00, 0.00)") != std::string::npos);
    check_atoms(truth, result, Motif::icosahedron);
}

TEST_CASE("images of noise alone are refused") {
    const auto simulated = testing::simulated_stack({}, images, box, pixel_A, noise, 4);
    Log log;
    CHECK_THROWS_WITH(reconstruct(simulated.stack.view(), blind_options(2), log),
                      ContainsSubstring("no particle"));
}
